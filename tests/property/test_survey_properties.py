"""What must hold for samples of records by every method of limits: bounds, order, symmetry and scale."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.property.test_methods_properties import ROUNDING, degrees, estimate, levels, samples

from cdi_stats.methods.domains import estimate_domain_rates
from cdi_stats.methods.influence import measure_influence
from cdi_stats.methods.linear import estimate_ratio, estimate_total
from cdi_stats.methods.stratified import stratified_rate
from cdi_stats.methods.survey import estimate_rate
from cdi_stats.methods.survey_limits import METHODS

methods = st.sampled_from(list(METHODS))


def limits(result):
    return result.interval.low, result.interval.high


# limits by every method


@given(samples(), methods, degrees, levels)
def test_limits_hold_the_rate_and_stay_in_bounds(sample, method, degrees_of_freedom, level):
    result = estimate(sample, method=method, degrees_of_freedom=degrees_of_freedom, confidence_level=level)
    low, high = limits(result)
    assert 0 <= low <= result.rate <= high <= 1


@given(samples(), methods, degrees)
def test_only_a_census_has_no_width(sample, method, degrees_of_freedom):
    result = estimate(sample, method=method, degrees_of_freedom=degrees_of_freedom)
    low, high = limits(result)
    census = "census" in {caution.code for caution in result.warnings}
    assert census == all(size == (sample[2] == name).sum() for name, size in sample[3].items())
    assert (low == high) == census


@given(samples(), methods, st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_matter(sample, method, random):
    recorded, reported, stratum, population = sample
    order = list(range(recorded.size))
    random.shuffle(order)
    turned = estimate((recorded[order], reported[order], stratum[order], population), method=method)
    assert limits(turned) == pytest.approx(limits(estimate(sample, method=method)), abs=1e-7)


@given(samples(), methods, degrees)
def test_swapping_recorded_and_missed_mirrors_the_limits(sample, method, degrees_of_freedom):
    recorded, reported, stratum, population = sample
    options = {"method": method, "degrees_of_freedom": degrees_of_freedom}
    low, high = limits(estimate(sample, **options))
    mirrored = estimate((reported - recorded, reported, stratum, population), **options)
    assert limits(mirrored) == pytest.approx((1 - high, 1 - low), abs=1e-7)


@given(samples(), methods, levels, levels)
def test_a_higher_level_contains_a_lower(sample, method, one, other):
    lower, higher = sorted((one, other))
    narrow = estimate(sample, method=method, confidence_level=lower)
    wide = narrow.at(higher)
    assert wide.interval.low <= narrow.interval.low + ROUNDING
    assert wide.interval.high >= narrow.interval.high - ROUNDING


@given(samples(), methods, st.floats(0.01, 100))
def test_weights_and_frames_without_an_end_know_no_scale(sample, method, times):
    """N_h as weights alone, with no finite population: ten times the frame is the same sample."""
    recorded, reported, stratum, population = sample
    weight = np.array([population[name] / (stratum == name).sum() for name in stratum])
    one, many = (
        estimate_rate(recorded, reported, stratum=stratum, weight=scale * weight, method=method) for scale in (1, times)
    )
    assert many.rate == pytest.approx(one.rate, abs=ROUNDING)
    assert limits(many) == pytest.approx(limits(one), abs=1e-7)


@given(samples())
def test_a_larger_frame_never_makes_the_rate_surer(sample):
    recorded, reported, stratum, population = sample
    narrow = estimate(sample, degrees_of_freedom="normal")
    assume(narrow.standard_error > 0)
    larger = {name: 3 * size for name, size in population.items()}
    wide = estimate((recorded, reported, stratum, larger), degrees_of_freedom="normal")
    assert wide.interval.low <= narrow.interval.low + ROUNDING
    assert wide.interval.high >= narrow.interval.high - ROUNDING


# lonely strata


@given(samples(), st.sampled_from(["adjust", "average", "certainty"]), st.integers(2, 50))
def test_a_lonely_stratum_never_has_zero_width(sample, rule, frame):
    recorded, reported, stratum, population = sample
    result = estimate_rate(
        np.append(recorded, 1),
        np.append(reported, 1),
        stratum=np.append(stratum, "lonely"),
        population=population | {"lonely": frame},
        lonely_stratum=rule,
    )
    assert 0 <= result.interval.low < result.interval.high <= 1


# domains, totals, influence, strata


@given(samples())
def test_domains_together_vary_as_the_sum_of_their_residuals(sample):
    """The weighted mean of two domains' rates: its variance by their covariance, and as one linearised total."""
    recorded, reported, stratum, population = sample
    place = np.where(np.arange(recorded.size) % 2, "odd", "even")
    weight = np.array([population[name] / (stratum == name).sum() for name in stratum])
    assume(all(reported[place == name].sum() > 0 for name in ("even", "odd")))
    found = estimate_domain_rates(recorded, reported, domain=place, stratum=stratum, population=population)
    residual, share = np.zeros(recorded.size), np.array([0.3, 0.7])
    for name, part in zip(("even", "odd"), share, strict=True):
        here = place == name
        misfit = recorded[here] - found.rates[name].rate * reported[here]
        residual[here] = part * misfit / (weight * reported)[here].sum()
    total = estimate_total(residual, stratum=stratum, population=population)
    assert float((share[:, None] * share * found.covariance).sum()) == pytest.approx(total.standard_error**2, abs=1e-12)


@given(samples())
def test_a_rate_is_a_ratio_of_totals(sample):
    recorded, reported, stratum, population = sample
    options = {"stratum": stratum, "population": population}
    result = estimate(sample)
    ratio = estimate_ratio(recorded, reported, **options)
    assert ratio.value == pytest.approx(result.rate, abs=ROUNDING)
    assert ratio.standard_error == pytest.approx(result.standard_error, abs=ROUNDING)
    total = estimate_total(reported, **options)
    assert total.value == pytest.approx(result.crimes_in_frame, rel=1e-9)
    assert total.interval.low <= total.value <= total.interval.high


@given(samples())
def test_shares_of_influence_are_shares(sample):
    recorded, reported, stratum, population = sample
    influence = measure_influence(recorded, reported, stratum=stratum, population=population)
    assert influence.missed.sum() == (reported - recorded).sum()
    assert (influence.variance_share >= 0).all()
    assert influence.variance_share.sum() == pytest.approx(1, abs=ROUNDING) or not influence.variance_share.any()
    held = [influence.missed_share(top) for top in range(recorded.size + 1)]
    assert held == sorted(held)
    if influence.carrying:
        assert held[influence.carrying] > 0.5 >= held[influence.carrying - 1]
    seen = influence.rate_without[~np.isnan(influence.rate_without)]
    assert ((seen >= -ROUNDING) & (seen <= 1 + ROUNDING)).all()


@given(st.lists(st.tuples(st.integers(0, 80), st.integers(1, 80), st.integers(1, 9)), min_size=1, max_size=5), levels)
def test_strata_together_hold_their_rate_and_mirror(strata, level):
    missed, recorded, weight = (np.array(column, float) for column in zip(*strata, strict=True))
    reported = missed + recorded
    found = stratified_rate(recorded / reported, reported, weight=weight, confidence_level=level)
    mirrored = stratified_rate(missed / reported, reported, weight=weight, confidence_level=level)
    low, high = limits(found)
    assert 0 <= low <= found.rate <= high <= 1
    assert low < high
    assert limits(mirrored) == pytest.approx((1 - high, 1 - low), abs=1e-9)
