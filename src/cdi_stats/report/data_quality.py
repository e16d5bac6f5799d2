"""The data quality report's sections: what is wrong with an audit file, what held, and how far it is filled in.

It is made for a file with errors too, and never prints what a cell of free text holds unless asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from cdi_stats.audit.problems import Problem
from cdi_stats.audit.reading import Inspection, inspect_audit
from cdi_stats.findings.data_quality import DataQuality, Holding
from cdi_stats.report import quality_tables
from cdi_stats.report.blocks import Bullets, Callout, Figure, Paragraph, Section, Strong, Text, Title, section
from cdi_stats.report.method_tables import agreement_table
from cdi_stats.report.narrative import span_of_days
from cdi_stats.report.numbers import count, in_words, long_date
from cdi_stats.report.wording import capital, join, point, say
from cdi_stats.resources import code_list

NOT_STATED = "not stated in a way that can be read"


def open_data_quality(audit: str, *, show_cells: bool = False, show_records: bool = False) -> DataQualityReport:
    """Return the DataQualityReport of an audit file, also of one with errors.

    `show_cells` prints what the cells in question hold, `show_records` the records' own ids instead of their aliases.
    Raises UnreadableAudit where there is nothing to read, BadParameters for a wrong mapping or overrides file.
    """
    return DataQualityReport(DataQuality(inspect_audit(audit)), show_cells, show_records)


@dataclass(frozen=True)
class DataQualityReport:
    """An audit file as its checks see it, ready to be told section by section."""

    quality: DataQuality
    show_cells: bool = False
    show_records: bool = False

    @property
    def _inspection(self) -> Inspection:
        return self.quality.inspection

    @property
    def _level(self) -> str:
        return f"{100 * self.quality.confidence_level:g}%"

    def title(self) -> Section:
        """Tell whose file this is, when and from what."""
        facts = self._inspection.facts
        force, kinds = str(facts.get("force", "")), code_list("audit_types")
        rows: list[tuple[str, Text]] = [
            ("Force", force or NOT_STATED),
            ("Kind of audit", kinds.get(str(facts.get("audit_type", "")), NOT_STATED)),
            ("Audit period", _period(self._inspection)),
            ("Prepared by", str(facts.get("prepared_by", NOT_STATED))),
            ("Audit file", self._inspection.id),
        ]
        published = facts.get("publication_date")
        if published:
            rows.insert(4, ("Audit published", long_date(published)))
        subtitle = str(facts.get("title", "")) or force or f"Audit file {self._inspection.id}"
        return section(Title(subtitle, _day(self._inspection), tuple(rows), str(facts.get("prepared_by", ""))))

    def summary(self) -> Section:
        """Tell in a sentence or two what the check came to."""
        quality = self.quality
        errors = _counted("problems/errors", quality.errors, "thing to mend", "things to mend")
        warnings = _counted("problems/warnings", quality.warnings, "thing to look at", "things to look at")
        checks = _figure("checks", len(quality.reconciliations), in_words(len(quality.reconciliations)), "checks made")
        heading = "Not ready to report from" if quality.errors else "Ready to report from"
        accepted = len(self._inspection.accepted)
        words = say("The check of this file found {errors}, and {warnings}.", errors=errors, warnings=warnings)
        if accepted:
            number = _figure("problems/accepted", accepted, in_words(accepted), "overrides")
            what = "problem has" if accepted == 1 else "problems have"
            words = join(words, say("{number} {what} been accepted beside.", number=number, what=what))
        if quality.errors:
            follows = "Until they are mended, no rate can be reported from it."
        elif quality.warnings:
            follows = "Rates can be reported from it; each warning should be looked at first."
        else:
            follows = "Rates can be reported from it."
        scope = say(
            "Every cell was held against what its column is for, and {checks} reconciliations were tried between "
            "sheets and rows. A check of the file says nothing of whether its auditors judged rightly.",
            checks=checks,
        )
        return section(
            Callout("warning" if quality.errors else "note", heading, join(words, follows)), Paragraph(scope)
        )

    def holdings(self) -> Section:
        """Tell what the file holds of each stratum, and where no rate, or an extreme one, will come of it."""
        found = self.quality.holdings
        if not found:
            return section(Paragraph("No stratum could be read, so it cannot be said what the audit holds."))
        notes = tuple(words for words in map(_holding_words, found) if words)
        due, recorded = sum(h.reported for h in found), sum(h.recorded for h in found)
        whole = say(
            "The file holds {due} crimes due, of which {recorded} were recorded{totals}.",
            due=_figure("holdings/reported", due, count(due), "all strata"),
            recorded=_figure("holdings/recorded", recorded, count(recorded), "all strata"),
            totals="; they are known by their totals only" if found[0].totals else "",
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
            left = "anything beyond what has been accepted" if self._inspection.accepted else "anything"
            return section(Paragraph(f"No check found {left}."))
        return section(quality_tables.rules_table("Problems by sheet and check", found))

    def problems(self) -> Section:
        """List every problem: where, what was found, what was expected, how to mend it."""
        found = self._inspection.problems
        if not found:
            return section(Paragraph("There is nothing to mend and nothing to look at."))
        masked = any(problem.quotes for problem in found) and not self.show_cells
        words = (
            "What a cell holds is not printed here, since it may name people; cdi check shows it, and so does this "
            "report with the parameter show_cells."
        )
        return section(
            Paragraph(words) if masked else None,
            quality_tables.problems_table("What to mend and what to look at", found, self._found, self._record),
        )

    def reconciliations(self) -> Section:
        """Tell what was compared with what, and whether it held."""
        found = self.quality.reconciliations
        held = sum(r.made and not r.problems and not r.accepted for r in found)
        made = sum(r.made for r in found)
        words = say(
            "Of {made} reconciliations for which the file holds rows to compare, {held} held.",
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
            return section(Paragraph("No sheet holds a row."))
        words = (
            "Each column is held against the rows it is for. A column that may be blank is not wrong to be blank, but "
            "what is not filled in cannot be reported."
        )
        return section(Paragraph(words), *quality_tables.completeness_tables("Cells filled in", found))

    def equality(self) -> Section:
        """Tell how complete the protected characteristics of victims are."""
        found = self.quality.equality
        if not found:
            return section(
                Paragraph("The file has no equality sheet, so nothing is known of protected characteristics.")
            )
        words = (
            "Complete means that the characteristic was filled in for the victim; it does not mean that it is right. "
            "Where the crimes looked at were not counted, there is no share to give."
        )
        table = quality_tables.equality_table("Completeness by protected characteristic", self._level, found)
        return section(Paragraph(words), table)

    def second_review(self) -> Section:
        """Tell how far two auditors agreed, or that nobody looked twice."""
        review, records = self.quality.review, self.quality.reviewed_records
        if review is None and not records:
            return section(
                Paragraph(
                    "No crime was judged by a second auditor, so nothing is known of how far the audit's findings "
                    "depend on who judged."
                )
            )
        if review is None:
            return section(
                Paragraph(
                    "Only one record has a second review that can be read: too few to say how far auditors agree."
                )
            )
        words = say(
            "Two auditors judged {crimes} crimes in {records} records, each without the other's answer. 1 is full "
            "agreement, 0 what chance alone would give. Intervals allow for crimes that share a record.",
            crimes=_figure("second_review/crimes", review.crimes, count(review.crimes), "second_review sheet"),
            records=_figure("second_review/records", review.records, count(review.records), "second_review sheet"),
        )
        return section(Paragraph(words), agreement_table("Agreement of two auditors", self._level, review))

    def accepted(self) -> Section:
        """List the problems that someone has accepted, with reason and name."""
        found = self._inspection.accepted
        if not found:
            return section(Paragraph("No problem has been accepted: whatever was found is listed above."))
        return section(
            Paragraph("These problems stand in the file. Someone has said why that is right, and answers for it."),
            quality_tables.accepted_table("Accepted problems", found, show_cells=self.show_cells),
        )

    def annex(self) -> Section:
        """Tell how the file was checked, and how to repeat it."""
        return section(Bullets(tuple(_annex_points(self._level))), quality_tables.repeat_table(self._inspection))

    def _found(self, problem: Problem) -> str:
        return quality_tables.found_words(problem, show_cells=self.show_cells)

    def _record(self, problem: Problem) -> str:
        record = self.quality.record_at(problem.sheet, problem.row)
        if record is None:
            return ""
        if self.show_records:
            return record
        return self._inspection.audit.alias(record) if self._inspection.audit else ""


def _period(inspection: Inspection) -> str:
    strata = inspection.tables["strata"]
    start, end = strata["period_start"].min(), strata["period_end"].max()
    if pd.isna(start) or pd.isna(end):
        return NOT_STATED
    return span_of_days(start.date(), end.date()) if start <= end else NOT_STATED


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
    for holds, words in HOLDING_WORDS:
        if holds(holding):
            return join(lead, words)
    return None


HOLDING_WORDS: tuple[tuple[Callable[[Holding], bool], str], ...] = (
    (
        lambda h: not h.records and not h.reported,
        "Nothing was sampled of it, so it has no rate, and there is no overall rate either.",
    ),
    (
        lambda h: not h.reported,
        "No crime was due in any record examined, so it has no rate, and there is no overall rate either.",
    ),
    (
        lambda h: not h.missed,
        "Every crime due was recorded. The rate will read 100%, with a lower limit that says how sure that is.",
    ),
    (
        lambda h: not h.recorded,
        "No crime due was recorded. The rate will read 0%, and nothing can be said of a year.",
    ),
)


def _overall_words(due: int, recorded: int) -> str:
    if not due:
        return "Without a crime due there is no rate to report."
    if recorded == due:
        return "No crime was missed."
    return "" if recorded else "Every crime due was missed."


def _counted(key: str, number: int, one: str, many: str) -> Text:
    what = one if number == 1 else many
    if not number:
        return say("{none}", none=_figure(key, 0, f"nothing{what.removeprefix('things')}", "check"))
    return say("{number} {what}", number=_figure(key, number, in_words(number), "check"), what=what)


def _figure(key: str, value: int, text: str, source: str) -> Figure:
    return Figure(f"data_quality/{key}", value, text, "count", source)


def _annex_points(level: str) -> Iterator[Text]:
    yield point(
        "Reading.",
        "Each cell is read as what its column is for; one that cannot be is named with sheet, row and column, and the "
        "other checks go on without it. Rows are counted as the spreadsheet counts them.",
    )
    yield point(
        "Severity.",
        "A problem to mend would make a figure wrong or impossible, so no report of rates is made from a file with "
        "one. A thing to look at may be right; reports are made with it.",
    )
    yield point(
        "Acceptance.",
        "A problem that leaves every figure computable may be accepted in an overrides file that lies with the audit, "
        "one at a time, with a reason and a name. What was accepted is printed here, and in the annex of reports on "
        "rates.",
    )
    yield point(
        "Completeness.", f"Shares of cells filled. Intervals are Wilson's (1927) at {level}, crimes taken singly."
    )
    yield point(
        "Second review.",
        "Cohen's kappa (1960) and Gwet's AC1 (2008), which does not fall when nearly all answers are the same.",
    )
