"""Score limits for the change between two simple samples, each known by its counts.

Notation: x_i crimes recorded of n_i reported in sample i, N = n1 + n2, x = x1 + x2; d = p1 - p2 and r = p1 / p2. A
limit is the d at which the score statistic reaches z,

    (x1/n1 - x2/n2 - d) / sqrt(V) = -+ z,    V = c (P1 (1 - P1) / n1 + P2 (1 - P2) / n2)

with P1 = P2 + d and P2 the likeliest rates that differ by d, c = N / (N - 1) (Miettinen & Nurminen 1985) or 1 (Mee
1984). P2 is the root in 0-1 of N p^3 + L2 p^2 + L1 p + L0 = 0 with

    L2 = (n1 + 2 n2) d - N - x,    L1 = (n2 d - N - 2 x2) d + x,    L0 = x2 d (1 - d)

For the ratio, (x1/n1 - r x2/n2) / sqrt(V) = -+ z with V = c (P1 (1 - P1) / n1 + r^2 P2 (1 - P2) / n2), P1 = r P2 and P2
the smaller root of N r p^2 - (n1 r + x1 + n2 + x2 r) p + x = 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.proportion import FloatArray, normal_quantile, proportion_interval

VARIANCES = ("miettinen-nurminen", "mee")
HALVINGS = 200
Statistic = Callable[[FloatArray], FloatArray]


def score_difference_limits(
    recorded_1: ArrayLike,
    reported_1: ArrayLike,
    recorded_2: ArrayLike,
    reported_2: ArrayLike,
    *,
    confidence_level: float = 0.95,
    variance: str = "miettinen-nurminen",
) -> tuple[Any, Any]:
    """Return the score limits (in -1 to 1) of the first rate less the second.

    Scalars give floats, arrays arrays of their broadcast shape. `variance` is "miettinen-nurminen" (1985, Statistics in
    Medicine 4:213-226) or "mee" (1984, Biometrics 40:1175-1176). statsmodels 0.15 has x2 for n2 in L1 (its issue 10269)
    and so other limits. Raises InvalidCounts for impossible counts or another variance.
    """
    x1, n1, x2, n2, shape = _counts(recorded_1, reported_1, recorded_2, reported_2, confidence_level)
    correction = _correction(n1 + n2, variance)

    def statistic(d: FloatArray) -> FloatArray:
        p2 = _likeliest_second(x1, n1, x2, n2, d)
        p1 = np.clip(p2 + d, 0.0, 1.0)
        return _standardised(x1 / n1 - x2 / n2 - d, correction * (p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2))

    z, seen, end = normal_quantile(confidence_level), x1 / n1 - x2 / n2, np.ones_like(n1)
    low, high = _crossing(statistic, z, -end, seen), _crossing(statistic, -z, seen, end)
    # a rate of 1 against one of 0 leaves nothing beyond the difference seen
    return _shaped(np.where(seen == -1, -1.0, low), shape), _shaped(np.where(seen == 1, 1.0, high), shape)


def score_ratio_limits(
    recorded_1: ArrayLike,
    reported_1: ArrayLike,
    recorded_2: ArrayLike,
    reported_2: ArrayLike,
    *,
    confidence_level: float = 0.95,
    variance: str = "miettinen-nurminen",
) -> tuple[Any, Any]:
    """Return the score limits of the first rate over the second: 0 where x1 is 0, inf where x2 is 0.

    Arguments as for score_difference_limits; Mee's variance is then Koopman's (1984). Raises InvalidCounts for
    impossible counts or another variance.
    """
    x1, n1, x2, n2, shape = _counts(recorded_1, reported_1, recorded_2, reported_2, confidence_level)
    correction = _correction(n1 + n2, variance)

    def statistic(u: FloatArray) -> FloatArray:
        """Take u = r / (1 + r), so that every ratio lies in 0-1; numerator and root of V are both over 1 + r."""
        b = n1 * u + (x1 + n2) * (1 - u) + x2 * u
        root = np.sqrt(np.maximum(b * b - 4 * (n1 + n2) * u * (x1 + x2) * (1 - u), 0.0))
        # the smaller root, times r for P1, in the form without 0/0
        p2 = np.clip(2 * (x1 + x2) * (1 - u) / (b + root), 0.0, 1.0)
        p1 = np.clip(2 * (x1 + x2) * u / (b + root), 0.0, 1.0)
        v = (1 - u) ** 2 * p1 * (1 - p1) / n1 + u**2 * p2 * (1 - p2) / n2
        return _standardised((1 - u) * x1 / n1 - u * x2 / n2, correction * v)

    z = normal_quantile(confidence_level)
    first, second = x1 / n1, x2 / n2
    seen = np.where(first + second > 0, first / np.where(first + second > 0, first + second, 1.0), 0.5)
    low = np.where(x1 == 0, 0.0, _crossing(statistic, z, np.zeros_like(n1), seen))
    high = np.where(x2 == 0, 1.0, _crossing(statistic, -z, seen, np.ones_like(n1)))
    ratios = [np.divide(u, 1 - u, out=np.full(u.shape, np.inf), where=u < 1) for u in (low, high)]
    return _shaped(ratios[0], shape), _shaped(ratios[1], shape)


def _likeliest_second(x1: FloatArray, n1: FloatArray, x2: FloatArray, n2: FloatArray, d: FloatArray) -> FloatArray:
    """Return P2, the likeliest second rate given the difference: the cubic's root by Vieta's trigonometric form."""
    whole, x = n1 + n2, x1 + x2
    second = ((n1 + 2 * n2) * d - whole - x) / (3 * whole)
    first = ((n2 * d - whole - 2 * x2) * d + x) / whole
    last = x2 * d * (1 - d) / whole
    q = second**3 - first * second / 2 + last / 2
    p = np.copysign(np.sqrt(np.maximum(second**2 - first / 3, 0.0)), q)
    cube = p**3
    angle = np.arccos(np.clip(np.divide(q, cube, out=np.ones_like(q), where=cube != 0), -1.0, 1.0))
    root = 2 * p * np.cos((np.pi + angle) / 3) - second
    return np.asarray(np.clip(root, np.maximum(0.0, -d), np.minimum(1.0, 1 - d)))


def _standardised(distance: FloatArray, variance: FloatArray) -> FloatArray:
    infinite = np.copysign(np.inf, distance)
    scaled = np.divide(distance, np.sqrt(variance), out=infinite, where=variance > 0)
    return np.where((variance <= 0) & (np.abs(distance) < 1e-14), 0.0, scaled)


def _crossing(statistic: Statistic, target: float, low: FloatArray, high: FloatArray) -> FloatArray:
    """Return where a falling statistic crosses the target, by halving the bracket until it cannot shrink."""
    low, high = low.copy(), high.copy()
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if ((middle == low) | (middle == high)).all():
            break
        above = statistic(middle) > target
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray((low + high) / 2)


def _correction(whole: FloatArray, variance: str) -> FloatArray:
    if variance not in VARIANCES:
        raise InvalidCounts(f"variance: found {variance!r}; expected one of {', '.join(VARIANCES)}")
    return whole / (whole - 1) if variance == "miettinen-nurminen" else np.ones_like(whole)


def _counts(
    recorded_1: ArrayLike, reported_1: ArrayLike, recorded_2: ArrayLike, reported_2: ArrayLike, level: float
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, tuple[int, ...]]:
    """Return the counts as float arrays of one shape, checked as every pair of counts is."""
    for number, (x, n) in enumerate(((recorded_1, reported_1), (recorded_2, reported_2)), start=1):
        try:
            proportion_interval(x, n, confidence_level=level)
        except InvalidCounts as error:
            raise InvalidCounts(f"sample {number}: {error}") from None
    arrays = np.broadcast_arrays(*(np.asarray(a, float) for a in (recorded_1, reported_1, recorded_2, reported_2)))
    x1, n1, x2, n2 = (np.atleast_1d(a) for a in arrays)
    return x1, n1, x2, n2, arrays[0].shape


def _shaped(limits: FloatArray, shape: tuple[int, ...]) -> Any:
    return limits.reshape(shape) if shape else float(limits[0])
