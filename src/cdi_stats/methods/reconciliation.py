"""From a published rate and margin of error back to how they came about; and from a planned margin to the one achieved.

Notation: p the printed rate, e the printed margin, n the crimes reported, N the crimes in the frame, z the normal
quantile of the level. Print rounds, so p and e are ranges half a digit wide either way. What each method prints:

    wald              z sqrt(p (1 - p) / n)
    wald-fpc          z sqrt(p (1 - p) / n) sqrt(1 - n / N)
    wilson            half the width of Wilson's interval; at 0 and 100 %, the whole
    clopper-pearson   half the width of the exact interval; at 0 and 100 %, the whole
    rule-of-three     3 / n, at 0 and 100 % only

Solved for n they give the crimes implied. The design effect implied is n over that number, (e / simple margin)^2 for
Wald's; where it is below 1 the frame implied is N = n / (1 - (e / simple margin)^2).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import betaincinv

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.planning import checked_number, checked_whole, round_up, wald_margin, wilson_margin, wilson_size
from cdi_stats.methods.proportion import FloatArray, check_confidence_level, finite_population_size, normal_quantile
from cdi_stats.methods.survey import Caution, RateEstimate, estimate_rate_from_counts
from cdi_stats.methods.survey_limits import student_quantile
from cdi_stats.showing import Shown

TOLERANCE = 1e-9
MOST_CRIMES = 1e12
MOST_REPORTED = 100_000_000


@dataclass(frozen=True)
class Range:
    """All values from `low` to `high` that print allows."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:,.4g} to {self.high:,.4g}"


@dataclass(frozen=True)
class Explanation:
    """What one method makes of the printed figures; None where that cannot be said.

    `reported` are the crimes with which it gives the printed margin. Where the crimes are known, `margin` is what it
    gives on them (a share), `design_effect` the one that would make it the printed margin, and `population` the crimes
    in a frame that would (inf: a frame without end). `matches` says whether it gives the printed margin to the last
    digit: on the crimes known, else on some whole number of crimes, and for "wald-fpc" without a frame in some frame.
    """

    method: str
    matches: bool
    reported: Range | None = None
    margin: Range | None = None
    design_effect: Range | None = None
    population: Range | None = None

    def __str__(self) -> str:
        if self.population is None:
            return self.method
        low, high = self.population.low, self.population.high
        most = f"to {high:,.0f}" if math.isfinite(high) else "or more"
        return f"{self.method} in a frame of {low:,.0f} {most} crimes"


@dataclass(frozen=True, repr=False)
class Reconciliation(Shown):
    """A published rate and margin of error (shares), with an Explanation by each method.

    `recorded` are the fewest and the most crimes recorded of those reported that print as the rate, None where none do
    or the crimes reported are not known.
    """

    rate: float
    margin_of_error: float
    reported: int | None
    population: float | None
    confidence_level: float
    recorded: tuple[int, int] | None
    explanations: tuple[Explanation, ...]
    warnings: tuple[Caution, ...] = ()

    @property
    def matching(self) -> tuple[str, ...]:
        """Return the methods that give the printed margin to the last digit."""
        return tuple(explanation.method for explanation in self.explanations if explanation.matches)

    def by(self, method: str) -> Explanation:
        """Return the explanation by one method; raises InvalidCounts for one that was not tried."""
        for explanation in self.explanations:
            if explanation.method == method:
                return explanation
        tried = ", ".join(explanation.method for explanation in self.explanations)
        raise InvalidCounts(f"method: found {method!r}; expected one of {tried}")

    def __str__(self) -> str:
        sample = "" if self.reported is None else f" on {self.reported:,} crimes"
        printed = f"{100 * self.rate:g} % ±{100 * self.margin_of_error:g} points{sample}"
        if self.matching:
            return f"{printed} is the margin by {' or '.join(str(self.by(method)) for method in self.matching)}"
        implied = [f"{e.design_effect} by {e.method}" for e in self.explanations if e.design_effect is not None]
        if not implied:
            return f"{printed} is the margin by no method known here"
        return f"{printed} is the margin by no simple method: it implies a design effect of {implied[0]}"


