"""Change between two recording rates, with limits carried over from each rate's own interval.

Notation: p1 and p2 the later and the earlier rate with limits (l1, u1) and (l2, u2), r the correlation of the two (0
for independent samples). Square-and-add (Newcombe 1998b; Zou & Donner 2008; with r, Newcombe's method for one sample):

    L = p1 - p2 - sqrt((p1 - l1)^2 - 2 r (p1 - l1)(u2 - p2) + (u2 - p2)^2)
    U = p1 - p2 + sqrt((u1 - p1)^2 - 2 r (u1 - p1)(p2 - l2) + (p2 - l2)^2)

MOVER-R for the ratio (Donner & Zou 2012): the roots of u2 (2 p2 - u2) R^2 - 2 A R + l1 (2 p1 - l1) = 0 with
A = p1 p2 - r (p1 - l1)(u2 - p2) for L, and with l and u exchanged for U.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.proportion import Interval
from cdi_stats.methods.score import score_difference_limits, score_ratio_limits
from cdi_stats.methods.survey import RateEstimate
from cdi_stats.rounding import READS, percent
from cdi_stats.showing import Grid, Shown

Arms = tuple[float, float, float]
SAYS = {
    "improved": "Recording improved",
    "worsened": "Recording worsened",
    "no clear change": "Recording shows no clear change",
}
COMPARES = {
    "difference": "percentage points",
    "ratio": "times the earlier rate",
    "missed-ratio": "times the earlier share missed",
}
SMALLEST_P = 1e-12
HALVINGS = 40


@dataclass(frozen=True, repr=False)
class Change(Shown):
    """A later rate against an earlier one.

    `value` is later - earlier (in -1..1), later / earlier, or for "missed-ratio" the shares missed, later / earlier.
    `standard_error` is that of `value`, linearised (nan where the ratio's denominator does not vary from 0).
    """

    value: float
    interval: Interval[float]
    measure: str
    later: RateEstimate
    earlier: RateEstimate
    standard_error: float = math.nan

    @property
    def direction(self) -> str:
        """Return "improved", "worsened" or "no clear change", as the interval excludes no change or does not."""
        low, high = self.interval.low, self.interval.high
        if self.measure == "missed-ratio":
            low, high = 1 - high, 1 - low
        unchanged = 1.0 if self.measure == "ratio" else 0.0
        if low > unchanged:
            return "improved"
        return "worsened" if high < unchanged else "no clear change"

    def __str__(self) -> str:
        return (
            f"{SAYS[self.direction]}: {READS[self.interval.unit](self.value)} {COMPARES[self.measure]}, "
            f"from {percent(self.earlier.rate)} to {percent(self.later.rate)} ({self.interval.level} "
            f"interval {self.interval.span}; {self.interval.method})"
        )

    def _grid(self) -> Grid:
        arms = (("Later", self.later), ("Earlier", self.earlier))
        rows = [(name, percent(arm.rate), arm.interval.span, arm.sample) for name, arm in arms]
        return Grid(rows, ("Audit", "Rate", f"{self.interval.level} interval", "Sample"))


def compare_rates(
    later: RateEstimate,
    earlier: RateEstimate,
    *,
    measure: str = "difference",
    confidence_level: float = 0.95,
    method: str = "mover",
    correlation: float = 0.0,
) -> Change:
    """Return the change between two recording rates as a Change.

    `measure` is "difference" (later - earlier), "ratio" (later / earlier) or "missed-ratio" ((1 - later) / (1 -
    earlier)). `method` is "mover" (each rate's own limits carried over, so that the change stays asymmetric and allows
    for clusters), or, for two simple samples known by their totals, "miettinen-nurminen" or "mee" (score limits). Two
    inspections are independent; domains of one sample have a `correlation` (see `domains`). Raises InvalidCounts for
    an unknown measure or method, or a method that the rates do not allow.
    """
    if measure not in MEASURES:
        raise InvalidCounts(f"measure: found {measure!r}; expected one of {', '.join(MEASURES)}")
    if method not in METHODS:
        raise InvalidCounts(f"method: found {method!r}; expected one of {', '.join(METHODS)}")
    if not -1 <= correlation <= 1:
        raise InvalidCounts(f"correlation: found {correlation!r}; expected a number from -1 to 1")
    later, earlier = later.at(confidence_level), earlier.at(confidence_level)
    first, second = rate_arms(later), rate_arms(earlier)
    if measure == "missed-ratio":
        first, second = _missed(first), _missed(second)
    value, low, high = MEASURES[measure](first, second, correlation)
    if method != "mover":
        low, high = _score_limits(later, earlier, measure, method, correlation)
    unit = "difference" if measure == "difference" else "ratio"
    error = _standard_error(value, first[0], second[0], later, earlier, measure, correlation)
    return Change(value, Interval(low, high, confidence_level, method, unit=unit), measure, later, earlier, error)


def change_p_value(
    later: RateEstimate, earlier: RateEstimate, *, method: str = "mover", correlation: float = 0.0
) -> float:
    """Return the two-sided p-value (0-1) of no change: 1 - the highest level whose interval excludes it.

    So that a p-value and an interval never disagree, it inverts the interval of the difference; it is 1 where the rates
    are equal, and no less than 1e-12. Arguments, and errors, as for compare_rates.
    """
    if later.rate == earlier.rate:
        return 1.0
    log_low, log_high = math.log(SMALLEST_P), 0.0
    for _ in range(HALVINGS):
        middle = (log_low + log_high) / 2
        level = -math.expm1(middle)
        change = compare_rates(later, earlier, confidence_level=level, method=method, correlation=correlation)
        if change.direction == "no clear change":
            log_low = middle
        else:
            log_high = middle
    return math.exp((log_low + log_high) / 2)


def rate_arms(estimate: RateEstimate) -> Arms:
    """Return a rate with its limits, (value, low, high), as the functions below take quantities."""
    return estimate.rate, estimate.interval.low, estimate.interval.high


def difference_limits(first: Arms, second: Arms, correlation: float = 0.0) -> Arms:
    """Return first - second with limits by square-and-add: each argument is (value, low, high)."""
    (p1, l1, u1), (p2, l2, u2) = first, second
    value = p1 - p2
    return value, value - _added(p1 - l1, u2 - p2, correlation), value + _added(u1 - p1, p2 - l2, correlation)


def ratio_limits(first: Arms, second: Arms, correlation: float = 0.0) -> Arms:
    """Return first / second with MOVER-R limits (Donner & Zou 2012; Newcombe 2016): arguments are (value, low, high).

    The upper limit is infinite where the second quantity cannot be told from zero.
    """
    (p1, l1, u1), (p2, l2, u2) = first, second
    if p2 == 0:
        raise InvalidCounts("ratio: found a denominator of 0; expected a positive one, or use the difference")
    lower_product = p1 * p2 - correlation * (p1 - l1) * (u2 - p2)
    upper_product = p1 * p2 - correlation * (u1 - p1) * (p2 - l2)
    low = _mover_root(lower_product, l1 * (2 * p1 - l1), u2 * (2 * p2 - u2), upper=False)
    high = _mover_root(upper_product, u1 * (2 * p1 - u1), l2 * (2 * p2 - l2), upper=True)
    return p1 / p2, max(low, 0.0), high


def _added(first: float, second: float, correlation: float) -> float:
    if correlation == 0:
        return math.hypot(first, second)
    return math.sqrt(max(first**2 - 2 * correlation * first * second + second**2, 0.0))


def _mover_root(product: float, numerator: float, denominator: float, *, upper: bool) -> float:
    """Solve denominator r^2 - 2 product r + numerator = 0, in the form that stays finite on each side."""
    root = product + math.sqrt(max(product**2 - numerator * denominator, 0.0))
    if not upper:
        return numerator / root if root else 0.0
    return root / denominator if denominator > 0 else math.inf


def _missed(arms: Arms) -> Arms:
    rate, low, high = arms
    return 1 - rate, 1 - high, 1 - low


def _score_limits(
    later: RateEstimate, earlier: RateEstimate, measure: str, method: str, correlation: float
) -> tuple[float, float]:
    """Return score limits, which know only counts: for rates of simple samples, not correlated."""
    for estimate in (later, earlier):
        if estimate.records is not None or estimate.crimes_in_frame is not None or correlation:
            raise InvalidCounts(
                f"method {method!r}: found a rate from records, a finite frame or one sample; "
                "expected two simple samples known by their totals. To mend: use method 'mover'"
            )
    if measure == "missed-ratio":
        counts = (later.reported - later.recorded, later.reported, earlier.reported - earlier.recorded)
    else:
        counts = (later.recorded, later.reported, earlier.recorded)
    limits = score_difference_limits if measure == "difference" else score_ratio_limits
    level = later.interval.confidence_level
    low, high = limits(*counts, earlier.reported, confidence_level=level, variance=method)
    return float(low), float(high)


def _standard_error(
    value: float, p1: float, p2: float, later: RateEstimate, earlier: RateEstimate, measure: str, correlation: float
) -> float:
    """Return the linearised standard error: of p1 - p2, or of p1 / p2 by the delta method."""
    s1, s2 = later.standard_error, earlier.standard_error
    if measure == "difference":
        return _added(s1, s2, correlation)
    return value * _added(s1 / p1, s2 / p2, correlation) if p1 and p2 else math.nan


MEASURES: dict[str, Callable[[Arms, Arms, float], Arms]] = {
    "difference": difference_limits,
    "ratio": ratio_limits,
    "missed-ratio": ratio_limits,
}
METHODS = ("mover", "miettinen-nurminen", "mee")
