"""Edges of a change between two rates."""

import math

import pytest

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.comparison import change_p_value, compare_rates, difference_limits, ratio_limits
from cdi_stats.methods.survey import estimate_rate, estimate_rate_from_counts

KENT_2017 = estimate_rate_from_counts(1254, 1500)
KENT_2018 = estimate_rate_from_counts(757, 784)
MEASURES = ("difference", "ratio", "missed-ratio")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"measure": "odds"}, "measure: found 'odds'; expected one of difference, ratio, missed-ratio"),
        ({"method": "wald"}, "method: found 'wald'; expected one of mover, miettinen-nurminen, mee"),
        ({"confidence_level": 95}, "confidence_level: found 95"),
        ({"correlation": 1.2}, "correlation: found 1.2; expected a number from -1 to 1"),
        ({"correlation": math.nan}, "correlation: found nan"),
    ],
)
def test_unknown_options_are_refused(options, message):
    with pytest.raises(InvalidCounts, match=message):
        compare_rates(KENT_2018, KENT_2017, **options)


@pytest.mark.parametrize("measure", MEASURES)
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
    assert str(compare_rates(KENT_2018, KENT_2017)) == (
        "Recording improved: +13.0 percentage points, from 83.6% to 96.6% (95% interval +10.6 to +15.2; mover)"
    )
    assert str(compare_rates(KENT_2018, KENT_2017, measure="ratio")) == (
        "Recording improved: 1.155 times the earlier rate, from 83.6% to 96.6% (95% interval 1.125 to 1.186; mover)"
    )


# the ratio of the shares missed


def test_the_missed_ratio_is_the_ratio_of_the_rates_turned_round():
    change = compare_rates(KENT_2018, KENT_2017, measure="missed-ratio")
    turned = compare_rates(
        estimate_rate_from_counts(784 - 757, 784), estimate_rate_from_counts(1500 - 1254, 1500), measure="ratio"
    )
    assert change.value == pytest.approx(27 / 784 / (246 / 1500), rel=1e-12)
    assert (change.interval.low, change.interval.high) == pytest.approx(
        (turned.interval.low, turned.interval.high), rel=1e-9
    )
    assert change.standard_error == pytest.approx(turned.standard_error, rel=1e-9)


def test_fewer_missed_is_an_improvement():
    change = compare_rates(KENT_2018, KENT_2017, measure="missed-ratio")
    assert change.interval.high < 1
    assert change.direction == "improved"
    assert str(change).startswith("Recording improved: 0.210 times")


def test_nothing_missed_later_is_a_ratio_of_nothing_and_earlier_is_refused():
    everything = estimate_rate_from_counts(20, 20)
    change = compare_rates(everything, KENT_2017, measure="missed-ratio")
    assert (change.value, change.interval.low) == (0, 0)
    assert change.interval.high > 0.5
    assert math.isnan(change.standard_error)
    with pytest.raises(InvalidCounts, match="denominator of 0"):
        compare_rates(KENT_2017, everything, measure="missed-ratio")


# rates of one sample


@pytest.mark.parametrize("measure", MEASURES)
def test_no_correlation_is_independence(measure):
    independent = compare_rates(KENT_2018, KENT_2017, measure=measure)
    assert compare_rates(KENT_2018, KENT_2017, measure=measure, correlation=0.0) == independent
    nearly = compare_rates(KENT_2018, KENT_2017, measure=measure, correlation=1e-9)
    assert nearly.interval.low == pytest.approx(independent.interval.low, abs=1e-7)
    assert nearly.interval.high == pytest.approx(independent.interval.high, abs=1e-7)


@pytest.mark.parametrize("measure", MEASURES)
def test_a_change_between_rates_that_go_together_is_surer(measure):
    changes = [compare_rates(KENT_2018, KENT_2017, measure=measure, correlation=r) for r in (-0.8, -0.3, 0, 0.3, 0.8)]
    assert len({change.value for change in changes}) == 1
    widths = [change.interval.high - change.interval.low for change in changes]
    errors = [change.standard_error for change in changes]
    assert widths == sorted(widths, reverse=True)
    assert errors == sorted(errors, reverse=True)
    assert widths[-1] < widths[0]


def test_arms_that_oppose_each_other_add_up():
    value, low, high = difference_limits((0.8, 0.77, 0.84), (0.7, 0.66, 0.73), -1.0)
    assert (value - low, high - value) == pytest.approx((0.03 + 0.03, 0.04 + 0.04))
    value, low, high = difference_limits((0.8, 0.77, 0.84), (0.7, 0.66, 0.73), 1.0)
    assert (value - low, high - value) == pytest.approx((0, 0), abs=1e-9)


