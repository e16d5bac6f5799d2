"""A batch plan: audits by reports by parameters, and every mistake told at once, each in a line."""

import re
import shutil

import pytest

from cdi_stats.batch.plan import read_batch_plan
from cdi_stats.errors import BadParameters
from cdi_stats.resources import resource


@pytest.fixture
def plan(tmp_path):
    """Write a plan and read it; two workbooks lie in the folder audits beside it."""
    (tmp_path / "audits").mkdir()
    for name in ("alpha", "beta"):
        shutil.copy(resource("data", "examples", "kent-2018.xlsx"), tmp_path / "audits" / f"{name}.xlsx")
    (tmp_path / "audits" / "~$beta.xlsx").write_text("an open workbook's lock", encoding="utf-8")
    (tmp_path / "audits" / "alpha.overrides.toml").write_text("", encoding="utf-8")

    def read(text, **files):
        for name, content in files.items():
            (tmp_path / f"{name}.csv").write_text(content, encoding="utf-8")
        (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
        return read_batch_plan(tmp_path / "plan.toml")

    return read


def refused(plan, text, **files):
    with pytest.raises(BadParameters) as error:
        plan(text, **files)
    return str(error.value).splitlines()


def test_a_plan_is_every_combination(plan, tmp_path):
    read = plan(
        """
        [[report]]
        report = ["inspection", "board_paper"]
        audits = ["kent-2017", "audits/*.xlsx"]
        [report.parameters]
        confidence_level = [0.9, 0.95]
        method = "wald"
        """
    )
    audits = ("kent-2017", "alpha", "beta")
    assert {job.target for job in read.jobs} == {
        f"{audit}/{report}-confidence_level-{level}"
        for audit in audits
        for report in ("inspection", "board_paper")
        for level in (0.9, 0.95)
    }
    assert len(read.jobs) == 12
    assert {job.parameters["method"] for job in read.jobs} == {"wald"}
    assert {job.audit for job in read.jobs} == {
        "kent-2017",
        *(str(tmp_path / "audits" / f"{name}.xlsx") for name in audits[1:]),
    }
    assert read.out == tmp_path / "reports"


def test_paths_are_as_seen_from_the_plan(plan, tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    assert plan('[[report]]\nreport = "inspection"\naudits = ["audits/alpha.xlsx"]').jobs[0].audit_id == "alpha"
    (tmp_path / "kent-2017").mkdir()
    (tmp_path / "kent-2017" / "audit.csv").write_text("key,value\n", encoding="utf-8")
    job = plan('[[report]]\nreport = "data_quality"\naudits = ["kent-2017"]').jobs[0]
    assert job.audit == str(tmp_path / "kent-2017"), "what lies beside the plan goes before what is bundled"


def test_a_table_gives_a_report_a_row(plan):
    read = plan(
        '[[report]]\nreport = "inspection"\ntable = "forces.csv"\nparameters = {method = "wald"}',
        forces="audit;name;confidence_level;show_records;method\naudits/alpha.xlsx;first;0.9;true;\nkent-2017;;;;logit\n",
    )
    first, second = read.jobs
    assert (first.target, second.target) == ("alpha/first", "kent-2017/inspection")
    assert (first.parameters["confidence_level"], first.parameters["show_records"]) == (0.9, True)
    assert (first.parameters["method"], second.parameters["method"]) == ("wald", "logit")
    assert second.parameters["confidence_level"] == 0.95


def test_a_name_may_hold_parameters(plan):
    read = plan(
        '[[report]]\nreport = "inspection"\naudits = ["kent-2017"]\nname = "{report}-{method}"\n'
        'parameters = {method = ["wald", "logit"]}'
    )
    assert [job.name for job in read.jobs] == ["inspection-wald", "inspection-logit"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("tim_limit = 3", ["report: missing; expected a value", "tim_limit: unknown; .* Did you mean time_limit?"]),
        (
            '[[report]]\nreport = "inspektion"\naudits = ["none/*.xlsx"]\nformats = ["pfd"]',
            ["report 1, report: found 'inspektion'; .* Did you mean inspection?",
             "report 1, formats: found 'pfd'; .* Did you mean pdf?",
             "report 1, audits 1: found no audit at 'none/\\*.xlsx'"],
        ),
        (
            '[[report]]\nreport = "inspection"\naudits = ["kent-2071", "audits/alfa.xlsx"]',
            ["report 1, audits 1: found no audit 'kent-2071'; .* Did you mean kent-201\\d?",
             "report 1, audits 2: found no audit 'audits/alfa.xlsx'; .* Did you mean alpha.xlsx?"],
        ),
        (
            '[[report]]\nreport = "inspection"\naudits = ["kent-2017", "kent-2018"]\n'
            'parameters = {confidence_level = 95, metod = "wald"}',
            ["report 1, parameters, inspection: parameter confidence_level: found 95; expected less than 1",
             "report 1, parameters, inspection: parameter metod: unknown; .* Did you mean method?"],
        ),
        ('[[report]]\nreport = "inspection"', ["report 1: found neither audits and table"]),
        (
            '[[report]]\nreport = "inspection"\naudits = ["kent-2017", "kent-2017"]',
            ["report 1, audits 1 and report 1, audits 2: found 2 reports for the folder kent-2017/inspection"],
        ),
        (
            '[[report]]\nreport = "inspection"\naudits = ["kent-2017"]\ntemplate = "f.docx"\nname = "../up"',
            ["report 1, template: given without the format docx", "report 1, audits 1, name: found '..-up'"],
        ),
        (
            '[[report]]\nreport = 3\naudits = ["kent-2017"]\n[report.parameters]\nx = 2020-01-01',
            ["report 1, report: found 3; expected a report's name, or a list of them",
             "report 1, parameters, x: found .*; expected a number, a text"],
        ),
        ('[[report]]\nreport = "inspection"\ntable = "none.csv"', ["report 1, table: none.csv: cannot be read"]),
        ("[[report", ["is not TOML"]),
    ],
)  # fmt: skip
def test_every_mistake_is_told_in_a_line_of_its_own(plan, text, lines):
    said = refused(plan, text)
    assert len(said) == len(lines), said
    for line, expected in zip(said, lines, strict=True):
        assert line.startswith("plan.toml: ")
        assert re.search(expected.replace("?", r"\?"), line), line


def test_a_mistake_in_a_table_is_told_with_its_line(plan):
    text = '[[report]]\nreport = "inspection"\ntable = "forces.csv"'
    table = "audit,confidence_level\nkent-2017,0.9\nkent-2018,95\n,0.9\n"
    assert [line.partition(":")[2].strip() for line in refused(plan, text, forces=table)] == [
        "report 1, forces.csv line 4: found no audit; expected one",
        "report 1, forces.csv line 3, inspection: parameter confidence_level: found '95'; expected less than 1",
    ]
    assert "found no column audit" in refused(plan, text, forces="force\nkent\n")[0]
