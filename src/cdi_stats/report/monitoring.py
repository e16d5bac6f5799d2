"""The monitoring report's sections, each one call in a notebook: a series of audits of one force."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from cdi_stats.audit.model import Audit
from cdi_stats.audit.series import read_series
from cdi_stats.findings.calendar import Calendar, examine_calendar
from cdi_stats.findings.further_crimes import FurtherCrimes, examine_further_crimes
from cdi_stats.findings.groups import Groups, examine_groups
from cdi_stats.findings.months import MonthlyLooks, examine_months_of_series
from cdi_stats.findings.pooled_records import pool_records
from cdi_stats.findings.series import SeriesFindings, examine_series, month_label
from cdi_stats.report import group_words, series_tables, series_words
from cdi_stats.report.assurance import RULE
from cdi_stats.report.blocks import Block, Bullets, Callout, Paragraph, Section, Text, Title, section
from cdi_stats.report.headlines import OVERALL
from cdi_stats.report.numbers import in_words, long_date
from cdi_stats.report.series_tables import whole
from cdi_stats.report.statements import rate_statement
from cdi_stats.report.wording import capital, join, join_words, point, say

COLUMNS = {"both": ("district", "team"), "district": ("district",), "team": ("team",), "none": ()}
REBUILT = (
    "Records are rebuilt from published totals here: which crimes share a record, and which of them were missed, is "
    "illustrative, and so is all that this section says."
)
UNSEEN = "No audit under the present counting rules holds records, so nothing can be said of this."


def open_monitoring(
    audit: str,
    *,
    confidence_level: float = 0.95,
    overall: str = "",
    groups: str = "both",
    known_causes: str = "",
    largest_record: int = 20,
) -> MonitoringReport:
    """Read and examine a series of audits of one force and return the MonitoringReport to tell it by.

    `audit` is a folder of audits, a list of them (TOML), a bundled series, or one audit. `overall` ("pooled" or
    "weighted") overrides what the audits say; `groups` says which names of groups are printed: "both", "district",
    "team" or "none". `known_causes` names audits, separated by commas, whose cause is known: they do not set limits.
    `largest_record` is the most crimes that a record can hold, declared before the first look. Raises what read_series
    raises, and BadParameters for a known cause that no audit has.
    """
    series = read_series(audit)
    known = [name.strip() for name in known_causes.split(",") if name.strip()]
    found = examine_series(series, confidence_level=confidence_level, overall=overall, known_causes=known)
    return MonitoringReport(found, COLUMNS[groups], largest_record)


@dataclass(frozen=True)
class MonitoringReport:
    """A series of audits, ready to be told section by section; `columns` are the groups whose names are printed."""

    found: SeriesFindings
    columns: tuple[str, ...]
    largest_record: int

    @property
    def _present(self) -> tuple[Audit, ...]:
        return tuple(audit.audit for audit in self.found.present)

    @cached_property
    def _calendar(self) -> Calendar:
        return examine_calendar([audit.audit for audit in self.found.audits])

    @cached_property
    def _groups(self) -> dict[str, Groups | None]:
        level = self.found.confidence_level
        return {column: examine_groups(self._present, column, confidence_level=level) for column in self.columns}

    @cached_property
    def _further(self) -> FurtherCrimes | None:
        return examine_further_crimes(self._present, confidence_level=self.found.confidence_level)

    @cached_property
    def _looks(self) -> list[MonthlyLooks]:
        pooled = pool_records(self._present)
        if pooled is None:
            return []
        return examine_months_of_series(
            pooled, confidence_level=self.found.confidence_level, largest_record=self.largest_record
        )

    @property
    def _rebuilt(self) -> Callout | None:
        return Callout("warning", "Illustrative", REBUILT) if self.found.rebuilt else None

    def title(self) -> Section:
        """Tell whose audits these are, over what time; and what every reader must know first."""
        audits = [audit.audit for audit in self.found.audits]
        latest = audits[-1].facts
        due = sum(a.findings.stratum(s.stratum).due for a in self.found.audits for s in a.audit.strata)
        records = sum(len(audit.tables["records"]) for audit in audits)
        sample = say(
            "{due} reported crimes{records}",
            due=whole("monitoring/reported", due, "all audits"),
            records=say(" in {n} records", n=whole("monitoring/records", records, "all audits")) if records else "",
        )
        rules = list(dict.fromkeys(audit.facts.counting_rules for audit in audits))
        rows: tuple[tuple[str, Text], ...] = (
            ("Force", self.found.series.force),
            ("Audits", say("{n}, {time}", n=whole("monitoring/audits", len(audits)), time=_time(audits))),
            ("Sample", sample),
            ("Counting rules", ", then ".join(rules)),
            ("Prepared by", latest.prepared_by),
            ("Latest published", long_date(latest.publication_date)),
        )
        notes = list(dict.fromkeys(audit.facts.note for audit in audits if audit.facts.note))
        day = latest.publication_date.isoformat()
        note = Callout("note", "Read this first", " ".join(notes)) if notes else None
        return section(Title(self.found.series.force, day, rows, latest.prepared_by), note)

    def summary(self) -> Section:
        """Tell the latest rate, whether the chart signals, and what stands out."""
        latest = self.found.latest
        parts: list[Block] = []
        if not latest.left_out and latest.estimate is not None:
            parts.append(rate_statement(OVERALL, latest.findings.overall))
        stands_out: list[Text | None] = [series_words.signals_in_short(self.found)]
        stands_out += [
            f"{group_words.groups_title(groups)} of the funnel of {groups.column}s."
            for groups in self._groups.values()
            if groups and groups.funnel and groups.funnel.outside[0.95].any()
        ]
        if self._further and self._further.change.direction != "no clear change" and not self.found.rebuilt:
            stands_out.append(f"{group_words.further_title(self._further)}.")
        parts += _paragraphs([series_words.latest_words(self.found), join(*stands_out)])
        return section(*parts)

    def chart(self) -> Section:
        """Tell whether the overall rate moved: the control chart, its signals, and each audit's rate."""
        found, level = self.found, self.found.level
        alike = list(series_words.alike_words(found))
        parts: list[Block | None] = [*_paragraphs(series_words.chart_words(found))]
        if len(alike) > 0:
            parts.append(Callout("warning", "Before comparing", join(*alike)))
        if len(found.charted) > 1:
            from cdi_stats.report.series_charts import control_chart

            parts.append(control_chart(series_words.chart_title(found), found))
        parts += [series_tables.segment_table(f"Audits under {s.rules}", level, s) for s in found.segments]
        return section(*parts)

    def calendar(self) -> Section:
        """Tell which stratum was audited in which month, and where the gaps are."""
        from cdi_stats.report.series_charts import calendar_charts

        calendar = self._calendar
        covered = [entry for entry in calendar.covered.values() if entry.records is None]
        yes = "“Yes” marks a month that an audit covers without saying how many of its records are from it."
        words = [*series_words.calendar_words(calendar), yes if covered else None]
        return section(_paragraphs(words), calendar_charts(calendar))

    def trend(self) -> Section:
        """Tell the latest audit beside earlier ones under the same rules, overall and by stratum."""
        from cdi_stats.report.series_charts import trend_chart
        from cdi_stats.report.tables import change_table

        found, before = self.found, self.found.before
        parts: list[Block | None] = [*_paragraphs(series_words.trend_words(found))]
        if found.trend:
            title = series_words.trend_title(found)
            parts.append(trend_chart(title, found.level, found.latest.label, found.trend))
            parts.append(
                series_tables.trend_table("The latest audit beside each earlier one", found.level, found.trend)
            )
        if before:
            labels = {s.stratum: s.label for s in found.latest.audit.strata}
            rates = [c for c in before.changes if c.later.measure == "recording_rate" and c.later.stratum in labels]
            cautions = before.cautions
            if cautions:
                parts.append(Callout("warning", "Before comparing the last two", " ".join(cautions)))
            if rates:
                caption = f"{found.latest.label} beside {found.present[-2].label}, by stratum"
                rows = [(capital(labels[c.later.stratum]), c) for c in rates]
                parts.append(change_table(caption, found.level, rows))
        return section(*parts)

    def districts(self) -> Section:
        """Tell the districts in a funnel, and drawn towards all."""
        return self._told("district")

    def teams(self) -> Section:
        """Tell the teams in a funnel, and drawn towards all."""
        return self._told("team")

    def _told(self, column: str) -> Section:
        one, many = group_words.NAMES[column]
        if column not in self.columns:
            return section(Paragraph(f"This report was asked not to print {many}."))
        groups = self._groups[column]
        if groups is None:
            return section(Paragraph(f"No record names its {one}, so {many} cannot be told apart."))
        level = self.found.level
        first = column == next(name for name in self.columns if self._groups[name])
        drawn = group_words.drawn_words(groups, level)
        why = group_words.WHY_DRAWN if drawn and first else None
        words = [join(_scope(groups) if first else None, *group_words.groups_words(groups, level)), join(why, drawn)]
        parts: list[Block | None] = [*_paragraphs(words)]
        if groups.funnel and groups.pooled:
            from cdi_stats.report.group_charts import funnel_of_groups, pooled_chart

            limits = "with 95% (dashed) and 99.8% (solid) limits on effective crimes"
            parts.append(
                funnel_of_groups(
                    group_words.groups_title(groups), f"Recording rate of each {one} by its crimes, {limits}",
                    groups.funnel, groups.names, "Effective crimes: fewer than crimes due, as some share a record",
                )
            )  # fmt: skip
            parts.append(
                pooled_chart(
                    group_words.pooled_title(groups),
                    f"Own rate (open) and rate drawn towards all {many} (filled), with {level} intervals",
                    groups.names, groups.pooled,
                )
            )  # fmt: skip
        parts.append(series_tables.groups_table(f"{capital(many)} by recording rate, lowest first", level, groups))
        return section(*parts)

    def further(self) -> Section:
        """Tell whether crimes after the first of a record are missed more, and which offences most."""
        found = self._further
        if pool_records(self._present) is None:
            return section(Paragraph(UNSEEN))
        if found is None:
            return section(Paragraph("No record examined under the present counting rules holds a second crime."))
        words = (
            "A record may hold several crimes. The first is the one the auditor lists first, as a rule the one that "
            "the report was made about; the further ones came up beside it."
        )
        return section(
            Paragraph(words),
            self._rebuilt,
            *_paragraphs(group_words.further_words(found, self.found.level)),
            series_tables.offences_table("Crimes missed as a further crime of a record", self.found.level, found),
        )

    def check(self) -> Section:
        """Tell what may be said of each stratum however often the records were looked at."""
        looks = self._looks
        if not looks:
            words = (
                "No stratum has dated records from three months or more under the present counting rules, so there is "
                "no monthly check yet."
            )
            return section(Paragraph(words))
        from cdi_stats.report.series_charts import looks_chart

        level = self.found.level
        words = (
            "An interval looked at every month misses more often than it says. The limits here hold at all looks "
            "together, so that one may look, and stop, whenever one likes (Waudby-Smith and Ramdas 2024). The price "
            f"is width, the more so as a record may hold up to {in_words(max(k.largest_record for k in looks))} crimes."
        )
        above = [k.label for k in looks if k.above_declared]
        broken = (
            f"A record of {join_words(above or [''])} holds more crimes than the {in_words(self.largest_record)} that "
            "were declared beforehand. The bound was raised after looking, so the limits do not hold strictly."
        )
        shown = min(looks, key=lambda k: (k.contradicted, k.looks[-1].rate))
        return section(
            Paragraph(words),
            self._rebuilt,
            Bullets(tuple(series_words.looks_words(looks, level))),
            Callout("warning", "Declared too low", broken) if above else None,
            None if shown.contradicted else looks_chart(series_words.looks_title(shown), shown),
            series_tables.looks_table("Each stratum after its last month", level, looks),
        )

    def annex(self) -> Section:
        """Tell how the figures were made."""
        return section(Bullets(tuple(_annex_points(self.found))))


