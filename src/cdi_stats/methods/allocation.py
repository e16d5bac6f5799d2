"""Records of a sample shared over strata, by size or by what each stratum's records vary.

Notation: N_h records in the frame of stratum h, S_h the standard deviation of a record there, n records in all:

    proportional n_h = n N_h / sum N      equal n_h = n / H      neyman n_h = n N_h S_h / sum N S  (Neyman 1934)

Bounds l_h <= n_h <= u_h are kept by n_h = min(max(t a_h, l_h), u_h), a_h the rule's weights and t such that the sum is
n: what a bound takes or frees is shared again among the other strata by the same rule (for Neyman still the least
variance). From a pilot S_h is the deviation of k - p m, and for an overall rate p = sum N kbar / sum N mbar

    V = sum N_h^2 (1 - n_h / N_h) S_h^2 / n_h / (sum N mbar)^2        n_eff = p (1 - p) / V        (Cochran 1977, ch. 5)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.design import checked_crimes, code_labels
from cdi_stats.methods.planning import MARGINS, ROUNDING, checked_number, checked_whole, smallest_size
from cdi_stats.methods.proportion import FloatArray, check_confidence_level, normal_quantile
from cdi_stats.methods.survey import Caution
from cdi_stats.rounding import percent
from cdi_stats.showing import Shown

RULES = ("proportional", "equal", "neyman")


@dataclass(frozen=True)
class PlannedStratum:
    """A stratum to be sampled: `population` counts the records in its frame.

    Neyman's rule needs its `deviation` (of a record) or its `rate`, whose sqrt(p (1 - p)) then stands for it. `minimum`
    and `maximum` bound the records sampled from it; a maximum is never more than the frame.
    """

    population: float
    rate: float | None = None
    deviation: float | None = None
    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True, repr=False)
class StrataPlan(Shown):
    """A sample of several strata: `records` maps each to its number, `expected_margin` is that of the overall rate."""

    records: dict[Any, int]
    rate: float
    margin_of_error: float
    expected_margin: float
    confidence_level: float
    method: str
    rule: str
    strata: dict[Any, PlannedStratum]
    warnings: tuple[Caution, ...] = ()

    @property
    def total(self) -> int:
        """Return the records of all strata together."""
        return sum(self.records.values())

    def __str__(self) -> str:
        shared = ", ".join(f"{name} {records:,}" for name, records in self.records.items())
        return (
            f"{self.total:,} records ({shared}) estimate the overall recording rate of {percent(self.rate)} "
            f"to within {100 * self.expected_margin:.3g} points ({100 * self.confidence_level:g}% {self.method})"
        )


def allocate_sample(
    records: int,
    strata: Mapping[Any, float | PlannedStratum],
    *,
    rule: str = "proportional",
    minimum: int = 2,
) -> dict[Any, int]:
    """Return {stratum: records to sample}: whole numbers that add to `records` exactly.

    `strata` maps each name to the records in its frame, or to a PlannedStratum. `rule` is "proportional", "equal" or
    "neyman". Every stratum gets its own minimum, else `minimum`, or its whole frame where that is smaller. Shares are
    rounded down, and what is left goes to the largest remainders, the first stratum first in a tie. A stratum whose
    records do not vary gets more than its minimum only when all others are full. Raises InvalidCounts where the bounds
    cannot be kept, or Neyman's rule lacks a deviation.
    """
    wanted = checked_whole("records", records, 1)
    weight = _weights(strata, rule)
    low, high = _bounds(strata, checked_whole("minimum", minimum, 0))
    if not low.sum() <= wanted <= high.sum():
        raise InvalidCounts(
            f"records: found {wanted:,}; expected from {low.sum():,.0f} (the minimums together) "
            f"to {high.sum():,.0f} (the maximums together)"
        )
    shares = _within_bounds(wanted, weight, low, high)
    return dict(zip(strata, _largest_remainders(wanted, shares, high), strict=True))


def allocation_shares(
    records: float, strata: Mapping[Any, float | PlannedStratum], *, rule: str = "proportional"
) -> dict[Any, float]:
    """Return {stratum: records} by the rule alone, neither rounded nor bounded, as R's PracTools strAlloc does."""
    wanted = checked_number("records", records, "a number above 0", above=0)
    weight = _weights(strata, rule)
    return dict(zip(strata, (wanted * weight / weight.sum()).tolist(), strict=True))


