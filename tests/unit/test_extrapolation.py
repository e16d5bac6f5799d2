"""Edges of yearly totals."""

import math

import pytest

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.comparison import compare_rates
from cdi_stats.methods.extrapolation import Total, extrapolate_additional, extrapolate_unrecorded, sum_totals
from cdi_stats.methods.proportion import Interval
from cdi_stats.methods.survey import estimate_rate, estimate_rate_from_counts

KENT_2017 = estimate_rate_from_counts(1254, 1500)
KENT_2018 = estimate_rate_from_counts(757, 784)
NOTHING, EVERYTHING = estimate_rate_from_counts(0, 50), estimate_rate_from_counts(50, 50)


@pytest.mark.parametrize("volumes", [{}, {"recorded": 5, "reported": 6}])
def test_exactly_one_volume_is_expected(volumes):
    with pytest.raises(InvalidCounts, match="exactly one of the two yearly volumes"):
        extrapolate_unrecorded(KENT_2017, **volumes)
    with pytest.raises(InvalidCounts, match="exactly one of the two yearly volumes"):
        extrapolate_additional(KENT_2018, KENT_2017, **volumes)


@pytest.mark.parametrize("name", ["recorded", "reported"])
@pytest.mark.parametrize("volume", [-1, math.inf, math.nan])
def test_impossible_volumes_are_refused_by_name(name, volume):
    with pytest.raises(InvalidCounts, match=f"^{name}: found "):
        extrapolate_unrecorded(KENT_2017, **{name: volume})


def test_unrecorded_of_kent_2017():
    total = extrapolate_unrecorded(KENT_2017, recorded=123_871)
    assert round(total.value, -2) == 24_300
    assert (round(total.interval.low), round(total.interval.high)) == (21_198, 27_856)
    assert (total.basis, total.interval.method) == ("123,871 recorded", "wilson")


def test_unrecorded_of_recorded_is_not_the_missed_share_of_recorded():
    assert extrapolate_unrecorded(KENT_2017, recorded=1000).value == pytest.approx(1000 * 0.164 / 0.836)
    assert extrapolate_unrecorded(KENT_2017, reported=1000).value == pytest.approx(1000 * 0.164)


def test_reported_equal_to_recorded_over_the_rate_gives_the_same_value():
    from_recorded = extrapolate_unrecorded(KENT_2017, recorded=836)
    from_reported = extrapolate_unrecorded(KENT_2017, reported=1000)
    assert from_recorded.value == pytest.approx(from_reported.value)
    assert from_recorded.interval.high > from_reported.interval.high


def test_additional_of_kent_2018():
    """The printed 25,400 is N (96.6 % - 83.6 %) with the implied N of 195,385 crimes reported in the year."""
    later, earlier = estimate_rate_from_counts(966, 1000), estimate_rate_from_counts(836, 1000)
    assert round(extrapolate_additional(later, earlier, reported=195_385).value, -2) == 25_400
    assert round(extrapolate_additional(later, earlier, recorded=195_385 * 0.966).value, -2) == 25_400


def test_additional_of_reported_is_the_difference_grossed_up():
    total = extrapolate_additional(KENT_2018, KENT_2017, reported=1000)
    change = compare_rates(KENT_2018, KENT_2017)
    assert total.value == pytest.approx(1000 * change.value)
    assert (total.interval.low, total.interval.high) == pytest.approx(
        (1000 * change.interval.low, 1000 * change.interval.high)
    )


def test_additional_of_recorded_is_one_less_the_ratio_grossed_up():
    total = extrapolate_additional(KENT_2018, KENT_2017, recorded=1000)
    back = compare_rates(KENT_2017, KENT_2018, measure="ratio")
    assert total.value == pytest.approx(1000 * (1 - back.value))
    assert (total.interval.low, total.interval.high) == pytest.approx(
        (1000 * (1 - back.interval.high), 1000 * (1 - back.interval.low))
    )


@pytest.mark.parametrize("volume", ["recorded", "reported"])
def test_a_rate_that_fell_gives_a_negative_total(volume):
    total = extrapolate_additional(KENT_2017, KENT_2018, **{volume: 1000})
    assert total.interval.low < total.value < total.interval.high < 0


def test_nothing_missed_still_has_an_upper_limit():
    total = extrapolate_unrecorded(EVERYTHING, recorded=10_000)
    assert (total.value, total.interval.low) == (0.0, 0.0)
    assert total.interval.high == pytest.approx(10_000 * (1 / EVERYTHING.interval.low - 1))


def test_nothing_recorded_has_no_upper_limit_from_recorded_alone():
    total = extrapolate_unrecorded(NOTHING, recorded=10)
    assert total.value == total.interval.high == math.inf
    assert math.isfinite(total.interval.low)
    assert extrapolate_unrecorded(NOTHING, reported=10).value == 10


def test_a_census_gives_a_certain_total():
    census = estimate_rate([1, 1, 0, 1], [1, 1, 1, 1], population=4)
    total = extrapolate_unrecorded(census, reported=4)
    assert (total.interval.low, total.value, total.interval.high) == (1.0, 1.0, 1.0)


def test_the_level_of_the_rate_is_carried_over():
    total = extrapolate_unrecorded(KENT_2017.at(0.9), recorded=123_871)
    assert total.interval.confidence_level == 0.9
    assert 21_198 < total.interval.low < total.interval.high < 27_856


@pytest.mark.parametrize("volume", ["recorded", "reported"])
def test_the_earlier_rate_is_taken_to_the_level_of_the_later(volume):
    mixed = extrapolate_additional(KENT_2018.at(0.9), KENT_2017, **{volume: 1000})
    assert mixed.interval.confidence_level == 0.9
    assert mixed == extrapolate_additional(KENT_2018.at(0.9), KENT_2017.at(0.9), **{volume: 1000})


def test_a_total_reads_as_a_sentence():
    assert str(extrapolate_unrecorded(KENT_2017, recorded=123_871)) == (
        "24,300 crimes a year (95% interval 21,198 to 27,856; 123,871 recorded)"
    )


# Sums over strata.


def total(value, low, high, level=0.95):
    return Total(value, Interval(low, high, level, "wilson"), "R recorded")


def test_a_sum_by_hand():
    """Arms of 3 and 4 below make 5, of 5 and 12 above make 13: each side by itself."""
    summed = sum_totals([total(10, 7, 15), total(20, 16, 32)])
    assert (summed.value, summed.interval.low, summed.interval.high) == (30, 25, 43)
    assert (summed.interval.method, summed.basis) == ("mover", "sum over strata")


def test_a_sum_of_one_is_itself_and_of_none_is_refused():
    only = extrapolate_unrecorded(KENT_2017, recorded=123_871)
    summed = sum_totals([only])
    assert summed.value == only.value
    assert (summed.interval.low, summed.interval.high) == pytest.approx((only.interval.low, only.interval.high))
    with pytest.raises(InvalidCounts, match="at least one"):
        sum_totals([])


def test_a_sum_keeps_level_and_open_end():
    summed = sum_totals([total(10, 7, 15, 0.8), total(20, 16, math.inf, 0.8)])
    assert summed.interval.confidence_level == 0.8
    assert summed.interval.high == math.inf
    assert summed.interval.low == 25
