"""Edges of yearly totals."""

import math

import pytest
from scipy import optimize

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.comparison import compare_rates, difference_limits, ratio_limits
from cdi_stats.methods.extrapolation import (
    Total,
    annual_volume,
    extrapolate_additional,
    extrapolate_unrecorded,
    sum_totals,
)
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
        "24,300 crimes a year (95% interval 21,198 to 27,856; 123,871 recorded; wilson)"
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


# Volumes that are themselves uncertain.


ALIKE = estimate_rate_from_counts(1260, 1500)


def arms(estimate):
    return estimate.rate, estimate.interval.low, estimate.interval.high


def volume(value, low, high):
    return Total(value, Interval(low, high, 0.95, "poisson"), "R recorded")


def mover_r(numerator, size, *, upper):
    """Return a MOVER-R limit of numerator / psi with psi = 1 / size, by searching away from the value for its equation.

    (theta - L psi)^2 = (theta - limit)^2 + L^2 (psi - psi*)^2, where psi* is the end of psi that moves L outwards.
    """
    theta, limit = numerator[0], numerator[2 if upper else 1]
    value, least, most = size
    outwards = most if upper == (limit > 0) else least

    def off(bound):
        return (theta - bound / value) ** 2 - (theta - limit) ** 2 - (bound * (1 / value - 1 / outwards)) ** 2

    step = (1 if upper else -1) * value * 1e-5
    inside = theta * value
    while off(inside + step) < 0:
        inside += step
    return optimize.brentq(off, inside, inside + step, xtol=1e-13 * value)


def shares():
    """Yield what a volume is multiplied by, as (value, low, high), its basis, and the function that does it."""
    for rate in (KENT_2017, KENT_2018, EVERYTHING):
        p, low, high = arms(rate)
        yield (
            (1 - p, 1 - high, 1 - low),
            "reported",
            lambda size, rate=rate: extrapolate_unrecorded(rate, reported=size),
        )
        odds = (1 / p - 1, 1 / high - 1, 1 / low - 1)
        yield odds, "recorded", lambda size, rate=rate: extrapolate_unrecorded(rate, recorded=size)
    for pair in ((KENT_2018, KENT_2017), (KENT_2017, KENT_2018), (KENT_2017, ALIKE), (ALIKE, KENT_2017)):
        later, earlier = map(arms, pair)
        yield (
            difference_limits(later, earlier),
            "reported",
            lambda size, pair=pair: extrapolate_additional(*pair, reported=size),
        )
        ratio, low, high = ratio_limits(earlier, later)
        yield (
            (1 - ratio, 1 - high, 1 - low),
            "recorded",
            lambda size, pair=pair: extrapolate_additional(*pair, recorded=size),
        )


SHARES = list(shares())


def test_the_shares_tried_have_signs_of_all_kinds():
    signs = {(low >= 0, value >= 0, high >= 0) for (value, low, high), _, _ in SHARES}
    assert signs == {(True, True, True), (False, True, True), (False, False, True), (False, False, False)}


@pytest.mark.parametrize(("share", "basis", "extrapolate"), SHARES)
@pytest.mark.parametrize("size", [(1000, 900, 1150), (1000, 300, 5000), (1000, 1000, 1100)])
def test_limits_from_an_uncertain_volume_solve_mover_r(share, basis, extrapolate, size):
    total = extrapolate(volume(*size))
    assert total.value == pytest.approx(1000 * share[0], abs=1e-9)
    if share[1] != 0:
        assert total.interval.low == pytest.approx(mover_r(share, size, upper=False), abs=1e-6)
    else:
        assert total.interval.low == 0
    assert total.interval.high == pytest.approx(mover_r(share, size, upper=True), abs=1e-6)
    assert total.basis == f"1,000 {basis}"


@pytest.mark.parametrize(("share", "basis", "extrapolate"), SHARES)
def test_a_volume_that_becomes_certain_gives_the_plain_transform(share, basis, extrapolate):
    certain = extrapolate(1000)
    assert (certain.interval.low, certain.interval.high) == pytest.approx((1000 * share[1], 1000 * share[2]), abs=1e-9)
    assert certain == extrapolate(volume(1000, 1000, 1000))
    nearly = extrapolate(volume(1000, 1000 - 1e-6, 1000 + 1e-6))
    assert (nearly.interval.low, nearly.interval.high) == pytest.approx(
        (certain.interval.low, certain.interval.high), abs=1e-5
    )
    assert basis in certain.basis


@pytest.mark.parametrize(("share", "_basis", "extrapolate"), SHARES)
def test_a_less_certain_volume_widens_both_sides(share, _basis, extrapolate):
    found = [extrapolate(volume(1000, 1000 - arm, 1000 + arm)).interval for arm in (0, 50, 200, 500, 900)]
    lows, highs = [interval.low for interval in found], [interval.high for interval in found]
    assert highs == sorted(highs)
    assert highs[0] < highs[-1]
    assert lows == sorted(lows, reverse=True)
    assert lows[-1] < lows[0] or share[1] == 0


