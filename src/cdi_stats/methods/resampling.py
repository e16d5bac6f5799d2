"""The bootstrap of records, compressed over patterns.

Records of one stratum with the same (recorded, reported) pair and weight are alike, so drawing records with
replacement is a multinomial draw over the few distinct patterns: exactly the same distribution, far less work. With c_j
records of pattern j in stratum h, a replicate draws r_j ~ multinomial(n_h - 1, c_j / n_h) and weighs them by

    w (1 - s_h) c_j + w s_h n_h/(n_h - 1) r_j,    s_h = sqrt(1 - f_h)

(Rao & Wu 1988; Rao, Wu & Yue 1992), whose variance is the linearised one. Percentile and BCa limits (Efron 1987) are a
diagnostic: in audits of this kind both cover less than the default (see the coverage study).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.design import Design, checked_crimes, declare_design, domain_mask
from cdi_stats.methods.proportion import FloatArray, Interval, check_confidence_level
from cdi_stats.rounding import percent
from cdi_stats.showing import Shown

KINDS = ("percentile", "bca")
A_PIECE = 100_000  # replicates drawn from one seed; more are drawn in pieces, each from a seed of its own


@dataclass(frozen=True, repr=False)
class Bootstrap(Shown):
    """Bootstrap replicates of a recording rate: `replicates` are sorted rates (0-1), one a replicate.

    `by_stratum` holds each stratum's own replicates, unsorted, as replicates x strata in the order of `strata`.
    """

    rate: float
    replicates: FloatArray
    strata: tuple[Any, ...]
    by_stratum: FloatArray
    acceleration: float

    @property
    def standard_error(self) -> float:
        """Return the standard deviation of the replicates (0-1)."""
        return float(self.replicates.std(ddof=1))

    def interval(self, confidence_level: float = 0.95, *, kind: str = "percentile") -> Interval[float]:
        """Return the "percentile" or "bca" interval of the rate. Raises InvalidCounts for another kind."""
        check_confidence_level(confidence_level)
        if kind not in KINDS:
            raise InvalidCounts(f"kind: found {kind!r}; expected one of {', '.join(KINDS)}")
        tails = np.array([(1 - confidence_level) / 2, (1 + confidence_level) / 2])
        if kind == "bca":
            tails = self._bca(tails)
        low, high = np.quantile(self.replicates, tails)
        return Interval(float(low), float(high), confidence_level, f"bootstrap {kind}")

    def _bca(self, tails: FloatArray) -> FloatArray:
        """Return the tails moved for bias and for acceleration (Efron 1987)."""
        below = (self.replicates < self.rate).mean() + (self.replicates == self.rate).mean() / 2
        if not 0 < below < 1:
            return tails
        bias = float(ndtri(below))
        moved = bias + ndtri(tails)
        return np.asarray(ndtr(bias + moved / (1 - self.acceleration * moved)))

    def __str__(self) -> str:
        points = f"{100 * self.standard_error:.2f} points"
        return f"{percent(self.rate)}, standard error {points}, {self.replicates.size:,} replicates"


def bootstrap_rate(
    recorded: ArrayLike,
    reported: ArrayLike,
    *,
    seed: int,
    replicates: int = 2000,
    stratum: ArrayLike | None = None,
    population: Mapping[Any, float] | ArrayLike | None = None,
    domain: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    spread: Callable[..., Iterable[NDArray[np.float64]]] = map,
) -> Bootstrap:
    """Return the Bootstrap of a recording rate, overall and by stratum, from one seed.

    `domain` is a boolean mask; the rest as for estimate_rate. The same seed and data give the same replicates,
    whatever the order of the records. More than 100,000 are drawn in pieces of as many, by `spread`: a map that may
    make its calls anywhere, such as on_cluster gives, as long as their results come in order. Raises InvalidCounts for
    impossible input, or a stratum with one sampled record.
    """
    k, m = checked_crimes(recorded, reported)
    design = declare_design(k.size, stratum=stratum, population=population, weight=weight)
    if (design.sampled < 2).any():
        raise InvalidCounts("stratum: found one sampled record; expected two or more, to draw records again")
    if replicates < 2:
        raise InvalidCounts(f"replicates: found {replicates}; expected two or more")
    inside = domain_mask(domain, k.size)
    if not m[inside].any():
        raise InvalidCounts("domain: found no reported crime in it; expected at least one, else there is no rate")
    k, m = k * inside, m * inside
    strata = [_alike(design, h, k, m) for h in range(design.sampled.size)]
    pieces = range(-(-replicates // A_PIECE))
    sizes = [min(A_PIECE, replicates - piece * A_PIECE) for piece in pieces]
    sums = np.concatenate(list(spread(partial(_piece, strata, seed), pieces, sizes)))
    w = design.weight
    rate = float((w * k).sum() / (w * m).sum())
    residual = w * (k - rate * m)
    squared = float((residual**2).sum())
    acceleration = float((residual**3).sum()) / (6 * squared**1.5) if squared else 0.0
    whole = sums.sum(axis=1)
    if not (whole[:, 1] > 0).all():
        raise InvalidCounts("reported: found too few records with a crime; expected more, to draw records again")
    by_stratum = np.divide(sums[:, :, 0], sums[:, :, 1], out=np.full(sums.shape[:2], np.nan), where=sums[:, :, 1] > 0)
    return Bootstrap(rate, np.sort(whole[:, 0] / whole[:, 1]), design.names, by_stratum, acceleration)


class _Alike(NamedTuple):
    """A stratum's records by what they hold: patterns (weight, recorded, reported), how many records have each.

    `kept` is the share s_h of a draw in a record's weight, `sampled` the number of records n_h.
    """

    patterns: FloatArray
    counts: NDArray[np.int64]
    sampled: int
    kept: float


def _alike(design: Design, h: int, k: FloatArray, m: FloatArray) -> _Alike:
    here = design.stratum == h
    patterns, counts = np.unique(np.column_stack([design.weight[here], k[here], m[here]]), axis=0, return_counts=True)
    return _Alike(patterns, counts, int(design.sampled[h]), math.sqrt(design.unsampled[h]))


def _piece(strata: list[_Alike], seed: int, piece: int, replicates: int) -> NDArray[np.float64]:
    """Return a piece's sums, as replicates x strata x 2; the first piece is drawn from the seed itself."""
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(piece,)) if piece else seed)
    return np.stack([_drawn(stratum, replicates, random) for stratum in strata], axis=1)


def _drawn(stratum: _Alike, replicates: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Return a stratum's weighted crimes recorded and reported in every replicate, as replicates x 2."""
    patterns, counts, n, kept = stratum
    drawn = random.multinomial(n - 1, counts / n, size=replicates)
    multiple = (1 - kept) * counts + kept * n / (n - 1) * drawn
    weighted = patterns[:, :1] * patterns[:, 1:]
    return np.stack([(multiple * weighted[:, column]).sum(axis=1) for column in (0, 1)], axis=1)
