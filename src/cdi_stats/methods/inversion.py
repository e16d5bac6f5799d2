"""Limits of one proportion found by inverting a test: the shares that the sample does not contradict.

Notation: x crimes recorded of n reported, X the count in another such sample, a the chance left in each tail (half of
1 - level, or all of it on one side). The lower limit of each method is the share p at which

    Clopper & Pearson 1934   P(X >= x | p) = a
    mid-P                    P(X > x | p) + P(X = x | p) / 2 = a
    likelihood               2 (l(x / n) - l(p)) = z^2,  l(p) = x log p + (n - x) log(1 - p)
    Blaker 2000              P(X >= x | p) + P(X <= j | p) first reaches 2a, P(X <= j) the largest not above P(X >= x)
    Jeffreys                 P(share <= p) = a under Beta(x + 1/2, n - x + 1/2): no test, but the same kind of quantile
    hypergeometric           p = M / N with M the least number recorded in a population of N with P(X >= x | M, N) > a

and the upper limit is 1 - the lower limit of n - x: a crime recorded is a crime missed, seen from the other side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincc, betaincinv, betaln, xlog1py, xlogy

from cdi_stats.methods.interval import FloatArray

Limits = tuple[FloatArray, FloatArray]
ITERATIONS = 200
SETTLED = 1e-13
TIE = 1e-9
NEGLIGIBLE = 1e-18
LARGEST_CODE, LARGEST_KEY = 2**31, 2**62


def clopper_pearson_limits(x: FloatArray, n: FloatArray, tail: float) -> Limits:
    """Return the exact limits (Clopper & Pearson 1934): beta quantiles; valid where 0 < x, and x < n, respectively."""
    return _beta_quantile(np.maximum(x, 1), n - x + 1, tail), _beta_quantile(x + 1, np.maximum(n - x, 1), 1 - tail)


def jeffreys_limits(x: FloatArray, n: FloatArray, tail: float) -> Limits:
    """Return the quantiles of Beta(x + 1/2, n - x + 1/2) (Brown, Cai & DasGupta 2001)."""
    return _beta_quantile(x + 0.5, n - x + 0.5, tail), _beta_quantile(x + 0.5, n - x + 0.5, 1 - tail)


def mid_p_limits(x: FloatArray, n: FloatArray, tail: float) -> Limits:
    """Return the limits that count half the chance of x itself (Lancaster 1949; Newcombe 1998a)."""
    return _both_sides(lambda x, n: _mid_p_lower(x, n, tail), x, n)


def likelihood_limits(x: Any, n: Any, quantile: float) -> Limits:
    """Return the shares whose log-likelihood lies quantile^2 / 2 below the largest; x and n need not be whole.

    Takes scalars or arrays of one shape; 0 and 1 at the ends. A Student quantile and effective counts serve as well.
    """
    return _both_sides(lambda x, n: _likelihood_lower(x, n, quantile), np.asarray(x, float), np.asarray(n, float))


def blaker_limits(x: FloatArray, n: FloatArray, tail: float) -> Limits:
    """Return the ends of Blaker's acceptability interval (Canadian Journal of Statistics 28:783-798, 2000)."""
    return _both_sides(lambda x, n: _blaker_lower(x, n, tail), x, n)


def hypergeometric_limits(x: FloatArray, n: FloatArray, population: FloatArray, tail: float) -> Limits:
    """Return the exact limits M / N of a sample without replacement (Konijn 1973; Wright 1991).

    M runs over what the sample leaves possible, x to N - n + x. A chance that equals the tail but for rounding counts
    as not above it.
    """
    low = _least_recorded(x, n, population, tail)
    high = population - _least_recorded(n - x, n, population, tail)
    return low / population, high / population