@pytest.mark.parametrize("name", ["recorded", "reported"])
@pytest.mark.parametrize("least", [100, 40, 50, 60])
def test_nothing_missed_starts_at_nothing_however_uncertain_the_volume(name, least):
    """Half the volume, 50, is where the lower equation loses its square."""
    total = extrapolate_unrecorded(EVERYTHING, **{name: volume(100, least, 200)})
    assert (total.value, total.interval.low) == (0, 0)
    assert math.copysign(1, total.interval.low) == 1
    assert 0 < total.interval.high < 20


def test_nothing_recorded_has_no_upper_limit_from_an_uncertain_volume_either():
    total = extrapolate_unrecorded(NOTHING, recorded=volume(10, 8, 13))
    assert total.value == total.interval.high == math.inf
    assert total.interval.low == pytest.approx(extrapolate_unrecorded(NOTHING, recorded=10).interval.low)


def test_a_lower_rate_of_zero_has_no_upper_limit():
    could_be_nothing = estimate_rate([1, 0, 0], [1, 9, 9], degrees_of_freedom="design", method="wald")
    assert could_be_nothing.interval.low == 0 < could_be_nothing.rate
    for recorded in (10, volume(10, 8, 13)):
        total = extrapolate_unrecorded(could_be_nothing, recorded=recorded)
        assert total.interval.low <= total.value < total.interval.high == math.inf


@pytest.mark.parametrize("arms", [(0, 0, 10), (10, 0, 20), (10, 5, math.inf)])
def test_volumes_that_could_be_nothing_are_refused(arms):
    with pytest.raises(InvalidCounts, match=r"^recorded: found .*expected the crimes recorded in the year"):
        extrapolate_unrecorded(KENT_2017, recorded=volume(*arms))


# A year's crimes from part of it, or from part of all crime.


def test_a_whole_year_is_certain():
    year = annual_volume(123_871)
    assert (year.interval.low, year.value, year.interval.high) == (123_871, 123_871, 123_871)
    assert year.basis == "123,871 in the year"
    assert extrapolate_unrecorded(KENT_2017, recorded=year).interval == (
        extrapolate_unrecorded(KENT_2017, recorded=123_871).interval
    )


@pytest.mark.parametrize("days", [30, 91, 200, 364])
@pytest.mark.parametrize(("level", "z"), [(0.95, 1.959963984540054), (0.8, 1.2815515655446004)])
def test_part_of_a_year_is_predicted_as_poisson(days, level, z):
    """The rest has mean Y r: it varies by itself, Y r, and through Y, r^2 Y; so Y r (1 + r) in all."""
    year = annual_volume(5000, days=days, confidence_level=level)
    rest = (365 - days) / days
    margin = z * math.sqrt(5000 * rest + rest**2 * 5000)
    assert year.value == pytest.approx(5000 * 365 / days)
    assert (year.interval.low, year.interval.high) == pytest.approx((year.value - margin, year.value + margin))
    assert year.interval.confidence_level == level
    assert year.basis == f"5,000 in {days} days"


def test_a_year_holds_no_fewer_crimes_than_were_counted():
    assert annual_volume(3, days=300).interval.low == 3


def test_a_known_share_scales_the_year():
    year, part = annual_volume(5000, days=91), annual_volume(5000, days=91, share=0.988)
    assert (part.value, part.interval.low, part.interval.high) == pytest.approx(
        (0.988 * year.value, 0.988 * year.interval.low, 0.988 * year.interval.high)
    )
    assert part.basis == "5,000 in 91 days, 98.8% of them"


def test_a_sampled_share_brings_its_interval():
    share = estimate_rate_from_counts(247, 250)
    whole = annual_volume(5000, share=share)
    assert (whole.value, whole.interval.low, whole.interval.high) == pytest.approx(
        (5000 * share.rate, 5000 * share.interval.low, 5000 * share.interval.high)
    )
    part, year = annual_volume(5000, days=91, share=share), annual_volume(5000, days=91)
    size = (year.value, year.interval.low, year.interval.high)
    assert part.interval.low == pytest.approx(mover_r(arms(share), size, upper=False), abs=1e-5)
    assert part.interval.high == pytest.approx(mover_r(arms(share), size, upper=True), abs=1e-5)
    assert (part.interval.method, part.basis) == ("mover", "5,000 in 91 days, 98.8% of them")


def test_a_sampled_share_is_taken_to_the_level_of_the_year():
    share = estimate_rate_from_counts(247, 250)
    assert annual_volume(5000, share=share, confidence_level=0.9) == annual_volume(
        5000, share=share.at(0.9), confidence_level=0.9
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crimes": 0}, "crimes: found 0; expected the crimes counted, more than 0"),
        ({"crimes": math.nan}, "crimes: found nan"),
        ({"days": 0}, "days: found 0; expected the days they were counted in, 1 to 365"),
        ({"days": 366}, "days: found 366"),
        ({"share": 0}, "share: found 0; expected a share above 0 and at most 1"),
        ({"share": 98.8}, "share: found 98.8"),
        ({"confidence_level": 95}, "confidence_level: found 95"),
    ],
)
def test_impossible_years_are_refused(options, message):
    with pytest.raises(InvalidCounts, match=message):
        annual_volume(**({"crimes": 100} | options))