def plan_strata_from_pilot(
    recorded: ArrayLike,
    reported: ArrayLike,
    margin_of_error: float,
    *,
    stratum: ArrayLike,
    population: Mapping[Any, float],
    rule: str = "neyman",
    minimum: int = 2,
    confidence_level: float = 0.95,
    method: str = "wilson",
) -> StrataPlan:
    """Return the sample of each stratum with which the overall rate has that margin of error, in one call from a pilot.

    `recorded`, `reported` and `stratum` hold one entry a pilot record (zeros allowed), `population` the records in the
    frame of each stratum. Clusters, crimes in a record, frames and the rule all enter through the variance of the
    weighted rate; `method` turns it into a margin ("wilson" or "wald"). Raises InvalidCounts for a stratum with one
    pilot record, one without a frame, or a pilot without a miss.
    """
    check_confidence_level(confidence_level)
    checked_number("margin_of_error", margin_of_error, "a share above 0 and below 0.5", above=0, below=0.5)
    if method not in MARGINS:
        raise InvalidCounts(f"method: found {method!r}; expected one of {', '.join(MARGINS)}")
    least = checked_whole("minimum", minimum, 1)
    pilot = _pilot_strata(recorded, reported, stratum, population)
    overall: dict[str, Any] = {
        "rate": pilot.rate,
        "crimes_in_frame": pilot.crimes,
        "confidence_level": confidence_level,
        "method": method,
    }
    records = size_for_overall_margin(margin_of_error, pilot.strata, rule=rule, minimum=least, **overall)
    return StrataPlan(
        records, pilot.rate, margin_of_error, expected_overall_margin(records, pilot.strata, **overall),
        confidence_level, method, rule, pilot.strata, _cautions(pilot.strata),
    )  # fmt: skip


def expected_overall_margin(
    records: Mapping[Any, int],
    strata: Mapping[Any, PlannedStratum],
    *,
    rate: float,
    crimes_in_frame: float,
    confidence_level: float = 0.95,
    method: str = "wilson",
) -> float:
    """Return the half-width (a share) to expect of the overall rate, weighted by frames, of so many records a stratum.

    `strata` must state their deviations; `rate` and `crimes_in_frame` are those of all strata together. A census has a
    margin of 0. Raises InvalidCounts for a stratum without a record, or with more than its frame.
    """
    check_confidence_level(confidence_level)
    for name, sampled in records.items():
        if not 1 <= sampled <= strata[name].population:
            raise InvalidCounts(
                f"records of stratum {name}: found {sampled!r}; expected from 1 to {strata[name].population:,.0f}"
            )
    effective = _PilotStrata(dict(strata), rate, crimes_in_frame).effective_size(records)
    return float(MARGINS[method](rate, effective, normal_quantile(confidence_level)))


def size_for_overall_margin(
    margin_of_error: float,
    strata: Mapping[Any, PlannedStratum],
    *,
    rule: str = "neyman",
    minimum: int = 2,
    **overall: Any,
) -> dict[Any, int]:
    """Return the fewest records, by stratum, with which the overall rate is to have that margin of error.

    Shared out by `rule`; `overall` as expected_overall_margin takes it. Every record of every frame where that is what
    it takes.
    """
    low, high = _bounds(strata, minimum)

    def allocated(total: int) -> dict[Any, int]:
        return allocate_sample(total, strata, rule=rule, minimum=minimum)

    def reached(total: int) -> bool:
        return expected_overall_margin(allocated(total), strata, **overall) <= margin_of_error

    most = int(high.sum())
    return allocated(min(smallest_size(lambda n: n >= most or reached(n), int(low.sum())), most))


@dataclass(frozen=True)
class _PilotStrata:
    """The strata as a pilot shows them, the overall rate, and the crimes in the frame."""

    strata: dict[Any, PlannedStratum]
    rate: float
    crimes: float

    def effective_size(self, records: Mapping[Any, int]) -> float:
        """Return the effective crimes p (1 - p) / V of a sample with these records a stratum; inf for a census."""
        frame = np.array([stratum.population for stratum in self.strata.values()])
        deviation = np.array([stratum.deviation for stratum in self.strata.values()], float)
        sampled = np.array([records[name] for name in self.strata], float)
        variance = (frame**2 * (1 - sampled / frame) * deviation**2 / sampled).sum() / self.crimes**2
        return float(self.rate * (1 - self.rate) / variance) if variance > 0 else math.inf


def _pilot_strata(
    recorded: ArrayLike, reported: ArrayLike, stratum: ArrayLike, population: Mapping[Any, float]
) -> _PilotStrata:
    k, m = checked_crimes(recorded, reported)
    labels = code_labels("stratum", stratum, k.size)
    if set(labels.names) != set(population):
        odd = ", ".join(sorted(map(str, set(labels.names) ^ set(population))))
        raise InvalidCounts(
            f"population: found stratum {odd} here or in the pilot only; expected the same strata in both"
        )
    frame = np.array([_checked_frame(name, population[name]) for name in labels.names])
    sampled = np.bincount(labels.codes)
    if sampled.min() < 2:
        name = labels.names[int(sampled.argmin())]
        raise InvalidCounts(f"stratum {name}: found 1 pilot record; expected at least two")
    grossed = frame / sampled
    crimes = float((grossed * np.bincount(labels.codes, m)).sum())
    rate = float((grossed * np.bincount(labels.codes, k)).sum()) / crimes
    if rate in (0, 1):
        raise InvalidCounts(
            "recorded: found no crime unlike the others in the pilot; expected some missed and some recorded. "
            "To mend: plan with sample_size and a rate below 1"
        )
    residual = k - rate * m
    inside = residual - (np.bincount(labels.codes, residual) / sampled)[labels.codes]
    deviation = np.sqrt(np.bincount(labels.codes, inside**2) / (sampled - 1))
    deviation[deviation < ROUNDING] = 0
    strata = {
        labels.names[code]: PlannedStratum(float(frame[code]), deviation=float(deviation[code]))
        for code in labels.by_appearance
    }
    return _PilotStrata(strata, rate, crimes)


