"""A force among published results: places and overlaps by hand, published figures as printed, names of forces."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from cdi_stats.findings.benchmark import Standing, examine_benchmark, same_force, stand
from cdi_stats.findings.inspections import compare_forces, examine_forces, kind_of, published_rates
from cdi_stats.methods.proportion import proportion_interval
from cdi_stats.report.benchmark import BenchmarkReport, open_benchmark
from cdi_stats.report.benchmark_words import ordinal
from cdi_stats.report.blocks import Callout, Chart, Table, plain


@pytest.fixture(scope="module")
def benchmarks(bundled):
    return {name: examine_benchmark(audit) for name, audit in bundled.items()}


@pytest.fixture(scope="module")
def reports(benchmarks):
    return {name: BenchmarkReport(found) for name, found in benchmarks.items()}


def words(section):
    return " ".join(
        plain(getattr(block, part))
        for block in section
        for part in ("headline", "says", "heading", "text", "caption", "title", "subtitle")
        if hasattr(block, part)
    )


def result(benchmarks, label, measure="overall", kind="inspection"):
    (found,) = [r for r in benchmarks["kent-2017"].field(measure, kind).results if r.label == label]
    return found


# Published results.


@pytest.mark.parametrize(
    ("report", "kind"),
    [
        ("CDI inspection 2017", "inspection"),
        ("CDI re-inspection 2018", "re-inspection"),
        ("2014 CDI inspection", ""),
        ("PEEL 2021/22", ""),
        ("Inspection of the service to victims 2020", ""),
    ],
)
def test_kinds_of_inspection_are_told_apart(report, kind):
    assert kind_of(report) == kind


def test_printed_margins_are_the_intervals(benchmarks):
    """Kent 2017, printed 83.6 +-1.85; Kent 2018 sexual offences, printed more than 98.2 %."""
    kent = result(benchmarks, "Kent 2017")
    assert (kent.low, kent.high) == pytest.approx((0.836 - 0.0185, 0.836 + 0.0185))
    every = result(benchmarks, "Kent 2018", "sexual", "re-inspection")
    assert (every.rate, every.high) == (1, 1)
    assert every.low == pytest.approx(0.982)


def test_where_only_crimes_were_printed_the_interval_is_wilsons(benchmarks):
    """Rape in South Yorkshire 2018: 95 of 100 (published figures)."""
    rape = result(benchmarks, "South Yorkshire 2018", "rape")
    interval = proportion_interval(95, 100)
    assert (rape.low, rape.high) == pytest.approx((interval.low, interval.high))
    assert not rape.from_margin


def test_a_rate_without_margin_or_count_is_counted_and_left_out(benchmarks):
    field = benchmarks["kent-2017"].field("overall", "inspection")
    assert (len(field.results), field.unbounded) == (23, 4)
    assert "Sussex 2016" not in {r.label for r in field.results}


def test_the_methods_report_keeps_its_forces():
    forces = examine_forces()
    assert len(forces.rates) == 24
    assert forces.funnel.target == compare_forces(published_rates()).funnel.target


def test_the_funnel_holds_full_inspections_only(benchmarks):
    forces = benchmarks["kent-2018"].field("overall", "inspection").forces
    assert {published.kind for published in forces.rates} == {"inspection"}
    assert len(forces.rates) == 23
    assert benchmarks["kent-2018"].field("overall", "re-inspection").forces is None


# Places.


def test_places_and_overlaps_by_hand(benchmarks):
    others = [
        replace(result(benchmarks, "Kent 2017"), rate=rate, low=low, high=high)
        for rate, low, high in [(0.95, 0.93, 0.97), (0.91, 0.89, 0.93), (0.85, 0.83, 0.87), (0.7, 0.6, 0.8)]
    ]
    found = stand(0.86, 0.92, 0.90, others)
    assert found == Standing(place=3, others=4, above=1, below=1)
    assert (found.overlapping, found.best, found.worst) == (2, 2, 4)


def test_kent_stands_18th_of_23_and_overlaps_six(benchmarks):
    """By hand from the published table: 17 of the 22 other forces had a higher rate than 83.6 %."""
    standing = benchmarks["kent-2017"].field("overall", "inspection").standing
    assert (standing.place, standing.others, standing.overlapping) == (18, 22, 6)
    assert (standing.best, standing.worst) == (16, 22)


def test_like_stands_beside_like(benchmarks):
    for name, kind in (("kent-2017", "inspection"), ("kent-2018", "re-inspection"), ("kent-board-2017", "inspection")):
        found = benchmarks[name]
        assert found.kind == kind
        assert {f.kind for f in found.fields if f.own} == {kind}
    assert benchmarks["kent-board-2017"].is_internal
    assert [r.label for r in benchmarks["kent-2017"].published if benchmarks["kent-2017"].is_same(r)] == ["Kent 2017"]


def test_the_audits_own_rate_is_pooled_as_published_ones_are(benchmarks):
    assert benchmarks["kent-2017"].findings.overall.weighting == "pooled"
    assert benchmarks["kent-2017"].findings.overall.estimate.rate == 1254 / 1500


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("Kent", "Kent Police", True),
        ("Avon and Somerset", "Avon & Somerset Constabulary", True),
        ("Dyfed-Powys", "Dyfed Powys Police", True),
        ("West Midlands", "West Mercia Police", False),
        ("North Yorkshire", "South Yorkshire Police", False),
    ],
)
def test_names_of_forces(first, second, same):
    assert same_force(first, second) is same


def test_ordinals_read():
    assert [ordinal(n) for n in (1, 9, 10, 11, 12, 13, 21, 22, 23, 101, 111)] == [
        "first", "ninth", "10th", "11th", "12th", "13th", "21st", "22nd", "23rd", "101st", "111th",
    ]  # fmt: skip


# The report.


def test_the_summary_says_the_place_and_what_it_is_worth(reports):
    said = words(reports["kent-2017"].summary())
    assert "18th of 23 by the rate alone" in said
    assert "overlaps those of six of them; 15 lie clearly above it and one clearly below" in said
    assert "anything from 16th to 22nd" in said
    assert "83.6% ±1.85 points (inspection 2017)" in said
    assert "one of these, estimated anew" in said


def test_an_internal_audit_is_told_apart(reports):
    (callout,) = [b for b in reports["kent-board-2017"].summary() if isinstance(b, Callout)]
    assert callout.kind == "warning"
    assert "the force's own audit" in plain(callout.text)
    assert "one of these" not in words(reports["kent-board-2017"].summary())


def test_where_nothing_overlaps_it_is_said(reports):
    said = words(reports["kent-2018"].summary())
    assert "first of three" in said
    assert "overlaps none of theirs: none lie clearly above it and two clearly below" in said
    (chart,) = [b for b in reports["kent-2018"].overall() if isinstance(b, Chart)]
    assert chart.title == "Kent's interval overlaps that of no other force"


def test_re_inspections_have_a_warning_and_too_few_dates(reports):
    assert "not a sample of all" in words(reports["kent-2018"].summary())
    assert "Too few re-inspections" in words(reports["kent-2018"].dates())


def test_charts_name_the_force_and_carry_their_numbers(reports):
    charts = [b for b in reports["kent-board-2017"].overall() if isinstance(b, Chart)]
    assert charts[0].title == "Kent's interval overlaps those of 21 of 22 other forces"
    assert charts[1].title == "Kent 2017 lies within the 95% limits that all forces are held to"
    assert "This audit 89.8% (79.4% to 95.3%)" in charts[0].alt
    assert "Kent 2017, published 83.6% (81.8% to 85.5%)" in charts[0].alt
    assert "This audit: rate 89.8%, crimes it rests on 104" in charts[1].alt


def test_kinds_of_crime_are_shown_where_published(reports):
    said = words(reports["kent-2017"].measures())
    assert "third of seven by the rate alone" in said, "violence"
    assert "No other force's inspection has published a margin or a count for sexual offences" in said
    assert "third of five" in said, "rape"
    board = words(reports["kent-board-2017"].measures())
    assert "This audit holds no rate of rape." in board
    tables = [b for b in reports["kent-2018"].measures() if isinstance(b, Table)]
    (sexual,) = [t for t in tables if t.caption.endswith("sexual offences")]
    assert [plain(cell) for cell in sexual.rows[1]] == [
        "Kent 2018", "re-inspection", "167", "100%", "98.2% to 100%", "one-sided",
    ]  # fmt: skip
    assert "had recorded all 167 reported crimes of sexual offences" in words(reports["kent-2018"].measures())


def test_the_other_kind_is_shown_without_a_place(reports):
    said = words(reports["kent-2017"].other_kind())
    assert "has no place among them" in said
    assert "Published rates of all crime range from 87.9% to 96.6%" in said


def test_a_force_without_a_published_result(save, make_tables):
    facts = {"force": "Testshire Police", "counting_rules": "2023"}
    strata = {"period_start": date(2023, 6, 1), "period_end": date(2023, 8, 31)}
    path = save(make_tables({"a": [(1, 1)] * 40 + [(1, 0)] * 4}, facts=facts, strata=strata))
    report = open_benchmark(str(path))
    assert report.found.force == "Testshire"
    said = words(report.summary())
    assert "No overall result of Testshire was published" in said
    assert "rules have changed since" in said
    funnel = [b for b in report.overall() if isinstance(b, Chart)][1]
    assert funnel.title == "One of 23 forces lies beyond the 95% limits"
    assert "Its place could be anything" in said or "any place is possible" in said


def test_an_interval_that_overlaps_all_says_that_any_place_is_possible(save, make_tables):
    path = save(make_tables({"a": [(1, 1)] * 5 + [(1, 0)]}))
    assert "any place is possible" in words(open_benchmark(str(path)).summary())


def test_an_audit_without_an_overall_rate_says_why(save, make_tables):
    path = save(make_tables({"a": [(1, 1)] * 5 + [(1, 0)], "b": [(0, 0)] * 4}))
    report = open_benchmark(str(path))
    assert "no overall rate to set beside the others. There is no overall rate" in words(report.summary())
    assert "Published rates of all crime range" in words(report.overall())
    assert len(list(report.dates())) == 1
