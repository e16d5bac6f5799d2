"""Change between two recording rates, with limits carried over from each rate's own interval."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.proportion import Interval
from cdi_stats.methods.survey import RateEstimate

Arms = tuple[float, float, float]


@dataclass(frozen=True)
class Change:
    """A later rate against an earlier one: `value` is later - earlier (in -1..1) or later / earlier."""

    value: float
    interval: Interval[float]
    measure: str
    later: RateEstimate
    earlier: RateEstimate

    @property
    def direction(self) -> str:
        """Return "improved", "worsened" or "no clear change", as the interval excludes no change or does not."""
        unchanged = 0.0 if self.measure == "difference" else 1.0
        if self.interval.low > unchanged:
            return "improved"
        return "worsened" if self.interval.high < unchanged else "no clear change"

    def __str__(self) -> str:
        value, low, high = map(self._words, (self.value, self.interval.low, self.interval.high))
        return f"{self.direction}: {value} ({100 * self.interval.confidence_level:g}% interval {low} to {high})"

    def _words(self, value: float) -> str:
        return f"{100 * value:+.1f} points" if self.measure == "difference" else f"{value:.3f} times"


def compare_rates(
    later: RateEstimate,
    earlier: RateEstimate,
    *,
    measure: str = "difference",
    confidence_level: float = 0.95,
    method: str = "mover",
) -> Change:
    """Return the change between two independent samples' recording rates as a Change.

    `measure` is "difference" (later - earlier; Newcombe 1998b, method 10, by square-and-add on each rate's own limits)
    or "ratio" (later / earlier; MOVER-R, Donner & Zou 2012). Fed with design-based limits, the change stays asymmetric
    and allows for clusters. Raises InvalidCounts for an unknown measure or method.
    """
    if measure not in MEASURES:
        raise InvalidCounts(f"measure: found {measure!r}; expected one of {', '.join(MEASURES)}")
    if method != "mover":
        raise InvalidCounts(f"method: found {method!r}; expected 'mover'")
    later, earlier = later.at(confidence_level), earlier.at(confidence_level)
    value, low, high = MEASURES[measure](_arms(later), _arms(earlier))
    return Change(value, Interval(low, high, confidence_level, method), measure, later, earlier)


def difference_limits(first: Arms, second: Arms) -> Arms:
    """Return first - second with limits by square-and-add: each argument is (value, low, high)."""
    (p1, l1, u1), (p2, l2, u2) = first, second
    value = p1 - p2
    return value, value - math.hypot(p1 - l1, u2 - p2), value + math.hypot(u1 - p1, p2 - l2)


def ratio_limits(first: Arms, second: Arms) -> Arms:
    """Return first / second with MOVER-R limits (Donner & Zou 2012; Newcombe 2016): arguments are (value, low, high).

    The upper limit is infinite where the second quantity cannot be told from zero.
    """
    (p1, l1, u1), (p2, l2, u2) = first, second
    if p2 == 0:
        raise InvalidCounts("ratio: found a denominator of 0; expected a positive one, or use the difference")
    low = _mover_root(p1 * p2, l1 * (2 * p1 - l1), u2 * (2 * p2 - u2), upper=False)
    high = _mover_root(p1 * p2, u1 * (2 * p1 - u1), l2 * (2 * p2 - l2), upper=True)
    return p1 / p2, max(low, 0.0), high


def _mover_root(product: float, numerator: float, denominator: float, *, upper: bool) -> float:
    """Solve denominator r^2 - 2 product r + numerator = 0, in the form that stays finite on each side."""
    root = product + math.sqrt(max(product**2 - numerator * denominator, 0.0))
    if not upper:
        return numerator / root if root else 0.0
    return root / denominator if denominator > 0 else math.inf


def _arms(estimate: RateEstimate) -> Arms:
    return estimate.rate, estimate.interval.low, estimate.interval.high


MEASURES: dict[str, Callable[[Arms, Arms], Arms]] = {"difference": difference_limits, "ratio": ratio_limits}
