"""Crimes in a year: a recording rate grossed up, its interval carried through.

R crimes recorded in the year, N reported, p the recording rate:

    N = R / p        unrecorded U = R (1 - p) / p = N (1 - p)        additional A = N (p_new - p_old)

U falls as p rises, so the limits of U are those of p transformed: exact where R or N is a count. Where R or N is itself
uncertain (a share of all crime, part of a year), U is the ratio of g = (1 - p) / p, or 1 - p, to 1 / R, and its limits
are MOVER-R's (Donner & Zou 2012), which become the transformed ones again as R becomes certain.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.comparison import Arms, difference_limits, rate_arms, ratio_limits
from cdi_stats.methods.proportion import Interval, check_confidence_level, normal_quantile
from cdi_stats.methods.survey import RateEstimate
from cdi_stats.rounding import count, percent, whole
from cdi_stats.showing import Grid, Shown

DAYS_IN_YEAR = 365


@dataclass(frozen=True)
class Total(Shown):
    """Crimes in a year with their interval (counts, not rounded); `basis` says what they were grossed up from."""

    value: float
    interval: Interval[float]
    basis: str

    def __str__(self) -> str:
        crimes = "crimes a year without limit" if math.isinf(self.value) else f"{count(self.value)} crimes a year"
        return f"{crimes} ({self.interval.level} interval {self.interval.span}; {self.basis}; {self.interval.method})"

    def _grid(self) -> Grid:
        facts = [
            ("Crimes a year", whole(self.value)),
            (f"{self.interval.level} interval", self.interval.span),
            ("From", self.basis),
            ("Method", self.interval.method),
        ]
        return Grid(facts)


def extrapolate_unrecorded(
    rate: RateEstimate, *, recorded: float | Total | None = None, reported: float | Total | None = None
) -> Total:
    """Return the crimes reported but not recorded in a year, as a Total.

    Give exactly one of `recorded` (R, the force's recorded crimes in the year: U = R (1 - p) / p) and `reported`
    (N: U = N (1 - p)); a number is taken as certain, a Total with its interval. The upper limit is infinite where the
    rate's lower limit is 0 and only R is known.
    """
    volume, basis = _one_of(recorded, reported, rate.interval.confidence_level)
    missed = _missed_share if recorded is None else _missed_odds
    share = (missed(rate.rate), missed(rate.interval.high), missed(rate.interval.low))
    return _total(_times(volume, share), rate.interval.confidence_level, rate.interval.method, basis)


def extrapolate_additional(
    later: RateEstimate,
    earlier: RateEstimate,
    *,
    recorded: float | Total | None = None,
    reported: float | Total | None = None,
) -> Total:
    """Return the crimes recorded in the later year that the earlier rate would have missed, as a Total.

    With R recorded crimes in the later year A = R (1 - p_old / p_new), limits by MOVER-R on p_old / p_new; with N
    reported A = N (p_new - p_old), limits by square-and-add. Give exactly one of the two, a number or a Total. Negative
    where the rate fell.
    """
    level = later.interval.confidence_level
    volume, basis = _one_of(recorded, reported, level)
    earlier = earlier.at(level)
    if recorded is None:
        share = difference_limits(rate_arms(later), rate_arms(earlier))
    else:
        ratio, low, high = ratio_limits(rate_arms(earlier), rate_arms(later))
        share = (1 - ratio, 1 - high, 1 - low)
    return _total(_times(volume, share), level, "mover", basis)


def annual_volume(
    crimes: float, *, days: float = DAYS_IN_YEAR, share: float | RateEstimate = 1.0, confidence_level: float = 0.95
) -> Total:
    """Return a year's crimes from those counted in `days`, times a `share` such as that of auditable routes (0-1).

    Over a whole year the count is certain. Over fewer days the rest of the year is predicted as Poisson (Nelson 1982;
    with r = (365 - days) / days: crimes r -+ z sqrt(crimes r (1 + r))); seasons are not allowed for. A share that was
    itself sampled comes with its interval, as a RateEstimate. Raises InvalidCounts for impossible input.
    """
    check_confidence_level(confidence_level)
    if not (math.isfinite(crimes) and crimes > 0):
        raise InvalidCounts(f"crimes: found {crimes!r}; expected the crimes counted, more than 0")
    if not 0 < days <= DAYS_IN_YEAR:
        raise InvalidCounts(f"days: found {days!r}; expected the days they were counted in, 1 to {DAYS_IN_YEAR}")
    rest = (DAYS_IN_YEAR - days) / days
    margin = normal_quantile(confidence_level) * math.sqrt(crimes * rest * (1 + rest))
    year = crimes * (1 + rest)
    arms = (year, max(year - margin, crimes), year + margin)
    basis = f"{count(crimes)} in {days:g} days" if rest else f"{count(crimes)} in the year"
    if isinstance(share, RateEstimate):
        return _total(
            _times(arms, rate_arms(share.at(confidence_level))),
            confidence_level,
            "mover",
            f"{basis}, {percent(share.rate)} of them",
        )
    if not 0 < share <= 1:
        raise InvalidCounts(f"share: found {share!r}; expected a share above 0 and at most 1")
    scaled = (arms[0] * share, arms[1] * share, arms[2] * share)
    return _total(scaled, confidence_level, "poisson", basis if share == 1 else f"{basis}, {percent(share)} of them")


def sum_totals(totals: Sequence[Total]) -> Total:
    """Return the sum of independent totals, such as those of strata, with limits by MOVER.

    L = sum v - sqrt(sum (v - l)^2), U = sum v + sqrt(sum (u - v)^2) (Donner & Zou 2012): asymmetric as its parts are.
    """
    if not totals:
        raise InvalidCounts("totals: found none; expected at least one")
    levels = {total.interval.confidence_level for total in totals}
    if len(levels) > 1:
        raise InvalidCounts(f"totals: found confidence levels {', '.join(map(str, sorted(levels)))}; expected one")
    value = math.fsum(total.value for total in totals)
    low = value - math.hypot(*(total.value - total.interval.low for total in totals))
    high = value + math.hypot(*(total.interval.high - total.value for total in totals))
    (level,) = levels
    return _total((value, low, high), level, "mover", "sum over strata")


def _one_of(recorded: float | Total | None, reported: float | Total | None, level: float) -> tuple[Arms, str]:
    """Return the given volume as (value, low, high), and what it was in words."""
    if (recorded is None) == (reported is None):
        raise InvalidCounts("recorded, reported: expected exactly one of the two yearly volumes")
    given, name = (recorded, "recorded") if recorded is not None else (reported, "reported")
    assert given is not None
    if isinstance(given, Total) and given.interval.confidence_level != level:
        raise InvalidCounts(
            f"{name}: found an interval at {given.interval.confidence_level:g}; expected the rate's level, {level:g}"
        )
    arms = (given.value, given.interval.low, given.interval.high) if isinstance(given, Total) else (given,) * 3
    if not all(math.isfinite(volume) and volume > 0 for volume in arms):
        raise InvalidCounts(f"{name}: found {given!s}; expected the crimes {name} in the year, more than 0")
    return (float(arms[0]), float(arms[1]), float(arms[2])), f"{count(arms[0])} {name}"


def _times(volume: Arms, share: Arms) -> Arms:
    """Return volume x share with limits: exact for a certain volume, else MOVER-R on share over 1 / volume."""
    size, least, most = volume
    value, low, high = share
    if least == most:
        return size * value, size * low, size * high
    inverse = (1 / size, 1 / most, 1 / least)
    return size * value, _lower_limit(value, low, inverse), -_lower_limit(-value, -high, inverse)


def _lower_limit(value: float, low: float, divisor: Arms) -> float:
    """Return the lower MOVER-R limit of value / divisor, for a value of either sign (Newcombe 2016)."""
    if math.isinf(low) or low == 0:
        return low
    centre, least, most = divisor
    if math.isinf(value):
        return low / centre
    end = most if low >= 0 else least
    square, constant, product = end * (2 * centre - end), low * (2 * value - low), value * centre
    root = math.sqrt(max(product**2 - square * constant, 0.0))
    if value > 0:
        return constant / (product + root)
    return (product - root) / square


def _missed_share(rate: float) -> float:
    return 1 - rate


def _missed_odds(rate: float) -> float:
    return (1 - rate) / rate if rate > 0 else math.inf


def _total(arms: Arms, level: float, method: str, basis: str) -> Total:
    return Total(arms[0], Interval(arms[1], arms[2], level, method, unit="crimes"), basis)