@dataclass(frozen=True, repr=False)
class PlannedAgainstAchieved(Shown):
    """A planned margin (a share) beside the one achieved, at one level.

    `ratio` is achieved over planned; `extra_crimes` and `extra_records` are what was missing, at the rate and design
    effect seen (0 where the plan was met; records None where only totals are known).
    """

    planned_margin: float
    achieved_margin: float
    confidence_level: float
    method: str
    extra_crimes: int
    extra_records: int | None
    estimate: RateEstimate
    warnings: tuple[Caution, ...] = ()

    @property
    def ratio(self) -> float:
        """Return the margin achieved over the margin planned."""
        return self.achieved_margin / self.planned_margin

    @property
    def met(self) -> bool:
        """Return whether the margin achieved is no wider than planned."""
        return self.achieved_margin <= self.planned_margin

    def __str__(self) -> str:
        margins = (
            f"planned to within {100 * self.planned_margin:.3g} points, achieved {100 * self.achieved_margin:.1f} "
            f"({100 * self.confidence_level:g}% {self.method})"
        )
        if self.met:
            return f"{margins}: the plan was met"
        records = "" if self.extra_records is None else f", in {self.extra_records:,} records,"
        return f"{margins}: {self.extra_crimes:,} more crimes{records} were needed"


def reconcile_margin(
    rate: float,
    margin_of_error: float,
    *,
    reported: int | None = None,
    population: float | None = None,
    confidence_level: float = 0.95,
    rate_decimals: int = 3,
    margin_decimals: int = 4,
    rate_cut: bool = False,
) -> Reconciliation:
    """Return how a published rate and margin of error may have come about, method by method.

    Both are shares (83.6 % ±1.85 points is 0.836 and 0.0185), printed to `rate_decimals` and `margin_decimals` of a
    share: every value that rounds to them is considered, or, where `rate_cut`, every rate cut to the printed one (90.28
    as 90.2 %). `reported` are the crimes in the sample and `population` the crimes in its frame, where known;
    "wald-fpc" needs one of the two. The rule of three is a 95 % rule and is tried at rates of 0 and 1 only, Wald's at
    all others only; a printed 0 or 1 is taken as none or all. Raises InvalidCounts for impossible input.
    """
    check_confidence_level(confidence_level)
    printed = _checked_print(
        rate, margin_of_error, reported, population, confidence_level, rate_decimals, margin_decimals, rate_cut
    )
    explanations = tuple(_explained(printed, method) for method in _methods(printed))
    counts = printed.counts
    recorded = (int(counts[0]), int(counts[-1])) if counts.size else None
    return Reconciliation(
        printed.rate, printed.margin, printed.reported, population, confidence_level, recorded, explanations,
        _cautions(printed),
    )  # fmt: skip


def planned_against_achieved(
    planned_margin: float,
    estimate: RateEstimate | tuple[int, int],
    *,
    confidence_level: float = 0.95,
) -> PlannedAgainstAchieved:
    """Return the margin of error that was planned beside the one achieved, and what was missing.

    `estimate` is a RateEstimate, or crimes recorded and reported where only totals are known. The achieved margin is
    half the width of its interval at the level. The missing crimes are those with which Wilson's interval (other
    methods: one that narrows with the root of the size) would reach the plan at the rate, quantile and effective share
    of crimes seen; records follow from the crimes in a record. Raises InvalidCounts for impossible input.
    """
    e = checked_number("planned_margin", planned_margin, "a share above 0 and below 0.5", above=0, below=0.5)
    rate = estimate if isinstance(estimate, RateEstimate) else estimate_rate_from_counts(*estimate)
    rate = rate.at(confidence_level)
    achieved = (rate.interval.high - rate.interval.low) / 2
    extra = 0 if achieved <= e else max(round_up(_needed_crimes(rate, e, achieved) - rate.reported), 1)
    records = None if rate.records is None else round_up(extra * rate.records / rate.reported)
    return PlannedAgainstAchieved(
        e, achieved, confidence_level, rate.interval.method, extra, records, rate, _unseen(rate) + rate.warnings
    )


