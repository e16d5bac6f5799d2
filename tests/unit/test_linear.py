"""Totals and ratios beside the textbook's formulas, and their edges."""

import math

import numpy as np
import pytest
from scipy import stats

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.linear import estimate_ratio, estimate_total
from cdi_stats.methods.survey import estimate_rate

MISSED = np.array([0.0, 1, 0, 2, 0, 0, 1, 11])
REPORTED = np.array([1.0, 2, 0, 3, 1, 1, 1, 14])
STRATUM = np.array(["a"] * 4 + ["b"] * 4)
POPULATION = {"a": 40, "b": 900}
DESIGN = {"stratum": STRATUM, "population": POPULATION}


def test_a_total_of_a_simple_sample_is_the_textbooks():
    """N times the mean, with error N s sqrt((1 - f) / n) (Cochran 1977, ch. 2)."""
    total = estimate_total(MISSED, population=200)
    error = 200 * math.sqrt((1 - 8 / 200) * MISSED.var(ddof=1) / 8)
    t = stats.t.ppf(0.975, 7)
    assert total.value == pytest.approx(200 * MISSED.mean(), rel=1e-14)
    assert total.standard_error == pytest.approx(error, rel=1e-13)
    assert total.degrees_of_freedom == 7
    limits = total.value - t * error, total.value + t * error
    assert (total.interval.low, total.interval.high) == pytest.approx(limits, rel=1e-10)


def test_a_total_over_strata_adds_values_and_variances():
    parts = [estimate_total(MISSED[name == STRATUM], population=size) for name, size in POPULATION.items()]
    total = estimate_total(MISSED, **DESIGN)
    assert total.value == pytest.approx(sum(part.value for part in parts), rel=1e-13)
    assert total.standard_error == pytest.approx(math.hypot(*(part.standard_error for part in parts)), rel=1e-12)
    assert total.degrees_of_freedom == 6


def test_a_domains_total_is_the_total_of_values_zero_outside():
    inside = np.array([True, False, True, True, True, False, False, True])
    total = estimate_total(MISSED, domain=inside, **DESIGN)
    zeroed = estimate_total(MISSED * inside, **DESIGN)
    assert (total.value, total.standard_error) == pytest.approx((zeroed.value, zeroed.standard_error), rel=1e-13)
    assert total.degrees_of_freedom == 3


def test_records_count_as_ones():
    counted = estimate_total(np.ones(8), **DESIGN)
    assert (counted.value, counted.standard_error) == pytest.approx((940, 0), abs=1e-9)


def test_without_a_frame_a_total_is_the_samples_own():
    assert estimate_total(MISSED).value == 15
    assert estimate_total(MISSED, weight=np.full(8, 3.0)).value == 45


def test_a_ratio_of_missed_to_reported_is_the_missed_rate():
    ratio = estimate_ratio(MISSED, REPORTED, **DESIGN)
    rate = estimate_rate(REPORTED - MISSED, REPORTED, degrees_of_freedom="design", method="wald", **DESIGN)
    assert ratio.value == pytest.approx(1 - rate.rate, rel=1e-13)
    assert ratio.standard_error == pytest.approx(rate.standard_error, rel=1e-12)
    assert ratio.degrees_of_freedom == rate.degrees_of_freedom


def test_a_ratio_of_missed_to_recorded_has_the_error_of_the_odds():
    """(1 - p) / p changes by 1 / p^2 for each change in p, and linearised errors know it."""
    ratio = estimate_ratio(MISSED, REPORTED - MISSED, **DESIGN)
    rate = estimate_rate(REPORTED - MISSED, REPORTED, **DESIGN)
    assert ratio.value == pytest.approx(1 / rate.rate - 1, rel=1e-12)
    assert ratio.standard_error == pytest.approx(rate.standard_error / rate.rate**2, rel=1e-11)


def test_a_ratio_does_not_know_the_scale_of_weights():
    weight = np.linspace(1, 4, 8)
    one, many = (estimate_ratio(MISSED, REPORTED, weight=times * weight) for times in (1, 50))
    assert (many.value, many.standard_error) == pytest.approx((one.value, one.standard_error), rel=1e-12)


def test_values_may_be_negative():
    down, up = estimate_total(-MISSED, **DESIGN), estimate_total(MISSED, **DESIGN)
    assert (down.value, down.standard_error) == pytest.approx((-up.value, up.standard_error), rel=1e-13)
    assert (down.interval.low, down.interval.high) == pytest.approx((-up.interval.high, -up.interval.low), rel=1e-12)


def test_a_census_has_no_width():
    total = estimate_total(MISSED, stratum=STRATUM, population={"a": 4, "b": 4})
    assert (total.interval.low, total.value, total.interval.high) == (15, 15, 15)


def test_values_in_proportion_have_a_certain_ratio():
    ratio = estimate_ratio(3 * REPORTED, REPORTED, **DESIGN)
    assert (ratio.value, ratio.standard_error) == (pytest.approx(3), 0)


def test_a_lonely_stratum_follows_its_rule():
    options = {"stratum": ["a"] * 7 + ["b"], "population": {"a": 70, "b": 10}}
    with pytest.raises(InvalidCounts, match="stratum b: found one sampled record"):
        estimate_total(MISSED, **options)
    errors = {rule: estimate_total(MISSED, lonely_stratum=rule, **options).standard_error for rule in
              ("certainty", "average", "adjust")}  # fmt: skip
    assert errors["average"] == pytest.approx(errors["certainty"] * math.sqrt(2), rel=1e-12)
    assert errors["adjust"] == pytest.approx(math.sqrt(errors["certainty"] ** 2 + 0.9 * 110**2), rel=1e-12)


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([], {}, "values: expected one number a record"),
        ([[1.0, 2.0]], {}, "values: expected one number a record"),
        ([1.0, math.nan], {}, "values: expected one number a record"),
        (["one", "two"], {}, "values: found something that is no number"),
        ([1.0, 2.0], {"domain": [True]}, "domain: found"),
        ([1.0, 2.0], {"domain": [1, 0]}, "domain: found"),
        ([1.0, 2.0], {"domain": [False, False]}, "domain: found no record in it"),
        ([1.0, 2.0], {"confidence_level": 95}, "confidence_level: found 95"),
    ],
)
def test_impossible_totals_are_refused(values, options, message):
    with pytest.raises(InvalidCounts, match=message):
        estimate_total(values, **options)


@pytest.mark.parametrize(
    ("denominator", "message"),
    [
        ([1.0], "denominator: found 1 entries; expected one a record, 2"),
        ([0.0, 0.0], "denominator: found a total of 0"),
        ([1.0, -1.0], "denominator: found a total of 0"),
        ([1.0, math.inf], "denominator: expected one number a record"),
    ],
)
def test_impossible_ratios_are_refused(denominator, message):
    with pytest.raises(InvalidCounts, match=message):
        estimate_ratio([1.0, 2.0], denominator)


def test_an_estimate_reads_as_a_sentence():
    assert str(estimate_total([10.0, 20.0, 30.0], population=100)) == "2,000 (95% interval -446.6 to 4,447)"
