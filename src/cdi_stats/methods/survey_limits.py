"""Limits of a recording rate seen in a sample of records, by every method of R's svyciprop.

Notation: p the rate, se its standard error, n_eff = p (1 - p) / se^2 the effective crimes, n the crimes reported,
t and t_n Student quantiles on the degrees of freedom and on n - 1 (z where these are infinite).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.special import betaincinv, expit, stdtrit

from cdi_stats.methods.inversion import likelihood_limits
from cdi_stats.methods.proportion import Interval, normal_quantile, wilson_limits

Pair = tuple[float, float]


@dataclass(frozen=True)
class Evidence:
    """What limits are made of: `size` is the effective number of crimes, capped at `reported` where `capped`."""

    rate: float
    standard_error: float
    size: float
    reported: int
    degrees_of_freedom: float
    capped: bool


def rate_interval(evidence: Evidence, confidence_level: float, method: str) -> Interval[float]:
    """Return the interval of a rate at a level by a method of METHODS, clipped to 0-1 and exact at 0 and 1.

    Methods that have no limits where nothing varies (wald, logit, arcsine at 0 or 1) give Wilson's there, and say so.
    """
    rate = evidence.rate
    if math.isinf(evidence.size):
        return Interval(rate, rate, confidence_level, method)
    if rate in (0.0, 1.0) and method in NEEDS_VARIATION:
        method = "wilson"
    t = student_quantile(evidence.degrees_of_freedom, confidence_level)
    low, high = METHODS[method](evidence, t, confidence_level)
    low = 0.0 if rate == 0 else min(max(low, 0.0), rate)
    high = 1.0 if rate == 1 else max(min(high, 1.0), rate)
    return Interval(low, high, confidence_level, method)


def student_quantile(degrees_of_freedom: float, confidence_level: float) -> float:
    """Return t with P(|T| <= t) = confidence_level; the normal quantile for infinite degrees of freedom."""
    if math.isinf(degrees_of_freedom):
        return normal_quantile(confidence_level)
    return float(stdtrit(degrees_of_freedom, (1 + confidence_level) / 2))


def _wilson(e: Evidence, t: float, _level: float) -> Pair:
    """Wilson 1927 with n_eff and t in place of n and z (R survey; Kott 2017)."""
    low, high = wilson_limits(e.rate, e.size, t)
    return float(low), float(high)


def _wald(e: Evidence, t: float, _level: float) -> Pair:
    """Return p -+ t se: R's "mean"."""
    return e.rate - t * _error(e), e.rate + t * _error(e)


def _logit(e: Evidence, t: float, _level: float) -> Pair:
    """Return logit p -+ t se / (p (1 - p)): R's "logit" and "xlogit"."""
    centre, margin = math.log(e.rate / (1 - e.rate)), t * _error(e) / (e.rate * (1 - e.rate))
    return float(expit(centre - margin)), float(expit(centre + margin))


def _arcsine(e: Evidence, t: float, _level: float) -> Pair:
    """sin^2(asin sqrt p -+ t se / (2 sqrt(p (1 - p)))), the angle kept within a quarter turn: R's "asin"."""
    centre, margin = math.asin(math.sqrt(e.rate)), t * _error(e) / (2 * math.sqrt(e.rate * (1 - e.rate)))
    return math.sin(max(centre - margin, 0.0)) ** 2, math.sin(min(centre + margin, math.pi / 2)) ** 2


def _likelihood(e: Evidence, t: float, _level: float) -> Pair:
    """2 n' (l(p) - l(q)) = t^2 with n' = n_eff (n - 1) / n: scaled by the design effect (Rao & Scott 1984), as in R."""
    size = e.size * (e.reported - 1) / e.reported if e.standard_error else e.size
    low, high = likelihood_limits(e.rate * size, size, t)
    return float(low), float(high)


def _korn_graubard(e: Evidence, t: float, level: float) -> Pair:
    """Clopper-Pearson on n* = n_eff (t_n / t)^2 crimes (Korn & Graubard 1998; NCHS caps n* at n): R's "beta"."""
    size = (
        e.size * (student_quantile(e.reported - 1, level) / t) ** 2 if e.reported > 1 and e.standard_error else e.size
    )
    size = min(size, e.reported) if e.capped else size
    x, tail = e.rate * size, (1 - level) / 2
    low = float(betaincinv(x, size - x + 1, tail)) if x > 0 else 0.0
    high = float(betaincinv(x + 1, size - x, 1 - tail)) if x < size else 1.0
    return low, high


def _error(e: Evidence) -> float:
    return e.standard_error or math.sqrt(e.rate * (1 - e.rate) / e.size)


METHODS: dict[str, Callable[[Evidence, float, float], Pair]] = {
    "wilson": _wilson,
    "korn-graubard": _korn_graubard,
    "logit": _logit,
    "likelihood": _likelihood,
    "arcsine": _arcsine,
    "wald": _wald,
}
NEEDS_VARIATION = ("wald", "logit", "arcsine")
