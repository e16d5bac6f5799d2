"""The data quality report's sections: what is wrong with an audit file, what held, and how far it is filled in.

It is made for a file with errors too, and never prints what a cell of free text holds unless asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from cdi_stats.audit.problems import Problem
from cdi_stats.audit.reading import Inspection, inspect_audit
from cdi_stats.findings.data_quality import DataQuality, Holding
from cdi_stats.findings.withheld import UNPROTECTED, Rules, rules_by
from cdi_stats.report import quality_tables
from cdi_stats.report.blocks import Bullets, Callout, Figure, Paragraph, Section, Strong, Text, Title, plain, section
from cdi_stats.report.disclosure import protection
from cdi_stats.report.method_tables import agreement_table
from cdi_stats.report.narrative import span_of_days
from cdi_stats.report.numbers import count, in_words, long_date
from cdi_stats.report.wording import capital, join, tell, title, told_points
from cdi_stats.resources import code_list
from cdi_stats.rounding import as_level


def open_data_quality(
    audit: str, *, show_cells: bool = False, show_records: bool = False, disclosure: str = ""
) -> DataQualityReport:
    """Return the DataQualityReport of an audit file, also of one with errors.

    `show_cells` prints what the cells in question hold, `show_records` the records' own ids instead of their aliases;
    `disclosure` as open_report takes it. Raises UnreadableAudit where there is nothing to read, BadParameters for a
    wrong mapping or overrides file.
    """
    found = inspect_audit(audit)
    basis, own = (str(found.facts.get(name) or "") for name in ("records_basis", "disclosure"))
    return DataQualityReport(DataQuality(found), show_cells, show_records, rules_by(basis, disclosure or own))


@dataclass(frozen=True)
class DataQualityReport:
    """An audit file as its checks see it, ready to be told section by section."""

    quality: DataQuality
    show_cells: bool = False
    show_records: bool = False
    rules: Rules = UNPROTECTED

    @property
    def _inspection(self) -> Inspection:
        return self.quality.inspection

    @property
    def _level(self) -> str:
        return as_level(self.quality.confidence_level)

    def title(self) -> Section:
        """Tell whose file this is, when and from what."""
        facts = self._inspection.facts
        force, kinds = str(facts.get("force", "")), code_list("audit_types")
        rows: list[tuple[str, Text]] = [
            ("Force", force or _unread()),
            ("Kind of audit", kinds.get(str(facts.get("audit_type", "")), _unread())),
            ("Audit period", _period(self._inspection)),
            ("Prepared by", str(facts.get("prepared_by", _unread()))),
            ("Audit file", self._inspection.id),
        ]
        published = facts.get("publication_date")
        if published:
            rows.insert(4, ("Audit published", long_date(published)))
        subtitle = str(facts.get("title", "")) or force or title("quality.file", audit=self._inspection.id)
        matter = Title(subtitle, _day(self._inspection), tuple(rows), str(facts.get("prepared_by", "")))
        return section(matter, protection(self.rules))

    def summary(self) -> Section:
        """Tell in a sentence or two what the check came to."""
        quality = self.quality
        errors, warnings = (
            _figure(f"problems/{name}", number, in_words(number) if number else title("quality.nothing"), "check")
            for name, number in (("errors", quality.errors), ("warnings", quality.warnings))
        )
        accepted = len(self._inspection.accepted)
        checks = _figure("checks", len(quality.reconciliations), in_words(len(quality.reconciliations)), "checks made")
        words = join(
            tell(
                "quality.summary.found",
                errors=tell(f"quality.errors.{'some' if quality.errors else 'none'}", number=errors),
                warnings=tell(f"quality.warnings.{'some' if quality.warnings else 'none'}", number=warnings),
            ),
            tell(
                "quality.summary.accepted",
                number=_figure("problems/accepted", accepted, capital(in_words(accepted)), "overrides"),
            )
            if accepted
            else None,
            tell(f"quality.follows.{'errors' if quality.errors else 'warnings' if quality.warnings else 'ready'}"),
        )
        heading = tell(f"quality.heading.{'errors' if quality.errors else 'ready'}")
        scope = tell("quality.summary.scope", checks=checks)
        kind = "warning" if quality.errors else "note"
        return section(Callout(kind, plain(heading), words), Paragraph(scope))

    def holdings(self) -> Section:
        """Tell what the file holds of each stratum, and where no rate, or an extreme one, will come of it."""
        found = self.quality.holdings
        if not found:
            return section(Paragraph(tell("quality.holds.unread")))
        notes = tuple(words for words in map(_holding_words, found) if words)
        due, recorded = sum(h.reported for h in found), sum(h.recorded for h in found)
        whole = tell(
            f"quality.holds.{'totals' if found[0].totals else 'records'}",
            due=_figure("holdings/reported", due, count(due), "all strata"),
            recorded=_figure("holdings/recorded", recorded, count(recorded), "all strata"),
        )
        return section(
            Paragraph(join(whole, _overall_words(due, recorded))),
            quality_tables.holdings_table("What the file holds of each stratum", found),
            Bullets(notes) if notes else None,
        )

    def counts(self) -> Section:
        """Tell how many problems each check found in each sheet."""
        found = self.quality.rules
        if not found:
            left = "beyond_accepted" if self._inspection.accepted else "none"
            return section(Paragraph(tell(f"quality.counts.{left}")))
        return section(quality_tables.rules_table("Problems by sheet and check", found))

    def problems(self) -> Section:
        """List every problem: where, what was found, what was expected, how to mend it."""
        found = self._inspection.problems
        if not found:
            return section(Paragraph(tell("quality.problems.none")))
        masked = any(problem.quotes for problem in found) and not self.show_cells
        return section(
            Paragraph(tell("quality.problems.masked")) if masked else None,
            quality_tables.problems_table("What to mend and what to look at", found, self._found, self._record),
        )

    def reconciliations(self) -> Section:
        """Tell what was compared with what, and whether it held."""
        found = self.quality.reconciliations
        held = sum(r.made and not r.problems and not r.accepted for r in found)
        made = sum(r.made for r in found)
        words = tell(
            "quality.reconciled",
            made=_figure("reconciliations/made", made, in_words(made), "reconciliations with rows to compare"),
            held=_figure("reconciliations/held", held, in_words(held), "of these, without a problem"),
        )
        return section(
            Paragraph(words), quality_tables.reconciliations_table("What was compared, and the result", found)
        )

    def completeness(self) -> Section:
        """Tell how far every column of every sheet is filled in."""
        found = self.quality.completeness
        if not found:
            return section(Paragraph(tell("quality.complete.none")))
        return section(
            Paragraph(tell("quality.complete.some")), *quality_tables.completeness_tables("Cells filled in", found)
        )

    def equality(self) -> Section:
        """Tell how complete the protected characteristics of victims are."""
        found = self.quality.equality
        if not found:
            return section(Paragraph(tell("quality.equality.none")))
        table = quality_tables.equality_table("Completeness by protected characteristic", self._level, found)
        return section(Paragraph(tell("quality.equality.some")), table)

    def second_review(self) -> Section:
        """Tell how far two auditors agreed, or that nobody looked twice."""
        review, records = self.quality.review, self.quality.reviewed_records
        if review is None and not records:
            return section(Paragraph(tell("quality.review.none")))
        if review is None:
            return section(Paragraph(tell("quality.review.one")))
        words = tell(
            "quality.review.some",
            crimes=_figure("second_review/crimes", review.crimes, count(review.crimes), "second_review sheet"),
            records=_figure("second_review/records", review.records, count(review.records), "second_review sheet"),
        )
        return section(Paragraph(words), agreement_table("Agreement of two auditors", self._level, review))

    def accepted(self) -> Section:
        """List the problems that someone has accepted, with reason and name."""
        found = self._inspection.accepted
        if not found:
            return section(Paragraph(tell("quality.accepted.none")))
        return section(
            Paragraph(tell("quality.accepted.some")),
            quality_tables.accepted_table("Accepted problems", found, show_cells=self.show_cells),
        )

    def annex(self) -> Section:
        """Tell how the file was checked, and how to repeat it."""
        return section(
            Bullets(tuple(told_points("quality.annex", level=self._level))),
            quality_tables.repeat_table(self._inspection),
        )

    def _found(self, problem: Problem) -> str:
        return quality_tables.found_words(problem, show_cells=self.show_cells)

    def _record(self, problem: Problem) -> str:
        record = self.quality.record_at(problem.sheet, problem.row)
        if record is None:
            return ""
        if self.show_records:
            return record
        return self._inspection.audit.alias(record) if self._inspection.audit else ""


def _unread() -> str:
    return title("quality.not_stated")


def _period(inspection: Inspection) -> str:
    strata = inspection.tables["strata"]
    start, end = strata["period_start"].min(), strata["period_end"].max()
    if pd.isna(start) or pd.isna(end):
        return _unread()
    return span_of_days(start.date(), end.date()) if start <= end else _unread()


def _day(inspection: Inspection) -> str:
    """Return the day printed on the report: the audit's own, else the last that the file speaks of, else none."""
    published = inspection.facts.get("publication_date")
    if isinstance(published, date):
        return published.isoformat()
    tables = inspection.tables
    days: list[Any] = [tables["strata"][name].max() for name in ("period_end", "period_start", "year_end")]
    days += [tables["records"]["opened_at"].max(), tables["crimes"]["reported_at"].max()]
    known = [day for day in days if pd.notna(day)]
    return str(known[0].date().isoformat()) if known else ""


def _holding_words(holding: Holding) -> Text | None:
    """Say what no reader should be surprised by later; nothing for an ordinary stratum."""
    lead = (Strong(f"{capital(holding.label)}."),)
    for holds, branch in HOLDING_WORDS:
        if holds(holding):
            return join(lead, tell(f"quality.holding.{branch}"))
    return None


HOLDING_WORDS: tuple[tuple[Callable[[Holding], bool], str], ...] = (
    (lambda h: not h.records and not h.reported, "nothing_sampled"),
    (lambda h: not h.reported, "no_crime_due"),
    (lambda h: not h.missed, "all_recorded"),
    (lambda h: not h.recorded, "none_recorded"),
)


def _overall_words(due: int, recorded: int) -> Text | None:
    if not due:
        return tell("quality.overall.none_due")
    if recorded == due:
        return tell("spread.none")
    return None if recorded else tell("quality.overall.none_recorded")


def _figure(key: str, value: int, text: str, source: str) -> Figure:
    return Figure(f"data_quality/{key}", value, text, "count", source)
