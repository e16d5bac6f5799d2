"""Limits that stay valid however often an audit is looked at: confidence sequences by betting.

Notation: record t holds m_t crimes reported, k_t recorded, and at most M; records come in random order, from a large
frame or from N records. To test a rate p, turn record t into a number in 0-1 whose mean under p is known beforehand:

    y_t = p + (k_t - p m_t) / M
    c_t = p                                                          mean of y_t, from a large frame
    c_t = p - sum_{i<t} (k_i - p m_i) / (M (N - t + 1))              without replacement from N records

Two gamblers start with 1/2 each; one bets at every record that y_t will be above its mean, the other below:

    capital_t = 1/2 prod (1 + a_t (y_t - c_t)) + 1/2 prod (1 - b_t (y_t - c_t))
    bet_t = sqrt(2 log(2 / alpha) / (v_{t-1} t log(1 + t)))
    a_t = min(bet_t, C / c_t)      b_t = min(bet_t, C / (1 - c_t))

v_{t-1} is the variance of the records before t, C = 3/4 what a gambler may lose at most. Under p the capital cannot be
expected to grow, so that the chance of its ever reaching 1 / alpha is alpha at most (Ville 1939): the rates at which it
has not are the limits, at every look (Waudby-Smith & Ramdas 2020, 2024; records are the clusters).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.design import checked_crimes, numbers
from cdi_stats.methods.proportion import FloatArray, Interval, check_confidence_level
from cdi_stats.methods.survey import Caution
from cdi_stats.rounding import percent
from cdi_stats.showing import Shown

BoolArray = NDArray[np.bool_]
LARGEST_LOSS = 0.75
GRID_STEP = 0.005
BISECTIONS = 24
CELLS_AT_ONCE = 1_000_000
ROUNDING = 1e-12


@dataclass(frozen=True, repr=False)
class ConfidenceSequence(Shown):
    """A recording rate with limits after each look, valid together; arrays have one entry a look.

    `looks` counts the records examined by then; `rate` is the rate of their crimes and `interval` its limits (0-1).
    """

    looks: NDArray[np.intp]
    rate: FloatArray
    interval: Interval[FloatArray]
    largest_record: int
    population: int | None
    warnings: tuple[Caution, ...] = ()

    def __str__(self) -> str:
        low, high = self.interval.low[-1], self.interval.high[-1]
        return (
            f"{percent(self.rate[-1])} after {self.looks[-1]:,} records ({self.interval.level} limits "
            f"{percent(low)} to {percent(high)}, valid at every look)"
        )


def confidence_sequence(
    recorded: ArrayLike,
    reported: ArrayLike,
    *,
    largest_record: int,
    population: int | None = None,
    confidence_level: float = 0.95,
    looks: Sequence[int] | None = None,
    running_intersection: bool = True,
) -> ConfidenceSequence:
    """Return the recording rate with limits that hold at every look together, as a ConfidenceSequence.

    `recorded` and `reported` have one entry a record (zeros allowed), in the random order of examination.
    `largest_record` is the most crimes that a record can hold, declared before the first look. `population` is the
    number of records in the frame, drawn from without replacement (default: a large frame). `looks` are the numbers of
    records seen at each look, rising (default: one look, at all); the limits at one look do not depend on the others.
    With `running_intersection` a rate once refuted stays so, which keeps the level and narrows the limits; where the
    rate drifts they may then leave `rate` out. Limits are found on a grid of 0.5 points and refined by bisection.
    Raises InvalidCounts for impossible input, a record above `largest_record`, or a look before the first crime.
    """
    check_confidence_level(confidence_level)
    k, m = _checked_records(recorded, reported, largest_record, population)
    seen = _checked_looks(looks, m)
    rate = np.cumsum(k)[seen - 1] / np.cumsum(m)[seen - 1]
    record = _Records(k, m, seen, largest_record, population, confidence_level, running_intersection)
    low, high, refuted = _limits(record, rate)
    if population is not None:
        low, high = np.where(seen == population, rate, low), np.where(seen == population, rate, high)
    return ConfidenceSequence(
        seen,
        rate,
        Interval(low, high, confidence_level, "betting"),
        int(largest_record),
        population,
        _cautions(seen, refuted, population),
    )


def log_capital(
    recorded: ArrayLike,
    reported: ArrayLike,
    rate: ArrayLike,
    *,
    largest_record: int,
    population: int | None = None,
    confidence_level: float = 0.95,
) -> FloatArray:
    """Return the logarithm of the capital won against `rate` after each record: the evidence that it is not the rate.

    A number for `rate` (between 0 and 1) gives one entry a record, several give a column each. A capital that reaches
    1 / (1 - level), 20 at 95 %, refutes the rate; inf is a rate that the records left cannot reach. Other arguments,
    and errors, as for confidence_sequence.
    """
    check_confidence_level(confidence_level)
    k, m = _checked_records(recorded, reported, largest_record, population)
    tested = numbers("rate", rate)
    if tested.ndim > 1 or not ((tested > 0) & (tested < 1)).all():
        raise InvalidCounts("rate: found one that is not between 0 and 1; expected rates that could be tested")
    capital = _log_capital(k, m, np.atleast_1d(tested), largest_record, population, confidence_level)
    return capital if tested.ndim else capital[:, 0]


@dataclass(frozen=True)
class _Records:
    k: FloatArray
    m: FloatArray
    seen: NDArray[np.intp]
    largest: int
    population: int | None
    level: float
    running: bool

    def credible(self, rate: FloatArray) -> BoolArray:
        """Return looks x rates: which rates are not refuted by then."""
        block = max(1, CELLS_AT_ONCE // self.k.size)
        parts = [self._credible(rate[first : first + block]) for first in range(0, rate.size, block)]
        return np.hstack(parts)

    def _credible(self, rate: FloatArray) -> BoolArray:
        capital = _log_capital(self.k, self.m, rate, self.largest, self.population, self.level)
        if self.running:
            capital = np.maximum.accumulate(capital, axis=0)
        fine: BoolArray = capital[self.seen - 1] < -math.log(1 - self.level)
        return fine


def _log_capital(
    k: FloatArray, m: FloatArray, rate: FloatArray, largest: int, population: int | None, level: float
) -> FloatArray:
    """Return the log capital, records x rates."""
    turn = np.arange(1, k.size + 1)[:, None]
    residual = (k[:, None] - rate * m[:, None]) / largest
    y = rate + residual
    centre = np.broadcast_to(rate, y.shape)
    if population is not None:
        before = np.cumsum(residual, axis=0) - residual
        centre = rate - before / (population - turn + 1)
    impossible = (centre < -ROUNDING) | (centre > 1 + ROUNDING)
    centre = np.clip(centre, ROUNDING, 1 - ROUNDING)
    bet = np.sqrt(2 * math.log(2 / (1 - level)) / (_variance_before(y, rate, largest) * turn * np.log1p(turn)))
    above = np.cumsum(np.log1p(_gain(np.minimum(bet, LARGEST_LOSS / centre) * (y - centre))), axis=0)
    below = np.cumsum(np.log1p(_gain(-np.minimum(bet, LARGEST_LOSS / (1 - centre)) * (y - centre))), axis=0)
    capital = np.logaddexp(above, below) - math.log(2)
    return np.where(np.logical_or.accumulate(impossible, axis=0), np.inf, capital)


def _gain(gain: FloatArray) -> FloatArray:
    """Return the gain with a rounding error below the largest loss taken off; impossible rates are dealt with apart."""
    return np.maximum(gain, -LARGEST_LOSS)


def _variance_before(y: FloatArray, rate: FloatArray, largest: int) -> FloatArray:
    """Return v_{t-1}: the variance of y before each record, one imagined record of variance 1 / (4 M) counted in.

    1/4 is the greatest variance that a number in 0-1 can have; most records are much smaller than M.
    """
    turn = np.arange(1, y.shape[0] + 1)[:, None]
    mean = (rate + np.cumsum(y, axis=0)) / (turn + 1)
    start = 1 / (4 * largest)
    variance = (start + np.cumsum((y - mean) ** 2, axis=0)) / (turn + 1)
    return np.vstack([np.full((1, y.shape[1]), start), variance[:-1]])


def _limits(record: _Records, rate: FloatArray) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Return low, high, and the looks at which every rate is refuted, whose limits are 0 and 1."""
    inside = rate[(rate > 0) & (rate < 1)]
    grid = np.unique(np.r_[np.arange(1, round(1 / GRID_STEP)) * GRID_STEP, inside])
    credible = record.credible(grid)
    recorded, missed = np.cumsum(record.k)[record.seen - 1], np.cumsum(record.m - record.k)[record.seen - 1]
    # a rate of 0 or 1 is refuted by one crime recorded or missed, and by nothing else
    credible = np.column_stack([recorded == 0, credible, missed == 0])
    grid = np.r_[0.0, grid, 1.0]
    refuted: BoolArray = ~credible.any(axis=1) & (record.seen != record.population)
    first, last = credible.argmax(axis=1), grid.size - 1 - credible[:, ::-1].argmax(axis=1)
    outer = np.r_[grid[np.maximum(first - 1, 0)], grid[np.minimum(last + 1, grid.size - 1)]]
    inner = np.r_[grid[first], grid[last]]
    edges = _bisected(record, outer, inner)
    low, high = edges[: rate.size], edges[rate.size :]
    return np.where(refuted, 0.0, low), np.where(refuted, 1.0, high), refuted


