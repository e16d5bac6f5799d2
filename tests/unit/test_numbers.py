"""How numbers read: the rounding rules, and that each figure of a finding carries the finding's own value."""

from __future__ import annotations

import math
import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_stats.findings.examine import Finding, examine
from cdi_stats.methods.proportion import Interval, proportion_interval
from cdi_stats.methods.survey import estimate_rate_from_counts
from cdi_stats.report.numbers import (
    ChangeNumbers,
    FindingNumbers,
    count,
    in_words,
    long_date,
    margin,
    percent,
    points,
    yearly,
    yearly_limit,
)

MINUS = "−"


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.836, "83.6%"),
        (0.8365, "83.7%"),
        (0.0125, "1.3%"),
        (0.12250, "12.3%"),
        (1, "100%"),
        (0, "0%"),
        (0.9996, "99.9%"),
        (1 - 1e-12, "99.9%"),
        (0.0004, "0.1%"),
        (1e-12, "0.1%"),
        (0.5, "50.0%"),
    ],
)
def test_percent(share, text):
    assert percent(share) == text


@pytest.mark.parametrize(("share", "text"), [(0.125, "13%"), (0.996, "99%"), (0.004, "1%"), (1, "100%"), (0.5, "50%")])
def test_percent_without_decimals(share, text):
    assert percent(share, 0) == text


@given(st.floats(0, 1, exclude_min=True, exclude_max=True), st.integers(0, 3))
def test_a_share_between_is_never_shown_as_all_or_nothing_and_is_close(share, decimals):
    text = percent(share, decimals)
    step = 10**-decimals
    assert re.fullmatch(rf"\d+(\.\d{{{decimals}}})?%", text)
    shown = float(text[:-1])
    assert 0 < shown < 100
    assert abs(shown - 100 * share) <= step * (0.5 + 1e-6) or shown in (step, pytest.approx(100 - step))


@given(st.floats(0, 1), st.floats(0, 1))
def test_percent_keeps_order(first, second):
    low, high = sorted((first, second))
    assert float(percent(low)[:-1]) <= float(percent(high)[:-1])


@pytest.mark.parametrize(
    ("difference", "text"),
    [(0.1296, "+13.0"), (-0.468763, f"{MINUS}46.9"), (0, "0.0"), (-0.0001, "0.0"), (0.0001, "0.0"), (0.0005, "+0.1")],
)
def test_points_carry_a_sign_and_a_true_minus(difference, text):
    assert points(difference) == text


@given(st.floats(-1, 1))
def test_points_are_symmetric(difference):
    swapped = {"+": MINUS, MINUS: "+"}
    text, other = points(difference), points(-difference)
    assert other == swapped.get(text[0], text[0]) + text[1:]
    assert "-" not in text


@pytest.mark.parametrize(
    ("number", "text"),
    [(1254, "1,254"), (1254.5, "1,255"), (-1200, f"{MINUS}1,200"), (0, "0"), (123871, "123,871"), (-0.4, "0")],
)
def test_count(number, text):
    assert count(number) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (24_312.4, "24,300"),
        (24_399.999, "24,300"),
        (24_300, "24,300"),
        (24_299.9999999999, "24,300"),
        (412, "410"),
        (419.99, "410"),
        (999.9, "990"),
        (1000, "1,000"),
        (9.9, "0"),
        (math.inf, "no upper limit"),
    ],
)
def test_unrecorded_crimes_are_rounded_down_as_over_24_300_is(number, text):
    assert yearly(number) == text


@given(st.floats(0, 1e7))
def test_over_is_never_more_than_the_estimate(number):
    shown = float(yearly(number).replace(",", ""))
    assert shown <= number + 1e-4
    assert number - shown < (100 if number >= 1000 else 10) + 1e-4


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (21_249, "21,200"),
        (21_250, "21,300"),
        (995, "1,000"),
        (994, "990"),
        (0, "0"),
        (-3, "0"),
        (-1_260, f"{MINUS}1,300"),
        (math.inf, "no upper limit"),
    ],
)
def test_limits_of_a_year_are_rounded_to_the_nearest(number, text):
    assert yearly_limit(number) == text


def test_words_margins_and_dates():
    assert [in_words(n) for n in (0, 1, 9, 10, 1234)] == ["none", "one", "nine", "10", "1,234"]
    assert (margin(0.018548), margin(0.03, 1), margin(0.01266)) == ("1.85", "3.0", "1.27")
    assert long_date(date(2016, 6, 1)) == "1 June 2016"


