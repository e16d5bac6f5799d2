"""Limits by inverting a test, beside the test itself tried at every share or population."""

import math

import numpy as np
import pytest
from scipy import stats

from cdi_stats.methods.inversion import (
    blaker_limits,
    first_of_each,
    hypergeometric_limits,
    likelihood_limits,
    mid_p_limits,
)
from cdi_stats.methods.proportion import proportion_interval

SIZES = (1, 2, 3, 7, 18, 29)
TAILS = (0.1, 0.025, 0.005)


def every_count(n):
    return np.arange(n + 1.0), np.full(n + 1, float(n))


@pytest.mark.parametrize("tail", [*TAILS, 5e-7])
@pytest.mark.parametrize("n", [*SIZES, 263, 20_000])
def test_mid_p_leaves_its_tail(n, tail):
    x = np.unique([0, 1, n // 3, n - 1, n]).astype(float)
    low, high = mid_p_limits(x, np.full(x.shape, float(n)), tail)
    inner = x > 0
    over = stats.binom.sf(x, n, low) + stats.binom.pmf(x, n, low) / 2
    assert over[inner] == pytest.approx(tail, rel=1e-9)
    under = stats.binom.cdf(x - 1, n, high) + stats.binom.pmf(x, n, high) / 2
    assert under[x < n] == pytest.approx(tail, rel=1e-6)
    assert (low[0], high[-1]) == (0.0, 1.0)


def fallen(x, n, p):
    """Return twice the fall of the log-likelihood from its largest value to that at p."""
    return 2 * ((x * math.log(x / n / p) if x else 0.0) + ((n - x) * math.log((1 - x / n) / (1 - p)) if x < n else 0.0))


@pytest.mark.parametrize("quantile", [0.7, 1.96, 4.9])
@pytest.mark.parametrize(("x", "n"), [(0, 20), (1, 29), (81, 263), (62, 63), (63, 63), (30.5, 40.25), (2.5, 7.25)])
def test_the_likelihood_falls_by_half_the_squared_quantile(x, n, quantile):
    low, high = (float(limit) for limit in likelihood_limits(x, n, quantile))
    assert low == 0.0 if x == 0 else fallen(x, n, low) == pytest.approx(quantile**2, rel=1e-9)
    assert high == 1.0 if x == n else fallen(x, n, high) == pytest.approx(quantile**2, rel=1e-9)
    assert low <= x / n <= high


def test_a_quantile_beyond_all_evidence_leaves_everything_open():
    low, high = likelihood_limits(1.0, 2.0, 63.7)
    assert 0 <= low < 1e-200
    assert high > 1 - 1e-15


def acceptability(x, n, p):
    """Return Blaker's acceptability: the smaller tail with the largest on the other side that is not above it."""
    at_most, at_least = stats.binom.cdf(np.arange(n + 1), n, p), stats.binom.sf(np.arange(-1, n), n, p)
    own, other = sorted(((at_least[x], at_most), (at_most[x], at_least)), key=lambda pair: pair[0])[0]
    return own + other[other <= own * (1 + 1e-12)].max(initial=0.0)


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("n", SIZES)
def test_blaker_accepts_its_limits_and_nothing_beyond(n, tail):
    low, high = blaker_limits(*every_count(n), tail)
    for x in range(n + 1):
        for limit, inwards, end in ((low[x], 1e-9, 0.0), (high[x], -1e-9, 1.0)):
            if limit == end:
                continue
            assert acceptability(x, n, limit + inwards) >= 2 * tail - 1e-6
            beyond = np.linspace(end, limit - inwards, 200)[1:]
            assert max(acceptability(x, n, p) for p in beyond) < 2 * tail


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("n", [7, 40, 263])
def test_blaker_lies_within_clopper_and_pearson(n, tail):
    x = np.arange(n + 1)
    exact = proportion_interval(x, n, method="clopper-pearson", confidence_level=1 - 2 * tail)
    low, high = blaker_limits(*every_count(n), tail)
    assert np.all(low >= exact.low - 1e-12)
    assert np.all(high <= exact.high + 1e-12)
    assert (high - low).sum() < (exact.high - exact.low).sum()


@pytest.mark.parametrize("tail", [*TAILS, 0.25])
@pytest.mark.parametrize("population", [1, 2, 5, 12, 40])
def test_hypergeometric_limits_are_those_of_trying_every_number(population, tail):
    """A chance equal to the tail is not above it: one recorded of 40 has 1/40 where M = 1."""
    enough = tail * (1 + 1e-9)
    for n in range(1, population + 1):
        x, size = every_count(n)
        low, high = hypergeometric_limits(x, size, np.full(n + 1, float(population)), tail)
        for k in range(n + 1):
            possible = range(k, population - n + k + 1)
            least = min(m for m in possible if stats.hypergeom.sf(k - 1, population, m, n) > enough)
            most = max(m for m in possible if stats.hypergeom.cdf(k, population, m, n) > enough)
            assert (low[k], high[k]) == (least / population, most / population)


@pytest.mark.parametrize(
    ("x", "n", "population"), [(199, 216, 5_200), (1254, 1500, 74_085), (2, 4_000, 150_000), (997, 1000, 1_010)]
)
def test_hypergeometric_limits_of_large_populations_are_the_first_above_the_tail(x, n, population):
    interval = proportion_interval(x, n, method="hypergeometric", population=population)
    least, most = round(interval.low * population), round(interval.high * population)
    for m, above in ((least, True), (least - 1, False)):
        assert bool(m >= x and stats.hypergeom.sf(x - 1, population, m, n) > 0.025) is above
    for m, above in ((most, True), (most + 1, False)):
        assert bool(m <= population - n + x and stats.hypergeom.cdf(x, population, m, n) > 0.025) is above


def test_close_to_a_census_the_exact_limits_are_what_is_still_possible():
    """999 of 1,000 in a population of 1,001: M is 999 or 1,000, and 999 would need both misses but one unseen."""
    interval = proportion_interval(999, 1000, method="hypergeometric", population=1001)
    assert interval.low == interval.high == 1000 / 1001


@pytest.mark.parametrize(
    "columns",
    [
        [[3, 1, 3, 3, 1], [9, 9, 9, 4, 9]],
        [[3, 1, 3, 3, 1], [9, 9, 9, 4, 9], [50, 60, 50, 50, 61]],
        [[1.0, 2.0, 1.0], [1e200, 1e200, 1e200], [1e300, 1e300, 1e300]],
        [[2**31 - 2, 7, 7], [2**31 - 1, 2**31 - 1, 9], [2**40, 2**40, 2**40]],
    ],
)
def test_each_distinct_sample_is_found_once(columns):
    columns = [np.array(column) for column in columns]
    first, place = first_of_each(columns)
    rows = list(zip(*columns, strict=True))
    assert len(first) == len(set(rows))
    assert [rows[first[k]] for k in place] == rows


def test_equal_rows_are_found_among_counts_too_large_to_be_one_number():
    """Three columns near 2^31 have more combinations than 64 bits hold; numpy's unique rows are the authority."""
    columns = np.random.default_rng(8).integers(2**31 - 4, 2**31, size=(3, 500))
    first, place = first_of_each([*columns])
    rows = columns.T
    assert (rows[first][place] == rows).all()
    assert first.size == np.unique(rows, axis=0).shape[0]
