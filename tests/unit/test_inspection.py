"""The report's sections as a whole: what each must carry, and that it says so where there is nothing to tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from cdi_stats.audit.reading import NO_EARLIER
from cdi_stats.findings.change import Comparison
from cdi_stats.findings.examine import examine
from cdi_stats.report import front
from cdi_stats.report.blocks import Callout, Chart, Judgements, Paragraph, Table, Title, figures, plain
from cdi_stats.report.inspection import Report, open_report

MIXED = [(1, 1)] * 20 + [(2, 1)] * 5 + [(1, 0)] * 2
YEAR = {"records_in_frame": 1000, "recorded_in_year": 5000, "year_end": date(2019, 3, 31)}


@pytest.fixture(scope="module")
def reinspection():
    return open_report("kent-2018")


def of_kind(section, kind):
    return [block for block in section.blocks if isinstance(block, kind)]


def words(section):
    return [plain(block.text) for block in of_kind(section, Paragraph)]


def keys(section):
    return {figure["figure"] for figure in figures([block.to_json() for block in section.blocks])}


# Front.


def test_title_gives_whose_audit_when_and_what_was_examined(findings):
    for found in findings.values():
        facts = found.audit.facts
        (title,) = of_kind(front.title_section(found), Title)
        rows = {name: plain(value) for name, value in title.facts}
        assert rows["Force"] == facts.force
        assert rows["Counting rules"] == facts.counting_rules
        assert f"{found.overall.due:,} reported crimes" in rows["Sample"]
        assert f"{found.overall.estimate.records:,} records" in rows["Sample"]
        assert ("Prepared for" in rows) == bool(facts.prepared_for)
        assert title.date == facts.publication_date.isoformat()


def test_what_every_reader_must_know_stands_first_where_it_is_given(findings):
    found = findings["kent-2017"]
    (note,) = of_kind(front.title_section(found), Callout)
    assert found.audit.facts.note in plain(note.text)
    silent = replace(found, audit=replace(found.audit, facts=replace(found.audit.facts, note="")))
    assert of_kind(front.title_section(silent), Callout) == []


def test_title_counts_the_sample_though_there_is_no_overall_rate(make_audit):
    found = examine(make_audit({"a": MIXED, "b": [(0, 0), (0, 0)]}))
    (title,) = of_kind(front.title_section(found), Title)
    assert plain(dict(title.facts)["Sample"]) == "32 reported crimes"


def test_judgements_are_those_given_and_none_is_made_up(bundled):
    (block,) = of_kind(front.judgement_section(bundled["kent-2018"]), Judgements)
    assert [grade for _, grade in block.grades].count("Outstanding") == 3
    assert len(block.grades) == 4
    nothing = front.judgement_section(bundled["kent-board-2017"])
    assert of_kind(nothing, Judgements) == []
    assert len(words(nothing)) == 1


# Summary and changes.


def test_domain_page_fall_of_timeliness_stands_in_the_summary_and_among_the_changes(reinspection):
    """Violence recorded within 24 hours: 92.4% in 2017, 45.5% in 2018; no summary passes over it."""
    for told in (reinspection.summary(), reinspection.changes()):
        (fall,) = [text for text in words(told) if "45.5%" in text]
        assert "92.4%" in fall
        assert "violent crime" in fall
        assert {"timeliness/all/violence/rate", "earlier/timeliness/all/violence/rate"} <= keys(told)


def test_changes_carry_every_compared_rate_once(reinspection):
    told = reinspection.changes()
    (table,) = of_kind(told, Table)
    (chart,) = of_kind(told, Chart)
    labels = [plain(row[0]) for row in table.rows]
    assert len(set(labels)) == len(labels) > 10
    assert all(f"{label} " in chart.alt for label in labels)
    verdicts = [plain(row[-1]) for row in table.rows]
    assert (verdicts.count("worsened"), len(verdicts)) == (1, len(labels))
    (caution,) = of_kind(told, Callout)
    assert "April 2016" in plain(caution.text)


def test_a_report_without_comparison_or_without_a_shared_rate_says_so(findings):
    alone = open_report("kent-2018", earlier=NO_EARLIER)
    assert alone.comparison is None
    nothing = Comparison(findings["kent-2018"], findings["kent-2017"], ())
    for report in (alone, Report(findings["kent-2018"], nothing)):
        told = report.changes()
        assert of_kind(told, (Table, Chart)) == []
        assert len(words(told)) == 1
    assert not any("45.5%" in text and "92.4%" in text for text in words(alone.summary()))


def test_a_pooled_year_has_the_sum_of_the_strata_beside_it(bundled):
    pooled, weighted = (Report(examine(bundled["kent-2017"], overall=rule)).annual() for rule in ("pooled", "weighted"))
    assert "sum_of_strata/unrecorded_value" in keys(pooled)
    assert "sum_of_strata/unrecorded_value" not in keys(weighted)


# Audits of other shapes.


SECTIONS = (
    "title", "judgement", "summary", "overall", "strata", "domains", "causes", "concentration", "annual", "changes",
    "vulnerable", "safeguarding", "n100", "timeliness", "cancellations", "equality", "leadership", "next_steps",
    "methods", "limits", "annex",
)  # fmt: skip
COUNTS = [
    {"measure": "recording_rate", "stratum": "a", "reported": 300, "recorded": 250},
    {"measure": "recording_rate", "stratum": "b", "reported": 100, "recorded": 97},
]
SHAPES = {
    "one stratum": ({"a": MIXED}, {"strata": YEAR}),
    "no frame": ({"a": MIXED, "b": MIXED}, {}),
    "all recorded": ({"a": [(1, 1)] * 20, "b": [(2, 2)] * 20}, {"strata": YEAR}),
    "none recorded": ({"a": [(1, 0)] * 20, "b": [(2, 0)] * 20}, {"strata": YEAR}),
    "a stratum without crime": ({"a": MIXED, "b": [(0, 0)] * 5}, {"strata": YEAR}),
    "totals": ({"a": [], "b": []}, {"strata": YEAR | {"records_sampled": 200}, "counts": COUNTS}),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("method", ["wilson", "wald"])
def test_every_section_of_any_audit_can_be_told_and_each_figure_has_one_value(make_audit, shape, method):
    records, options = SHAPES[shape]
    report = Report(examine(make_audit(records, **options), method=method))
    seen = {}
    for name in SECTIONS:
        told = getattr(report, name)()
        if name != "domains":
            assert told.blocks, name
        for figure in figures([block.to_json() for block in told.blocks]):
            assert seen.setdefault(figure["figure"], figure["value"]) == figure["value"], figure["figure"]
    assert "recording_rate/all/a/rate" in seen


def test_sections_are_those_the_class_has():
    public = {name for name, value in vars(Report).items() if callable(value) and not name.startswith("_")}
    assert public == set(SECTIONS)


def test_words_entered_stand_in_their_section(bundled):
    audit = bundled["kent-2018"]
    context = audit.tables["context"]
    rows = pd.concat([context, pd.DataFrame([{"section": "next", "text": "A sentence entered."}])], ignore_index=True)
    report = Report(examine(replace(audit, tables=dict(audit.tables) | {"context": rows})))
    assert "A sentence entered." in words(report.next_steps())