def _bisected(record: _Records, outer: FloatArray, inner: FloatArray) -> FloatArray:
    """Return rates between a refuted and a credible one, on the refuted side of the edge: lower limits, then upper."""
    look = np.tile(np.arange(record.seen.size), 2)
    for _ in range(BISECTIONS):
        middle = np.clip((outer + inner) / 2, ROUNDING, 1 - ROUNDING)
        fine = record.credible(middle)[look, np.arange(look.size)] | (outer == inner)
        outer, inner = np.where(fine, outer, middle), np.where(fine & (outer != inner), middle, inner)
    return outer


def _checked_records(
    recorded: ArrayLike, reported: ArrayLike, largest_record: int, population: int | None
) -> tuple[FloatArray, FloatArray]:
    k, m = checked_crimes(recorded, reported)
    if not _is_whole(largest_record) or largest_record < 1:
        raise InvalidCounts(f"largest_record: found {largest_record!r}; expected a whole number of crimes, at least 1")
    if m.max() > largest_record:
        place = int(np.argmax(m > largest_record))
        raise InvalidCounts(
            f"record {place}: found {m[place]:g} crimes; expected at most the largest_record of {largest_record} "
            "declared beforehand. To mend: start again with a larger one, on records not yet seen"
        )
    if population is not None and (not _is_whole(population) or population < k.size):
        raise InvalidCounts(
            f"population: found {population!r}; expected the number of records in the frame, at least {k.size}"
        )
    return k, m


def _is_whole(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _checked_looks(looks: Sequence[int] | None, m: FloatArray) -> NDArray[np.intp]:
    given = [m.size] if looks is None else list(looks)
    rising = all(_is_whole(look) for look in given) and given == sorted(set(given))
    if not given or not rising or not 1 <= given[0] <= given[-1] <= m.size:
        raise InvalidCounts(f"looks: found {given}; expected numbers of records seen, rising, from 1 to {m.size}")
    seen = np.array(given, np.intp)
    if m[: seen[0]].sum() == 0:
        raise InvalidCounts(f"looks: found no crime in the first {seen[0]} records; expected one before the first look")
    return seen


def _cautions(seen: NDArray[np.intp], refuted: BoolArray, population: int | None) -> tuple[Caution, ...]:
    found = []
    if refuted.any():
        message = (
            f"From {seen[refuted][0]:,} records on no single rate agrees with the records in their order: "
            "the rate changed, or the order is not random. No limits are given."
        )
        found.append(Caution("contradiction", message))
    if population is not None and seen[-1] == population:
        found.append(Caution("census", "Every record of the frame was examined."))
    return tuple(found)
