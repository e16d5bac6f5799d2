"""Score limits: brute force beside the cubic, symmetries, and what is refused."""

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar
from scipy.special import xlog1py, xlogy
from scipy.stats import norm

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.comparison import compare_rates
from cdi_stats.methods.score import score_difference_limits, score_ratio_limits
from cdi_stats.methods.survey import estimate_rate, estimate_rate_from_counts

CASES = [
    (56, 70, 48, 80),
    (9, 10, 3, 10),
    (5, 56, 0, 29),
    (10, 10, 0, 20),
    (757, 784, 1254, 1500),
    (1, 4, 30, 31),
    (167, 167, 288, 319),
]
Z = norm.ppf(0.975)


def log_likelihood(x1, n1, x2, n2, p1, p2):
    return xlogy(x1, p1) + xlog1py(n1 - x1, -p1) + xlogy(x2, p2) + xlog1py(n2 - x2, -p2)


def statistic_by_search(counts, d, correction):
    """Return the score statistic with the likeliest rates found by search, not by the cubic."""
    x1, n1, x2, n2 = counts
    low, high = max(0.0, -d), min(1.0, 1 - d)
    found = minimize_scalar(
        lambda p2: -log_likelihood(x1, n1, x2, n2, min(p2 + d, 1.0), p2),
        bounds=(low + 1e-13, high - 1e-13),
        method="bounded",
        options={"xatol": 1e-13},
    )
    p2 = found.x
    p1 = p2 + d
    variance = correction * (p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)
    return (x1 / n1 - x2 / n2 - d) / np.sqrt(variance)


@pytest.mark.parametrize("variance", ["miettinen-nurminen", "mee"])
@pytest.mark.parametrize("counts", CASES)
def test_difference_limits_are_where_the_statistic_is_z_by_search(counts, variance):
    whole = counts[1] + counts[3]
    correction = whole / (whole - 1) if variance == "miettinen-nurminen" else 1.0
    low, high = score_difference_limits(*counts, variance=variance)
    for limit, target in ((low, Z), (high, -Z)):
        if -1 < limit < 1:
            assert statistic_by_search(counts, limit, correction) == pytest.approx(target, abs=2e-5)


@pytest.mark.parametrize("counts", [case for case in CASES if case[2]])
def test_ratio_limits_are_where_the_statistic_is_z_by_search(counts):
    x1, n1, x2, n2 = counts

    def statistic(r):
        top = min(1.0, 1 / r)
        found = minimize_scalar(
            lambda p2: -log_likelihood(x1, n1, x2, n2, min(r * p2, 1.0), p2),
            bounds=(1e-13, top - 1e-13),
            method="bounded",
            options={"xatol": 1e-14},
        )
        p2 = found.x
        p1 = r * p2
        variance = (n1 + n2) / (n1 + n2 - 1) * (p1 * (1 - p1) / n1 + r**2 * p2 * (1 - p2) / n2)
        return (x1 / n1 - r * x2 / n2) / np.sqrt(variance)

    low, high = score_ratio_limits(*counts)
    seen = (x1 / n1) / (x2 / n2)
    assert low == pytest.approx(brentq(lambda r: statistic(r) - Z, low * 0.8, seen), rel=1e-5)
    assert high == pytest.approx(brentq(lambda r: statistic(r) + Z, seen, high * 1.2), rel=1e-5)


@pytest.mark.parametrize("counts", CASES)
def test_samples_exchanged_turn_the_sign(counts):
    x1, n1, x2, n2 = counts
    low, high = score_difference_limits(*counts)
    assert score_difference_limits(x2, n2, x1, n1) == pytest.approx((-high, -low), abs=1e-12)


@pytest.mark.parametrize("counts", CASES)
def test_missed_for_recorded_turns_the_sign(counts):
    x1, n1, x2, n2 = counts
    low, high = score_difference_limits(*counts)
    assert score_difference_limits(n1 - x1, n1, n2 - x2, n2) == pytest.approx((-high, -low), abs=1e-12)


def test_ends_are_exact():
    assert score_difference_limits(10, 10, 0, 20)[1] == 1.0
    assert score_difference_limits(0, 20, 10, 10)[0] == -1.0
    assert score_ratio_limits(0, 10, 3, 10)[0] == 0.0
    assert score_ratio_limits(3, 10, 0, 10)[1] == np.inf
    assert score_ratio_limits(0, 10, 0, 10) == (0.0, np.inf)


def test_the_limits_hold_the_difference_and_widen_with_the_level():
    for counts in CASES:
        seen = counts[0] / counts[1] - counts[2] / counts[3]
        narrow, wide = (score_difference_limits(*counts, confidence_level=level) for level in (0.9, 0.99))
        assert wide[0] <= narrow[0] <= seen <= narrow[1] <= wide[1]


def test_arrays_give_what_numbers_give():
    columns = np.array(CASES).T
    for function in (score_difference_limits, score_ratio_limits):
        low, high = function(*columns)
        assert low.shape == (len(CASES),)
        for place, counts in enumerate(CASES):
            assert (low[place], high[place]) == function(*counts)


@pytest.mark.parametrize(
    ("counts", "options", "message"),
    [
        ((5, 4, 1, 2), {}, "sample 1: recorded: found 5"),
        ((1, 4, 1, 0), {}, "sample 2: reported: found 0"),
        ((1, 4, 1, 2), {"variance": "wald"}, "variance: found 'wald'; expected one of miettinen-nurminen, mee"),
        ((1, 4, 1, 2), {"confidence_level": 1.0}, "confidence_level: found 1.0"),
    ],
)
def test_impossible_samples_are_refused(counts, options, message):
    with pytest.raises(InvalidCounts, match=message):
        score_difference_limits(*counts, **options)


def test_compare_rates_takes_simple_samples_only():
    later, earlier = estimate_rate_from_counts(56, 70), estimate_rate_from_counts(48, 80)
    change = compare_rates(later, earlier, method="miettinen-nurminen")
    assert (change.interval.low, change.interval.high) == score_difference_limits(56, 70, 48, 80)
    records = estimate_rate([1, 0, 1, 1], [1, 1, 1, 1])
    with pytest.raises(InvalidCounts, match="expected two simple samples known by their totals"):
        compare_rates(records, earlier, method="mee")
