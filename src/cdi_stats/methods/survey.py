"""Recording rates from samples of records: strata, clusters, weights, finite populations, domains.

Notation: record i of stratum h holds m_hi crimes reported, k_hi of them recorded; n_h records were sampled of
N_h; w_hi is the weight (N_h / n_h unless given). The rate is the ratio p = sum w k / sum w m (Cochran 1977), its
variance V the linearised one (Woodruff 1971; Lumley 2010), by `design` from the residuals

    e_hi = w_hi (k_hi - p m_hi) / sum w m,    0 outside the domain

Effective crimes n_eff = min(p (1 - p) / V, crimes); where no crime was missed, or none recorded, they are
min(crimes, G) with Kish's effective records G = (sum w m)^2 / sum (w m)^2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.design import (
    Design,
    IntArray,
    Labels,
    checked_crimes,
    code_labels,
    declare_design,
    domain_mask,
    domain_maximum,
    group_sums,
)
from cdi_stats.methods.proportion import (
    FloatArray,
    Interval,
    check_confidence_level,
    finite_population_size,
    proportion_interval,
)
from cdi_stats.methods.survey_limits import METHODS, Evidence, rate_interval
from cdi_stats.rounding import NOT_APPLICABLE, count, percent, to_places, whole
from cdi_stats.showing import Grid, Shown, counted

DEGREES_OF_FREEDOM = ("kurtosis", "design", "normal")
FEW_DEGREES_OF_FREEDOM = 8
DOMINANT_SHARE = 0.25
NO_CRIME = "no crime reported"


@dataclass(frozen=True)
class Caution:
    """Something a reader of a result must know: a stable `code` and one plain sentence."""

    code: str
    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, repr=False)
class RateEstimate(Shown):
    """A recording rate (share in 0-1) with its interval and how it came about.

    `records`, `reported` and `recorded` count the sample; `records` is None where only totals are known.
    `effective_sample_size` is in crimes, min(p (1 - p) / V, reported); `design_effect` is V over the variance of a
    simple random sample of as many crimes (nan where it cannot be seen); `degrees_of_freedom` is inf for a normal
    quantile, `design_degrees_of_freedom` records minus strata. `top_record_share` is the largest record's share of the
    variance (0-1). `method` is the method asked for; the interval's is the one that made it.
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
    design_degrees_of_freedom: float = math.inf
    method: str = "wilson"

    def at(self, confidence_level: float) -> RateEstimate:
        """Return the same estimate with its interval at another confidence level."""
        return self.by(self.method, confidence_level)

    def by(self, method: str, confidence_level: float | None = None) -> RateEstimate:
        """Return the same estimate with its interval by another method (and level). Raises InvalidCounts if unknown."""
        level = self.interval.confidence_level if confidence_level is None else confidence_level
        if (method, level) == (self.method, self.interval.confidence_level):
            return self
        check_confidence_level(level)
        _check_choice("method", method, METHODS)
        return replace(self, method=method, interval=_interval(self, level, method))

    def __str__(self) -> str:
        effect = "" if math.isnan(self.design_effect) else f", design effect {to_places(self.design_effect)}"
        return (
            f"{percent(self.rate)} of reported crimes were recorded ({self.interval.level} interval "
            f"{self.interval.span}; {self.sample}; {self.interval.method}{effect})"
        )

    @property
    def sample(self) -> str:
        """Return what the rate was found on: 199 of 216 crimes in 228 records."""
        weighted = "" if abs(self.rate - self.recorded / self.reported) < 1e-9 else "weighted from "
        records = "" if self.records is None else f" in {counted(self.records, 'record')}"
        return f"{weighted}{self.recorded:,} of {counted(self.reported, 'crime')}{records}"

    def _grid(self) -> Grid:
        facts = [
            ("Recording rate", percent(self.rate)),
            (f"{self.interval.level} interval", self.interval.span),
            ("Crimes reported", count(self.reported)),
            ("Crimes recorded", count(self.recorded)),
            ("Records", NOT_APPLICABLE if self.records is None else count(self.records)),
            ("Effective sample size, crimes", whole(self.effective_sample_size)),
            ("Design effect", to_places(self.design_effect)),
            ("Degrees of freedom", to_places(self.degrees_of_freedom, 1)),
            ("Method", self.interval.method),
        ]
        return Grid(facts, notes=tuple(map(str, self.warnings)))


class Rates(Shown, dict[Any, RateEstimate | None]):
    """Recording rates by label, None where a label's records hold no crime; an ordinary dict that shows itself."""

    __repr__ = dict.__repr__

    def __str__(self) -> str:
        return "\n".join(f"{label}: {rate or NO_CRIME}" for label, rate in self.items())

    def _grid(self) -> Grid:
        rows = [(str(label), *(_row(rate) if rate else (NO_CRIME, *[""] * 4))) for label, rate in self.items()]
        level = next((f"{rate.interval.level} interval" for rate in self.values() if rate), "Interval")
        columns = ("Group", "Rate", level, "Crimes", "Records", "Design effect")
        return Grid(rows, columns, caption=f"Recording rates of {counted(len(self), 'group')}")


