"""What must hold for any counts: bounds, order, symmetry, scale, and the plain formula beside the fast one."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cdi_stats.methods.comparison import compare_rates
from cdi_stats.methods.extrapolation import extrapolate_additional, extrapolate_unrecorded, sum_totals
from cdi_stats.methods.proportion import METHODS, proportion_interval, wilson_limits
from cdi_stats.methods.survey import estimate_rate, estimate_rate_from_counts

ROUNDING = 1e-9
ANY_COUNT = [name for name in METHODS if name not in ("hypergeometric", "rule-of-three")]
# the arcsine can leave out 0 and 1, and turns back near them
HOLDING_METHODS = [name for name in ANY_COUNT if name != "arcsine"]
# logit limits turn back in small samples at high levels, 27 of 28 at 99 % being below 26 of 28; "wald-fpc" is for 95 %
MONOTONE_METHODS = [name for name in HOLDING_METHODS if name not in ("wald-fpc", "logit")]

levels = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99])
degrees = st.sampled_from(["kurtosis", "design"])
volumes = st.floats(1, 1e7)


@st.composite
def counts(draw, largest=5000):
    reported = draw(st.integers(1, largest))
    return draw(st.integers(0, reported)), reported


@st.composite
def samples(draw, largest_record=6):
    """Draw (recorded, reported, stratum, population): two or more records in each of one to three strata."""
    recorded, reported, stratum, population = [], [], [], {}
    for name in draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True)):
        for _ in range(draw(st.integers(2, 12))):
            reported.append(draw(st.integers(0, largest_record)))
            recorded.append(draw(st.integers(0, reported[-1])))
            stratum.append(name)
        population[name] = stratum.count(name) * draw(st.integers(1, 200)) + draw(st.integers(0, 50))
    assume(sum(reported) > 0)
    return np.array(recorded), np.array(reported), np.array(stratum), population


def estimate(sample, **options):
    recorded, reported, stratum, population = sample
    return estimate_rate(recorded, reported, stratum=stratum, **({"population": population} | options))


def linearised_by_loops(sample):
    """Return rate and standard error as Cochran writes them, one record at a time."""
    recorded, reported, stratum, population = sample
    weight = {name: population[name] / list(stratum).count(name) for name in population}
    crimes = sum(weight[h] * m for h, m in zip(stratum, reported, strict=True))
    rate = sum(weight[h] * k for h, k in zip(stratum, recorded, strict=True)) / crimes
    variance = 0.0
    for name, frame in population.items():
        terms = [
            weight[name] * (k - rate * m) / crimes
            for h, k, m in zip(stratum, recorded, reported, strict=True)
            if h == name
        ]
        n = len(terms)
        spread = sum((term - sum(terms) / n) ** 2 for term in terms)
        variance += (1 - n / frame) * n / (n - 1) * spread
    return rate, math.sqrt(variance)


def same(first, second):
    """Tell whether two estimates agree but for rounding."""
    return (first.rate, first.standard_error, first.interval.low, first.interval.high) == pytest.approx(
        (second.rate, second.standard_error, second.interval.low, second.interval.high), abs=ROUNDING
    )


# one proportion


@given(counts(), st.sampled_from(HOLDING_METHODS))
def test_limits_hold_the_rate_and_stay_in_bounds(count, method):
    recorded, reported = count
    interval = proportion_interval(recorded, reported, method=method)
    assert 0 <= interval.low <= recorded / reported <= interval.high <= 1


@given(counts(), st.sampled_from(ANY_COUNT))
def test_swapping_recorded_and_unrecorded_mirrors_the_limits(count, method):
    recorded, reported = count
    interval = proportion_interval(recorded, reported, method=method)
    mirrored = proportion_interval(reported - recorded, reported, method=method)
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - interval.high, 1 - interval.low), abs=ROUNDING)


@given(st.integers(1, 400), levels, st.sampled_from(MONOTONE_METHODS))
def test_limits_rise_with_every_crime_recorded(reported, level, method):
    interval = proportion_interval(np.arange(reported + 1), reported, confidence_level=level, method=method)
    assert np.all(np.diff(interval.low) >= -ROUNDING)
    assert np.all(np.diff(interval.high) >= -ROUNDING)


@given(counts(), levels, levels, st.sampled_from(MONOTONE_METHODS))
def test_a_higher_level_contains_a_lower(count, one, other, method):
    lower, higher = sorted((one, other))
    narrow = proportion_interval(*count, confidence_level=lower, method=method)
    wide = proportion_interval(*count, confidence_level=higher, method=method)
    assert wide.low <= narrow.low + ROUNDING
    assert wide.high >= narrow.high - ROUNDING


@given(counts(largest=300), st.integers(2, 20), st.sampled_from(["wilson", "clopper-pearson"]))
def test_the_same_rate_on_more_crimes_is_narrower(count, times, method):
    recorded, reported = count
    few = proportion_interval(recorded, reported, method=method)
    many = proportion_interval(recorded * times, reported * times, method=method)
    assert many.high - many.low < few.high - few.low


@given(st.floats(0, 1), st.floats(0.5, 5000), st.floats(1.01, 10), st.floats(0.5, 12))
def test_wilson_narrows_with_effective_size_and_widens_with_the_quantile(rate, size, more, quantile):
    low, high = wilson_limits(rate, size, quantile)
    narrow_low, narrow_high = wilson_limits(rate, size * more, quantile)
    wide_low, wide_high = wilson_limits(rate, size, quantile * more)
    assert narrow_high - narrow_low < high - low < wide_high - wide_low


@given(counts(), st.integers(0, 100_000), levels)
def test_a_finite_population_narrows(count, unsampled, level):
    plain = proportion_interval(*count, confidence_level=level)
    finite = proportion_interval(*count, confidence_level=level, population=count[1] + unsampled)
    assert finite.high - finite.low <= plain.high - plain.low + ROUNDING


@given(st.lists(counts(), min_size=1, max_size=20), levels, st.sampled_from(MONOTONE_METHODS))
def test_an_array_is_its_scalars(pairs, level, method):
    recorded, reported = np.array(pairs).T
    together = proportion_interval(recorded, reported, confidence_level=level, method=method)
    for place, (x, n) in enumerate(pairs):
        alone = proportion_interval(x, n, confidence_level=level, method=method)
        assert (together.low[place], together.high[place]) == (alone.low, alone.high)


@given(counts(), st.sampled_from([0.8, 0.9, 0.95, 0.99]), st.sampled_from(MONOTONE_METHODS))
def test_one_side_at_a_level_lies_within_both_sides_at_it(count, level, method):
    assume(METHODS[method].one_sided)
    both = proportion_interval(*count, confidence_level=level, method=method)
    lower = proportion_interval(*count, confidence_level=level, method=method, side="lower")
    upper = proportion_interval(*count, confidence_level=level, method=method, side="upper")
    assert both.low - ROUNDING <= lower.low <= count[0] / count[1] <= upper.high <= both.high + ROUNDING
    assert (upper.low, lower.high) == (0.0, 1.0)


@given(counts(largest=300), st.integers(0, 2000), levels, levels)
def test_exact_finite_limits_are_possible_mirrored_and_nested(count, unsampled, one, other):
    (recorded, reported), (lower, higher) = count, sorted((one, other))
    options = {"population": reported + unsampled, "method": "hypergeometric"}
    narrow = proportion_interval(*count, confidence_level=lower, **options)
    wide = proportion_interval(*count, confidence_level=higher, **options)
    mirrored = proportion_interval(reported - recorded, reported, confidence_level=lower, **options)
    least, most = recorded / options["population"], (recorded + unsampled) / options["population"]
    assert least <= wide.low <= narrow.low <= narrow.high <= wide.high <= most
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - narrow.high, 1 - narrow.low), abs=ROUNDING)


# samples of records


@given(samples(), degrees, st.sampled_from(["wilson", "wald"]))
def test_an_estimate_holds_its_rate_and_stays_in_bounds(sample, degrees_of_freedom, method):
    result = estimate(sample, degrees_of_freedom=degrees_of_freedom, method=method)
    assert 0 <= result.interval.low <= result.rate + ROUNDING
    assert result.rate - ROUNDING <= result.interval.high <= 1
    assert result.standard_error >= 0
    assert result.effective_sample_size > 0


@given(samples())
def test_the_fast_formula_is_the_plain_one(sample):
    result = estimate(sample)
    assert (result.rate, result.standard_error) == pytest.approx(linearised_by_loops(sample), abs=ROUNDING)


@given(samples())
def test_degrees_of_freedom_lie_between_two_and_the_design(sample):
    """Centred residuals of n records have S4 <= S2^2 (n^2 - 3n + 3) / (n (n - 1)), hence df > 2 before the cap.

    Two records of a stratum are alike in size whatever they hold: they count as one degree of freedom.
    """
    result, design = estimate(sample), estimate(sample, degrees_of_freedom="design")
    sizes = np.unique(sample[2], return_counts=True)[1]
    if result.standard_error > 0:
        least = 1 if (sizes == 2).any() else 2
        assert min(least, design.degrees_of_freedom) <= result.degrees_of_freedom <= design.degrees_of_freedom
        assert design.degrees_of_freedom == sample[0].size - len(sample[3])
        assert result.effective_sample_size <= result.reported
    else:
        assert result.degrees_of_freedom == math.inf


@given(samples())
def test_an_interval_has_width_unless_every_record_was_examined(sample):
    result = estimate(sample)
    examined = all(frame == list(sample[2]).count(name) for name, frame in sample[3].items())
    assert (result.interval.high - result.interval.low == 0) is examined


@given(samples(), st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_matter(sample, random):
    recorded, reported, stratum, population = sample
    order = list(range(recorded.size))
    random.shuffle(order)
    assert same(estimate((recorded[order], reported[order], stratum[order], population)), estimate(sample))


@given(samples())
def test_the_names_of_strata_do_not_matter(sample):
    recorded, reported, stratum, population = sample
    renamed = {"a": 3, "b": 1, "c": 2}
    again = estimate(
        (recorded, reported, [renamed[name] for name in stratum], {renamed[k]: v for k, v in population.items()})
    )
    assert same(again, estimate(sample))


@given(samples(), st.integers(2, 1000))
def test_scaling_every_population_leaves_the_rate(sample, times):
    recorded, reported, stratum, population = sample
    larger = estimate((recorded, reported, stratum, {name: size * times for name, size in population.items()}))
    smaller = estimate(sample)
    assert larger.rate == pytest.approx(smaller.rate, abs=ROUNDING)
    assert larger.standard_error >= smaller.standard_error - ROUNDING


@given(samples(), st.floats(0.001, 1000))
def test_scaling_every_weight_leaves_everything(sample, times):
    weight = np.linspace(1, 2, sample[0].size)
    assert same(estimate(sample, weight=weight * times), estimate(sample, weight=weight))


@given(samples(), degrees)
def test_swapping_recorded_and_unrecorded_mirrors_an_estimate(sample, degrees_of_freedom):
    recorded, reported, stratum, population = sample
    result = estimate(sample, degrees_of_freedom=degrees_of_freedom)
    mirrored = estimate((reported - recorded, reported, stratum, population), degrees_of_freedom=degrees_of_freedom)
    assert mirrored.rate == pytest.approx(1 - result.rate, abs=ROUNDING)
    assert mirrored.standard_error == pytest.approx(result.standard_error, abs=ROUNDING)
    assert mirrored.interval.low == pytest.approx(1 - result.interval.high, abs=1e-7)
    assert mirrored.interval.high == pytest.approx(1 - result.interval.low, abs=1e-7)


@given(samples())
def test_one_more_recorded_crime_raises_the_rate(sample):
    recorded, reported, stratum, population = sample
    missed = np.flatnonzero(recorded < reported)
    assume(missed.size > 0)
    better = recorded.copy()
    better[missed[0]] += 1
    assert estimate((better, reported, stratum, population)).rate > estimate(sample).rate


@given(samples())
def test_splitting_a_stratum_at_its_own_sampling_fraction_leaves_the_rate(sample):
    recorded, reported, stratum, population = sample
    halves = np.array([f"{name}{place % 2}" for place, name in enumerate(stratum)])
    sizes = {name: int((halves == name).sum()) for name in halves}
    assume(all(size > 1 for size in sizes.values()))
    weight = {name: population[name] / int((stratum == name).sum()) for name in population}
    split = {name: weight[name[0]] * size for name, size in sizes.items()}
    assert estimate((recorded, reported, halves, split)).rate == pytest.approx(estimate(sample).rate, abs=ROUNDING)


@given(samples())
def test_splitting_records_into_single_crimes_leaves_the_pooled_rate(sample):
    recorded, reported, *_ = sample
    single = [crime < k for k, m in zip(recorded, reported, strict=True) for crime in range(m)]
    assume(len(single) > 1)
    assert estimate_rate(single, [1] * len(single)).rate == pytest.approx(
        estimate_rate(recorded, reported).rate, abs=ROUNDING
    )


@given(samples())
def test_the_whole_lies_between_its_domains(sample):
    _, reported, stratum, population = sample
    assume(all(reported[stratum == name].sum() > 0 for name in population))
    parts = estimate(sample, domain=stratum)
    whole = estimate(sample)
    rates = [part.rate for part in parts.values()]
    assert min(rates) - ROUNDING <= whole.rate <= max(rates) + ROUNDING
    assert sum(part.reported for part in parts.values()) == whole.reported
    assert sum(part.records for part in parts.values()) == whole.records


@given(samples(), levels, levels)
def test_levels_nest_and_can_be_changed_back(sample, one, other):
    lower, higher = sorted((one, other))
    result = estimate(sample, confidence_level=lower)
    wide = result.at(higher)
    assert wide.interval.low <= result.interval.low + ROUNDING
    assert wide.interval.high >= result.interval.high - ROUNDING
    assert wide.at(lower) == result


# two rates


@given(counts(), counts())
def test_a_difference_is_antisymmetric(first, second):
    one, other = estimate_rate_from_counts(*first), estimate_rate_from_counts(*second)
    there, back = compare_rates(one, other), compare_rates(other, one)
    assert back.value == -there.value
    assert (back.interval.low, back.interval.high) == pytest.approx(
        (-there.interval.high, -there.interval.low), abs=ROUNDING
    )


@given(counts(), counts(), levels)
def test_a_difference_holds_its_value_and_stays_within_one(first, second, level):
    change = compare_rates(
        estimate_rate_from_counts(*first), estimate_rate_from_counts(*second), confidence_level=level
    )
    assert -1 - ROUNDING <= change.interval.low <= change.value <= change.interval.high <= 1 + ROUNDING


@given(counts(), counts())
def test_a_ratio_is_the_reciprocal_of_its_reverse(first, second):
    assume(first[0] > 0 and second[0] > 0)
    one, other = estimate_rate_from_counts(*first), estimate_rate_from_counts(*second)
    there, back = compare_rates(one, other, measure="ratio"), compare_rates(other, one, measure="ratio")
    assert 0 <= there.interval.low <= there.value <= there.interval.high
    assert there.value == pytest.approx(1 / back.value, rel=ROUNDING)
    assert there.interval.low * back.interval.high == pytest.approx(1, rel=1e-6)


# totals


@given(counts(), volumes)
def test_unrecorded_crimes_hold_their_value_and_scale_with_the_volume(count, volume):
    rate = estimate_rate_from_counts(*count)
    for basis in ("recorded", "reported"):
        total = extrapolate_unrecorded(rate, **{basis: volume})
        double = extrapolate_unrecorded(rate, **{basis: 2 * volume})
        assert 0 <= total.interval.low <= total.value <= total.interval.high
        assert double.value == pytest.approx(2 * total.value)


@given(counts(), counts(), volumes)
def test_additional_crimes_hold_their_value(later, earlier, volume):
    assume(later[0] > 0)
    rates = estimate_rate_from_counts(*later), estimate_rate_from_counts(*earlier)
    for basis in ("recorded", "reported"):
        total = extrapolate_additional(*rates, **{basis: volume})
        slack = ROUNDING * volume
        assert total.interval.low - slack <= total.value <= total.interval.high + slack
        assert (total.value > slack) == (later[0] * earlier[1] > earlier[0] * later[1])


# sums of totals


@st.composite
def yearly(draw):
    recorded, reported = draw(counts())
    return extrapolate_unrecorded(estimate_rate_from_counts(recorded, reported), reported=draw(volumes))


@given(st.lists(yearly(), min_size=1, max_size=6))
def test_a_sum_of_totals_is_mover_written_out(totals):
    """Zou & Donner (2008): each limit lies the root of the summed squares of its side's arms from the summed value."""
    value = below = above = 0.0
    for total in totals:
        value += total.value
        below += (total.value - total.interval.low) ** 2
        above += (total.interval.high - total.value) ** 2
    summed = sum_totals(totals)
    scale = max(value, 1.0) * 1e-12 + ROUNDING
    assert summed.value == pytest.approx(value, abs=scale)
    assert summed.interval.low == pytest.approx(value - math.sqrt(below), abs=scale)
    assert summed.interval.high == pytest.approx(value + math.sqrt(above), abs=scale)


@given(st.lists(yearly(), min_size=2, max_size=6))
def test_a_sum_of_totals_lies_within_the_sums_of_limits_in_any_order(totals):
    """Independent errors never add up to more than errors that all go the same way."""
    summed, turned = sum_totals(totals), sum_totals(totals[::-1])
    assert turned.value == summed.value
    assert (turned.interval.low, turned.interval.high) == pytest.approx((summed.interval.low, summed.interval.high))
    slack = summed.value * 1e-12 + ROUNDING
    assert summed.interval.low >= math.fsum(total.interval.low for total in totals) - slack
    assert summed.interval.high <= math.fsum(total.interval.high for total in totals) + slack
