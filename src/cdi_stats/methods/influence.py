"""What single records do to a recording rate: leave-one-record-out, shares of misses and variance, records that carry.

Notation as in `survey`. Without record i of stratum h the others of h stand for the whole frame,

    p_(hi) = (A - A_h + (A_h - w k_hi) n_h/(n_h - 1)) / (B - B_h + (B_h - w m_hi) n_h/(n_h - 1))

with A = sum w k and B = sum w m: O(n) for all records. The jackknife variance (JKn of R survey) is

    V = sum_h (1 - f_h) (n_h - 1)/n_h sum_i (p_(hi) - mean p_(.))^2
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.design import Design, IntArray, checked_crimes, declare_design, domain_mask
from cdi_stats.methods.proportion import FloatArray
from cdi_stats.methods.survey import RateEstimate, estimate_rate
from cdi_stats.showing import Shown

CARRYING_SHARE = 0.5


@dataclass(frozen=True, repr=False)
class Influence(Shown):
    """Each record's part in a recording rate; arrays hold one entry a record, in the order given.

    `missed` counts its crimes not recorded; `variance_share` is its share of the sampling variance (0-1, all 0 where
    nothing varies); `rate_without` the rate had it not been sampled (nan where there would be none). `ranked` lists the
    records by misses, most first. `carrying` is how many records, most misses first, hold more than half of all misses.
    """

    rate: float
    missed: IntArray
    variance_share: FloatArray
    rate_without: FloatArray
    ranked: IntArray
    carrying: int

    def missed_share(self, top: int) -> float:
        """Return the share (0-1) of all misses in the first `top` records; 0 where none was missed."""
        whole = int(self.missed.sum())
        return float(self.missed[self.ranked[:top]].sum() / whole) if whole else 0.0

    def top_variance_share(self, top: int) -> float:
        """Return the share (0-1) of the sampling variance in the `top` records that have most of it."""
        return float(np.sort(self.variance_share)[::-1][:top].sum())

    def __str__(self) -> str:
        records = "record holds" if self.carrying == 1 else "records hold"
        return f"{self.carrying} {records} {self.missed_share(self.carrying):.0%} of the {self.missed.sum()} misses"


def measure_influence(
    recorded: ArrayLike,
    reported: ArrayLike,
    *,
    stratum: ArrayLike | None = None,
    population: Mapping[Any, float] | ArrayLike | None = None,
    domain: ArrayLike | None = None,
    weight: ArrayLike | None = None,
) -> Influence:
    """Return the Influence of every record on a recording rate; `domain` is a boolean mask, the rest as estimate_rate.

    Raises InvalidCounts for impossible input.
    """
    k, m = checked_crimes(recorded, reported)
    design = declare_design(k.size, stratum=stratum, population=population, weight=weight)
    inside = domain_mask(domain, k.size)
    if not m[inside].any():
        raise InvalidCounts("domain: found no reported crime in it; expected at least one, else there is no rate")
    k, m = k * inside, m * inside
    w = design.weight
    rate = float((w * k).sum()) / float((w * m).sum())
    residual = w * (k - rate * m)
    centred = residual - (np.bincount(design.stratum, residual) / design.sampled)[design.stratum]
    parts = design.factor[design.stratum] * centred**2
    missed = (m - k).astype(np.intp)
    ranked = np.argsort(-missed, kind="stable")
    running = np.cumsum(missed[ranked])
    carrying = int(np.searchsorted(running, CARRYING_SHARE * running[-1], side="right") + 1) if running[-1] else 0
    share = parts / parts.sum() if missed.any() and k.any() and parts.sum() > 0 else np.zeros(k.size)
    return Influence(rate, missed, share, leave_one_out(design, k, m), ranked, carrying)


def leave_one_out(design: Design, recorded: FloatArray, reported: FloatArray) -> FloatArray:
    """Return the rate without each record in turn (0-1); crimes outside a domain count as 0.

    It is nan where no crime is left, and for the only record of a stratum: nothing else stands for that stratum.
    """
    h, n = design.stratum, design.sampled
    grown = (n / np.maximum(n - 1, 1))[h]

    def without(values: FloatArray) -> FloatArray:
        weighted = design.weight * values
        by_stratum = np.bincount(h, weighted)
        return np.asarray(weighted.sum() - by_stratum[h] + (by_stratum[h] - weighted) * grown)

    rest = without(reported)
    empty = (rest <= 1e-9 * (design.weight * reported).sum()) | (n[h] < 2)
    return np.asarray(np.divide(without(recorded), rest, out=np.full(rest.shape, np.nan), where=~empty))


def estimate_without(
    recorded: ArrayLike, reported: ArrayLike, records: Sequence[int] | IntArray, **options: Any
) -> RateEstimate:
    """Return the RateEstimate of a sample had `records` (positions) not been drawn; options as for estimate_rate.

    Strata, weights and masks given one a record lose the same entries; a given population stays.
    """
    k, m = checked_crimes(recorded, reported)
    left_out = np.asarray(records, np.intp)
    if left_out.size and not (left_out.min() >= 0 and left_out.max() < k.size):
        raise InvalidCounts(f"records: found a position beyond the {k.size} records; expected 0 to {k.size - 1}")
    kept = np.ones(k.size, bool)
    kept[left_out] = False
    for name in ("stratum", "domain", "weight", "population"):
        if options.get(name) is not None and np.shape(options[name]) == k.shape:
            options[name] = np.asarray(options[name])[kept]
    estimate: RateEstimate = estimate_rate(k[kept], m[kept], **options)
    return estimate


def jackknife_error(
    recorded: ArrayLike,
    reported: ArrayLike,
    *,
    stratum: ArrayLike | None = None,
    population: Mapping[Any, float] | ArrayLike | None = None,
    domain: ArrayLike | None = None,
    weight: ArrayLike | None = None,
) -> float:
    """Return the standard error of a recording rate by the stratified delete-one-record jackknife (JKn; 0-1).

    Arguments as for measure_influence; R survey's as.svrepdesign(type="JKn") gives the same. Raises InvalidCounts for
    impossible input, or where leaving one record out leaves no crime.
    """
    k, m = checked_crimes(recorded, reported)
    design = declare_design(k.size, stratum=stratum, population=population, weight=weight)
    inside = domain_mask(domain, k.size)
    replicates = leave_one_out(design, k * inside, m * inside)
    h, n, unsampled = design.stratum, design.sampled, design.unsampled
    known = np.isfinite(replicates)
    if not known[unsampled[h] > 0].all():
        raise InvalidCounts(
            "reported: found all crimes, or a whole stratum, in one record; expected two or more, to leave one out"
        )
    squared = np.where(known, replicates - replicates[known].mean(), 0.0) ** 2 if known.any() else np.zeros(k.size)
    return math.sqrt(float((unsampled * (n - 1) / n * np.bincount(h, squared)).sum()))