def _row(rate: RateEstimate) -> tuple[str, ...]:
    records = NOT_APPLICABLE if rate.records is None else count(rate.records)
    crimes = f"{rate.recorded:,} of {rate.reported:,}"
    return percent(rate.rate), rate.interval.span, crimes, records, to_places(rate.design_effect)


def estimate_rate(
    recorded: ArrayLike,
    reported: ArrayLike,
    *,
    stratum: ArrayLike | None = None,
    population: Mapping[Any, float] | ArrayLike | None = None,
    domain: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    lonely_stratum: str = "error",
    confidence_level: float = 0.95,
    method: str = "wilson",
    degrees_of_freedom: str = "kurtosis",
) -> Any:
    """Return the recording rate of a sample of records as a RateEstimate.

    `recorded` and `reported` hold one entry a record (zeros allowed: a record with no crime due stays in the sample).
    `stratum` labels the records; `population` gives the records in the frame, as {stratum: number}, one number for all,
    or an array of one entry a record. `weight` overrides N_h / n_h: all ones give the pooled rate, with strata and
    finite populations still in its variance. `domain` is a boolean mask, or labels, one a record; labels give a dict
    {label: RateEstimate}, with None for a label whose records hold no crime. `lonely_stratum` says what a stratum with
    one sampled record of several does: "error", or R survey's "adjust", "average" or "certainty". `method` is one of
    "wilson" (on effective crimes, the default), "korn-graubard", "logit", "likelihood", "arcsine" and "wald".
    `degrees_of_freedom` is "kurtosis" (Valliant & Rust 2010) or "design" (records minus strata, effective crimes
    uncapped: R survey's convention), or "normal" (a normal quantile, for crimes that stand alone). Raises
    InvalidCounts for impossible input.
    """
    check_confidence_level(confidence_level)
    _check_choice("method", method, METHODS)
    _check_choice("degrees_of_freedom", degrees_of_freedom, DEGREES_OF_FREEDOM)
    k, m = checked_crimes(recorded, reported)
    design = declare_design(
        k.size, stratum=stratum, population=population, weight=weight, lonely_stratum=lonely_stratum
    )
    pooled = len(design.names) > 1 and bool(np.ptp(design.weight) == 0) and (population is None or weight is not None)
    sample = _Sample(design, k, m, pooled, confidence_level, method, degrees_of_freedom)
    if domain is None:
        return sample.whole(np.zeros(k.size, np.intp))
    if np.asarray(domain).dtype == np.bool_:
        return sample.whole(domain_mask(domain, k.size).astype(np.intp) - 1)
    return sample.by_label(code_labels("domain", domain, k.size))


