"""Recording rates from samples of records: strata, clusters, weights, finite populations, domains.

Notation: record i of stratum h holds m_hi crimes reported, k_hi of them recorded; n_h records were sampled of
N_h; w_hi is the weight (N_h / n_h unless given). The rate is the ratio p = sum w k / sum w m (Cochran 1977), its
variance the linearised one (Woodruff 1971; Lumley 2010):

    e_hi = w_hi (k_hi - p m_hi), 0 outside the domain
    V = sum_h (1 - n_h/N_h) n_h/(n_h - 1) sum_i (e_hi - mean e_h)^2 / (sum w m)^2
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.proportion import (
    FloatArray,
    Interval,
    check_confidence_level,
    finite_population_size,
    normal_quantile,
    proportion_interval,
    wilson_limits,
)

DEGREES_OF_FREEDOM = ("kurtosis", "design", "normal")
FEW_DEGREES_OF_FREEDOM = 8
DOMINANT_SHARE = 0.25


@dataclass(frozen=True)
class Caution:
    """Something a reader of a result must know: a stable `code` and one plain sentence."""

    code: str
    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class RateEstimate:
    """A recording rate (share in 0-1) with its interval and how it came about.

    `records`, `reported` and `recorded` count the sample; `records` is None where only totals are known.
    `effective_sample_size` is in crimes, min(p (1 - p) / V, reported); `design_effect` is V over the variance of a
    simple random sample of as many crimes (nan where it cannot be seen); `degrees_of_freedom` is inf for a normal
    quantile. `top_record_share` is the largest record's share of the variance (0-1).
    """

    rate: float
    standard_error: float
    interval: Interval[float]
    records: int | None
    reported: int
    recorded: int
    effective_sample_size: float
    design_effect: float
    degrees_of_freedom: float
    warnings: tuple[Caution, ...] = ()
    top_record_share: float = field(default=math.nan, compare=False)
    crimes_in_frame: float | None = None

    def at(self, confidence_level: float) -> RateEstimate:
        """Return the same estimate with its interval at another confidence level."""
        check_confidence_level(confidence_level)
        if confidence_level == self.interval.confidence_level:
            return self
        return replace(self, interval=_interval(self, confidence_level, self.interval.method))

    def __str__(self) -> str:
        return (
            f"{self.rate:.1%} of {self.reported:,} reported crimes were recorded "
            f"({100 * self.interval.confidence_level:g}% interval {self.interval.low:.1%} to {self.interval.high:.1%})"
        )


def estimate_rate(
    recorded: ArrayLike,
    reported: ArrayLike,
    *,
    stratum: ArrayLike | None = None,
    population: Mapping[Any, float] | ArrayLike | None = None,
    domain: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    confidence_level: float = 0.95,
    method: str = "wilson",
    degrees_of_freedom: str = "kurtosis",
) -> Any:
    """Return the recording rate of a sample of records as a RateEstimate.

    `recorded` and `reported` hold one entry a record (zeros allowed: a record with no crime due stays in the sample).
    `stratum` labels the records; `population` gives the records in the frame, as {stratum: number}, one number for all,
    or an array of one entry a record. `weight` overrides N_h / n_h: all ones give the pooled rate, with strata and
    finite populations still in its variance. `domain` is a boolean mask, or labels, one a record; labels give a dict
    {label: RateEstimate}, with None for a label whose records hold no crime. `method` is "wilson" (Wilson on effective
    crimes, the default) or "wald" (linearised; Wilson where no crime was missed). `degrees_of_freedom` is "kurtosis"
    (Valliant & Rust 2010) or "design" (records minus strata, effective crimes uncapped: R survey's convention), or
    "normal" (a normal quantile, for crimes that stand alone). Raises InvalidCounts for impossible input.
    """
    check_confidence_level(confidence_level)
    if method not in METHODS:
        raise InvalidCounts(f"method: found {method!r}; expected one of {', '.join(METHODS)}")
    if degrees_of_freedom not in DEGREES_OF_FREEDOM:
        raise InvalidCounts(
            f"degrees_of_freedom: found {degrees_of_freedom!r}; expected one of {', '.join(DEGREES_OF_FREEDOM)}"
        )
    design = _declare(recorded, reported, stratum, population, weight)
    if domain is None:
        return _estimate(design, None, confidence_level, method, degrees_of_freedom)
    labels = np.asarray(domain)
    if labels.shape != design.reported.shape:
        raise InvalidCounts(f"domain: found {labels.size} entries; expected one a record, {design.reported.size}")
    if labels.dtype == bool:
        return _estimate(design, labels, confidence_level, method, degrees_of_freedom)
    return {
        label: _estimate(design, labels == label, confidence_level, method, degrees_of_freedom)
        if design.reported[labels == label].any()
        else None
        for label in dict.fromkeys(labels.tolist())
    }


def estimate_rate_from_counts(
    recorded: int,
    reported: int,
    *,
    population: float | None = None,
    confidence_level: float = 0.95,
) -> RateEstimate:
    """Return a RateEstimate from totals alone: plain Wilson on crimes, with O'Neill's form for a finite population.

    Clustering cannot be seen in totals: `records` is None and `design_effect` nan.
    """
    interval = proportion_interval(recorded, reported, confidence_level=confidence_level, population=population)
    rate = recorded / reported
    size = reported if population is None else float(finite_population_size(reported, population))
    return RateEstimate(
        rate=rate,
        standard_error=math.sqrt(rate * (1 - rate) / size),
        interval=interval,
        records=None,
        reported=int(reported),
        recorded=int(recorded),
        effective_sample_size=size,
        design_effect=math.nan,
        degrees_of_freedom=math.inf,
        crimes_in_frame=population,
    )


@dataclass(frozen=True)
class _Design:
    """The declared sample: one entry a record, and one entry a stratum (`sampled`, `frame`; frame inf if unknown)."""

    recorded: FloatArray
    reported: FloatArray
    weight: FloatArray
    stratum: NDArray[np.intp]
    names: tuple[Hashable, ...]
    sampled: FloatArray
    frame: FloatArray
    pooled: bool


def _declare(
    recorded: ArrayLike,
    reported: ArrayLike,
    stratum: ArrayLike | None,
    population: Mapping[Any, float] | ArrayLike | None,
    weight: ArrayLike | None,
) -> _Design:
    k, m = _numbers("recorded", recorded), _numbers("reported", reported)
    if k.ndim != 1 or k.shape != m.shape or not k.size:
        raise InvalidCounts(
            f"recorded, reported: found shapes {k.shape} and {m.shape}; expected one entry a record each"
        )
    bad = ~np.isfinite(k) | ~np.isfinite(m) | (k < 0) | (k > m) | (k != np.floor(k)) | (m != np.floor(m))
    if bad.any():
        i = int(np.argmax(bad))
        raise InvalidCounts(
            f"record {i}: found {k[i]:g} recorded of {m[i]:g} reported; "
            "expected whole numbers, 0 <= recorded <= reported"
        )
    if m.sum() == 0:
        raise InvalidCounts("reported: found no crime in any record; expected at least one, else there is no rate")
    labels = np.zeros(k.size, dtype=np.intp) if stratum is None else np.asarray(stratum)
    if labels.shape != k.shape:
        raise InvalidCounts(f"stratum: found {labels.size} entries; expected one a record, {k.size}")
    names, codes = np.unique(labels, return_inverse=True)
    sampled = np.bincount(codes).astype(float)
    frame = _frame_sizes(population, names, codes, sampled)
    if weight is not None:
        w = _numbers("weight", weight)
        if w.shape != k.shape or not np.all(np.isfinite(w) & (w > 0)):
            raise InvalidCounts("weight: expected one positive number a record")
    else:
        w = np.ones(k.size) if population is None else (frame / sampled)[codes]
    pooled = names.size > 1 and bool(np.ptp(w) == 0) and (population is None or weight is not None)
    return _Design(k, m, w, codes, tuple(names.tolist()), sampled, frame, pooled)


def _numbers(name: str, values: ArrayLike) -> FloatArray:
    try:
        return np.asarray(values, float)
    except (TypeError, ValueError):
        raise InvalidCounts(f"{name}: found something that is no number; expected numbers") from None


def _frame_sizes(
    population: Mapping[Any, float] | ArrayLike | None,
    names: NDArray[Any],
    codes: NDArray[np.intp],
    sampled: FloatArray,
) -> FloatArray:
    if population is None:
        return np.full(names.size, np.inf)
    if isinstance(population, Mapping):
        missing = [str(name) for name in names.tolist() if name not in population]
        if missing:
            raise InvalidCounts(f"population: no entry for stratum {', '.join(missing)}; expected one for each stratum")
        frame = _numbers("population", [population[name] for name in names.tolist()])
    else:
        given = _numbers("population", population)
        if given.ndim == 0 and names.size > 1:
            raise InvalidCounts(
                "population: found one number for several strata; expected {stratum: records in the frame}"
            )
        entries = np.broadcast_to(given, codes.shape) if given.ndim == 0 else given
        if entries.shape != codes.shape:
            raise InvalidCounts(f"population: found {entries.size} entries; expected one a record, {codes.size}")
        frame = np.zeros(names.size)
        frame[codes] = entries
        if np.any(frame[codes] != entries):
            raise InvalidCounts("population: found different sizes within one stratum; expected one size a stratum")
    for name, size, drawn in zip(names.tolist(), frame, sampled, strict=True):
        if not (np.isfinite(size) and size >= drawn):
            raise InvalidCounts(
                f"population of stratum {name}: found {size:g}; expected the number of records in the frame, "
                f"at least the {drawn:g} sampled (a number, not a share)"
            )
    return frame


def _estimate(
    design: _Design, domain: NDArray[np.bool_] | None, level: float, method: str, degrees_of_freedom: str
) -> RateEstimate:
    """Apply the module's formulas to one domain of a declared sample."""
    inside = np.ones(design.reported.size, bool) if domain is None else domain
    w, h = design.weight * inside, design.stratum
    crimes = float((w * design.reported).sum())
    if crimes == 0:
        raise InvalidCounts("domain: found no reported crime in it; expected at least one, else there is no rate")
    _refuse_lonely_strata(design, inside)

    rate = float((w * design.recorded).sum()) / crimes
    residual = w * (design.recorded - rate * design.reported)
    centred = residual - (np.bincount(h, residual) / design.sampled)[h]
    # rounding must not pass for variation: it would claim an almost infinite effective sample
    centred[np.abs(centred) < 1e-12 * (w * design.reported).max()] = 0.0
    squares, fourths = (np.bincount(h, centred**power).astype(float) for power in (2, 4))
    unsampled = 1 - np.where(np.isfinite(design.frame), design.sampled / design.frame, 0.0)
    scale = unsampled * design.sampled / np.maximum(design.sampled - 1, 1) / crimes**2
    parts = scale * squares
    variance = float(parts.sum())

    reported, recorded = int(design.reported[inside].sum()), int(design.recorded[inside].sum())
    records = int(inside.sum())
    design_df = records - np.unique(h[inside]).size
    top_share = float((scale[h] * centred**2).max() / variance) if variance else math.nan
    census = bool(np.all(unsampled[np.unique(h[inside])] == 0))
    spread = rate * (1 - rate)
    if variance > 0:
        effective = spread / variance if degrees_of_freedom == "design" else min(spread / variance, reported)
        effect = reported * variance / spread
        df = {
            "kurtosis": min(_kurtosis_df(parts, squares, fourths, design.sampled), max(design_df, 1)),
            "design": float(max(design_df, 1)),
            "normal": math.inf,
        }[degrees_of_freedom]
    else:
        effective = math.inf if census else min(reported, _kish_records(w, design.reported))
        effect, df = math.nan, math.inf
    estimate = RateEstimate(
        rate=rate,
        standard_error=math.sqrt(variance),
        interval=Interval(rate, rate, level, method),
        records=records,
        reported=reported,
        recorded=recorded,
        effective_sample_size=effective,
        design_effect=effect,
        degrees_of_freedom=df,
        warnings=_cautions(design, inside, recorded, reported, df, top_share, census),
        top_record_share=top_share,
        crimes_in_frame=_crimes_in_frame(design, inside),
    )
    return replace(estimate, interval=_interval(estimate, level, method))


def _refuse_lonely_strata(design: _Design, inside: NDArray[np.bool_]) -> None:
    """Refuse a stratum that the domain touches with one sampled record of several: its variation cannot be seen."""
    lonely = (design.sampled < 2) & (design.frame != design.sampled) & (np.bincount(design.stratum, inside) > 0)
    if lonely.any():
        names = ", ".join(str(name) for name, alone in zip(design.names, lonely, strict=True) if alone)
        raise InvalidCounts(f"stratum {names}: found one sampled record; expected two or more, to see any variation")


def _kurtosis_df(parts: FloatArray, squares: FloatArray, fourths: FloatArray, sampled: FloatArray) -> float:
    """Satterthwaite's degrees of freedom from the residuals' kurtosis: df_h = 2 S2^2 / (S4 - S2^2 / n_h).

    Combined as V^2 / sum(V_h^2 / df_h); about twice the number of records with misses (after Valliant & Rust 2010).
    """
    excess = np.maximum(fourths - squares**2 / sampled, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.where(squares > 0, excess / (2 * squares**2), 0.0)
    lost = float((parts**2 * inverse).sum())
    return float(parts.sum() ** 2 / lost) if lost > 0 else math.inf


def _kish_records(weight: FloatArray, reported: FloatArray) -> float:
    """Return Kish's effective number of records, (sum w m)^2 / sum (w m)^2."""
    size = weight * reported
    return float(size.sum() ** 2 / (size**2).sum())


def _crimes_in_frame(design: _Design, inside: NDArray[np.bool_]) -> float | None:
    """Return the crimes reported in the whole frame, estimated by N_h / n_h times those sampled."""
    if not np.isfinite(design.frame).all():
        return None
    return float(((design.frame / design.sampled)[design.stratum] * inside * design.reported).sum())


def _cautions(
    design: _Design,
    inside: NDArray[np.bool_],
    recorded: int,
    reported: int,
    df: float,
    top_share: float,
    census: bool,
) -> tuple[Caution, ...]:
    found = []
    if design.pooled and np.unique(design.stratum[inside]).size > 1:
        found.append(
            Caution("pooled", "Crimes are pooled over strata sampled at different rates, not weighted to the frame.")
        )
    if census:
        found.append(Caution("census", "Every record of the frame was examined."))
    elif recorded in (0, reported):
        what = "Every sampled crime was recorded" if recorded else "No sampled crime was recorded"
        found.append(
            Caution("unanimous", f"{what}; the limit counts effective records, since crimes in one record are alike.")
        )
    elif math.isnan(top_share):
        found.append(
            Caution("no-variation", "Every record shows the same rate; the interval counts effective records.")
        )
    if df < FEW_DEGREES_OF_FREEDOM:
        found.append(
            Caution(
                "few-degrees-of-freedom",
                "Few records decide this result; its interval is wide and may still be too short.",
            )
        )
    if top_share > DOMINANT_SHARE:
        found.append(
            Caution("one-record-dominates", f"One record accounts for {top_share:.0%} of the sampling variance.")
        )
    return tuple(found)


def _interval(estimate: RateEstimate, level: float, method: str) -> Interval[float]:
    """Return the interval of an estimate at a level, from its rate, effective size and degrees of freedom."""
    rate, size = estimate.rate, estimate.effective_sample_size
    if math.isinf(size):
        return Interval(rate, rate, level, method)
    z = normal_quantile(level)
    t = z if math.isinf(estimate.degrees_of_freedom) else float(stdtrit(estimate.degrees_of_freedom, (1 + level) / 2))
    low, high = METHODS[method](estimate, t, level)
    low = 0.0 if rate == 0 else min(max(float(low), 0.0), 1.0)
    high = 1.0 if rate == 1 else min(max(float(high), 0.0), 1.0)
    return Interval(low, high, level, method)


def _wilson(estimate: RateEstimate, quantile: float, _level: float) -> tuple[float, float]:
    low, high = wilson_limits(estimate.rate, estimate.effective_sample_size, quantile)
    return float(low), float(high)


def _wald(estimate: RateEstimate, quantile: float, level: float) -> tuple[float, float]:
    if estimate.standard_error == 0:
        return _wilson(estimate, quantile, level)
    margin = quantile * estimate.standard_error
    return estimate.rate - margin, estimate.rate + margin


METHODS = {"wilson": _wilson, "wald": _wald}
