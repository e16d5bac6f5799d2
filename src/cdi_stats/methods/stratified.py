"""The rate over several strata with known weights: Wilson limits of the strata added (Yan & Su 2010).

Notation: p_h a stratum's rate, n_h its (effective) crimes, w_h its weight (sum w = 1), s_h^2 = p_h (1 - p_h) / n_h:

    z_s = z sqrt(sum w^2 s^2) / sum w s,    L = sum w_h lower_h(z_s),    U = sum w_h upper_h(z_s)

with lower_h and upper_h Wilson's limits at z_s. Without given weights, those that Yan & Su propose to shorten the
interval: w_h proportional to (1 + z_s^2 / n_h)^2 / (s_h^2 + z_s^2 / (4 n_h^2)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.design import numbers
from cdi_stats.methods.proportion import (
    FloatArray,
    Interval,
    check_confidence_level,
    normal_quantile,
    wilson_limits,
)
from cdi_stats.rounding import percent
from cdi_stats.showing import Shown

ITERATIONS = 50
SETTLED = 1e-12


@dataclass(frozen=True, repr=False)
class StratifiedRate(Shown):
    """A rate over strata (0-1) with its interval and the `weights` used, one a stratum, adding to 1."""

    rate: float
    interval: Interval[float]
    weights: FloatArray

    def __str__(self) -> str:
        limits = f"{self.interval.level} interval {self.interval.span}"
        return f"{percent(self.rate)} over {self.weights.size} strata ({limits})"


def stratified_rate(
    rate: ArrayLike,
    effective_sample_size: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> StratifiedRate:
    """Return the rate over strata with Yan and Su's interval.

    `rate` (0-1) and `effective_sample_size` (crimes) hold one entry a stratum, as `weight` does: the crimes reported in
    each stratum's frame, in any unit. Without weights, Yan and Su's. Raises InvalidCounts for impossible input.
    """
    check_confidence_level(confidence_level)
    p, n = numbers("rate", rate), numbers("effective_sample_size", effective_sample_size)
    if p.ndim != 1 or p.shape != n.shape or not p.size:
        raise InvalidCounts(f"rate: found shapes {p.shape} and {n.shape}; expected one entry a stratum each")
    if not (np.all((p >= 0) & (p <= 1)) and np.all((n > 0) & np.isfinite(n))):
        raise InvalidCounts("rate, effective_sample_size: expected rates in 0-1 and positive numbers of crimes")
    z = normal_quantile(confidence_level)
    w = _shortest_weights(p, n, z) if weight is None else _given_weights(weight, p.size)
    low, high = wilson_limits(p, n, _shared_quantile(p, n, w, z))
    limits = float((w * low).sum()), float((w * high).sum())
    value = float((w * p).sum())
    low, high = (0.0 if value == 0 else max(limits[0], 0.0)), (1.0 if value == 1 else min(limits[1], 1.0))
    return StratifiedRate(value, Interval(low, high, confidence_level, "yan-su"), w)


def _shared_quantile(p: FloatArray, n: FloatArray, w: FloatArray, z: float) -> float:
    """Return z_s; where no stratum varies, its errors are those at Wilson's centre, so that it stays defined."""
    error = np.sqrt(p * (1 - p) / n)
    if not error.any():
        centre = (p * n + z * z / 2) / (n + z * z)
        error = np.sqrt(centre * (1 - centre) / n)
    return float(z * math.sqrt((w**2 * error**2).sum()) / (w * error).sum())


def _shortest_weights(p: FloatArray, n: FloatArray, z: float) -> FloatArray:
    w = np.full(p.size, 1 / p.size)
    for _ in range(ITERATIONS):
        shared = _shared_quantile(p, n, w, z)
        raw = (1 + shared**2 / n) ** 2 / (p * (1 - p) / n + shared**2 / (4 * n**2))
        moved = raw / raw.sum()
        done = np.abs(moved - w).sum() < SETTLED
        w = moved
        if done:
            break
    return w


def _given_weights(weight: ArrayLike, strata: int) -> FloatArray:
    w = numbers("weight", weight)
    if w.shape != (strata,) or not np.all(np.isfinite(w) & (w > 0)):
        raise InvalidCounts(f"weight: expected one positive number a stratum, {strata}")
    return np.asarray(w / w.sum())