def estimate_rate_from_counts(
    recorded: int,
    reported: int,
    *,
    population: float | None = None,
    confidence_level: float = 0.95,
    method: str = "wilson",
) -> RateEstimate:
    """Return a RateEstimate from totals alone: plain Wilson on crimes, with O'Neill's form for a finite population.

    Clustering cannot be seen in totals: `records` is None and `design_effect` nan. `method` as for estimate_rate, on
    the crimes themselves ("korn-graubard" is then Clopper-Pearson).
    """
    _check_choice("method", method, METHODS)
    interval = proportion_interval(recorded, reported, confidence_level=confidence_level, population=population)
    rate = recorded / reported
    size = reported if population is None else float(finite_population_size(reported, population))
    estimate = RateEstimate(
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
    return estimate.by(method)


class _Seen(NamedTuple):
    """What a sample shows of one domain, before any choice of limits; `kish` is Kish's effective records."""

    rate: float
    variance: float
    recorded: float
    reported: float
    records: int
    kish: float
    crimes_in_frame: float
    kurtosis_df: float
    design_df: float
    top_share: float
    strata: int
    census: bool
    lonely: bool


@dataclass(frozen=True)
class _Sample:
    """A declared sample with its crimes, and how its limits are to be made."""

    design: Design
    recorded: FloatArray
    reported: FloatArray
    pooled: bool
    level: float
    method: str
    df_rule: str

    def whole(self, domain: IntArray) -> RateEstimate:
        """Return the rate of the records coded 0 (-1 is outside)."""
        (estimate,) = self._estimates(domain, 1)
        if estimate is None:
            raise InvalidCounts("domain: found no reported crime in it; expected at least one, else there is no rate")
        return estimate

    def by_label(self, labels: Labels) -> Rates:
        """Return the rate of each label, in the order in which the records first show them."""
        estimates = self._estimates(labels.codes, len(labels.names))
        return Rates({labels.names[code]: estimates[code] for code in labels.by_appearance})

    def _estimates(self, domain: IntArray, domains: int) -> list[RateEstimate | None]:
        """Apply the module's formulas to every domain at once; None where a domain holds no crime."""
        inside = slice(None) if domains > 1 or domain.min(initial=0) >= 0 else np.flatnonzero(domain >= 0)
        d, w = domain[inside], self.design.weight[inside]
        k, m = self.recorded[inside], self.reported[inside]
        wm = w * m

        def added(values: FloatArray) -> FloatArray:
            return group_sums(values, d, domains)

        crimes = added(wm)
        empty = crimes == 0
        scale = np.where(empty, 1.0, crimes)
        rate = added(w * k) / scale
        residual = np.zeros(domain.size)
        residual[inside] = (w * k - rate[d] * wm) / scale[d]
        spread = self.design.spread(residual, domain, domains, largest=domain_maximum(wm, d, domains) / scale)
        kish = crimes**2 / np.where(empty, 1.0, added(wm * wm))
        columns = (
            *(rate, spread.variance, added(k), added(m), np.bincount(d, minlength=domains), kish),
            *(self._frame_crimes(d, m, inside, domains), spread.kurtosis_df, spread.design_df, spread.top_share),
            *(spread.strata, spread.census, spread.lonely),
        )
        seen = map(_Seen._make, zip(*(column.tolist() for column in columns), strict=True))
        return [self._estimate(one) if one.reported else None for one in seen]

    def _frame_crimes(self, d: IntArray, m: FloatArray, inside: Any, domains: int) -> FloatArray:
        """Return the crimes reported in the whole frame, N_h / n_h times those sampled; inf where no frame is known."""
        if not np.isfinite(self.design.frame).all():
            return np.full(domains, np.inf)
        expansion = (self.design.frame / self.design.sampled)[self.design.stratum[inside]]
        return group_sums(expansion * m, d, domains)

    def _estimate(self, seen: _Seen) -> RateEstimate:
        spread = seen.rate * (1 - seen.rate)
        if seen.variance > 0:
            effective = spread / seen.variance
            size = effective if self.df_rule == "design" else min(effective, seen.reported)
            effect = seen.reported * seen.variance / spread
            df = {"kurtosis": seen.kurtosis_df, "design": seen.design_df, "normal": math.inf}[self.df_rule]
        else:
            size, effect, df = math.inf if seen.census else min(seen.reported, seen.kish), math.nan, math.inf
        estimate = RateEstimate(
            rate=seen.rate,
            standard_error=math.sqrt(seen.variance),
            interval=Interval(seen.rate, seen.rate, self.level, self.method),
            records=seen.records,
            reported=int(seen.reported),
            recorded=int(seen.recorded),
            effective_sample_size=size,
            design_effect=effect,
            degrees_of_freedom=df,
            top_record_share=seen.top_share,
            crimes_in_frame=seen.crimes_in_frame if math.isfinite(seen.crimes_in_frame) else None,
            design_degrees_of_freedom=seen.design_df,
            method=self.method,
        )
        lonely = self.design.lonely if seen.lonely else ""
        cautions = _cautions(estimate, pooled=self.pooled and seen.strata > 1, census=seen.census, lonely=lonely)
        return replace(estimate, interval=_interval(estimate, self.level, self.method), warnings=cautions)


def _interval(estimate: RateEstimate, level: float, method: str) -> Interval[float]:
    evidence = Evidence(
        rate=estimate.rate,
        standard_error=estimate.standard_error,
        size=estimate.effective_sample_size,
        reported=estimate.reported,
        degrees_of_freedom=estimate.degrees_of_freedom,
        capped=estimate.effective_sample_size <= estimate.reported,
    )
    return rate_interval(evidence, level, method)


def _check_choice(argument: str, value: Any, choices: Any) -> None:
    if value not in choices:
        raise InvalidCounts(f"{argument}: found {value!r}; expected one of {', '.join(choices)}")


def _cautions(estimate: RateEstimate, *, pooled: bool, census: bool, lonely: str) -> tuple[Caution, ...]:
    found = []
    if pooled:
        found.append(
            Caution("pooled", "Crimes are pooled over strata sampled at different rates, not weighted to the frame.")
        )
    if lonely:
        found.append(
            Caution("lonely-stratum", f"A stratum has one sampled record; its variance was set by the rule {lonely!r}.")
        )
    if census:
        found.append(Caution("census", "Every record of the frame was examined."))
    elif estimate.recorded in (0, estimate.reported):
        what = "Every sampled crime was recorded" if estimate.recorded else "No sampled crime was recorded"
        message = f"{what}; the limit counts effective records, since crimes in one record tend to be alike."
        found.append(Caution("unanimous", message))
    elif math.isnan(estimate.top_record_share):
        found.append(
            Caution("no-variation", "Every record shows the same rate; the interval counts effective records.")
        )
    if estimate.degrees_of_freedom < FEW_DEGREES_OF_FREEDOM:
        found.append(
            Caution(
                "few-degrees-of-freedom",
                "Few records decide this result; its interval is wide and may still be too short.",
            )
        )
    if estimate.top_record_share > DOMINANT_SHARE:
        share = f"{estimate.top_record_share:.0%}"
        found.append(Caution("one-record-dominates", f"One record accounts for {share} of the sampling variance."))
    return tuple(found)
