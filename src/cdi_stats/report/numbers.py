"""The figures of a report as they read, by the rules of `rounding`, and each with how it came about."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

from cdi_stats.findings.change import FindingChange
from cdi_stats.findings.concentration import Concentration
from cdi_stats.findings.examine import Finding
from cdi_stats.findings.withheld import is_withheld
from cdi_stats.methods.extrapolation import Total
from cdi_stats.methods.survey import RateEstimate
from cdi_stats.report.blocks import Figure
from cdi_stats.rounding import (
    NOT_APPLICABLE,
    as_level,
    count,
    margin,
    percent,
    points,
    rounded,
    yearly,
    yearly_limit,
)

WORDS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
__all__ = [
    "FEW_CASES",
    "NOT_APPLICABLE",
    "SHORTHAND",
    "WORDS",
    "ChangeNumbers",
    "ConcentrationNumbers",
    "FindingNumbers",
    "count",
    "in_words",
    "long_date",
    "margin",
    "percent",
    "points",
    "rounded",
    "yearly",
    "yearly_limit",
]

FEW_CASES = 30
SHORTHAND = "[c]"  # how the UK statistics spreadsheets mark a confidential figure


def in_words(number: int) -> str:
    """Return a small count in words, a larger one in figures."""
    return WORDS[number] if 0 <= number < len(WORDS) else count(number)


def long_date(day: date) -> str:
    """Return a date in full: 1 June 2016."""
    return f"{day.day} {day:%B %Y}"


@dataclass(frozen=True)
class FindingNumbers:
    """The figures of one finding as they read. `prefix` sets an earlier audit's figures apart."""

    finding: Finding
    prefix: str = ""

    def _figure(self, name: str, value: float, text: str, unit: str) -> Figure:
        return Figure(f"{self.prefix}{self.finding.key}/{name}", float(value), text, unit, self.finding.provenance)

    @property
    def exists(self) -> bool:
        """Return whether there is a rate at all."""
        return self.finding.estimate is not None

    @property
    def absent(self) -> str:
        """Return what stands in a table where there is no rate: that it is withheld, or that there is none."""
        return SHORTHAND if is_withheld(self.finding) else NOT_APPLICABLE

    @property
    def few(self) -> bool:
        """Return whether there are too few cases for a percentage to mean much."""
        return self.finding.due < FEW_CASES

    @property
    def level(self) -> str:
        """Return the confidence level, such as 95%."""
        return as_level(self._estimate.interval.confidence_level)

    @property
    def _estimate(self) -> RateEstimate:
        assert self.finding.estimate is not None
        return self.finding.estimate

    @property
    def rate(self) -> Figure:
        """Return the rate."""
        return self._figure("rate", self._estimate.rate, percent(self._estimate.rate), "percent")

    @property
    def low(self) -> Figure:
        """Return the lower limit."""
        low = self._estimate.interval.low
        return self._figure("low", low, percent(low), "percent")

    @property
    def high(self) -> Figure:
        """Return the upper limit."""
        high = self._estimate.interval.high
        return self._figure("high", high, percent(high), "percent")

    @property
    def plain_low(self) -> Figure:
        """Return the lower limit of plain Wilson."""
        assert self.finding.plain is not None
        return self._figure("plain_low", self.finding.plain.low, percent(self.finding.plain.low), "percent")

    @property
    def plain_high(self) -> Figure:
        """Return the upper limit of plain Wilson."""
        assert self.finding.plain is not None
        return self._figure("plain_high", self.finding.plain.high, percent(self.finding.plain.high), "percent")

    @property
    def due(self) -> Figure:
        """Return the cases due."""
        return self._figure("reported", self.finding.due, count(self.finding.due), "count")

    @property
    def done(self) -> Figure:
        """Return the cases done."""
        return self._figure("recorded", self.finding.done, count(self.finding.done), "count")

    @property
    def missed(self) -> Figure:
        """Return the cases due and not done."""
        missed = self.finding.due - self.finding.done
        return self._figure("missed", missed, count(missed), "count")

    @property
    def records(self) -> Figure | str:
        """Return the records sampled, or n/a where only totals are known."""
        records = self._estimate.records
        return NOT_APPLICABLE if records is None else self._figure("records", records, count(records), "count")

    @property
    def published_bounds(self) -> bool:
        """Return whether the inspectorate's method bounds the rate: on two or three cases it gives 0 to 100%."""
        published = self.finding.published
        return published is not None and (published.low > 0 or published.high < 1)

    @property
    def published_margin(self) -> Figure:
        """Return half the width of the inspectorate's interval, in points; below the rate only, at 100 %."""
        assert self.finding.published is not None
        rate = self.finding.done / self.finding.due
        half = max(rate - self.finding.published.low, self.finding.published.high - rate)
        return self._figure("published_margin", half, margin(half), "points")

    @property
    def published_low(self) -> Figure:
        """Return the lower limit of the inspectorate's interval, cut to one decimal as it prints it."""
        assert self.finding.published is not None
        low = self.finding.published.low
        return self._figure("published_low", low, f"{math.floor(low * 1000 + 1e-9) / 10:.1f}%", "percent")

    @property
    def effective(self) -> Figure:
        """Return the effective sample size in crimes."""
        size = self._estimate.effective_sample_size
        return self._figure("effective_sample_size", size, "all" if math.isinf(size) else count(size), "count")

    @property
    def design_effect(self) -> Figure | str:
        """Return the design effect to two decimals, or n/a where it cannot be seen."""
        effect = self._estimate.design_effect
        if math.isnan(effect):
            return NOT_APPLICABLE
        return self._figure("design_effect", effect, str(rounded(effect, 2)), "ratio")

    @property
    def degrees_of_freedom(self) -> Figure | str:
        """Return the degrees of freedom, or n/a where a normal quantile was used."""
        df = self._estimate.degrees_of_freedom
        if math.isinf(df):
            return NOT_APPLICABLE
        return self._figure("degrees_of_freedom", df, str(rounded(df, 1)), "count")

    @property
    def unrecorded(self) -> Figure | None:
        """Return the crimes not recorded in a year."""
        total = self.finding.unrecorded
        return None if total is None else self._total("unrecorded_per_year", total.value, yearly(total.value))

    def _total(self, name: str, value: float, text: str) -> Figure:
        return self._figure(name, value, text, "crimes a year")

    def limits(self, total: Total, name: str = "unrecorded") -> tuple[Figure, Figure]:
        """Return the range of a yearly total."""
        low, high = total.interval.low, total.interval.high
        return self._total(f"{name}_low", low, yearly_limit(low)), self._total(f"{name}_high", high, yearly_limit(high))


