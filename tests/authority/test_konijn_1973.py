"""Exact limits of a sample without replacement: Konijn 1973 (Statistical Theory of Sample Survey Design and Analysis).

So too Wright 1991 (Exact Confidence Bounds when Sampling from Small Finite Universes). Of the numbers that may be
recorded in the population those are kept for which P(X >= x) and P(X <= x) are both over half of what the level leaves.
R's samplingbook prints one more on each side.
"""

import numpy as np
import pytest
from scipy import stats

from cdi_stats.methods.proportion import proportion_interval

SAMPLES = [(3, 10, 50, 5, 31), (40, 40, 640, 586, 640), (199, 216, 5200, 4566, 4955)]


def kept(recorded, reported, population, level=0.95):
    """Return the least and the most crimes recorded in the population, as whole numbers."""
    interval = proportion_interval(
        recorded, reported, population=population, method="hypergeometric", confidence_level=level
    )
    return [np.rint(np.asarray(limit) * population).astype(int) for limit in (interval.low, interval.high)]


@pytest.mark.parametrize(("recorded", "reported", "population", "least", "most"), SAMPLES)
def test_limits(recorded, reported, population, least, most):
    assert kept(recorded, reported, population) == [least, most]


@pytest.mark.parametrize(("recorded", "reported", "population", "least", "most"), SAMPLES)
def test_both_tails_of_a_limit_are_over_the_half_and_those_beyond_are_not(recorded, reported, population, least, most):
    def at_least(crimes):
        return stats.hypergeom.sf(recorded - 1, population, crimes, reported)

    def at_most(crimes):
        return stats.hypergeom.cdf(recorded, population, crimes, reported)

    assert at_least(least) > 0.025 >= at_least(least - 1)
    assert at_most(most) > 0.025
    assert most == population or at_most(most + 1) <= 0.025


@pytest.mark.parametrize(
    ("reported", "population", "level", "coverage"), [(10, 50, 0.95, 0.9555), (10, 50, 0.9, None), (7, 23, 0.8, None)]
)
def test_coverage_is_never_below_the_level(reported, population, level, coverage):
    """Tried for every number that the population can hold; the least is known for 10 of 50."""
    recorded = np.arange(reported + 1)
    least, most = kept(recorded, reported, population, level)
    held = [
        stats.hypergeom.pmf(recorded, population, crimes, reported)[(least <= crimes) & (crimes <= most)].sum()
        for crimes in range(population + 1)
    ]
    assert min(held) >= level
    if coverage is not None:
        assert min(held) == pytest.approx(coverage, abs=5e-5)


def test_wilson_with_a_population_is_close_and_shorter():
    exact = proportion_interval(199, 216, method="hypergeometric", population=5200)
    wilson = proportion_interval(199, 216, population=5200)
    assert exact.low < wilson.low < 199 / 216 < wilson.high < exact.high
    assert (exact.low, exact.high) == pytest.approx((wilson.low, wilson.high), abs=0.004)
