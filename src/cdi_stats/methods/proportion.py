"""Confidence intervals for one proportion, scalar or array.

Notation in this module: x crimes recorded of n reported, p = x / n, z the normal quantile of the level,
N the crimes in the finite population. Rates are shares in 0-1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, ndtri

from cdi_stats.errors import InvalidCounts

FloatArray = NDArray[np.float64]
Number = TypeVar("Number", float, FloatArray)
Limits = tuple[Any, Any]


@dataclass(frozen=True)
class Interval(Generic[Number]):
    """A two-sided confidence interval: `low` and `high` are shares in 0-1, or counts for a total."""

    low: Number
    high: Number
    confidence_level: float
    method: str

    def __str__(self) -> str:
        """Give the interval in one line, to four decimals for shares."""
        if isinstance(self.low, np.ndarray):
            return f"{np.size(self.low)} intervals ({100 * self.confidence_level:g}% {self.method})"
        return f"{self.low:.4f} to {self.high:.4f} ({100 * self.confidence_level:g}% {self.method})"


@overload
def proportion_interval(
    recorded: float,
    reported: float,
    *,
    confidence_level: float = ...,
    method: str = ...,
    population: float | None = ...,
) -> Interval[float]: ...
@overload
def proportion_interval(
    recorded: ArrayLike,
    reported: ArrayLike,
    *,
    confidence_level: float = ...,
    method: str = ...,
    population: ArrayLike | None = ...,
) -> Interval[FloatArray]: ...
def proportion_interval(
    recorded: ArrayLike,
    reported: ArrayLike,
    *,
    confidence_level: float = 0.95,
    method: str = "wilson",
    population: ArrayLike | None = None,
) -> Interval[Any]:
    """Return the confidence interval of recorded / reported, crimes taken as a simple random sample.

    Scalars give floats, arrays give arrays of their broadcast shape; limits are shares in 0-1. `population` is
    the number of crimes the sample was drawn from, never a fraction. Methods: "wilson" (Wilson 1927, with
    O'Neill's finite-population form when a population is given), "clopper-pearson" (exact, 1934), "wald", and
    "wald-fpc" (Wald with finite-population correction, and the rule of three at 0 and 100 %: the inspectorate's
    published method). Raises InvalidCounts for counts that no sample can have, or an unknown method.
    """
    check_confidence_level(confidence_level)
    if method not in METHODS:
        raise InvalidCounts(f"method: found {method!r}; expected one of {', '.join(METHODS)}")
    x, n, size = _checked_counts(recorded, reported, population)
    low, high = METHODS[method](x, n, confidence_level, size)
    low = np.where(x == 0, 0.0, np.clip(low, 0.0, 1.0))
    high = np.where(x == n, 1.0, np.clip(high, 0.0, 1.0))
    if x.ndim == 0:
        return Interval(float(low), float(high), confidence_level, method)
    return Interval(low, high, confidence_level, method)


def normal_quantile(confidence_level: float) -> float:
    """Return z with P(|Z| <= z) = confidence_level for a standard normal Z (1.959964 at 0.95)."""
    return float(ndtri((1 + confidence_level) / 2))


def check_confidence_level(confidence_level: float) -> None:
    """Raise InvalidCounts unless the level lies strictly between 0 and 1."""
    if not 0 < confidence_level < 1:
        raise InvalidCounts(
            f"confidence_level: found {confidence_level!r}; expected a share between 0 and 1, such as 0.95"
        )


def wilson_limits(rate: Any, size: Any, quantile: Any) -> Limits:
    """Return Wilson's limits for a rate seen on `size` (effective) crimes at a normal or Student quantile.

    Wilson 1927: (x + z^2/2 -+ z sqrt(x (n - x) / n + z^2 / 4)) / (n + z^2) with x = n p, arranged so that
    nothing is 0/0 at p = 0 or 1.
    """
    x = rate * size
    squared = quantile * quantile
    half = quantile * np.sqrt(x * (1 - rate) + squared / 4)
    return (x + squared / 2 - half) / (size + squared), (x + squared / 2 + half) / (size + squared)


def finite_population_size(size: Any, population: Any) -> Any:
    """Return n* = n (N - 1) / (N - n), the infinite-population sample as informative as n of N (O'Neill 2021)."""
    with np.errstate(divide="ignore"):
        return np.where(population > size, size * (population - 1) / np.maximum(population - size, 1e-300), np.inf)


def _wilson(x: FloatArray, n: FloatArray, level: float, population: FloatArray | None) -> Limits:
    if population is None:
        return wilson_limits(x / n, n, normal_quantile(level))
    rate, census = x / n, population == n
    low, high = wilson_limits(
        rate, finite_population_size(n, np.where(census, n + 1, population)), normal_quantile(level)
    )
    return np.where(census, rate, low), np.where(census, rate, high)


def _wald(x: FloatArray, n: FloatArray, level: float, population: FloatArray | None) -> Limits:
    if population is not None:
        raise InvalidCounts("method 'wald' takes no population; use 'wald-fpc' for the finite-population form")
    margin = normal_quantile(level) * np.sqrt(x * (n - x) / n) / n
    return x / n - margin, x / n + margin


def _wald_fpc(x: FloatArray, n: FloatArray, level: float, population: FloatArray | None) -> Limits:
    sampled_share = 0.0 if population is None else n / population
    margin = normal_quantile(level) * np.sqrt(x * (n - x) / n) / n * np.sqrt(1 - sampled_share)
    unanimous = (x == 0) | (x == n)
    if np.any(unanimous) and not np.isclose(level, 0.95):
        raise InvalidCounts(
            "method 'wald-fpc' uses the rule of three at 0 and 100 %, which is a 95 % rule: "
            f"found confidence_level {level}; expected 0.95, or choose 'wilson'"
        )
    margin = np.where(unanimous, 3 / n, margin)
    return x / n - margin, x / n + margin


def _clopper_pearson(x: FloatArray, n: FloatArray, level: float, population: FloatArray | None) -> Limits:
    if population is not None:
        raise InvalidCounts("method 'clopper-pearson' takes no population; use 'wilson' for a finite population")
    tail = (1 - level) / 2
    low = betaincinv(np.maximum(x, 1), n - x + 1, tail)
    high = betaincinv(x + 1, np.maximum(n - x, 1), 1 - tail)
    return low, high


METHODS: dict[str, Callable[[FloatArray, FloatArray, float, FloatArray | None], Limits]] = {
    "wilson": _wilson,
    "clopper-pearson": _clopper_pearson,
    "wald": _wald,
    "wald-fpc": _wald_fpc,
}


def _checked_counts(
    recorded: ArrayLike, reported: ArrayLike, population: ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    try:
        x, n = np.broadcast_arrays(np.asarray(recorded, float), np.asarray(reported, float))
        size = None if population is None else np.broadcast_to(np.asarray(population, float), x.shape)
    except (TypeError, ValueError) as error:
        raise InvalidCounts(f"counts: expected numbers of one shape; {error}") from None
    _refuse(~np.isfinite(n) | (n < 1) | (n != np.floor(n)), "reported", n, "a whole number of at least 1")
    _refuse(~np.isfinite(x) | (x < 0) | (x != np.floor(x)), "recorded", x, "a whole number of at least 0")
    _refuse(x > n, "recorded", x, "no more than the crimes reported")
    if size is not None:
        _refuse(~(size >= n), "population", size, "the number of crimes sampled from, at least those reported")
    return x, n, size


def _refuse(bad: NDArray[np.bool_], name: str, values: FloatArray, expected: str) -> None:
    if np.any(bad):
        first = np.argwhere(bad)[0]
        where = f"{name}[{', '.join(map(str, first))}]" if values.ndim else name
        raise InvalidCounts(f"{where}: found {values[tuple(first)]:g}; expected {expected}")
