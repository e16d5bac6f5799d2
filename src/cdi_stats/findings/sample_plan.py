"""What a sampling plan comes to: records for a margin, how they may be shared out, the window that holds them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from cdi_stats.audit.frame import open_frame
from cdi_stats.audit.model import Audit
from cdi_stats.audit.reading import locate_audit, read_audit
from cdi_stats.audit.sampling import SampledStratum, SamplingPlan
from cdi_stats.errors import BadParameters
from cdi_stats.findings.examine import examine
from cdi_stats.findings.precision import USUAL_MARGIN, Precision, examine_precision
from cdi_stats.methods.allocation import (
    RULES,
    PlannedStratum,
    allocate_sample,
    expected_overall_margin,
    size_for_overall_margin,
)
from cdi_stats.methods.planning import SampleSize, expected_margin, sample_size
from cdi_stats.rounding import count, percent, to_places
from cdi_stats.showing import Grid, Shown, counted

FEWEST = 2
STATED, PILOT = "stated", "pilot"


@dataclass(frozen=True)
class StratumPlan:
    """A stratum's sample: `size` is what its margin needs, `records` what is to be drawn (the same unless stated).

    `origin` says where the expected rate comes from: "stated", or "pilot". `records_in_frame` and the `days` of its
    window are None where not known.
    """

    stratum: str
    label: str
    origin: str
    size: SampleSize
    records: int
    records_in_frame: int | None = None
    days: int | None = None

    @property
    def expected_margin(self) -> float:
        """Return the half-width (a share) to expect of the stratum's records."""
        return self.margin_of(self.records)

    def margin_of(self, records: float) -> float:
        """Return the half-width (a share) to expect of so many records: 0.5 of none, 0 of the whole frame."""
        if not records:
            return 0.5
        if self.records_in_frame and records >= self.records_in_frame:
            return 0.0
        return expected_margin(
            self.size.rate,
            records * self.size.crimes_per_record,
            confidence_level=self.size.confidence_level,
            population=self.records_in_frame or None,
            design_effect=self.size.design_effect,
            crimes_per_record=self.size.crimes_per_record,
        )

    @property
    def crimes(self) -> float:
        """Return the crimes to expect in the sample."""
        return self.records * self.size.crimes_per_record

    @property
    def sampling_fraction(self) -> float | None:
        """Return the share of the frame to be drawn (0-1), None where the frame is not known."""
        return self.records / self.records_in_frame if self.records_in_frame else None

    @property
    def records_a_day(self) -> float | None:
        """Return the records of the frame in a day of its window."""
        return self.records_in_frame / self.days if self.records_in_frame and self.days else None

    @property
    def days_needed(self) -> int | None:
        """Return the days that hold the records at the present volume, were all of them drawn."""
        return math.ceil(self.records / self.records_a_day - 1e-9) if self.records_a_day else None

    @property
    def as_planned(self) -> PlannedStratum | None:
        """Return the stratum as allocation takes it: its frame, and the deviation that its assumptions give a record.

        A sample of n records has the variance S^2 / n about the rate, S^2 = m p (1 - p) d with m crimes in a record and
        the design effect d.
        """
        if not self.records_in_frame:
            return None
        p = self.size.rate
        deviation = math.sqrt(self.size.crimes_per_record * p * (1 - p) * self.size.design_effect)
        return PlannedStratum(self.records_in_frame, deviation=deviation)


@dataclass(frozen=True)
class Allocation:
    """One way to share the records out: `records` by stratum, and the overall rate's margin (a share) to expect."""

    rule: str
    records: Mapping[str, int]
    expected_margin: float

    @property
    def total(self) -> int:
        """Return the records in all."""
        return sum(self.records.values())


@dataclass(frozen=True, repr=False)
class SamplePlan(Shown):
    """A whole plan, stratum by stratum; `accounting` is the frame's, empty where none was counted."""

    plan: SamplingPlan
    strata: tuple[StratumPlan, ...]
    pilot: Audit | None = None
    accounting: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.plan}: {counted(self.records, 'record')}"

    def _grid(self) -> Grid:
        rows = [
            (
                s.stratum,
                percent(s.size.rate),
                count(s.size.records),
                count(s.records),
                to_places(100 * s.expected_margin),
            )
            for s in self.strata
        ]
        return Grid(rows, ("Stratum", "Rate expected", "Records needed", "Records", "Margin to expect, points"))

    @property
    def records(self) -> int:
        """Return the records in all."""
        return sum(stratum.records for stratum in self.strata)

    @cached_property
    def allocations(self) -> list[Allocation]:
        """Return the same number of records shared out as planned and by each rule, and the fewest for the margin.

        Empty where a frame is not known, a stratum is not sampled, no stratum's records vary, or there is one only.
        """
        planned = {found.stratum: found.as_planned for found in self.strata}
        strata = {name: stratum for name, stratum in planned.items() if stratum is not None}
        as_planned = {found.stratum: found.records for found in self.strata}
        if (
            len(strata) < max(len(planned), 2)
            or not any(s.deviation for s in strata.values())
            or 0 in as_planned.values()
        ):
            return []
        overall = self._overall(strata)
        found = [Allocation("planned", as_planned, expected_overall_margin(as_planned, strata, **overall))]
        least = min(FEWEST, min(as_planned.values()))
        for rule in RULES:
            shared = allocate_sample(self.records, strata, rule=rule, minimum=least)
            found.append(Allocation(rule, shared, expected_overall_margin(shared, strata, **overall)))
        fewest = size_for_overall_margin(self.plan.margin_of_error, strata, minimum=FEWEST, **overall)
        found.append(Allocation("fewest", fewest, expected_overall_margin(fewest, strata, **overall)))
        return found

    def _overall(self, strata: Mapping[str, PlannedStratum]) -> dict[str, Any]:
        crimes = {f.stratum: strata[f.stratum].population * f.size.crimes_per_record for f in self.strata}
        whole = sum(crimes.values())
        rate = sum(crimes[f.stratum] * f.size.rate for f in self.strata) / whole
        return {"rate": rate, "crimes_in_frame": whole, "confidence_level": self.plan.confidence_level}


