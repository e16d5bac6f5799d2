"""The sample plan's sections: how many records, from which days, shared out how, how sure the rates will be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from cdi_stats.audit.model import Audit
from cdi_stats.audit.reading import locate_audit, read_audit
from cdi_stats.audit.sampling import PLAN_ENDING, read_plan
from cdi_stats.findings.examine import Findings, examine
from cdi_stats.findings.sample_plan import PILOT, STATED, SamplePlan, plan_like, plan_sample
from cdi_stats.findings.withheld import PUBLIC, Rules, read_rules, rules_for, withhold
from cdi_stats.report import plan_tables, tables
from cdi_stats.report.blocks import Bullets, Figure, Paragraph, Section, Text, Title, section
from cdi_stats.report.disclosure import protection
from cdi_stats.report.narrative import span_of_days
from cdi_stats.report.numbers import count, in_words, long_date
from cdi_stats.report.wording import join, listed, tell, title, told_points
from cdi_stats.rounding import as_level


def open_sample_plan(
    audit: str, *, margin_of_error: float = 0.03, confidence_level: float = 0.95, disclosure: str = ""
) -> SamplePlanReport:
    """Return the SamplePlanReport of a sampling plan (a TOML file), or of an audit as the pilot of the next one.

    An audit's strata keep the margin they were planned for; `margin_of_error` (a share) stands in where none was, and
    `confidence_level` is that of the plan made from it. A sampling plan states both itself.
    `disclosure` as open_report takes it. Raises what read_audit and
    read_plan raise, and BadParameters for a plan that lacks a rate or whose frame cannot be read.
    """
    path = locate_audit(audit)
    if path.suffix.lower() == PLAN_ENDING:
        found = plan_sample(read_plan(path), base=path.parent)
    else:
        found = plan_like(read_audit(path), margin_of_error=margin_of_error, confidence_level=confidence_level)
    rules = rules_for(found.pilot.facts, disclosure) if found.pilot else read_rules(disclosure or PUBLIC)
    return SamplePlanReport(found, path, rules)


@dataclass(frozen=True)
class SamplePlanReport:
    """A sample plan, ready to be told section by section; `source` is the file it was made from."""

    found: SamplePlan
    source: Path
    rules: Rules

    @property
    def _level(self) -> str:
        return as_level(self.found.plan.confidence_level)

    @property
    def _audit(self) -> Audit | None:
        return self.found.pilot

    @cached_property
    def _findings(self) -> Findings | None:
        if self._audit is None:
            return None
        return withhold(examine(self._audit, confidence_level=self.found.plan.confidence_level), self.rules)

    def title(self) -> Section:
        """Tell what is planned, for whom and from what."""
        plan = self.found.plan
        rows: list[tuple[str, Text]] = [("Force", plan.force)] if plan.force else []
        if plan.planned_on:
            rows.append(("Planned on", long_date(plan.planned_on)))
        rows += [
            ("Records", tell("plan.records", records=_figure("records", self.found.records, "all strata"))),
            ("Window", _window(self.found)),
            ("Planned from", self._planned_from()),
        ]
        day = plan.planned_on or (self._audit.facts.publication_date if self._audit else None)
        subtitle = plan.title or plan.force or f"Sampling plan {self.source.stem}"
        told = [self._findings] if self._findings else []
        return section(Title(subtitle, day.isoformat() if day else "", tuple(rows)), protection(self.rules, *told))

    def _planned_from(self) -> Text:
        origins = {stratum.origin for stratum in self.found.strata}
        parts = [tell("plan.from.pilot", audit=self._audit.id)] if self._audit and PILOT in origins else []
        return listed([*parts, *([tell("plan.from.stated")] if STATED in origins else [])])

    def summary(self) -> Section:
        """Tell the plan in a paragraph: records, margins, and what would change them."""
        strata = self.found.strata
        widest = max(strata, key=lambda found: found.expected_margin)
        narrow = all(found.expected_margin <= found.size.margin_of_error + 1e-9 for found in strata)
        words = tell(
            "plan.summary.some",
            records=_figure("records", self.found.records, "all strata"),
            crimes=_figure("crimes", round(sum(found.crimes for found in strata)), "records by crimes in a record"),
            strata=_figure("strata", len(strata), "plan", in_words(len(strata))),
        )
        kept = tell(
            f"plan.summary.{'kept' if narrow else 'too_wide'}",
            label=widest.label,
            margin=plan_tables.points_figure(f"{widest.stratum}/expected", widest.expected_margin),
            level=self._level,
        )
        return section(Paragraph(join(words, kept)), Paragraph(tell("plan.summary.doubt")))

    def sizes(self) -> Section:
        """Tell the records of each stratum and what they follow from."""
        from cdi_stats.report.plan_charts import margins_chart

        return section(
            plan_tables.sizes_table("Records for the planned margin", self._level, self.found.strata),
            margins_chart(title("title.margins"), self._level, self.found.strata),
        )

    def windows(self) -> Section:
        """Tell from which days the records come, and how short a window would do."""
        if not any(found.records_in_frame for found in self.found.strata):
            return section(Paragraph(tell("plan.windows.unknown")))
        return section(
            Paragraph(tell("plan.windows.some")), plan_tables.windows_table("Frames and windows", self.found.strata)
        )

    def allocation(self) -> Section:
        """Tell how the same records could be shared out, and what that does to the overall rate."""
        found = self.found.allocations
        if not found:
            return section(Paragraph(tell("plan.allocation.none")))
        table = plan_tables.allocation_table(
            "The same records shared out by other rules", self._level, self.found.plan.margin_of_error, found,
            [(stratum.stratum, stratum.label) for stratum in self.found.strata],
        )  # fmt: skip
        return section(Paragraph(tell("plan.allocation.some")), table)

    def precision(self) -> Section:
        """Tell what the pilot was planned for and what it achieved."""
        table = self._findings and tables.precision_table("Margins planned and achieved", self._findings)
        if not table or self._audit is None:
            return section(Paragraph(tell("plan.precision.none")))
        return section(Paragraph(tell("plan.precision.some", audit=self._audit.id)), table)

    def trail(self) -> Section:
        """Tell how the sample was drawn, so that another can draw the same."""
        audit, accounting = self._audit, self.found.accounting
        drawn = audit.tables["draw"] if audit else pd.DataFrame()
        if audit is None or drawn.empty:
            counted = plan_tables.accounting_table("The population, row by row", accounting) if accounting else None
            return section(Paragraph(tell("plan.trail.none")), counted)
        labels = {stratum.stratum: stratum.label for stratum in audit.strata}
        table = plan_tables.draw_table("How the sample was drawn", drawn, audit.tables["selection"], labels)
        return section(Paragraph(tell("plan.trail.some")), table)

    def annex(self) -> Section:
        """Tell the formulas, and how to repeat the plan."""
        return section(Bullets(tuple(told_points("plan.annex", level=self._level))))


def _window(found: SamplePlan) -> str:
    starts = [s.period_start for s in found.plan.strata if s.period_start]
    ends = [s.period_end for s in found.plan.strata if s.period_end]
    return span_of_days(min(starts), max(ends)) if starts and ends else "not stated"


def _figure(key: str, value: int, source: str, text: str | None = None) -> Figure:
    return Figure(f"sample_plan/{key}", value, text or count(value), "count", source)