def test_published_low_is_cut_as_more_than_98_2_is(findings):
    low = FindingNumbers(findings["kent-2018"].stratum("sexual")).published_low
    assert low.value == pytest.approx(1 - 3 / 167)
    assert low.text == "98.2%"
    assert FindingNumbers(findings["kent-2018"].stratum("sexual")).published_margin.text == "1.80"


@pytest.mark.parametrize(("level", "text"), [(0.95, "95%"), (0.9, "90%"), (0.975, "97.5%"), (0.999, "99.9%")])
def test_level_is_never_rounded(bundled, level, text):
    found = examine(bundled["kent-2018"], confidence_level=level)
    assert FindingNumbers(found.overall).level == text
    assert text in found.overall.provenance


def expected(finding):
    """Return what each figure of a finding must hold, by the end of its key."""
    e = finding.estimate
    values = {
        "rate": e.rate,
        "low": e.interval.low,
        "high": e.interval.high,
        "reported": finding.due,
        "recorded": finding.done,
        "missed": finding.due - finding.done,
        "effective_sample_size": e.effective_sample_size,
        "plain_low": finding.plain.low,
        "plain_high": finding.plain.high,
    }
    if e.records is not None:
        values |= {"records": e.records}
    if not math.isnan(e.design_effect):
        values |= {"design_effect": e.design_effect}
    if not math.isinf(e.degrees_of_freedom):
        values |= {"degrees_of_freedom": e.degrees_of_freedom}
    if finding.published:
        values |= {"published_low": finding.published.low}
        values |= {"published_margin": finding.done / finding.due - finding.published.low}
    if finding.unrecorded:
        values |= {"unrecorded_per_year": finding.unrecorded.value}
    return values


NAMES = [
    "rate", "low", "high", "due", "done", "missed", "records", "effective", "design_effect", "degrees_of_freedom",
    "plain_low", "plain_high", "unrecorded",
]  # fmt: skip


@pytest.mark.parametrize("prefix", ["", "earlier/"])
def test_figures_hold_the_findings_values(findings, prefix):
    for found in findings.values():
        for row in found.rows:
            numbers = FindingNumbers(row, prefix)
            names = [*NAMES, *(("published_low", "published_margin") if row.published else ())]
            figures = [getattr(numbers, name) for name in names]
            shown = {f.key: f for f in figures if f is not None and not isinstance(f, str)}
            values = {f"{prefix}{row.key}/{name}": value for name, value in expected(row).items()}
            assert {key: f.value for key, f in shown.items()} == pytest.approx(values, abs=0, rel=1e-15)
            assert all(f.text and f.unit and f.source for f in shown.values())
            assert {f for f in figures if isinstance(f, str)} <= {"n/a"}


def test_limits_hold_the_totals_range(findings):
    overall = findings["kent-2017"].overall
    low, high = FindingNumbers(overall).limits(overall.unrecorded)
    assert (low.value, high.value) == (overall.unrecorded.interval.low, overall.unrecorded.interval.high)
    assert (low.key, high.key) == tuple(f"recording_rate/all/all/unrecorded_{end}" for end in ("low", "high"))


def test_figures_of_a_change(comparison):
    for change in comparison.changes:
        numbers = ChangeNumbers(change)
        assert numbers.difference.value == change.change.value
        assert (numbers.low.value, numbers.high.value) == (change.change.interval.low, change.change.interval.high)
        assert numbers.difference.key.startswith("change/")
        if change.additional:
            low, high = numbers.additional_limits
            assert numbers.additional.value == change.additional.value
            assert (low.value, high.value) == (change.additional.interval.low, change.additional.interval.high)
        else:
            assert numbers.additional is None


@pytest.mark.parametrize(("stratum", "text"), [("all", "25,400"), ("violence", "12,380"), ("sexual", "660")])
def test_printed_additional_crimes_2018(comparison, stratum, text):
    assert ChangeNumbers(comparison.get("recording_rate", "all", stratum)).additional.text == text


def test_few_and_none():
    estimate = estimate_rate_from_counts(5, 18)
    few = FindingNumbers(Finding("vulnerable_victims", "all", "all", estimate, plain=proportion_interval(5, 18)))
    assert (few.few, few.exists) == (True, True)
    assert (few.records, few.design_effect, few.degrees_of_freedom) == ("n/a", "n/a", "n/a")
    assert few.unrecorded is None
    nothing = FindingNumbers(Finding("vulnerable_victims", "all", "all", None))
    assert not nothing.exists
    assert (nothing.due.text, nothing.done.text) == ("0", "0")
    assert isinstance(estimate.interval, Interval)
