"""Yan and Su's interval over strata: R's vectors, the plain formula, and strata without a miss."""

import math

import numpy as np
import pytest
from scipy import stats

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.proportion import proportion_interval, wilson_limits
from cdi_stats.methods.stratified import stratified_rate

RECORDED, REPORTED = np.array([199, 222, 223]), np.array([216.0, 266.0, 235.0])
RATE = RECORDED / REPORTED
Z = stats.norm.ppf(0.975)


def shared_quantile(weight, z=Z):
    error = np.sqrt(RATE * (1 - RATE) / REPORTED)
    return z * math.sqrt((weight**2 * error**2).sum()) / (weight * error).sum()


@pytest.mark.parametrize(
    ("weight", "expected"),
    [
        ((0.40, 0.05, 0.55), (0.9321627354, 0.9075979577, 0.9503976417)),
        (REPORTED / 717, (0.8981868898, 0.8740017817, 0.9178078827)),
    ],
)
def test_given_weights_give_what_r_terns_prop_strat_wilson_gives(weight, expected):
    found = stratified_rate(RATE, REPORTED, weight=weight)
    assert (found.rate, found.interval.low, found.interval.high) == pytest.approx(expected, abs=1e-9)


def test_without_weights_they_are_r_terns():
    found = stratified_rate(RATE, REPORTED)
    assert found.weights.tolist() == pytest.approx([0.3060943475, 0.1999037612, 0.4940018913], abs=1e-6)
    assert found.weights.sum() == pytest.approx(1, abs=1e-15)


def test_r_tern_takes_its_limits_at_the_quantile_of_equal_weights():
    """A difference of convention: tern adds with the final weights but keeps the z_s that it started from.

    With that z_s our weights give tern's limits; ours, at the z_s of the weights used, are Yan and Su's.
    """
    found = stratified_rate(RATE, REPORTED)
    low, high = wilson_limits(RATE, REPORTED, shared_quantile(np.full(3, 1 / 3)))
    terns = (found.weights * low).sum(), (found.weights * high).sum()
    assert terns == pytest.approx((0.8952970904, 0.9352148403), abs=1e-6)
    low, high = wilson_limits(RATE, REPORTED, shared_quantile(found.weights))
    ours = (found.weights * low).sum(), (found.weights * high).sum()
    assert (found.interval.low, found.interval.high) == pytest.approx(ours, abs=1e-12)


def test_the_weights_stand_still_under_their_own_formula():
    found = stratified_rate(RATE, REPORTED)
    z = shared_quantile(found.weights)
    raw = (1 + z**2 / REPORTED) ** 2 / (RATE * (1 - RATE) / REPORTED + z**2 / (4 * REPORTED**2))
    assert found.weights.tolist() == pytest.approx((raw / raw.sum()).tolist(), abs=1e-10)


def test_its_own_weights_give_a_shorter_interval_than_others():
    shortest = stratified_rate(RATE, REPORTED).interval
    for weight in ((1, 1, 1), (0.4, 0.05, 0.55), (5, 1, 1), (1, 1, 5)):
        other = stratified_rate(RATE, REPORTED, weight=weight).interval
        assert shortest.high - shortest.low < other.high - other.low


@pytest.mark.parametrize(("recorded", "reported"), [(81, 263), (0, 20), (20, 20), (1, 29)])
def test_one_stratum_is_plain_wilson(recorded, reported):
    found = stratified_rate([recorded / reported], [reported])
    plain = proportion_interval(recorded, reported)
    assert (found.interval.low, found.interval.high) == pytest.approx((plain.low, plain.high), abs=1e-12)


def test_equal_strata_are_wilson_on_all_of_them_together():
    """z_s falls by the root of the number of strata: four times fifty crimes are two hundred."""
    found = stratified_rate([0.9] * 4, [50] * 4)
    low, high = wilson_limits(0.9, 50.0, Z / 2)
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high), abs=1e-12)
    together = proportion_interval(180, 200)
    assert (found.interval.low, found.interval.high) == pytest.approx((together.low, together.high), abs=1e-12)


def test_weights_are_in_any_unit_and_strata_in_any_order():
    one = stratified_rate(RATE, REPORTED, weight=[40, 5, 55])
    other = stratified_rate(RATE[::-1], REPORTED[::-1], weight=[5.5, 0.5, 4.0])
    assert other.interval.low == pytest.approx(one.interval.low, abs=1e-14)
    assert other.interval.high == pytest.approx(one.interval.high, abs=1e-14)
    assert other.weights.tolist() == pytest.approx(one.weights[::-1].tolist())


@pytest.mark.parametrize("weight", [None, (3, 1)])
def test_strata_without_a_miss_still_leave_doubt(weight):
    found = stratified_rate([1.0, 1.0], [60, 30], weight=weight)
    assert (found.rate, found.interval.high) == (1, 1)
    assert 0.9 < found.interval.low < 1
    none = stratified_rate([0.0, 0.0], [60, 30], weight=weight)
    assert (none.rate, none.interval.low) == (0, 0)
    assert none.interval.high == pytest.approx(1 - found.interval.low, abs=1e-12)


def test_one_stratum_without_a_miss_keeps_its_doubt():
    found = stratified_rate([1.0, 0.8], [60, 90], weight=[1, 1])
    without = stratified_rate([1.0, 0.8], [6000, 90], weight=[1, 1])
    assert found.rate == pytest.approx(0.9)
    assert found.interval.low < without.interval.low < found.rate < found.interval.high < 1


def test_a_higher_level_is_wider():
    narrow, wide = (stratified_rate(RATE, REPORTED, weight=RECORDED, confidence_level=p).interval for p in (0.8, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high
    assert (wide.confidence_level, wide.method) == (0.99, "yan-su")


@pytest.mark.parametrize(
    ("rate", "size", "options", "message"),
    [
        ([], [], {}, "rate: found shapes"),
        ([0.9, 0.8], [10], {}, r"rate: found shapes \(2,\) and \(1,\); expected one entry a stratum each"),
        ([0.9, 1.2], [10, 20], {}, "expected rates in 0-1 and positive numbers of crimes"),
        ([0.9, math.nan], [10, 20], {}, "expected rates in 0-1"),
        ([0.9, 0.8], [10, 0], {}, "positive numbers of crimes"),
        ([0.9, 0.8], [10, math.inf], {}, "positive numbers of crimes"),
        ([0.9, 0.8], [10, 20], {"weight": [1]}, "weight: expected one positive number a stratum, 2"),
        ([0.9, 0.8], [10, 20], {"weight": [1, 0]}, "weight: expected one positive number a stratum, 2"),
        ([0.9, 0.8], [10, 20], {"weight": ["a", "b"]}, "weight: found something that is no number"),
        ([0.9, 0.8], [10, 20], {"confidence_level": 95}, "confidence_level: found 95"),
    ],
)
def test_impossible_strata_are_refused(rate, size, options, message):
    with pytest.raises(InvalidCounts, match=message):
        stratified_rate(rate, size, **options)


def test_a_stratified_rate_reads_as_a_sentence():
    assert str(stratified_rate(RATE, REPORTED, weight=[40, 5, 55])) == (
        "93.2% over 3 strata (95% interval 90.8% to 95.0%)"
    )