def plan_sample(
    plan: SamplingPlan, *, base: Path | None = None, connection: Any = None, pilot: Audit | None = None
) -> SamplePlan:
    """Return what a sampling plan comes to; `base` is the folder its paths are seen from.

    Frames are counted where the plan names a source (`connection` as open_frame takes it), else taken as stated. What a
    stratum does not state is taken from the stratum of that name in the `pilot`, else in the audit that the plan names.
    Raises BadParameters for a stratum with neither, and for whatever its frame lacks.
    """
    if pilot is None and plan.pilot:
        pilot = read_audit(locate_audit(plan.pilot, base))
    seen = _pilot_strata(pilot, plan.confidence_level) if pilot else {}
    counts: dict[str, int] = {}
    accounting: dict[str, int] = {}
    if plan.frame:
        with open_frame(plan, base=base, connection=connection) as frame:
            counts, accounting = dict(frame.counts), dict(frame.accounting)
    lacking = [s.stratum for s in plan.strata if s.rate is None and s.stratum not in seen]
    problems = [
        f"strata: {name}: no rate to plan with; expected rate = ... (as expected), or a pilot audit that sampled it"
        for name in lacking
    ]
    for s in plan.strata:
        frame_size = counts.get(s.stratum, s.records_in_frame)
        if frame_size is not None and (s.records or 1) > frame_size:
            found = f"{s.records or 1:,} records wanted of the {frame_size:,} in the frame"
            problems.append(f"strata: {s.stratum}: found {found}; expected no more than the frame holds")
    if problems:
        raise BadParameters("\n".join(problems))
    strata = tuple(_stratum_plan(plan, s, seen.get(s.stratum), counts.get(s.stratum)) for s in plan.strata)
    return SamplePlan(plan, strata, pilot, accounting)


def plan_table(found: SamplePlan) -> pd.DataFrame:
    """Return a row a stratum: what is expected of it, the records it needs, and what can be expected of them.

    Rates, margins and the sampling fraction are shares; what is not known is missing.
    """
    rows = [
        {
            "stratum": s.stratum,
            "rate": s.size.rate,
            "from": s.origin,
            "crimes_per_record": s.size.crimes_per_record,
            "design_effect": s.size.design_effect,
            "margin_of_error": s.size.margin_of_error,
            "confidence_level": s.size.confidence_level,
            "records_needed": s.size.records,
            "records": s.records,
            "expected_margin": s.expected_margin,
            "records_in_frame": s.records_in_frame,
            "sampling_fraction": s.sampling_fraction,
            "days": s.days,
            "days_needed": s.days_needed,
        }
        for s in found.strata
    ]
    counts = ("records_in_frame", "days", "days_needed")
    return pd.DataFrame(rows).astype(dict.fromkeys(counts, "Int64") | {"sampling_fraction": "Float64"})


def plan_like(audit: Audit, *, margin_of_error: float = USUAL_MARGIN, confidence_level: float = 0.95) -> SamplePlan:
    """Return the plan of another audit like this one: its strata and frames, each its own pilot.

    A stratum keeps the margin it was planned for; one planned for none takes `margin_of_error`.
    """
    strata = [
        SampledStratum(
            stratum=s.stratum,
            label=s.label,
            period_start=s.period_start,
            period_end=s.period_end,
            records_in_frame=s.records_in_frame,
            margin_of_error=s.planned_margin,
        )
        for s in audit.strata
        if s.records_sampled
    ]
    plan = SamplingPlan(
        force=audit.facts.force, margin_of_error=margin_of_error, confidence_level=confidence_level, strata=strata
    )
    return plan_sample(plan, pilot=audit)


def _pilot_strata(pilot: Audit, confidence_level: float) -> dict[str, Precision]:
    findings = examine(pilot, confidence_level=confidence_level)
    return {found.stratum: found for found in examine_precision(findings, standard=0.5)}


def _stratum_plan(
    plan: SamplingPlan, stratum: SampledStratum, seen: Precision | None, counted: int | None
) -> StratumPlan:
    frame = counted if counted is not None else stratum.records_in_frame
    given = {name: getattr(stratum, name) for name in ("rate", "design_effect", "crimes_per_record")}
    like = {name: getattr(seen.needed, name) for name in given} if seen else {}
    assumed = {"design_effect": 1.0, "crimes_per_record": 1.0} | like
    assumed |= {name: value for name, value in given.items() if value is not None}
    size = sample_size(
        margin_of_error=stratum.margin_of_error or plan.margin_of_error,
        confidence_level=plan.confidence_level,
        population=frame or None,
        **assumed,
    )
    records = size.records if stratum.records is None else stratum.records
    days = None
    if stratum.period_start and stratum.period_end:
        days = (stratum.period_end - stratum.period_start).days + 1
    return StratumPlan(
        stratum=stratum.stratum,
        label=stratum.label or stratum.stratum,
        origin=STATED if stratum.rate is not None else PILOT,
        size=size,
        records=records,
        records_in_frame=frame,
        days=days,
    )