@pytest.mark.parametrize("correlation", [-0.9, -0.4, 0.4, 0.9])
def test_correlated_ratio_limits_solve_their_quadratic(correlation):
    (p1, l1, u1), (p2, l2, u2) = first, second = (0.8, 0.74, 0.85), (0.6, 0.51, 0.68)
    _, low, high = ratio_limits(first, second, correlation)
    for r, one, other in ((low, p1 - l1, u2 - p2), (high, u1 - p1, p2 - l2)):
        expected = one**2 - 2 * correlation * r * one * other + (r * other) ** 2
        assert (p1 - r * p2) ** 2 == pytest.approx(expected, abs=1e-14)
    assert low < p1 / p2 < high


# standard errors


@pytest.mark.parametrize("correlation", [0.0, 0.5, -0.7])
@pytest.mark.parametrize(
    ("measure", "formula"),
    [
        ("difference", lambda later, earlier: later - earlier),
        ("ratio", lambda later, earlier: later / earlier),
        ("missed-ratio", lambda later, earlier: (1 - later) / (1 - earlier)),
    ],
)
def test_standard_errors_follow_the_slopes(measure, formula, correlation):
    """The delta method, with slopes taken numerically."""
    p, q, step = KENT_2018.rate, KENT_2017.rate, 1e-6
    one = (formula(p + step, q) - formula(p - step, q)) / (2 * step) * KENT_2018.standard_error
    other = (formula(p, q + step) - formula(p, q - step)) / (2 * step) * KENT_2017.standard_error
    expected = math.sqrt(one**2 + 2 * correlation * one * other + other**2)
    change = compare_rates(KENT_2018, KENT_2017, measure=measure, correlation=correlation)
    assert change.standard_error == pytest.approx(expected, rel=1e-8)


# score limits


@pytest.mark.parametrize("method", ["miettinen-nurminen", "mee"])
@pytest.mark.parametrize(
    ("later", "options"),
    [
        (estimate_rate([1] * 40 + [0] * 10, [1] * 50), {}),
        (estimate_rate_from_counts(757, 784, population=48_846), {}),
        (KENT_2018, {"correlation": 0.2}),
    ],
    ids=["records", "finite frame", "one sample"],
)
def test_score_limits_are_for_two_simple_samples_known_by_their_totals(method, later, options):
    with pytest.raises(InvalidCounts, match=f"method '{method}'.*expected two simple samples known by their totals"):
        compare_rates(later, KENT_2017, method=method, **options)
    with pytest.raises(InvalidCounts, match="To mend: use method 'mover'"):
        compare_rates(KENT_2017, later, method=method, **options)


@pytest.mark.parametrize("measure", MEASURES)
def test_score_limits_take_the_place_of_mover(measure):
    change = compare_rates(KENT_2018, KENT_2017, measure=measure, method="miettinen-nurminen")
    mover = compare_rates(KENT_2018, KENT_2017, measure=measure)
    assert (change.value, change.standard_error) == (mover.value, mover.standard_error)
    assert change.interval.method == "miettinen-nurminen"
    assert change.interval.low == pytest.approx(mover.interval.low, rel=0.05)
    assert change.interval.high == pytest.approx(mover.interval.high, rel=0.05)


def test_score_limits_of_newcombes_first_case():
    change = compare_rates(
        estimate_rate_from_counts(56, 70), estimate_rate_from_counts(48, 80), method="miettinen-nurminen"
    )
    assert (round(change.interval.low, 4), round(change.interval.high, 4)) == (0.0528, 0.3382)


# many comparisons


@pytest.mark.parametrize(
    ("later", "earlier"), [((92, 100), (80, 100)), ((62, 63), (102, 112)), ((10, 10), (36, 53)), ((5, 9), (5, 10))]
)
def test_a_p_value_and_an_interval_never_disagree(later, earlier):
    """At the level 1 - p the interval just touches no change: a little below it excludes it, above it holds."""
    first, second = estimate_rate_from_counts(*later), estimate_rate_from_counts(*earlier)
    p = change_p_value(first, second)
    assert 0 < p < 1
    below = compare_rates(first, second, confidence_level=1 - min(p * 1.001, 0.999))
    above = compare_rates(first, second, confidence_level=1 - p * 0.999)
    assert below.direction == "improved" or p * 1.001 > 0.999
    assert above.direction == "no clear change"
    assert change_p_value(second, first) == pytest.approx(p, rel=1e-9)


def test_equal_rates_have_a_p_value_of_one():
    assert change_p_value(estimate_rate_from_counts(9, 10), estimate_rate_from_counts(90, 100)) == 1.0
