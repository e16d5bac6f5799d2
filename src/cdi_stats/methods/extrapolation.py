"""Crimes in a year: a recording rate grossed up, its interval carried through.

R crimes recorded in the year, N reported, p the recording rate:

    N = R / p        unrecorded U = R (1 - p) / p = N (1 - p)        additional A = N (p_new - p_old)

U falls as p rises, so the limits of U are those of p transformed: exact where R or N is a count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.comparison import compare_rates, ratio_limits
from cdi_stats.methods.proportion import Interval
from cdi_stats.methods.survey import RateEstimate


@dataclass(frozen=True)
class Total:
    """Crimes in a year with their interval (counts, not rounded); `basis` says what they were grossed up from."""

    value: float
    interval: Interval[float]
    basis: str

    def __str__(self) -> str:
        return (
            f"{self.value:,.0f} crimes a year ({100 * self.interval.confidence_level:g}% interval "
            f"{self.interval.low:,.0f} to {self.interval.high:,.0f}; {self.basis})"
        )


def extrapolate_unrecorded(
    rate: RateEstimate, *, recorded: float | None = None, reported: float | None = None
) -> Total:
    """Return the crimes reported but not recorded in a year, as a Total.

    Give exactly one of `recorded` (R, the force's recorded crimes in the year: U = R (1 - p) / p) and `reported`
    (N: U = N (1 - p)). The upper limit is infinite where the rate's lower limit is 0 and only R is known.
    """
    volume, basis = _one_of(recorded, reported)
    low, high = rate.interval.low, rate.interval.high
    if basis == "recorded":
        missed = [volume * (1 - p) / p if p > 0 else math.inf for p in (rate.rate, high, low)]
    else:
        missed = [volume * (1 - p) for p in (rate.rate, high, low)]
    interval = Interval(missed[1], missed[2], rate.interval.confidence_level, rate.interval.method)
    return Total(missed[0], interval, f"{volume:,.0f} {basis}")


def extrapolate_additional(
    later: RateEstimate, earlier: RateEstimate, *, recorded: float | None = None, reported: float | None = None
) -> Total:
    """Return the crimes recorded in the later year that the earlier rate would have missed, as a Total.

    With R recorded crimes in the later year A = R (1 - p_old / p_new), limits by MOVER-R on p_old / p_new; with N
    reported A = N (p_new - p_old), limits by square-and-add. Give exactly one of the two. Negative where the rate fell.
    """
    volume, basis = _one_of(recorded, reported)
    level = later.interval.confidence_level
    if basis == "reported":
        change = compare_rates(later, earlier, confidence_level=level)
        value, low, high = (volume * v for v in (change.value, change.interval.low, change.interval.high))
    else:
        earlier = earlier.at(level)
        ratio, ratio_low, ratio_high = ratio_limits(
            (earlier.rate, earlier.interval.low, earlier.interval.high),
            (later.rate, later.interval.low, later.interval.high),
        )
        value, low, high = volume * (1 - ratio), volume * (1 - ratio_high), volume * (1 - ratio_low)
    return Total(value, Interval(low, high, level, "mover"), f"{volume:,.0f} {basis}")


def sum_totals(totals: Sequence[Total]) -> Total:
    """Return the sum of independent totals, such as those of strata, with limits by MOVER.

    L = sum v - sqrt(sum (v - l)^2), U = sum v + sqrt(sum (u - v)^2) (Donner & Zou 2012): asymmetric as its parts are.
    """
    if not totals:
        raise InvalidCounts("totals: found none; expected at least one")
    value = math.fsum(total.value for total in totals)
    low = value - math.hypot(*(total.value - total.interval.low for total in totals))
    high = value + math.hypot(*(total.interval.high - total.value for total in totals))
    return Total(value, Interval(low, high, totals[0].interval.confidence_level, "mover"), "sum over strata")


def _one_of(recorded: float | None, reported: float | None) -> tuple[float, str]:
    if (recorded is None) == (reported is None):
        raise InvalidCounts("recorded, reported: expected exactly one of the two yearly volumes")
    volume, basis = (recorded, "recorded") if recorded is not None else (reported, "reported")
    assert volume is not None
    if not (math.isfinite(volume) and volume > 0):
        raise InvalidCounts(f"{basis}: found {volume!r}; expected the crimes {basis} in the year, more than 0")
    return float(volume), basis