@dataclass(frozen=True)
class _Printed:
    """The printed figures, and the ranges of rates and margins that print so."""

    rate: float
    margin: float
    rate_range: tuple[float, float]
    margins: tuple[float, float]
    reported: int | None
    population: float | None
    level: float

    @property
    def unanimous(self) -> bool:
        return self.rate in (0, 1)

    @property
    def counts(self) -> FloatArray:
        """Return the whole numbers recorded of those reported that print as the rate; empty where none do."""
        if self.reported is None:
            return np.empty(0)
        if self.unanimous:
            return np.array([self.rate * self.reported])
        lowest, highest = self.rate_range
        first = math.ceil(lowest * self.reported - TOLERANCE)
        last = math.floor(highest * self.reported + TOLERANCE)
        return np.arange(max(first, 0), min(last, self.reported) + 1, dtype=float)

    @property
    def rates(self) -> FloatArray:
        """Return the rates that print as the printed one: those of the counts, else the ends of the range."""
        counts = self.counts
        if self.reported is not None and counts.size:
            return counts / self.reported
        if self.unanimous:
            return np.array([self.rate])
        lowest, highest = self.rate_range
        widest = min(max(0.5, lowest), highest)
        return np.clip([lowest, widest, highest], TOLERANCE, 1 - TOLERANCE)

    def prints(self, margins: FloatArray) -> bool:
        """Return whether a margin rounds to the printed one; without counts, whether the range holds one that does."""
        low, high = self.margins
        if self.counts.size:
            return bool(((margins >= low - TOLERANCE) & (margins <= high + TOLERANCE)).any())
        return bool(margins.min() <= high + TOLERANCE and margins.max() >= low - TOLERANCE)


def _checked_print(
    rate: float, margin_of_error: float, reported: int | None, population: float | None, confidence_level: float,
    rate_decimals: int, margin_decimals: int, rate_cut: bool,
) -> _Printed:  # fmt: skip
    check_confidence_level(confidence_level)
    p = checked_number("rate", rate, "a share from 0 to 1", at_least=0, at_most=1)
    widest, expected = (1.0, "a share between 0 and 1") if p in (0, 1) else (0.5, "a share above 0 and below 0.5")
    e = checked_number("margin_of_error", margin_of_error, expected, above=0, below=widest)
    rate_digits = checked_whole("rate_decimals", rate_decimals, 1)
    margin_digits = checked_whole("margin_decimals", margin_decimals, 1)
    below, above = (0.0, 1.0) if rate_cut else (0.5, 0.5)
    rates = (p - below * 10.0**-rate_digits, p + above * 10.0**-rate_digits)
    margin_rounding = 0.5 * 10.0**-margin_digits
    if e <= margin_rounding:
        raise InvalidCounts(f"margin_decimals: found {margin_decimals}; expected enough for {e} not to print as 0")
    n = None if reported is None else checked_whole("reported", reported, 1)
    if n is not None and n > MOST_REPORTED:
        raise InvalidCounts(f"reported: found {n:,}; expected at most {MOST_REPORTED:,}")
    if population is not None:
        least = 1 if n is None else n
        checked_number("population", population, "the crimes in the frame, more than those reported", above=least)
    return _Printed(p, e, rates, (e - margin_rounding, e + margin_rounding), n, population, confidence_level)


def _methods(printed: _Printed) -> list[str]:
    if printed.unanimous:
        return [*(["rule-of-three"] if math.isclose(printed.level, 0.95) else []), "wilson", "clopper-pearson"]
    framed = printed.population is not None or printed.reported is not None
    return ["wald", *(["wald-fpc"] if framed else []), "wilson", "clopper-pearson"]