def _checked_frame(name: Any, size: Any) -> float:
    return checked_number(f"population of stratum {name}", size, "the number of records in its frame", at_least=1)


def _weights(strata: Mapping[Any, float | PlannedStratum], rule: str) -> FloatArray:
    """Return a_h, one a stratum in the order given."""
    if rule not in RULES:
        raise InvalidCounts(f"rule: found {rule!r}; expected one of {', '.join(RULES)}")
    if not strata:
        raise InvalidCounts("strata: found none; expected at least one")
    planned = {name: _planned(value) for name, value in strata.items()}
    frame = np.array([_checked_frame(name, stratum.population) for name, stratum in planned.items()])
    if rule == "equal":
        return np.ones(frame.size)
    if rule == "proportional":
        return frame
    weight: FloatArray = frame * np.array([_deviation(name, stratum) for name, stratum in planned.items()])
    if not weight.any():
        raise InvalidCounts("strata: found none whose records vary; expected one at least for the rule 'neyman'")
    return weight


def _planned(stratum: float | PlannedStratum) -> PlannedStratum:
    return stratum if isinstance(stratum, PlannedStratum) else PlannedStratum(stratum)


def _deviation(name: Any, stratum: PlannedStratum) -> float:
    if stratum.deviation is not None:
        return checked_number(f"deviation of stratum {name}", stratum.deviation, "a number of at least 0", at_least=0)
    if stratum.rate is None:
        raise InvalidCounts(f"stratum {name}: found neither rate nor deviation; expected one for the rule 'neyman'")
    rate = checked_number(f"rate of stratum {name}", stratum.rate, "a share from 0 to 1", at_least=0, at_most=1)
    return math.sqrt(rate * (1 - rate))


def _bounds(strata: Mapping[Any, float | PlannedStratum], minimum: int) -> tuple[FloatArray, FloatArray]:
    """Return l_h and u_h, whole numbers, one a stratum in the order given."""
    bounds = [_stratum_bounds(name, _planned(stratum), minimum) for name, stratum in strata.items()]
    low, high = np.array(bounds, float).T
    return low, high


def _stratum_bounds(name: Any, stratum: PlannedStratum, minimum: int) -> tuple[int, int]:
    frame = math.floor(stratum.population)
    high = frame
    if stratum.maximum is not None:
        high = min(checked_whole(f"maximum of stratum {name}", stratum.maximum, 0), frame)
    if stratum.minimum is None:
        return min(minimum, high), high
    low = checked_whole(f"minimum of stratum {name}", stratum.minimum, 0)
    if low > high:
        raise InvalidCounts(f"minimum of stratum {name}: found {low:,}; expected no more than its maximum, {high:,}")
    return low, high


def _within_bounds(records: int, weight: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Return min(max(t a, l), u) with the t at which they add to `records`; the sum is linear between its corners."""
    served_last = 1e-12 * weight.max() * high / max(high.max(), 1.0)
    a = np.maximum(weight, np.maximum(served_last, 1e-300))
    corners = np.unique(np.concatenate([low / a, high / a]))
    sums = np.clip(corners[:, None] * a, low, high).sum(axis=1)
    after = int(np.searchsorted(sums, records * (1 - ROUNDING)))
    behind: FloatArray = np.clip(corners[after] * a, low, high)
    if after == 0 or sums[after] <= records:
        return behind
    part = (records - sums[after - 1]) / (sums[after] - sums[after - 1])
    before: FloatArray = np.clip(corners[after - 1] * a, low, high)
    shares: FloatArray = before + part * (behind - before)
    return shares


def _largest_remainders(records: int, shares: FloatArray, high: FloatArray) -> list[int]:
    """Round shares down and give what is left, one each, to the largest remainders that have room."""
    whole = np.floor(shares + ROUNDING)
    remainder = np.where(whole < high, np.round(shares - whole, 9), -1.0)
    left = records - int(whole.sum())
    whole[np.argsort(-remainder, kind="stable")[:left]] += 1
    return [int(number) for number in whole]


def _cautions(strata: Mapping[Any, PlannedStratum]) -> tuple[Caution, ...]:
    still = ", ".join(str(name) for name, stratum in strata.items() if stratum.deviation == 0)
    if not still:
        return ()
    message = f"The pilot's records of {still} do not vary; its sample is planned as if all records were so."
    return (Caution("no-variation", message),)