@dataclass(frozen=True)
class ChangeNumbers:
    """The figures of one change as they read."""

    change: FindingChange

    def _figure(self, name: str, value: float, text: str, unit: str) -> Figure:
        source = f"later {self.change.later.provenance}; earlier {self.change.earlier.provenance}"
        return Figure(f"{self.change.key}/{name}", float(value), text, unit, source)

    @property
    def difference(self) -> Figure:
        """Return later - earlier in percentage points."""
        return self._figure("difference", self.change.change.value, points(self.change.change.value), "points")

    @property
    def low(self) -> Figure:
        """Return the lower limit of the difference."""
        low = self.change.change.interval.low
        return self._figure("difference_low", low, points(low), "points")

    @property
    def high(self) -> Figure:
        """Return the upper limit of the difference."""
        high = self.change.change.interval.high
        return self._figure("difference_high", high, points(high), "points")

    @property
    def additional(self) -> Figure | None:
        """Return the crimes a year that the earlier rate would have missed, to the nearest ten."""
        total = self.change.additional
        if total is None:
            return None
        return self._figure(
            "additional_per_year", total.value, count(float(rounded(total.value / 10, 0)) * 10), "crimes a year"
        )

    @property
    def additional_limits(self) -> tuple[Figure, Figure]:
        """Return the range of the additional crimes."""
        assert self.change.additional is not None
        low, high = self.change.additional.interval.low, self.change.additional.interval.high
        return (
            self._figure("additional_low", low, yearly_limit(low), "crimes a year"),
            self._figure("additional_high", high, yearly_limit(high), "crimes a year"),
        )


@dataclass(frozen=True)
class ConcentrationNumbers:
    """The figures of how misses lie over records, as they read."""

    concentration: Concentration

    def _figure(self, name: str, value: float, text: str, unit: str) -> Figure:
        c = self.concentration
        source = f"{c.missed} missed crimes in {len(c.misses)} of {c.records} records"
        return Figure(f"concentration/{c.stratum or 'all'}/{name}", float(value), text, unit, source)

    def _count(self, name: str, value: int) -> Figure:
        return self._figure(name, value, count(value), "count")

    def _share(self, name: str, value: float, decimals: int = 0) -> Figure:
        return self._figure(name, value, percent(value, decimals), "percent")

    @property
    def missed(self) -> Figure:
        """Return the crimes missed."""
        return self._count("missed", self.concentration.missed)

    @property
    def records(self) -> Figure:
        """Return the records sampled."""
        return self._count("records", self.concentration.records)

    @property
    def records_with_misses(self) -> Figure:
        """Return the records that hold a missed crime."""
        return self._count("records_with_misses", len(self.concentration.misses))

    @property
    def carrying(self) -> Figure:
        """Return how many records hold more than half of the misses."""
        return self._count("carrying", self.concentration.carrying)

    @property
    def carried(self) -> Figure:
        """Return the misses in the records that carry the result."""
        return self._count("carried", self.concentration.carried)

    @property
    def carried_share(self) -> Figure:
        """Return the share of all misses in the records that carry the result."""
        return self._share("carried_share", self.concentration.carried / self.concentration.missed)

    @property
    def carried_variance(self) -> Figure:
        """Return the share of the sampling variance in the records that carry the result."""
        return self._share("carried_variance", self.concentration.carried_variance)

    def top_missed(self, top: int) -> Figure:
        """Return the misses in the first records."""
        return self._count(f"top_{top}_missed", self.concentration.top[top])

    def top_share(self, top: int) -> Figure:
        """Return the share of all misses in the first records."""
        return self._share(f"top_{top}_share", self.concentration.share(top))

    def top_variance(self, top: int) -> Figure:
        """Return the share of the sampling variance in the records that have most of it."""
        return self._share(f"top_{top}_variance", self.concentration.top_variance[top])

    @property
    def _without(self) -> RateEstimate:
        assert self.concentration.without is not None
        return self.concentration.without

    @property
    def without(self) -> Figure:
        """Return the rate had the carrying records not been drawn."""
        return self._share("rate_without", self._without.rate, 1)

    @property
    def without_low(self) -> Figure:
        """Return its lower limit."""
        return self._share("rate_without_low", self._without.interval.low, 1)

    @property
    def without_high(self) -> Figure:
        """Return its upper limit."""
        return self._share("rate_without_high", self._without.interval.high, 1)

    @property
    def without_due(self) -> Figure:
        """Return the crimes it is a rate of."""
        return self._count("rate_without_reported", self._without.reported)
