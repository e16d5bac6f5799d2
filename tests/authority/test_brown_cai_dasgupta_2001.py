"""Brown, Cai & DasGupta 2001, Interval Estimation for a Binomial Proportion (Statistical Science 16:101-133).

Coverage is worked out over every count that a sample can have, as theirs is; figures are to the decimals printed.
"""

import numpy as np
import pytest
from scipy import stats

from cdi_stats.methods.proportion import proportion_interval

SHARES = np.linspace(0.0005, 0.9995, 2000)


def coverage(method, reported, share):
    """Return the chance that a sample's interval holds the share it was drawn from, for each share."""
    recorded, share = np.arange(reported + 1)[:, None], np.atleast_1d(share)
    interval = proportion_interval(recorded, reported, method=method)
    held = (interval.low <= share) & (share <= interval.high)
    return (stats.binom.pmf(recorded, reported, share) * held).sum(axis=0)


@pytest.mark.parametrize(
    ("share", "reported", "printed"),
    [
        (0.2, 30, 0.946),
        (0.2, 98, 0.928),
        (0.5, 17, 0.951),
        (0.5, 40, 0.919),
        (0.005, 592, 0.792),
    ],
)
def test_the_standard_interval_has_lucky_and_unlucky_sizes(share, reported, printed):
    """Section 2: more crimes can cover less; the standard interval is Wald's."""
    assert coverage("wald", reported, share)[0] == pytest.approx(printed, abs=5e-4)


@pytest.mark.parametrize(
    ("recorded", "low", "high"), [(0, 0.0, 0.292), (1, 0.016, 0.501), (2, 0.065, 0.648), (7, 0.708, 1.0)]
)
@pytest.mark.parametrize("method", ["jeffreys", "jeffreys-modified"])
def test_jeffreys_limits_for_seven(method, recorded, low, high):
    """Limits 0 at none and 1 at all, so that coverage does not fall to nothing at the ends."""
    interval = proportion_interval(recorded, 7, method=method)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=6e-4)


@pytest.mark.parametrize("reported", [25, 50, 100])
def test_on_average_wilson_and_jeffreys_keep_their_level_and_the_standard_interval_does_not(reported):
    mean = {method: coverage(method, reported, SHARES).mean() for method in ("wilson", "jeffreys", "wald")}
    assert mean["wilson"] == pytest.approx(0.95, abs=0.004)
    assert mean["jeffreys"] == pytest.approx(0.95, abs=0.004)
    assert mean["wald"] < 0.93


@pytest.mark.parametrize("method", ["clopper-pearson", "blaker"])
@pytest.mark.parametrize("reported", [5, 25, 50])
def test_exact_intervals_never_cover_less_than_their_level(method, reported):
    assert coverage(method, reported, SHARES).min() >= 0.95


@pytest.mark.parametrize("reported", [7, 40, 200])
def test_one_interval_within_another(reported):
    """Agresti and Coull's is never shorter than Wilson's, and Jeffreys' lies within Clopper and Pearson's."""
    recorded = np.arange(reported + 1)
    limits = {
        method: proportion_interval(recorded, reported, method=method)
        for method in ("agresti-coull", "wilson", "clopper-pearson", "jeffreys")
    }
    for outer, inner in (("agresti-coull", "wilson"), ("clopper-pearson", "jeffreys")):
        assert np.all(limits[outer].low <= limits[inner].low + 1e-15)
        assert np.all(limits[outer].high >= limits[inner].high - 1e-15)
