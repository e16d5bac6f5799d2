"""What a pilot audit tells the planner: the crimes in a record, how alike they are, and the sample that follows.

Notation: the K pilot records that hold a crime hold m_i each, M in all, k_i of them recorded. By analysis of variance

    B = (sum k^2/m - (sum k)^2 / M) / (K - 1)      W = (sum k - sum k^2/m) / (M - K)
    m_0 = (M - sum m^2 / M) / (K - 1)              icc = (B - W) / (B + (m_0 - 1) W)

and with m' = sum m^2 / M, the crimes in the record of an average crime, the design effect is d = 1 + (m' - 1) icc.
Saha, Miller & Wang (2016) put M / d for the crimes in Wilson's limits.
"""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.design import checked_crimes
from cdi_stats.methods.planning import SampleSize, sample_size
from cdi_stats.methods.proportion import (
    FloatArray,
    Interval,
    check_confidence_level,
    normal_quantile,
    wilson_limits,
)
from cdi_stats.methods.survey import Caution
from cdi_stats.rounding import percent
from cdi_stats.showing import Shown


@dataclass(frozen=True, repr=False)
class Pilot(Shown):
    """What a pilot audit says about records: how many crimes they hold, and how alike these are.

    `crimes_per_record` is the mean over all records, those without a crime included; `weighted_crimes_per_record` is
    m'; `intra_record_correlation` is the ANOVA estimate and `variance_inflation` is 1 + (m' - 1) icc, either as it
    comes. `design_effect` is the one to plan with: never below 1.
    """

    records: int
    reported: int
    recorded: int
    crimes_per_record: float
    weighted_crimes_per_record: float
    intra_record_correlation: float
    variance_inflation: float
    warnings: tuple[Caution, ...] = ()

    @property
    def rate(self) -> float:
        """Return the pilot's recording rate (0-1)."""
        return self.recorded / self.reported

    @property
    def design_effect(self) -> float:
        """Return the variance inflation, or 1 where it is less: chance alone must not promise a smaller sample."""
        return max(self.variance_inflation, 1.0)

    def plan(
        self,
        margin_of_error: float,
        *,
        rate: float | None = None,
        confidence_level: float = 0.95,
        population: float | None = None,
        method: str = "wilson",
    ) -> SampleSize:
        """Return the sample that records like the pilot's need, at the pilot's rate unless another is expected."""
        return sample_size(
            self.rate if rate is None else rate,
            margin_of_error,
            confidence_level=confidence_level,
            population=population,
            design_effect=self.design_effect,
            crimes_per_record=self.crimes_per_record,
            method=method,
        )

    def __str__(self) -> str:
        return (
            f"{self.records:,} pilot records hold {self.crimes_per_record:.2f} crimes each with an intra-record "
            f"correlation of {self.intra_record_correlation:.3f}: design effect {self.design_effect:.2f}"
        )


@dataclass(frozen=True, repr=False)
class AnovaWilson(Shown):
    """A rate with Wilson limits widened by the ANOVA correlation of crimes in a record (Saha, Miller & Wang 2016)."""

    rate: float
    interval: Interval[float]
    pilot: Pilot

    def __str__(self) -> str:
        icc, inflation = self.pilot.intra_record_correlation, self.pilot.variance_inflation
        return (
            f"{percent(self.rate)}, {self.interval}; intra-record correlation {icc:.3f}, "
            f"variance inflation {inflation:.2f}"
        )


def pilot_design(recorded: ArrayLike, reported: ArrayLike) -> Pilot:
    """Return what a pilot's records, one entry each (zeros allowed), say about crimes in a record, as a Pilot.

    The correlation is the ANOVA estimate (Ridout, Demetrio & Firth 1999; Saha, Miller & Wang 2016) over the records
    that hold a crime. Where it cannot be seen, the result warns: with no record of two crimes or more it is 0 and does
    not matter; with no miss, or nothing recorded, it is 1, so that only records count. Raises InvalidCounts for
    impossible counts, or fewer than two records with a crime.
    """
    k, m = checked_crimes(recorded, reported)
    held = m > 0
    k, m, records = k[held], m[held], m.size
    if m.size < 2:
        raise InvalidCounts(f"reported: found {m.size} record with a crime; expected at least two in a pilot")
    crimes, done = float(m.sum()), float(k.sum())
    correlation, warnings = _intra_record_correlation(k, m)
    weighted = float((m * m).sum()) / crimes
    inflation = 1 + (weighted - 1) * correlation
    return Pilot(records, int(crimes), int(done), crimes / records, weighted, correlation, inflation, warnings)


def plan_from_pilot(
    recorded: ArrayLike,
    reported: ArrayLike,
    margin_of_error: float,
    *,
    rate: float | None = None,
    confidence_level: float = 0.95,
    population: float | None = None,
    method: str = "wilson",
) -> SampleSize:
    """Return the sample that a margin of error needs, in one call from a pilot's records: pilot_design, then its plan.

    For several strata see `plan_strata_from_pilot`.
    """
    return pilot_design(recorded, reported).plan(
        margin_of_error, rate=rate, confidence_level=confidence_level, population=population, method=method
    )


def anova_wilson_interval(recorded: ArrayLike, reported: ArrayLike, *, confidence_level: float = 0.95) -> AnovaWilson:
    """Return the rate of one simple sample of records with Saha, Miller and Wang's Wilson interval (2016).

    Wilson's limits on M / d crimes, d the variance inflation by the ANOVA correlation. Unlike the paper's, d is never
    taken below 1. The limits agree with R's ratesci clusterpci(skew = FALSE). Raises as pilot_design.
    """
    check_confidence_level(confidence_level)
    pilot = pilot_design(recorded, reported)
    low, high = wilson_limits(pilot.rate, pilot.reported / pilot.design_effect, normal_quantile(confidence_level))
    limits = (0.0 if pilot.recorded == 0 else float(low), 1.0 if pilot.recorded == pilot.reported else float(high))
    return AnovaWilson(pilot.rate, Interval(*limits, confidence_level, "wilson-anova"), pilot)


def _intra_record_correlation(k: FloatArray, m: FloatArray) -> tuple[float, tuple[Caution, ...]]:
    """Return the ANOVA estimate over records that all hold a crime, and what must be said about it."""
    crimes, done, records = m.sum(), k.sum(), m.size
    if crimes == records:
        return 0.0, (Caution("single-crimes", "No pilot record holds two crimes; their correlation cannot be seen."),)
    if done in (0, crimes):
        message = "No crime differs from the others; the correlation is taken as 1, so that only records count."
        return 1.0, (Caution("unanimous", message),)
    agreement = (k * k / m).sum()
    between = (agreement - done**2 / crimes) / (records - 1)
    within = (done - agreement) / (crimes - records)
    typical = (crimes - (m * m).sum() / crimes) / (records - 1)
    icc = float((between - within) / (between + (typical - 1) * within))
    if icc < 0:
        return icc, (Caution("negative-correlation", "The correlation is below 0, by chance: planned with 0 instead."),)
    return icc, ()