def _explained(printed: _Printed, method: str) -> Explanation:
    """Return the explanation by a method: its crimes, and on the crimes known its margin and design effect."""
    base, rates, (low, high) = MARGINS[method], printed.rates, printed.margins
    framed = printed.population if method == "wald-fpc" else None
    by_spread = rates[np.argsort(rates * (1 - rates), kind="stable")]
    ends = ((float(by_spread[0]), high), (float(by_spread[-1]), low))
    sizes = tuple(_size(base, rate, margin, printed.level) for rate, margin in ends)
    crimes = None
    if method != "wald-fpc" or framed is not None:
        crimes = Range(*(size if framed is None else size / (1 + size / framed) for size in sizes))
    n = printed.reported
    if n is None:
        whole = crimes is not None and math.floor(crimes.high + TOLERANCE) >= max(round_up(crimes.low), 1)
        return Explanation(method, whole, crimes)
    shrink = 1.0 if framed is None else math.sqrt(1 - n / framed)
    margins = shrink * np.asarray(base(rates, n, printed.level))
    if method == "wald-fpc" and framed is None:
        frame = _frame(n, n / sizes[1], n / sizes[0])
        return Explanation(method, frame is not None, population=frame)
    effects = sorted(n / _size(base, rate, margin / shrink, printed.level) for rate, margin in ends)
    margin = Range(float(margins.min()), float(margins.max()))
    return Explanation(method, printed.prints(margins), crimes, margin, Range(*effects))


def _frame(reported: int, low: float, high: float) -> Range | None:
    """Return N = n / (1 - d) for d = (e / simple margin)^2 from low to high; None where no frame is that small."""
    if low >= 1:
        return None
    return Range(reported / (1 - low), reported / (1 - high) if high < 1 else math.inf)


def _size(margin: Callable[[Any, Any, float], Any], rate: float, wanted: float, level: float) -> float:
    """Return the number of crimes (not whole) at which a margin, which falls with it, is as wanted."""
    low, high = math.log(TOLERANCE), math.log(MOST_CRIMES)
    for _ in range(200):
        middle = (low + high) / 2
        if float(margin(rate, math.exp(middle), level)) > wanted:
            low = middle
        else:
            high = middle
    return math.exp(high)


def _wald(rate: Any, size: float, level: float) -> Any:
    return wald_margin(rate, size, normal_quantile(level))


def _wilson(rate: Any, size: float, level: float) -> Any:
    half = wilson_margin(rate, size, normal_quantile(level))
    return np.where((rate == 0) | (rate == 1), 2 * half, half)


def _clopper_pearson(rate: Any, size: float, level: float) -> Any:
    x, tail = rate * size, (1 - level) / 2
    misses = size - x
    low = np.where(x > 0, betaincinv(np.maximum(x, TOLERANCE), misses + 1, tail), 0.0)
    high = np.where(misses > 0, betaincinv(x + 1, np.maximum(misses, TOLERANCE), 1 - tail), 1.0)
    return np.where((x == 0) | (misses == 0), high - low, (high - low) / 2)


def _three(rate: Any, size: float, _level: float) -> Any:
    return np.full(np.shape(rate), 3 / size)


MARGINS: dict[str, Callable[[Any, Any, float], Any]] = {
    "wald": _wald,
    "wald-fpc": _wald,
    "wilson": _wilson,
    "clopper-pearson": _clopper_pearson,
    "rule-of-three": _three,
}


def _cautions(printed: _Printed) -> tuple[Caution, ...]:
    if printed.reported is None or printed.counts.size:
        return ()
    message = (
        f"No whole number of {printed.reported:,} crimes prints as {100 * printed.rate:g} %: "
        "the rate, the crimes or the rounding are not as stated. To mend: try rate_cut."
    )
    return (Caution("impossible-rate", message),)


def _needed_crimes(rate: RateEstimate, planned: float, achieved: float) -> float:
    """Return the crimes with which the planned margin is reached: n* scaled as the effective crimes are, n from n*."""
    if rate.interval.method == "wilson":
        quantile = student_quantile(rate.degrees_of_freedom, rate.interval.confidence_level)
        growth = wilson_size(rate.rate, planned, quantile) / rate.effective_sample_size
    else:
        growth = (achieved / planned) ** 2
    if rate.crimes_in_frame is None:
        return rate.reported * growth
    infinite = float(finite_population_size(rate.reported, rate.crimes_in_frame)) * growth
    return infinite / (1 + (infinite - 1) / rate.crimes_in_frame)


def _unseen(rate: RateEstimate) -> tuple[Caution, ...]:
    if rate.records is not None:
        return ()
    message = "Only totals are known: crimes in one record may be alike, and the margin wider than this."
    return (Caution("records-unseen", message),)
