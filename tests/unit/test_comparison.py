"""Edges of a change between two rates."""

import math

import pytest

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.comparison import compare_rates, difference_limits, ratio_limits
from cdi_stats.methods.survey import estimate_rate, estimate_rate_from_counts

KENT_2017 = estimate_rate_from_counts(1254, 1500)
KENT_2018 = estimate_rate_from_counts(757, 784)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"measure": "odds"}, "measure: found 'odds'; expected one of difference, ratio"),
        ({"method": "wald"}, "method: found 'wald'; expected 'mover'"),
        ({"confidence_level": 95}, "confidence_level: found 95"),
    ],
)
def test_unknown_options_are_refused(options, message):
    with pytest.raises(InvalidCounts, match=message):
        compare_rates(KENT_2018, KENT_2017, **options)


@pytest.mark.parametrize("measure", ["difference", "ratio"])
@pytest.mark.parametrize(
    ("later", "earlier", "direction"),
    [
        (KENT_2018, KENT_2017, "improved"),
        (KENT_2017, KENT_2018, "worsened"),
        (KENT_2017, KENT_2017, "no clear change"),
        (estimate_rate_from_counts(10, 10), estimate_rate_from_counts(9, 10), "no clear change"),
    ],
)
def test_direction_follows_the_interval(measure, later, earlier, direction):
    assert compare_rates(later, earlier, measure=measure).direction == direction


def test_both_rates_are_taken_to_the_level_of_the_change():
    change = compare_rates(KENT_2018.at(0.5), KENT_2017.at(0.99), confidence_level=0.9)
    assert change.later == KENT_2018.at(0.9)
    assert change.earlier == KENT_2017.at(0.9)
    assert change.interval.confidence_level == 0.9


def test_two_equal_intervals_combine_by_pythagoras():
    value, low, high = difference_limits((0.8, 0.77, 0.84), (0.7, 0.66, 0.73))
    assert value == pytest.approx(0.1)
    assert (value - low, high - value) == pytest.approx((math.hypot(0.03, 0.03), math.hypot(0.04, 0.04)))


def test_ratio_limits_solve_their_quadratic():
    """MOVER-R: r solves (p1 - r p2)^2 = (p1 - l1)^2 + r^2 (u2 - p2)^2 at the lower limit, and so on at the upper."""
    (p1, l1, u1), (p2, l2, u2) = first, second = (0.8, 0.74, 0.85), (0.6, 0.51, 0.68)
    ratio, low, high = ratio_limits(first, second)
    assert ratio == pytest.approx(0.8 / 0.6)
    assert (p1 - low * p2) ** 2 == pytest.approx((p1 - l1) ** 2 + low**2 * (u2 - p2) ** 2, abs=1e-14)
    assert (p1 - high * p2) ** 2 == pytest.approx((u1 - p1) ** 2 + high**2 * (p2 - l2) ** 2, abs=1e-14)


def test_ratio_of_symmetric_limits_is_fiellers():
    p1, d1, p2, d2 = 0.8, 0.05, 0.6, 0.09
    _, low, high = ratio_limits((p1, p1 - d1, p1 + d1), (p2, p2 - d2, p2 + d2))
    root = math.sqrt((p1 * p2) ** 2 - (p1**2 - d1**2) * (p2**2 - d2**2))
    assert low == pytest.approx((p1 * p2 - root) / (p2**2 - d2**2), abs=1e-14)
    assert high == pytest.approx((p1 * p2 + root) / (p2**2 - d2**2), abs=1e-14)


def test_ratio_at_the_edges():
    nothing, everything = estimate_rate_from_counts(0, 20), estimate_rate_from_counts(20, 20)
    from_nothing = compare_rates(nothing, everything, measure="ratio")
    assert (from_nothing.value, from_nothing.interval.low) == (0.0, 0.0)
    assert 0 < from_nothing.interval.high < 1
    same = compare_rates(everything, everything, measure="ratio")
    assert same.interval.low < same.value == 1.0 < same.interval.high
    with pytest.raises(InvalidCounts, match="denominator of 0"):
        compare_rates(everything, nothing, measure="ratio")


def test_ratio_to_a_rate_that_could_be_nothing_has_no_upper_limit():
    assert ratio_limits((0.5, 0.4, 0.6), (0.1, 0.0, 0.3))[2] == math.inf


def test_difference_between_certain_opposites_stays_within_one():
    opposite = compare_rates(estimate_rate_from_counts(10, 10), estimate_rate_from_counts(0, 10))
    assert (opposite.value, opposite.interval.high) == (1.0, 1.0)


def test_clustering_widens_a_change():
    clustered = estimate_rate([10] * 9 + [0], [10] * 10)
    alone = estimate_rate_from_counts(90, 100)
    width = {
        kind: (interval := compare_rates(rate, KENT_2017).interval).high - interval.low
        for kind, rate in {"clustered": clustered, "alone": alone}.items()
    }
    assert width["clustered"] > 2 * width["alone"]


def test_a_change_reads_as_a_sentence():
    assert str(compare_rates(KENT_2018, KENT_2017)).startswith("improved: +13.0 points (95% interval +10.6 points to")
    assert str(compare_rates(KENT_2018, KENT_2017, measure="ratio")).startswith("improved: 1.155 times")
