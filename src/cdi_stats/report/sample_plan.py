"""The sample plan's sections: how many records, from which days, shared out how, how sure the rates will be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from cdi_stats.audit.model import Audit
from cdi_stats.audit.reading import locate_audit, read_audit
from cdi_stats.audit.sampling import PLAN_ENDING, read_plan
from cdi_stats.findings.examine import Findings, examine
from cdi_stats.findings.sample_plan import PILOT, STATED, SamplePlan, plan_like, plan_sample
from cdi_stats.report import plan_tables, tables
from cdi_stats.report.blocks import Bullets, Figure, Paragraph, Section, Text, Title, section
from cdi_stats.report.narrative import span_of_days
from cdi_stats.report.numbers import count, in_words, long_date
from cdi_stats.report.wording import join, point, say


def open_sample_plan(audit: str, *, margin_of_error: float = 0.03, confidence_level: float = 0.95) -> SamplePlanReport:
    """Return the SamplePlanReport of a sampling plan (a TOML file), or of an audit as the pilot of the next one.

    An audit's strata keep the margin they were planned for; `margin_of_error` (a share) stands in where none was, and
    `confidence_level` is that of the plan made from it. A sampling plan states both itself. Raises what read_audit and
    read_plan raise, and BadParameters for a plan that lacks a rate or whose frame cannot be read.
    """
    path = locate_audit(audit)
    if path.suffix.lower() == PLAN_ENDING:
        found = plan_sample(read_plan(path), base=path.parent)
    else:
        found = plan_like(read_audit(path), margin_of_error=margin_of_error, confidence_level=confidence_level)
    return SamplePlanReport(found, path)


@dataclass(frozen=True)
class SamplePlanReport:
    """A sample plan, ready to be told section by section; `source` is the file it was made from."""

    found: SamplePlan
    source: Path

    @property
    def _level(self) -> str:
        return f"{100 * self.found.plan.confidence_level:g}%"

    @property
    def _audit(self) -> Audit | None:
        return self.found.pilot

    @cached_property
    def _findings(self) -> Findings | None:
        return None if self._audit is None else examine(self._audit, confidence_level=self.found.plan.confidence_level)

    def title(self) -> Section:
        """Tell what is planned, for whom and from what."""
        plan = self.found.plan
        rows: list[tuple[str, Text]] = [("Force", plan.force)] if plan.force else []
        if plan.planned_on:
            rows.append(("Planned on", long_date(plan.planned_on)))
        rows += [
            ("Records", say("{records} in all", records=_figure("records", self.found.records, "all strata"))),
            ("Window", _window(self.found)),
            ("Planned from", self._planned_from()),
        ]
        day = plan.planned_on or (self._audit.facts.publication_date if self._audit else None)
        subtitle = plan.title or plan.force or f"Sampling plan {self.source.stem}"
        return section(Title(subtitle, day.isoformat() if day else "", tuple(rows)))

    def _planned_from(self) -> Text:
        origins = {stratum.origin for stratum in self.found.strata}
        parts = [f"the audit {self._audit.id} as a pilot"] if self._audit and PILOT in origins else []
        return " and ".join([*parts, *(["stated rates"] if STATED in origins else [])])

    def summary(self) -> Section:
        """Tell the plan in a paragraph: records, margins, and what would change them."""
        strata = self.found.strata
        widest = max(strata, key=lambda found: found.expected_margin)
        narrow = all(found.expected_margin <= found.size.margin_of_error + 1e-9 for found in strata)
        words = say(
            "{records} records, {crimes} reported crimes expected in them, are to be examined in {strata} {parts}.",
            records=_figure("records", self.found.records, "all strata"),
            crimes=_figure("crimes", round(sum(found.crimes for found in strata)), "records by crimes in a record"),
            strata=_figure("strata", len(strata), "plan", in_words(len(strata))),
            parts="stratum" if len(strata) == 1 else "strata",
        )
        if narrow:
            kept = say(
                "Every stratum's rate can then be expected to be known to within its planned margin, at {level} "
                "confidence.",
                level=self._level,
            )
        else:
            kept = say(
                "That is fewer than the planned margins need: the {label} rate would be known to ±{margin} points "
                "only, at {level} confidence.",
                label=widest.label,
                margin=plan_tables.points_figure(f"{widest.stratum}/expected", widest.expected_margin),
                level=self._level,
            )
        doubt = (
            "A plan rests on what is expected. If the true rate is lower, or records hold more crimes that are missed "
            "together, the margin will be wider than planned; the records examined first will show it."
        )
        return section(Paragraph(join(words, kept)), Paragraph(doubt))

    def sizes(self) -> Section:
        """Tell the records of each stratum and what they follow from."""
        from cdi_stats.report.plan_charts import margins_chart

        title = "Each further record narrows the margin less than the one before"
        return section(
            plan_tables.sizes_table("Records for the planned margin", self._level, self.found.strata),
            margins_chart(title, self._level, self.found.strata),
        )

    def windows(self) -> Section:
        """Tell from which days the records come, and how short a window would do."""
        if not any(found.records_in_frame for found in self.found.strata):
            words = "The sizes of the frames are not known, so it cannot be said how many days of records are needed."
            return section(Paragraph(words))
        words = (
            "Days needed is the shortest window that holds the records wanted at the present volume, if every record "
            "in it were examined. A longer window costs no more work, and spreads the sample over weekdays, shifts "
            "and seasons."
        )
        return section(Paragraph(words), plan_tables.windows_table("Frames and windows", self.found.strata))

    def allocation(self) -> Section:
        """Tell how the same records could be shared out, and what that does to the overall rate."""
        found = self.found.allocations
        if not found:
            words = "With one stratum, or a frame that is not known, there is nothing to share out by rule."
            return section(Paragraph(words))
        words = (
            "Strata are sampled at different rates so that each has a rate of its own. For the overall rate alone "
            "other shares are better: Neyman's gives most to the strata that are large and vary most. Whatever the "
            "shares, the overall rate must be weighted by the frames."
        )
        table = plan_tables.allocation_table(
            "The same records shared out by other rules", self._level, self.found.plan.margin_of_error, found,
            [(stratum.stratum, stratum.label) for stratum in self.found.strata],
        )  # fmt: skip
        return section(Paragraph(words), table)

    def precision(self) -> Section:
        """Tell what the pilot was planned for and what it achieved."""
        table = self._findings and tables.precision_table("Margins planned and achieved", self._findings)
        if not table or self._audit is None:
            words = "No earlier audit states a margin that it was planned for, so there is none to compare with."
            return section(Paragraph(words))
        words = (
            f"The audit {self._audit.id} was planned for these margins. A margin of error is half the width of the "
            "interval; the confidence level is how often, over many such audits, the interval holds the true rate. "
            "Plans that take crimes as independent are too small where records hold several."
        )
        return section(Paragraph(words), table)

    def trail(self) -> Section:
        """Tell how the sample was drawn, so that another can draw the same."""
        audit, accounting = self._audit, self.found.accounting
        drawn = audit.tables["draw"] if audit else pd.DataFrame()
        if audit is None or drawn.empty:
            words = "No draw is on record yet. cdi draw writes seed, frame and sizes into the workbook it makes."
            counted = plan_tables.accounting_table("The population, row by row", accounting) if accounting else None
            return section(Paragraph(words), counted)
        words = (
            "Each record has a permanent random number, made from the seed and its own number; the records that come "
            "first in the order of these numbers were drawn. The same plan and frame give the same records on any "
            "machine."
        )
        labels = {stratum.stratum: stratum.label for stratum in audit.strata}
        table = plan_tables.draw_table("How the sample was drawn", drawn, audit.tables["selection"], labels)
        return section(Paragraph(words), table)

    def annex(self) -> Section:
        """Tell the formulas, and how to repeat the plan."""
        return section(Bullets(tuple(_annex_points(self._level))))


def _window(found: SamplePlan) -> str:
    starts = [s.period_start for s in found.plan.strata if s.period_start]
    ends = [s.period_end for s in found.plan.strata if s.period_end]
    return span_of_days(min(starts), max(ends)) if starts and ends else "not stated"


def _figure(key: str, value: int, source: str, text: str | None = None) -> Figure:
    return Figure(f"sample_plan/{key}", value, text or count(value), "count", source)


def _annex_points(level: str) -> Iterator[Text]:
    yield point(
        "Crimes for a margin.",
        f"The crimes with which Wilson's {level} interval around the expected rate has twice the margin as its width, "
        "times the design effect, with the finite-population correction where the frame is known (Wilson 1927; Cochran "
        "1977, chapter 4).",
    )
    yield point("Records.", "Crimes over the crimes expected in a record, rounded up.")
    yield point(
        "From a pilot.",
        "The rate, the crimes in a record and the design effect of the stratum as audited; the design effect is the "
        "greater of the one seen and the one that the analysis of variance of crimes within records implies, and never "
        "below 1.",
    )
    yield point(
        "Overall margin.",
        "The variance of the rate weighted by the crimes in each frame: the sum over strata of N² (1 − n/N) S² / n, "
        "with S² = m p (1 − p) d for m crimes in a record, rate p and design effect d, over the squared crimes of all "
        "frames; then Wilson's interval on the effective crimes (Neyman 1934; Cochran 1977, chapter 5).",
    )