def first_of_each(columns: Sequence[NDArray[Any]]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where each distinct row of whole numbers first stands, and for every row which of these it is."""
    key = _codes(columns[0])
    for column in columns[1:]:
        codes = _codes(column)
        choices = int(codes.max(initial=0)) + 1
        if (int(key.max(initial=0)) + 1) * choices >= LARGEST_KEY:
            key = np.unique(key, return_inverse=True)[1]
        key = key * choices + codes
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    return first, place


def _codes(column: NDArray[Any]) -> NDArray[np.int64]:
    """Return whole numbers that tell a column's values apart: the values themselves where they are small."""
    if column.max(initial=0) < LARGEST_CODE:
        return column.astype(np.int64)
    return np.unique(column, return_inverse=True)[1]


def _beta_quantile(a: FloatArray, b: FloatArray, probability: float) -> FloatArray:
    return np.asarray(betaincinv(a, b, probability), np.float64)


def _both_sides(lower: Callable[[FloatArray, FloatArray], FloatArray], x: FloatArray, n: FloatArray) -> Limits:
    """Return lower(x) and 1 - lower(n - x), which are asked only where something was recorded, or missed."""
    missed = n - x
    low = np.where(x > 0, lower(np.where(x > 0, x, n), n), 0.0)
    high = np.where(missed > 0, 1 - lower(np.where(missed > 0, missed, n), n), 1.0)
    return low, high


def _mid_p_lower(x: FloatArray, n: FloatArray, tail: float) -> FloatArray:
    some_missed = x < n

    def excess(p: FloatArray) -> Limits:
        chance = (_at_least(x, n, p) + np.where(some_missed, _at_least(np.minimum(x + 1, n), n, p), 0.0)) / 2
        slope = _density(x - 1, n, p)
        return chance - tail, slope * (1 + p * (n - x) / ((1 - p) * x)) / 2

    exact = _beta_quantile(np.minimum(x + 1, n), np.maximum(n - x, 1), tail)
    highest = np.where(some_missed, exact, (2 * tail) ** (1 / n))
    return _rising_root(excess, highest, np.zeros_like(highest), np.ones_like(highest))


def _likelihood_lower(x: FloatArray, n: FloatArray, z: float) -> FloatArray:
    """Solve z - sqrt(deviance) = 0 in log p, in which it is nearly straight, from Wilson's lower limit."""
    rate, missed = x / n, n - x

    def excess(log_p: FloatArray) -> Limits:
        p = np.exp(log_p)
        deviance = 2 * (x * (np.log(rate) - log_p) + xlogy(missed, (1 - rate) / (1 - p)))
        root = np.sqrt(np.maximum(deviance, 0.0))
        return z - root, n * (rate - p) / ((1 - p) * root)

    wilson = (x + z * z / 2 - z * np.sqrt(x * (1 - rate) + z * z / 4)) / (n + z * z)
    start = np.log(np.minimum(np.maximum(wilson, np.finfo(float).tiny), rate * (1 - SETTLED)))
    lowest = np.log(rate) + (xlogy(missed, 1 - rate) - z * z / 2) / x
    return np.exp(_rising_root(excess, start, lowest, np.log(rate)))


def _blaker_lower(x: FloatArray, n: FloatArray, tail: float) -> FloatArray:
    """Return the first p over the exact lower limit, where P(X >= x) = a, with acceptability 2a.

    With j fixed the acceptability P(X >= x) + P(X <= j) falls, then rises; it starts below 2a and reaches it once, or
    the jump to j + 1 comes first, where P(X <= j + 1) = P(X >= x): both are over a there, so their sum is over 2a.
    """
    exact = _beta_quantile(x, n - x + 1, tail)
    j = _first_whole(lambda j: _at_most(j, n, exact) > tail, np.full_like(exact, -1.0), x - 1) - 1

    def past_jump(p: FloatArray) -> Limits:
        return _at_least(x, n, p) - _at_most(j + 1, n, p), _density(x - 1, n, p) + _density(j + 1, n, p)

    def accepted(p: FloatArray) -> Limits:
        slope = _density(x - 1, n, p) - np.where(j < 0, 0.0, _density(np.maximum(j, 0), n, p))
        return np.where(jump_first, 0.0, _at_least(x, n, p) + _at_most(j, n, p) - 2 * tail), slope

    jump = _rising_root(past_jump, _beta_quantile(x, n - x + 1, 2 * tail), exact, np.ones_like(exact))
    jump_first = _at_least(x, n, jump) + _at_most(j, n, jump) <= 2 * tail
    return _rising_root(accepted, jump, exact, jump)


def _at_least(x: FloatArray, n: FloatArray, p: FloatArray) -> FloatArray:
    """Return P(X >= x | p) for x of at least 1."""
    return np.asarray(betainc(x, n - x + 1, p), np.float64)


def _at_most(j: FloatArray, n: FloatArray, p: FloatArray) -> FloatArray:
    """Return P(X <= j | p) for j below n, which is 0 for j = -1."""
    return np.where(j < 0, 0.0, betaincc(np.maximum(j, 0) + 1, n - np.maximum(j, 0), p))


def _density(k: FloatArray, n: FloatArray, p: FloatArray) -> FloatArray:
    """Return n P(X = k | n - 1, p), by which P(X > k | n, p) rises with p."""
    return np.asarray(np.exp(xlogy(k, p) + xlog1py(n - 1 - k, -p) - betaln(k + 1, n - k)), np.float64)


def _least_recorded(x: FloatArray, n: FloatArray, population: FloatArray, tail: float) -> FloatArray:
    enough = tail * (1 + TIE)
    return _first_whole(
        lambda m: _at_least_of_finite(x, n, np.maximum(m, x), population) > enough, x - 1, population - n + x
    )


def _at_least_of_finite(x: FloatArray, n: FloatArray, m: FloatArray, population: FloatArray) -> FloatArray:
    """Return P(X >= x), X recorded among n drawn from a population with m recorded, summing the tail that is short."""
    turned = x <= n * m / population
    total = _hypergeometric_tail(np.where(turned, n - x + 1, x), n, np.where(turned, population - m, m), population)
    return np.where(turned, 1 - total, total)


def _hypergeometric_tail(x: FloatArray, n: FloatArray, m: FloatArray, population: FloatArray) -> FloatArray:
    """Return P(X = x) (1 + r_x + r_x r_(x+1) + ...) with r_k = P(X = k + 1) / P(X = k)."""
    possible = x <= np.minimum(m, n)
    k = np.where(possible, x, np.minimum(m, n))
    logarithm = log_choose(m, k) + log_choose(population - m, n - k) - log_choose(population, n)
    total = term = np.where(possible, np.exp(logarithm), 0.0)
    while np.any(term > NEGLIGIBLE * total):
        term = term * ((m - k) * (n - k) / ((k + 1) * (population - m - n + k + 1)))
        total, k = total + term, k + 1
    return total


def log_choose(n: Any, k: Any) -> FloatArray:
    """Return log C(n, k) for scalars or arrays."""
    return np.asarray(-betaln(n - k + 1, k + 1) - np.log1p(n))


def _first_whole(
    reached: Callable[[FloatArray], NDArray[np.bool_]], below: FloatArray, above: FloatArray
) -> FloatArray:
    """Return the least whole number over `below` for which `reached` holds, up to `above`, where it is known to."""
    while np.any(above - below > 1):
        middle = np.floor((below + above) / 2)
        there = reached(middle) & (middle > below)
        below, above = np.where(there, below, middle), np.where(there, middle, above)
    return above


def _rising_root(
    excess: Callable[[FloatArray], Limits], start: FloatArray, low: FloatArray, high: FloatArray
) -> FloatArray:
    """Solve excess = 0, rising between low and high, by Newton's steps, halved where they leave the bracket.

    `excess` gives value and slope. An entry that has settled is kept, so that it never depends on its neighbours.
    """
    p, settled = start, np.zeros(np.shape(start), bool)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(ITERATIONS):
            value, slope = excess(p)
            low, high = np.where(value < 0, p, low), np.where(value > 0, p, high)
            step = p - value / slope
            step = np.where((step >= low) & (step <= high), step, (low + high) / 2)
            step = np.where(value == 0, p, step)
            close = np.abs(step - p) <= SETTLED * np.abs(p)
            p, settled = np.where(settled, p, step), settled | close
            if np.all(settled):
                break
    return p
