"""Parameters of a report: complete and typed, or refused with a line for each; then nothing is written."""

from __future__ import annotations

from typing import get_args

import pytest

from cdi_stats.audit.problems import AuditProblems
from cdi_stats.errors import BadParameters, UnreadableAudit
from cdi_stats.methods.survey import DEGREES_OF_FREEDOM, METHODS
from cdi_stats.publishing.parameters import REPORTS, check_parameters
from cdi_stats.publishing.publication import publish

DEFAULTS = {
    "audit": "kent-2017",
    "disclosure": "",
    "earlier": "",
    "confidence_level": 0.95,
    "method": "wilson",
    "degrees_of_freedom": "kurtosis",
    "overall": "",
    "show_records": False,
}
METHODS_DEFAULTS = {
    "audit": "kent-2017",
    "disclosure": "",
    "confidence_level": 0.95,
    "standard": 0.8,
    "replicates": 2000,
    "coverage": "small",
    "seed": 1,
}
OWN_DEFAULTS = {
    "board_paper": DEFAULTS | {"to": "", "sender": "", "decision": ""},
    "methods": METHODS_DEFAULTS,
    "data_quality": {"audit": "kent-2017", "disclosure": "", "show_cells": False, "show_records": False},
    "sample_plan": {"audit": "kent-2017", "disclosure": "", "margin_of_error": 0.03, "confidence_level": 0.95},
    "monitoring": {
        "audit": "kent-2017",
        "disclosure": "",
        "confidence_level": 0.95,
        "overall": "",
        "groups": "both",
        "known_causes": "",
        "largest_record": 20,
    },
    "benchmark": {"audit": "kent-2017", "disclosure": ""},
}


@pytest.mark.parametrize("report", REPORTS)
def test_what_is_not_given_gets_its_default(report):
    assert check_parameters(report, {"audit": "kent-2017"}) == OWN_DEFAULTS.get(report, DEFAULTS)


@pytest.mark.parametrize("report", ["inspection", "reinspection"])
def test_choices_are_those_of_the_methods(report):
    """The names stand twice, as Literals must; "normal" is for crimes that stand alone, and no report's choice."""
    fields = REPORTS[report].model_fields
    assert set(get_args(fields["method"].annotation)) == set(METHODS)
    assert set(get_args(fields["degrees_of_freedom"].annotation)) == set(DEGREES_OF_FREEDOM) - {"normal"}


def test_values_come_as_text_from_the_command_line():
    checked = check_parameters("inspection", {"audit": "kent-2017", "confidence_level": "0.9", "overall": "weighted"})
    assert checked == DEFAULTS | {"confidence_level": 0.9, "overall": "weighted"}
    assert isinstance(checked["confidence_level"], float)


@pytest.mark.parametrize(
    ("given", "name", "said"),
    [
        ({"confidence_levl": 0.9}, "confidence_levl", "Did you mean confidence_level?"),
        ({"methd": "wald"}, "methd", "Did you mean method?"),
        ({"colour": "red"}, "colour", "unknown"),
        ({"confidence_level": "high"}, "confidence_level", "'high'"),
        ({"confidence_level": 95}, "confidence_level", "95"),
        ({"confidence_level": 1}, "confidence_level", "1"),
        ({"confidence_level": 0.2}, "confidence_level", "0.2"),
        ({"confidence_level": float("nan")}, "confidence_level", "nan"),
        ({"confidence_level": None}, "confidence_level", "None"),
        ({"method": "wilsn"}, "method", "'wilson', 'korn-graubard', 'logit', 'likelihood', 'arcsine' or 'wald'"),
        ({"degrees_of_freedom": 12}, "degrees_of_freedom", "'kurtosis' or 'design'"),
        ({"overall": "both"}, "overall", "'both'"),
        ({"earlier": 3}, "earlier", "3"),
        ({"audit": ""}, "audit", "''"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_was_found(given, name, said):
    with pytest.raises(BadParameters) as refused:
        check_parameters("inspection", {"audit": "kent-2017"} | given)
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"parameter {name}:")
    assert said in line
    assert refused.value.exit_code == 2


def test_all_wrong_parameters_are_named_at_once():
    with pytest.raises(BadParameters) as refused:
        check_parameters("reinspection", {"methd": "wald", "confidence_level": "x", "overall": "both"})
    lines = str(refused.value).splitlines()
    assert sorted(line.split()[1] for line in lines) == ["audit:", "confidence_level:", "methd:", "overall:"]


def test_an_unknown_report_is_named_with_the_nearest():
    with pytest.raises(BadParameters, match=r"'reinspectoin'.*Did you mean reinspection\?"):
        check_parameters("reinspectoin", {"audit": "kent-2017"})
    with pytest.raises(BadParameters, match="expected one of board_paper, inspection, reinspection"):
        check_parameters("budget", {"audit": "kent-2017"})


@pytest.mark.parametrize(
    ("report", "audit", "options", "error"),
    [
        ("inspection", "kent-2017", {"confidence_levl": 0.9}, BadParameters),
        ("inspection", "kent-2017", {"confidence_level": "x"}, BadParameters),
        ("inspecton", "kent-2017", {}, BadParameters),
        ("inspection", "kent-2017", {"formats": ["odt"]}, BadParameters),
        ("inspection", "kent-2017", {"formats": []}, BadParameters),
        ("inspection", "kent-2071", {}, UnreadableAudit),
        ("reinspection", "kent-2018", {"earlier": "kent-1918"}, UnreadableAudit),
        ("reinspection", "kent-2018", {"earlier": "none"}, BadParameters),
        ("reinspection", "kent-2017", {}, BadParameters),
        ("methods", "kent-2017", {"earlier": "kent-2018"}, BadParameters),
        ("methods", "kent-2017", {"coverage": "large"}, BadParameters),
        ("methods", "kent-2017", {"seed": -1}, BadParameters),
    ],
)
def test_nothing_is_written_for_a_wrong_parameter(tmp_path, monkeypatch, report, audit, options, error):
    monkeypatch.setattr(
        "cdi_stats.publishing.publication.run_notebook", lambda *_, **__: pytest.fail("a kernel started")
    )
    out = tmp_path / "reports"
    with pytest.raises(error):
        publish(report, audit, out=out, **options)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_for_an_audit_with_problems(tmp_path, monkeypatch, make_tables, save):
    monkeypatch.setattr(
        "cdi_stats.publishing.publication.run_notebook", lambda *_, **__: pytest.fail("a kernel started")
    )
    path = save(make_tables({"a": [(1, 1), (1, 0)]}, facts={"audit_type": "guess"}), "bad")
    sound = save(make_tables({"a": [(1, 1), (1, 0)]}), "sound")
    for audit, earlier in ((path, None), (sound, path)):
        with pytest.raises(AuditProblems, match="guess"):
            publish("inspection", audit, earlier=earlier, out=tmp_path / "reports")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.xlsx", "sound.xlsx"]


@pytest.mark.parametrize("name", ["margin_of_error", "confidence_level"])
def test_what_a_sampling_plan_states_itself_is_refused_beside_it(name):
    with pytest.raises(BadParameters, match=f"{name}: found 0.6; expected none|{name}: found 0.05; expected none"):
        check_parameters("sample_plan", {"audit": "plan.toml", name: {"margin_of_error": 0.05}.get(name, 0.6)})
