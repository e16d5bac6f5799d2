"""How many crimes, and records, an audit needs: planned from a margin of error, a standard or a tolerable rate.

Notation: p the rate expected and q = 1 - p, e the margin of error (half the width of the interval), z the normal
quantile of the level, d the design effect, c the crimes in a record, N = c x records in the frame:

    Wilson   n_0 = d z^2 (pq - 2 e^2 + sqrt((pq)^2 + e^2 (1 - 4 pq))) / (2 e^2)     Wilson's half-width solved for n
    Wald     n_0 = d z^2 pq / e^2                                                  (Cochran 1977, ch. 4)
    frame    n = n_0 / (1 + (n_0 - 1) / N)                                         (O'Neill's n* = n_0, solved for n)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr, betainc, ndtri

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.design import numbers
from cdi_stats.methods.inversion import log_choose
from cdi_stats.methods.proportion import (
    FloatArray,
    check_confidence_level,
    finite_population_size,
    normal_quantile,
    wilson_limits,
)
from cdi_stats.methods.survey import Caution
from cdi_stats.rounding import percent
from cdi_stats.showing import Shown

FEW_MISSES = 5
SEARCH_LIMIT = 5_000_000
ROUNDING = 1e-9


@dataclass(frozen=True, repr=False)
class SampleSize(Shown):
    """The sample that a margin of error needs: whole `crimes` and `records`, and `exact_crimes` before rounding up.

    The other fields are what it was planned with; `population` counts records in the frame.
    """

    crimes: int
    records: int
    exact_crimes: float
    rate: float
    margin_of_error: float
    confidence_level: float
    population: float | None
    design_effect: float
    crimes_per_record: float
    method: str
    warnings: tuple[Caution, ...] = ()

    def __str__(self) -> str:
        return (
            f"{self.records:,} records ({self.crimes:,} reported crimes) estimate a recording rate of "
            f"{percent(self.rate)} to within {100 * self.margin_of_error:.3g} points "
            f"({100 * self.confidence_level:g}% {self.method})"
        )


@dataclass(frozen=True, repr=False)
class AssuranceSize(Shown):
    """The sample that shows a rate to be above a standard with an `assurance` (0-1) of at least `target`."""

    crimes: int
    records: int
    assurance: float
    target: float
    rate: float
    standard: float
    confidence_level: float
    design_effect: float
    crimes_per_record: float
    one_sided: bool

    def __str__(self) -> str:
        return (
            f"{self.records:,} records ({self.crimes:,} reported crimes) show a recording rate of {percent(self.rate)} "
            f"to be above {percent(self.standard)} with a chance of {percent(self.assurance)} "
            f"({100 * self.confidence_level:g}% wilson)"
        )


def sample_size(
    rate: float,
    margin_of_error: float,
    *,
    confidence_level: float = 0.95,
    population: float | None = None,
    design_effect: float = 1.0,
    crimes_per_record: float = 1.0,
    method: str = "wilson",
) -> SampleSize:
    """Return the crimes and records with which an interval for `rate` (0-1) has a half-width of `margin_of_error`.

    `method` is "wilson" (total width 2 e, as R's PracTools nWilson) or "wald" (Cochran 1977, ch. 4). `population` is
    the number of records in the frame, taken to hold `crimes_per_record` reported crimes each. Records are the whole
    crimes over crimes_per_record, rounded up. Raises InvalidCounts for a margin that no sample has (half of the whole
    range or more), or a rate of 0 or 1 with "wald", which would need no sample at all.
    """
    frame = _checked_design(rate, confidence_level, population, design_effect, crimes_per_record, method)
    e = checked_number("margin_of_error", margin_of_error, "a share above 0 and below 0.5", above=0, below=0.5)
    if method == "wald" and rate in (0, 1):
        raise InvalidCounts(f"rate: found {rate!r} with method 'wald'; expected a rate between 0 and 1, or 'wilson'")
    z = normal_quantile(confidence_level)
    infinite = design_effect * SIZES[method](rate, e, z)
    exact = infinite if frame is None else infinite / (1 + (infinite - 1) / frame)
    crimes = max(round_up(exact), 1)
    if frame is not None:
        crimes = min(crimes, math.floor(frame))
    records = round_up(crimes / crimes_per_record)
    if population is not None:
        records = min(records, math.floor(population))
    warnings = _size_cautions(rate, crimes, records, population, design_effect, crimes_per_record, method)
    return SampleSize(
        crimes,
        records,
        exact,
        rate,
        e,
        confidence_level,
        population,
        design_effect,
        crimes_per_record,
        method,
        warnings,
    )


@overload
def expected_margin(
    rate: float,
    crimes: float,
    *,
    confidence_level: float = ...,
    population: float | None = ...,
    design_effect: float = ...,
    crimes_per_record: float = ...,
    method: str = ...,
) -> float: ...
@overload
def expected_margin(
    rate: float,
    crimes: ArrayLike,
    *,
    confidence_level: float = ...,
    population: float | None = ...,
    design_effect: float = ...,
    crimes_per_record: float = ...,
    method: str = ...,
) -> FloatArray: ...
def expected_margin(
    rate: float,
    crimes: ArrayLike,
    *,
    confidence_level: float = 0.95,
    population: float | None = None,
    design_effect: float = 1.0,
    crimes_per_record: float = 1.0,
    method: str = "wilson",
) -> Any:
    """Return the half-width (a share) to expect of an audit of so many crimes: sample_size turned round.

    `crimes` is a number or an array of the sizes considered; the options are those of sample_size. A census has a
    margin of 0. Raises InvalidCounts for no crimes, or more than the frame holds.
    """
    frame = _checked_design(rate, confidence_level, population, design_effect, crimes_per_record, method)
    n = numbers("crimes", crimes)
    if not (n.size and (n > 0).all() and (n <= (math.inf if frame is None else frame)).all()):
        raise InvalidCounts(f"crimes: found {crimes!r}; expected numbers above 0, and no more than the frame holds")
    effective = (n if frame is None else finite_population_size(n, frame)) / design_effect
    margin = MARGINS[method](rate, effective, normal_quantile(confidence_level))
    return float(margin) if n.ndim == 0 else margin


def assurance(
    rate: float,
    standard: float,
    crimes: float,
    *,
    confidence_level: float = 0.95,
    design_effect: float = 1.0,
    one_sided: bool = False,
) -> float:
    """Return the chance (0-1) that an audit of so many crimes will show a true `rate` to be above a `standard`.

    Shown means that Wilson's lower limit exceeds the standard: the lower limit of the two-sided interval at the level,
    as reports print it, or where `one_sided` the one-sided limit at that level. It is a binomial sum over the effective
    size m, crimes / design effect in whole crimes; the lower limit exceeds s where x > m s + z sqrt(m s (1 - s)). The
    frame is taken as large. Raises InvalidCounts for impossible input.
    """
    _check_shares(rate, standard, confidence_level, design_effect)
    n = checked_number("crimes", crimes, "a number of at least 1", at_least=1)
    z = _limit_quantile(confidence_level, one_sided=one_sided)
    return float(_shown_above(rate, standard, np.array(math.floor(n / design_effect + ROUNDING)), z))


def sample_size_for_assurance(
    rate: float,
    standard: float,
    *,
    target: float = 0.8,
    confidence_level: float = 0.95,
    design_effect: float = 1.0,
    crimes_per_record: float = 1.0,
    one_sided: bool = False,
) -> AssuranceSize:
    """Return the size from which on `assurance` stays at `target` or above.

    Assurance climbs with the size like the teeth of a saw: a single size may reach the target and the next fall short.
    So this is the smallest size such that no larger one falls short; sizes up to four times that of the normal
    approximation (and 1,000) are examined. Raises InvalidCounts unless the rate is above the standard by enough to be
    shown with five million effective crimes.
    """
    _check_shares(rate, standard, confidence_level, design_effect)
    checked_number("crimes_per_record", crimes_per_record, "a number above 0", above=0)
    checked_number("target", target, "a share between 0 and 1", above=0, below=1)
    checked_number("rate", rate, f"a rate above the standard, {standard}", above=standard)
    z = _limit_quantile(confidence_level, one_sided=one_sided)
    spread = z * math.sqrt(standard * (1 - standard)) + max(float(ndtri(target)), 0.0) * math.sqrt(rate * (1 - rate))
    bound = 4 * (spread / (rate - standard)) ** 2 + 1000
    if bound > SEARCH_LIMIT:
        raise InvalidCounts(f"standard: found {standard!r} for a rate of {rate!r}; expected one further below the rate")
    sizes = np.arange(1, math.ceil(bound))
    reached = _shown_above(rate, standard, sizes, z)
    effective = int(np.flatnonzero(reached < target)[-1]) + 2 if (reached < target).any() else 1
    crimes = round_up(effective * design_effect)
    return AssuranceSize(
        crimes, round_up(crimes / crimes_per_record), float(reached[effective - 1]), target, rate, standard,
        confidence_level, design_effect, crimes_per_record, one_sided,
    )  # fmt: skip


def discovery_size(
    tolerable_rate: float, *, acceptable: int = 0, confidence_level: float = 0.95, population: int | None = None
) -> int:
    """Return the smallest sample that would show more than `acceptable` misses if the share missed were tolerable_rate.

    The chance of seeing that few, where the share missed (0-1) is as large as can be tolerated, is then at most 1 - the
    level: binomial, or hypergeometric with floor(population x tolerable_rate) misses in a finite population, as R's
    PracTools nAuditAttr and the tables of the American Institute of Certified Public Accountants. Crimes are taken to
    stand alone. Raises InvalidCounts where even the whole population could not show it.
    """
    check_confidence_level(confidence_level)
    checked_number("tolerable_rate", tolerable_rate, "a share between 0 and 1", above=0, below=1)
    checked_whole("acceptable", acceptable, 0)
    if population is None:
        return smallest_size(
            lambda n: bool(bdtr(acceptable, n, tolerable_rate) <= 1 - confidence_level), acceptable + 1
        )
    size = checked_whole("population", population, 1)
    missed = math.floor(size * tolerable_rate + ROUNDING)
    if missed <= acceptable:
        raise InvalidCounts(
            f"population: found {size:,}, in which {tolerable_rate:.3g} is {missed} misses; "
            f"expected one in which it is more than the {acceptable} acceptable"
        )
    return smallest_size(
        lambda n: n >= size or _hypergeometric(acceptable, size, missed, n) <= 1 - confidence_level, acceptable + 1
    )


def wilson_size(rate: float, margin_of_error: float, quantile: float) -> float:
    """Return the crimes with which Wilson's interval at a normal (or Student) quantile has that half-width."""
    spread, e = rate * (1 - rate), margin_of_error
    root = math.sqrt(spread**2 + e**2 * (1 - 4 * spread))
    return quantile**2 * (spread - 2 * e**2 + root) / (2 * e**2)


def wilson_margin(rate: Any, size: Any, quantile: float) -> Any:
    """Return half of the width of Wilson's interval on `size` effective crimes; 0 on infinitely many."""
    low, high = wilson_limits(rate, np.where(np.isinf(size), 1.0, size), quantile)
    return np.where(np.isinf(size), 0.0, (high - low) / 2)


def wald_margin(rate: Any, size: Any, quantile: float) -> Any:
    """Return z sqrt(p (1 - p) / n)."""
    return quantile * np.sqrt(rate * (1 - rate) / size)


def _wald_size(rate: float, margin_of_error: float, quantile: float) -> float:
    return quantile**2 * rate * (1 - rate) / margin_of_error**2


SIZES: dict[str, Callable[[float, float, float], float]] = {"wilson": wilson_size, "wald": _wald_size}
MARGINS: dict[str, Callable[[Any, Any, float], Any]] = {"wilson": wilson_margin, "wald": wald_margin}


def round_up(value: float) -> int:
    """Return the whole number at or above a value, forgiving what arithmetic adds beyond the ninth digit."""
    return math.ceil(value - ROUNDING * max(1.0, abs(value)))


def checked_number(
    argument: str,
    value: Any,
    expected: str,
    *,
    above: float = -math.inf,
    at_least: float = -math.inf,
    at_most: float = math.inf,
    below: float = math.inf,
) -> float:
    """Return a finite number within bounds; raises InvalidCounts saying what was expected."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InvalidCounts(f"{argument}: found {value!r}; expected {expected}") from None
    if not (math.isfinite(number) and above < number < below and at_least <= number <= at_most):
        raise InvalidCounts(f"{argument}: found {value!r}; expected {expected}")
    return number


def checked_whole(argument: str, value: Any, least: int) -> int:
    """Return a whole number of at least `least`; raises InvalidCounts otherwise."""
    expected = f"a whole number of at least {least}"
    number = checked_number(argument, value, expected, at_least=least)
    if number != math.floor(number):
        raise InvalidCounts(f"{argument}: found {value!r}; expected {expected}")
    return int(number)


def _check_shares(rate: float, standard: float, confidence_level: float, design_effect: float) -> None:
    check_confidence_level(confidence_level)
    checked_number("rate", rate, "a share from 0 to 1", at_least=0, at_most=1)
    checked_number("standard", standard, "a share from 0 to below 1", at_least=0, below=1)
    checked_number("design_effect", design_effect, "a number above 0, 1 for crimes that stand alone", above=0)


def _checked_design(
    rate: float, confidence_level: float, population: float | None, design_effect: float, crimes_per_record: float,
    method: str,
) -> float | None:  # fmt: skip
    """Check the options of sample_size and return the crimes in the frame, if it is known."""
    _check_shares(rate, 0, confidence_level, design_effect)
    checked_number("crimes_per_record", crimes_per_record, "a number above 0", above=0)
    if method not in SIZES:
        raise InvalidCounts(f"method: found {method!r}; expected one of {', '.join(SIZES)}")
    if population is None:
        return None
    expected = f"the number of records in the frame, enough to hold 2 crimes at {crimes_per_record:g} each"
    return crimes_per_record * checked_number("population", population, expected, at_least=2 / crimes_per_record)


def _size_cautions(
    rate: float, crimes: int, records: int, population: float | None, design_effect: float, crimes_per_record: float,
    method: str,
) -> tuple[Caution, ...]:  # fmt: skip
    found = []
    if crimes_per_record > 1 and design_effect == 1:
        message = "Crimes in one record tend to be alike; with a design effect of 1 the margin may not be reached."
        found.append(Caution("no-design-effect", message))
    if method == "wald" and crimes * min(rate, 1 - rate) < FEW_MISSES:
        message = f"Fewer than {FEW_MISSES} crimes missed (or recorded) are expected; Wald's margin is too short there."
        found.append(Caution("wald-few-misses", message))
    if population is not None and records > population / 2:
        found.append(Caution("most-of-the-frame", "The sample takes more than half of the frame's records."))
    return tuple(found)


def _limit_quantile(confidence_level: float, *, one_sided: bool) -> float:
    return float(ndtri(confidence_level)) if one_sided else normal_quantile(confidence_level)


def _shown_above(rate: float, standard: float, size: Any, z: float) -> Any:
    """Return P(x > m s + z sqrt(m s (1 - s))) for x binomial on m crimes: Wilson's lower limit is then above s."""
    least = np.floor(size * standard + z * np.sqrt(size * standard * (1 - standard))) + 1
    possible = least <= size
    return np.where(possible, betainc(np.maximum(least, 1), np.where(possible, size - least + 1, 1), rate), 0.0)


def smallest_size(holds: Callable[[int], bool], first: int) -> int:
    """Return the smallest whole number from `first` on for which a condition holds that then goes on holding."""
    low, high = first - 1, first
    while not holds(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _hypergeometric(most: int, population: int, missed: int, sample: int) -> float:
    """Return P(at most `most` misses) in a sample of a population that holds `missed` of them."""
    seen = np.arange(max(0, sample - (population - missed)), min(most, sample) + 1)
    ways = log_choose(missed, seen) + log_choose(population - missed, sample - seen)
    return float(np.exp(ways - log_choose(population, sample)).sum())