def _scope(groups: Groups) -> str:
    """Return which records the groups are seen in, and how these count."""
    how = "each stratum weighted by its frame" if groups.weighted else "as crimes fell in the sample"
    number = len(groups.audits)
    which = f"the {in_words(number)} audits under the present counting rules" if number > 1 else "one audit"
    return f"Records of {which}, {_time(list(groups.audits))}, {how}."


def _time(audits: list[Audit]) -> str:
    """Return the months that some audits span."""
    return month_label(min(audit.period[0] for audit in audits), max(audit.period[1] for audit in audits))


def _paragraphs(texts: Iterable[Text | None]) -> list[Block]:
    return [Paragraph(text) for text in texts if text]


def _annex_points(found: SeriesFindings) -> Iterable[Text]:
    weighting = f" The overall rate {RULE[found.weighting]}." if found.weighting else ""
    yield point(
        "Rates.",
        f"A ratio over records with Wilson's {found.level} interval on effective crimes, as in each audit's own "
        f"inspection report.{weighting} Differences between audits: square-and-add on the limits of each rate "
        "(Newcombe 1998), the audits taken to be independent.",
    )
    yield point(
        "Control chart.",
        "Laney's p′ chart (2002) on effective crimes: centre, and three times the spread that successive audits show. "
        "Eight in a row on one side of the centre are a run. Each set of counting rules has its own centre and limits.",
    )
    yield point(
        "Funnel.",
        "Spiegelhalter (2005): arcsine scale, limits widened by the variance between groups that chance does not "
        "explain (additive, winsorised at 10%). A place beyond the limits is a reason to look, not a finding; kinds of "
        "crime are not adjusted for.",
    )
    yield point(
        "Drawn towards all.",
        "Empirical Bayes with a Beta distribution over the groups, on effective crimes; intervals allow for that "
        "distribution being estimated (Gelman and others, Bayesian Data Analysis, chapter 5).",
    )
    yield point(
        "Further crimes.",
        "Shares of crimes missed, as they fell in the sample, with intervals that allow for shared records; the "
        "difference allows for first and further crimes coming from the same records.",
    )
    yield point(
        "Monthly check.",
        "Confidence sequence by betting, records in order of opening (Waudby-Smith and Ramdas 2020, 2024). It takes "
        "the records of each month to be drawn at random, and the rate to stay the same under one set of rules.",
    )
