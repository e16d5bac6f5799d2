"""The monitoring report's sections, each one call in a notebook: a series of audits of one force."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cdi_stats.audit.model import Audit
from cdi_stats.audit.series import read_series
from cdi_stats.findings.calendar import Calendar, examine_calendar
from cdi_stats.findings.further_crimes import FurtherCrimes, examine_further_crimes
from cdi_stats.findings.groups import Groups, examine_groups
from cdi_stats.findings.months import MonthlyLooks, examine_months_of_series
from cdi_stats.findings.pooled_records import pool_records
from cdi_stats.findings.series import SeriesFindings, examine_series, month_label
from cdi_stats.findings.withheld import Rules, rules_for, strictest
from cdi_stats.report import group_words, series_tables, series_words
from cdi_stats.report.blocks import Block, Bullets, Callout, Paragraph, Section, Text, Title, section
from cdi_stats.report.disclosure import protection
from cdi_stats.report.examined import paragraphs
from cdi_stats.report.headlines import OVERALL
from cdi_stats.report.narrative import route_words
from cdi_stats.report.numbers import in_words, long_date
from cdi_stats.report.series_tables import whole
from cdi_stats.report.statements import rate_statement
from cdi_stats.report.wording import capital, join, join_words, tell, told_points

COLUMNS = {"both": ("district", "team"), "district": ("district",), "team": ("team",), "none": ()}


def open_monitoring(
    audit: str,
    *,
    confidence_level: float = 0.95,
    overall: str = "",
    groups: str = "both",
    known_causes: str = "",
    largest_record: int = 20,
    disclosure: str = "",
) -> MonitoringReport:
    """Read and examine a series of audits of one force and return the MonitoringReport to tell it by.

    `audit` is a folder of audits, a list of them (TOML), a bundled series, or one audit. `overall` ("pooled" or
    "weighted") overrides what the audits say; `groups` says which names of groups are printed: "both", "district",
    "team" or "none". `known_causes` names audits, separated by commas, whose cause is known: they do not set limits.
    `largest_record` is the most crimes that a record can hold, declared before the first look; `disclosure` as
    open_report takes it. Raises what read_series raises, and BadParameters for a known cause that no audit has.
    """
    series = read_series(audit)
    known = [name.strip() for name in known_causes.split(",") if name.strip()]
    rules = strictest(rules_for(audit.facts, disclosure) for audit in series.audits)
    options: dict[str, Any] = {"overall": overall, "known_causes": known, "rules": rules}
    found = examine_series(series, confidence_level=confidence_level, **options)
    return MonitoringReport(found, COLUMNS[groups], largest_record, rules)


@dataclass(frozen=True)
class MonitoringReport:
    """A series of audits, ready to be told section by section; `columns` are the groups whose names are printed."""

    found: SeriesFindings
    columns: tuple[str, ...]
    largest_record: int
    rules: Rules

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
        return Callout("warning", "Illustrative", tell("monitoring.rebuilt")) if self.found.rebuilt else None

    def title(self) -> Section:
        """Tell whose audits these are, over what time; and what every reader must know first."""
        audits = [audit.audit for audit in self.found.audits]
        latest = audits[-1].facts
        due = sum(a.findings.stratum(s.stratum).due for a in self.found.audits for s in a.audit.strata)
        records = sum(len(audit.tables["records"]) for audit in audits)
        sample = tell(
            f"front.{'records' if records else 'crimes'}",
            due=whole("monitoring/reported", due, "all audits"),
            records=whole("monitoring/records", records, "all audits"),
        )
        rules = list(dict.fromkeys(audit.facts.counting_rules for audit in audits))
        rows: tuple[tuple[str, Text], ...] = (
            ("Force", self.found.series.force),
            (
                "Audits",
                tell(
                    "monitoring.audits",
                    number=whole("monitoring/audits", len(audits), "audits of the series"),
                    time=_time(audits),
                ),
            ),
            ("Routes", route_words(audits)),
            ("Sample", sample),
            ("Counting rules", ", then ".join(rules)),
            ("Prepared by", latest.prepared_by),
            ("Latest published", long_date(latest.publication_date)),
        )
        notes = list(dict.fromkeys(audit.facts.note for audit in audits if audit.facts.note))
        day = latest.publication_date.isoformat()
        note = Callout("note", "Read this first", " ".join(notes)) if notes else None
        told = [audit.findings for audit in self.found.audits]
        title = Title(self.found.series.force, day, rows, latest.prepared_by)
        return section(title, note, protection(self.rules, *told))

    def summary(self) -> Section:
        """Tell the latest rate, whether the chart signals, and what stands out."""
        latest = self.found.latest
        parts: list[Block] = []
        if not latest.left_out and latest.estimate is not None:
            parts.append(rate_statement(OVERALL, latest.findings.overall))
        stands_out: list[Text | None] = [series_words.signals_in_short(self.found)]
        stands_out += [
            tell("monitoring.stands_out.groups", title=group_words.groups_title(groups), column=groups.column)
            for groups in self._groups.values()
            if groups and groups.funnel and groups.funnel.outside[0.95].any()
        ]
        if self._further and self._further.change.direction != "no clear change" and not self.found.rebuilt:
            stands_out.append(tell("monitoring.stands_out.further", title=group_words.further_title(self._further)))
        parts += paragraphs([series_words.latest_words(self.found), join(*stands_out)])
        return section(*parts)

    def chart(self) -> Section:
        """Tell whether the overall rate moved: the control chart, its signals, and each audit's rate."""
        found, level = self.found, self.found.level
        alike = list(series_words.alike_words(found))
        parts: list[Block | None] = [*paragraphs(series_words.chart_words(found))]
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
        words = [*series_words.calendar_words(calendar), tell("monitoring.covered") if covered else None]
        return section(paragraphs(words), calendar_charts(calendar))

    def trend(self) -> Section:
        """Tell the latest audit beside earlier ones under the same rules, overall and by stratum."""
        from cdi_stats.report.series_charts import trend_chart
        from cdi_stats.report.tables import change_table

        found, before = self.found, self.found.before
        parts: list[Block | None] = [*paragraphs(series_words.trend_words(found))]
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
            return section(Paragraph(tell("monitoring.not_printed", groups=many)))
        groups = self._groups[column]
        if groups is None:
            return section(Paragraph(tell("monitoring.unnamed", group=one, groups=many)))
        level = self.found.level
        first = column == next(name for name in self.columns if self._groups[name])
        drawn = group_words.drawn_words(groups, level)
        why = tell("groups.why_drawn") if drawn and first else None
        words = [join(_scope(groups) if first else None, *group_words.groups_words(groups, level)), join(why, drawn)]
        parts: list[Block | None] = [*paragraphs(words)]
        if groups.funnel and groups.pooled:
            from cdi_stats.report.group_charts import funnel_of_groups, places_of_groups, pooled_chart

            limits = "with 95% (dashed) and 99.8% (solid) limits on effective crimes"
            parts.append(
                funnel_of_groups(
                    group_words.groups_title(groups), f"Recording rate of each {one} by its crimes, {limits}",
                    groups.funnel, places_of_groups(groups),
                    "Effective crimes: fewer than crimes due, as some share a record",
                )
            )  # fmt: skip
            parts.append(
                pooled_chart(
                    group_words.pooled_title(groups),
                    f"Own rate (open) and rate drawn towards all {many} (filled), with {level} intervals",
                    level, groups,
                )
            )  # fmt: skip
        parts.append(series_tables.groups_table(f"{capital(many)} by recording rate, lowest first", level, groups))
        return section(*parts)

    def further(self) -> Section:
        """Tell whether crimes after the first of a record are missed more, and which offences most."""
        found = self._further
        if pool_records(self._present) is None:
            return section(Paragraph(tell("monitoring.unseen")))
        if found is None:
            return section(Paragraph(tell("monitoring.no_second")))
        return section(
            Paragraph(tell("monitoring.further")),
            self._rebuilt,
            *paragraphs(group_words.further_words(found, self.found.level)),
            series_tables.offences_table("Crimes missed as a further crime of a record", self.found.level, found)
            if found.offences
            else None,
        )

    def check(self) -> Section:
        """Tell what may be said of each stratum however often the records were looked at."""
        looks = self._looks
        if not looks:
            return section(Paragraph(tell("monitoring.check.none")))
        from cdi_stats.report.series_charts import looks_chart

        level = self.found.level
        largest = max(k.largest_record for k in looks)
        above = [k.label for k in looks if k.above_declared]
        broken = tell(
            "monitoring.check.broken", labels=join_words(above or [""]), declared=in_words(self.largest_record)
        )
        shown = min(looks, key=lambda k: (k.contradicted, k.looks[-1].rate))
        return section(
            Paragraph(tell("monitoring.check.some", largest=in_words(largest), number=largest)),
            self._rebuilt,
            Bullets(tuple(series_words.looks_words(looks, level))),
            Callout("warning", "Declared too low", broken) if above else None,
            None if shown.contradicted else looks_chart(series_words.looks_title(shown), level, shown),
            series_tables.looks_table("Each stratum after its last month", level, looks),
        )

    def annex(self) -> Section:
        """Tell how the figures were made."""
        return section(Bullets(tuple(_annex_points(self.found))))


def _scope(groups: Groups) -> Text:
    """Return which records the groups are seen in, and how these count."""
    number = len(groups.audits)
    how = "weighted" if groups.weighted else "pooled"
    which = tell("monitoring.scope.many", number=in_words(number)) if number > 1 else tell("monitoring.scope.one")
    return tell(
        "monitoring.scope.some", which=which, time=_time(list(groups.audits)), how=tell(f"monitoring.scope.{how}")
    )


def _time(audits: list[Audit]) -> str:
    """Return the months that some audits span."""
    return month_label(min(audit.period[0] for audit in audits), max(audit.period[1] for audit in audits))


def _annex_points(found: SeriesFindings) -> Iterable[Text]:
    weighting = found.weighting
    overall = tell("monitoring.overall", rule=tell(f"method.rule.{weighting}")) if weighting else ""
    return told_points("monitoring.annex", level=found.level, overall=overall)
