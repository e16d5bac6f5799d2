"""Newcombe 1998a (Statistics in Medicine 17:857-872) Table I and 1998b (17:873-890) Table II, as printed."""

import pytest

from cdi_stats.methods.comparison import compare_rates, difference_limits
from cdi_stats.methods.extrapolation import Total, sum_totals
from cdi_stats.methods.proportion import Interval, proportion_interval
from cdi_stats.methods.survey import estimate_rate_from_counts

TABLE_I = [
    ("wald", 81, 263, 0.2522, 0.3638),
    ("wald", 15, 148, 0.0527, 0.1500),
    ("wald", 0, 20, 0.0, 0.0),
    ("wald", 1, 29, 0.0, 0.1009),
    ("wald-cc", 81, 263, 0.2503, 0.3657),
    ("wald-cc", 15, 148, 0.0494, 0.1534),
    ("wald-cc", 0, 20, 0.0, 0.0250),
    ("wald-cc", 1, 29, 0.0, 0.1181),
    ("wilson", 81, 263, 0.2553, 0.3662),
    ("wilson", 15, 148, 0.0624, 0.1605),
    ("wilson", 0, 20, 0.0, 0.1611),
    ("wilson", 1, 29, 0.0061, 0.1718),
    ("wilson-cc", 81, 263, 0.2535, 0.3682),
    ("wilson-cc", 15, 148, 0.0598, 0.1644),
    ("wilson-cc", 0, 20, 0.0, 0.2005),
    ("wilson-cc", 1, 29, 0.0018, 0.1963),
    ("clopper-pearson", 81, 263, 0.2527, 0.3676),
    ("clopper-pearson", 15, 148, 0.0578, 0.1617),
    ("clopper-pearson", 0, 20, 0.0, 0.1684),
    ("clopper-pearson", 1, 29, 0.0009, 0.1776),
    ("mid-p", 81, 263, 0.2544, 0.3658),
    ("mid-p", 15, 148, 0.0601, 0.1581),
    ("mid-p", 0, 20, 0.0, 0.1391),
    ("mid-p", 1, 29, 0.0017, 0.1585),
    ("likelihood", 81, 263, 0.2542, 0.3655),
    ("likelihood", 15, 148, 0.0596, 0.1567),
    ("likelihood", 0, 20, 0.0, 0.0916),
    ("likelihood", 1, 29, 0.0020, 0.1432),
]

TABLE_II_METHOD_10 = [
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (6, 7, 2, 7, 0.0582, 0.8062),
    (5, 56, 0, 29, -0.0381, 0.1926),
    (0, 10, 0, 20, -0.1611, 0.2775),
    (0, 10, 0, 10, -0.2775, 0.2775),
    (10, 10, 0, 20, 0.6791, 1.0),
    (10, 10, 0, 10, 0.6075, 1.0),
]


@pytest.mark.parametrize(("method", "recorded", "reported", "low", "high"), TABLE_I)
def test_table_i(method, recorded, reported, low, high):
    interval = proportion_interval(recorded, reported, method=method)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("x1", "n1", "x2", "n2", "low", "high"), TABLE_II_METHOD_10)
def test_table_ii_method_10(x1, n1, x2, n2, low, high):
    change = compare_rates(estimate_rate_from_counts(x1, n1), estimate_rate_from_counts(x2, n2))
    assert change.value == pytest.approx(x1 / n1 - x2 / n2, abs=1e-15)
    assert (change.interval.low, change.interval.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("x1", "n1", "x2", "n2", "low", "high"), TABLE_II_METHOD_10)
def test_square_and_add_on_wilson_limits_gives_the_same(x1, n1, x2, n2, low, high):
    def arms(x, n):
        wilson = proportion_interval(x, n)
        return x / n, wilson.low, wilson.high

    assert difference_limits(arms(x1, n1), arms(x2, n2))[1:] == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("a", "m", "b", "n", "low", "high"), TABLE_II_METHOD_10)
def test_table_ii_method_10_as_the_sum_of_a_rate_and_one_turned_round(a, m, b, n, low, high):
    """Method 10 is MOVER (Zou & Donner 2008) on Wilson's limits: a difference is the sum with -p, from -u to -l."""
    first, second = proportion_interval(a, m), proportion_interval(b, n)
    turned = Interval(-second.high, -second.low, 0.95, "wilson")
    summed = sum_totals([Total(a / m, first, "first"), Total(-b / n, turned, "second")])
    assert (summed.interval.low, summed.interval.high) == pytest.approx((low, high), abs=5.1e-5)
