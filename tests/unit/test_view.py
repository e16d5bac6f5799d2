"""A view of an audit, told: its figures are the library's own, in sentence, chart, table and report cell alike."""

from __future__ import annotations

import pytest

from cdi_stats import compare_findings, examine, show_view
from cdi_stats.errors import BadParameters
from cdi_stats.findings.parts import Part
from cdi_stats.findings.withheld import Rules
from cdi_stats.publishing.document import assemble
from cdi_stats.report.blocks import figures, plain
from cdi_stats.report.disclosure import decide, protection
from cdi_stats.report.view import View, look
from cdi_stats.report.view_detail import cases_table, cell_of, width_section, withheld_words

OPTIONS = {"confidence_level": 0.9, "method": "logit", "degrees_of_freedom": "design", "overall": "weighted"}


def shown(section):
    """Return {key: value} of every figure in a section."""
    return {figure["figure"]: figure["value"] for figure in figures(section.to_blocks())}


def test_a_view_shows_examines_figures():
    found = examine(look(View("kent-2017")).audit, **OPTIONS).table.set_index(["measure", "domain", "stratum"])
    for split in ("stratum", "flag"):
        values = shown(show_view("kent-2017", split=split, **OPTIONS))
        told = {tuple(key.split("/")[:3]) for key in values}
        assert len(told) == (4 if split == "stratum" else 3)
        for key in told:
            for name in ("rate", "low", "high", "reported", "recorded"):
                assert values["/".join((*key, name))] == pytest.approx(found.loc[key, name], rel=1e-11)


def test_a_view_compared_shows_the_changes_of_compare_findings(bundled):
    values = shown(show_view("kent-2018", earlier="kent-2017", stratum="violence"))
    change = compare_findings(examine(bundled["kent-2018"]), examine(bundled["kent-2017"])).get(
        "recording_rate", "all", "violence"
    )
    assert values["change/recording_rate/all/violence/difference"] == pytest.approx(change.change.value)
    assert values["earlier/recording_rate/all/sexual/rate"] == pytest.approx(288 / 319)


def test_the_sentence_stands_alone():
    assert plain(look(View("kent-2017", stratum="violence", flag="domestic_abuse")).sentence) == (
        "Kent Police, 1 June to 30 November 2016, violent crime, domestic abuse: 270 of 354 reported crimes were "
        "recorded: 76.3% (95% interval 71.2% to 80.7%)."
    )


def test_a_stratum_is_told_with_its_own_period():
    """The board's strata were sampled over different periods."""
    assert look(View("kent-board-2017", stratum="sexual")).what == (
        "Kent Police, 1 July to 20 September 2017, sexual offences"
    )


def test_the_later_of_two_audits_called_earlier_is_cautioned_against():
    sight = look(View("kent-2017", earlier="kent-2018"))
    assert any("later of the two" in caution for caution in sight.cautions)
    assert any(block["block"] == "callout" for block in sight.section().to_blocks())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"stratum": "violense"}, "parameter stratum: found 'violense'; expected one of all, violence"),
        ({"measure": "recording"}, "parameter measure: found 'recording'; expected one of recording_rate"),
        ({"split": "team"}, "parameter split: found 'team'; expected one of stratum, domain, flag, district"),
        ({"strata": "all"}, "parameter strata: unknown; expected one of audit, measure"),
    ],
)
def test_a_choice_that_is_none_is_refused(given, said):
    with pytest.raises(BadParameters, match=said):
        show_view("kent-2017", **given)


def test_a_part_without_a_case_says_so():
    sight = look(View("kent-2017", stratum="sexual", domain="robbery"))
    assert plain(sight.sentence).endswith("robbery: No case was due.")
    assert width_section(sight).blocks == ()


def run(code, **names):
    *statements, last = code.splitlines()
    exec("\n".join(statements), names)
    return eval(last, names)


@pytest.mark.parametrize("parameterised", [True, False])
@pytest.mark.parametrize(
    "view",
    [
        View("kent-2017"),
        View("kent-2018", stratum="violence", split="domain", earlier="", **OPTIONS),
        View("kent-2017", measure="cancelled_correctly", domain="robbery", split="domain"),
    ],
    ids=lambda value: value.measure if isinstance(value, View) else "",
)
def test_the_cell_shows_exactly_the_view(view, parameterised):
    """As in a report's notebook, whose parameters are the names that the cell takes."""
    code = cell_of(view, parameterised=parameterised)
    assert len(code.splitlines()) <= 6, "as long as a report's cell may be"
    names = ("audit", "earlier", *OPTIONS) if parameterised else ()
    made = run(code, **{name: getattr(view, name) for name in names})
    assert made.to_blocks() == look(view).section().to_blocks()


def test_a_small_part_is_withheld_from_a_published_report_and_the_analyst_told():
    sight = look(View("kent-2017", domain="image or message", split="domain"))
    assert "4 reported crimes" in plain(sight.sentence)
    rules = Rules(threshold=5)
    assert withheld_words(sight, rules)
    assert not withheld_words(look(View("kent-2017")), rules)
    heading = {"block": "heading", "level": 1, "text": "Report"}
    blocks = [heading, protection(rules, sight.findings).to_json(), *sight.section().to_blocks()]
    told = str(assemble(map(decide(blocks).shown, blocks)))
    assert "4 reported crimes" not in told
    assert "No chart is drawn" in told


def test_identifiers_are_shown_only_where_asked_for(bundled):
    sight = look(View("kent-2017"))
    hidden, named = (str(cases_table(sight, Part(stratum="sexual"), identifiers=asked)) for asked in (False, True))
    ids = bundled["kent-2017"].tables["records"]["record_id"]
    assert not any(record in hidden for record in ids)
    assert "S-0256" in named
    assert bundled["kent-2017"].alias("S-0256") in hidden
    assert "S-0256" not in str(width_section(sight).to_blocks())
    assert "S-0256" in str(width_section(sight, show_records=True).to_blocks())


def test_the_cases_are_the_parts_with_those_missed_first():
    table = cases_table(look(View("kent-2017")), Part(stratum="sexual"))
    place = [column.header for column in table.columns].index("Recorded")
    assert table.caption == "200 of 319 reported crimes, those missed first"
    assert [row[place] for row in table.rows[:32]] == ["no"] * 31 + ["yes"]


def test_no_cases_lie_behind_a_total():
    assert cases_table(look(View("kent-2017")), Part("timeliness")) is None
