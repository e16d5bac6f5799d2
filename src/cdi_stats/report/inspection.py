"""The inspection report's sections, each one call in a notebook; with an earlier audit, the re-inspection's too."""

from __future__ import annotations

from collections.abc import Iterable

from cdi_stats.audit.reading import locate_audit, locate_earlier, read_audit
from cdi_stats.findings.causes import examine_causes
from cdi_stats.findings.change import compare_findings
from cdi_stats.findings.concentration import examine_concentration
from cdi_stats.findings.examine import Finding, examine
from cdi_stats.findings.measures import ALL, domain_label
from cdi_stats.findings.timeliness import examine_delays
from cdi_stats.findings.withheld import round_comparison, round_findings, rules_for, strictest, withhold
from cdi_stats.report import headlines, missed_tables, narrative, tables
from cdi_stats.report.assurance import annex_blocks, limit_points, method_points
from cdi_stats.report.blocks import (
    Block,
    Bullets,
    Callout,
    Chart,
    Heading,
    Paragraph,
    Section,
    Text,
    section,
)
from cdi_stats.report.examined import Examined, paragraphs, strong
from cdi_stats.report.front import judgement_section, title_section
from cdi_stats.report.statements import rate_statement, timeliness_statement
from cdi_stats.report.wording import capital, in_sentence, join, tell


def open_report(
    audit: str,
    *,
    earlier: str = "",
    confidence_level: float = 0.95,
    method: str = "wilson",
    degrees_of_freedom: str = "kurtosis",
    overall: str = "",
    show_records: bool = False,
    disclosure: str = "",
) -> Report:
    """Read and examine an audit, and the earlier one it is compared with, and return the Report to tell it by.

    `earlier` names the audit to compare with; blank takes the one that the audit itself names, "none" takes none.
    `overall` ("pooled" or "weighted") overrides what the audit says; `show_records` prints the records' own numbers
    instead of their aliases. `disclosure` names how small numbers are protected (findings.withheld), blank as the
    audits say. Raises what read_audit raises, and BadParameters for a `disclosure` that is none.
    """
    path = locate_audit(audit)
    options = {"confidence_level": confidence_level, "method": method, "degrees_of_freedom": degrees_of_freedom}
    later = read_audit(path)
    other = locate_earlier(path, later, earlier)
    audits = [later] if other is None else [later, read_audit(other)]
    rules = strictest(rules_for(audit.facts, disclosure) for audit in audits)
    found = [withhold(examine(a, overall=overall or None, **options), rules) for a in audits]  # type: ignore[arg-type]
    compared = round_comparison(compare_findings(*found), rules) if other else None
    return Report(round_findings(found[0], rules), compared, show_records, rules)


class Report(Examined):
    """An inspection report, section by section."""

    def title(self) -> Section:
        """Tell whose report this is, when and from what; and what every reader must know first."""
        return section(title_section(self.findings), self.protection)

    def judgement(self) -> Section:
        """Show the grades that people gave; none is ever computed."""
        return judgement_section(self.audit)

    def summary(self) -> Section:
        """Tell the whole in a few sentences and figures."""
        overall = self.findings.overall
        told: list[Text | None] = [join(headlines.opening(self.findings), headlines.other_weighting(self.findings))]
        if overall.estimate:
            told.append(narrative.unrecorded_sentence(overall))
            told.append(headlines.change_words(self.comparison, "crimes"))
            told.append(headlines.worsened_words(self.compared))
            told.append(headlines.lowest(self.findings))
        cards = [rate_statement(label, finding) for label, finding in self.rates if finding.estimate]
        from cdi_stats.report.icon_charts import icons_chart

        return section(
            *cards,
            *paragraphs(told),
            icons_chart(overall),
            self._context("summary"),
            *paragraphs([narrative.actions_sentence(self.findings)]),
        )

    def overall(self) -> Section:
        """Tell the overall recording rate, its strata, and pooled against weighted."""
        finding = self.findings.overall
        words = [narrative.route_sentence(self.findings)]
        if finding.estimate:
            words.append(narrative.published_sentence(finding))
            weightings = headlines.other_weighting(self.findings), headlines.why_weightings_differ(self.findings)
            words.append(join(*weightings))
        rates = [(label, row) for label, row in self.rates if row.estimate]
        return section(
            *(self._statements(headlines.OVERALL, finding) if finding.estimate else []),
            *paragraphs(words),
            self._context("overall"),
            self.rates_chart(rates) if rates else None,
            tables.rates_table("Recording rates, overall and by stratum", self.rates),
        )

    def strata(self) -> Section:
        """Tell each stratum under a heading of its own."""
        parts: list[Block | Iterable[Block] | None] = []
        for stratum in self.audit.strata:
            finding = self.findings.stratum(stratum.stratum)
            parts.append(Heading(3, capital(stratum.label)))
            words: list[Text | None] = []
            if finding.estimate is None:
                words.append(narrative.rate_sentence(finding))
            else:
                parts.append(self._statements(capital(stratum.label), finding))
                words.append(narrative.published_sentence(finding))
                words.append(narrative.unrecorded_sentence(finding, stratum.label))
                words.append(headlines.change_words(self.comparison, "crimes of this kind", stratum.stratum))
            parts.append(paragraphs(words))
            parts.append(self._context(stratum.stratum))
        return section(*parts)

    def domains(self) -> Section:
        """Tell the parts of the sample that cut across strata, such as domestic abuse and rape."""
        parts: list[Block | Iterable[Block] | None] = []
        rows = [row for row in self.findings.of("recording_rate") if row.domain != ALL and row.estimate]
        for finding in rows:
            parts.append(Heading(3, capital(domain_label(finding.domain))))
            parts.append(self._domain_statements(finding))
            words: list[Text | None] = []
            change = self.comparison.get(finding.measure, finding.domain, finding.stratum) if self.comparison else None
            if change:
                words.append(narrative.change_sentence(change))
            parts.append(paragraphs(words))
            parts.append(self._context(finding.domain))
        if rows:
            parts.append(self._domains_chart(rows))
        return section(*parts)

    def causes(self) -> Section:
        """Tell why crimes were not recorded."""
        causes = examine_causes(
            self.audit, confidence_level=self.findings.confidence_level, fewest=self.rules.threshold
        )
        if not causes:
            return section(Paragraph(tell("causes.unheld")))
        notes: tuple[Text, ...] = ()
        if self.audit.facts.reasons_basis == "illustrative":
            notes = (tell("note.reasons"),)
        from cdi_stats.report.charts import causes_chart

        return section(
            Paragraph(narrative.causes_sentence(causes)),
            self._context("causes"),
            causes_chart(headlines.causes_title(causes), causes, self.findings.level, notes),
            missed_tables.causes_table("Reasons for crimes not recorded", causes, self.findings.level),
        )

    def concentration(self) -> Section:
        """Tell whether a few records carry the misses."""
        if not self.audit.has_records:
            return section(Paragraph(tell("spread.unseen")))
        f = self.findings
        options = {name: getattr(f, name) for name in ("confidence_level", "method", "degrees_of_freedom")}
        rows = [
            (capital(s.label), examine_concentration(self.audit, stratum=s.stratum, **options))
            for s in self.audit.strata
            if f.stratum(s.stratum).estimate
        ]
        shown = [row for row in rows if row[1].missed]
        if not shown:
            return section(Paragraph(tell("spread.no_record")))
        from cdi_stats.report.spread_charts import concentration_chart

        notes: tuple[Text, ...] = ()
        if self.audit.facts.records_basis != "audited":
            notes = (tell("note.illustrative"),)
        words = [
            tell("spread.of", label=strong(label), words=narrative.concentration_sentence(c, self._stratum_of(c)))
            for label, c in rows
        ]
        return section(
            Bullets(tuple(words)),
            concentration_chart(headlines.concentration_title(shown), shown, notes),
            missed_tables.concentration_table("Missed crimes and the records that hold them", shown),
            missed_tables.heavy_table("Records that hold more than half of the misses", shown, self._record, notes),
        )

    def annual(self) -> Section:
        """Tell the crimes not recorded in a year, with ranges."""
        rows = [(label, row) for label, row in self.rates if row.unrecorded]
        if not rows:
            return section(Paragraph(tell("yearly.unknown")))
        from cdi_stats.report.charts import annual_chart

        label, first = rows[0]
        title = headlines.annual_title(label, first)
        words = join(
            narrative.unrecorded_sentence(first, "" if label == headlines.OVERALL else in_sentence(label)),
            headlines.sum_of_strata(self.findings),
            headlines.auditable_year(self.findings),
        )
        parts: list[Block | Iterable[Block] | None] = [
            *paragraphs([words]),
            annual_chart(title, rows),
            tables.annual_table("Crimes not recorded in a year", rows),
        ]
        rates = [(label, c) for label, c in self.compared if c.additional]
        if rates:
            caption = "Crimes recorded a year beyond what the earlier rate would have given"
            parts.append(tables.additional_table(caption, self.findings.level, rates))
        return section(*parts)

    def changes(self) -> Section:
        """Tell every rate against the earlier audit's."""
        if self.comparison is None:
            return section(Paragraph(tell("change.no_earlier")))
        from cdi_stats.report.charts import change_chart

        changes = self.compared
        if not changes:
            return section(Paragraph(tell("change.none")))
        cautions = self.comparison.cautions
        return section(
            *paragraphs([headlines.change_words(self.comparison, "crimes"), headlines.worsened_words(changes)]),
            Callout("warning", "Before comparing", " ".join(cautions)) if cautions else None,
            change_chart(
                headlines.changes_title([change for _, change in changes]), self.comparison.later.level, changes
            ),
            tables.change_table("Earlier and present findings", self.comparison.later.level, changes),
        )

    def vulnerable(self) -> Section:
        """Tell what vulnerable-victim records hold."""
        words = [
            *self._changes_of("vulnerable_victims"),
            *self._measure_words("vulnerable_safeguarding", "vulnerable_investigated"),
        ]
        return self._told("vulnerable", self._cards("vulnerable_victims"), words)

    def safeguarding(self) -> Section:
        """Tell whether victims were safeguarded, and crimes investigated, where no crime was recorded."""
        cards = [card for row in self._parts_of("safeguarding") for card in self._domain_statements(row)]
        followed = [*self._parts_of("investigated"), *self._parts_of("victim_informed")]
        return self._told("safeguarding", cards, [narrative.rate_sentence(row) for row in followed])

    def n100(self) -> Section:
        """Tell whether N100s were made where needed, and right where made."""
        words = [*self._changes_of("n100_made"), *self._changes_of("n100_correct")]
        outcomes = tables.n100_outcomes_table("What the N100s examined were found to be", self.findings)
        return self._told("n100", self._cards("n100_made", "n100_correct"), words, outcomes)

    def timeliness(self) -> Section:
        """Tell how many recorded crimes were recorded in time."""
        rows = [(self._part_label(f), f) for f in self._parts_of("timeliness")]
        if not rows:
            return self._told("timeliness", [], [])
        hours = self.audit.facts.timeliness_hours
        title = headlines.timeliness_title(rows)
        cards = [timeliness_statement(label, finding, hours) for label, finding in rows]
        table = tables.rates_table(f"Recorded within {hours} hours of the report", rows, "Recorded", "In time")
        words = [tell("timeliness.hours", hours=hours), *self._changes_of("timeliness")]
        return self._told("timeliness", cards, words, self._timeliness_chart(title, rows), table)

    def _timeliness_chart(self, title: str, rows: list[tuple[str, Finding]]) -> Chart:
        """Return how long recording took, where the audit holds times of every part; else the shares in time."""
        hours, delays = self.audit.facts.timeliness_hours, examine_delays(self.audit)
        notes = (tell("note.times"),) if self.audit.facts.records_basis != "audited" else ()
        if {d.stratum for d in delays} == {finding.stratum for _, finding in rows}:
            from cdi_stats.report.spread_charts import delays_chart

            return delays_chart(title, hours, delays, [finding for _, finding in rows], notes)
        from cdi_stats.report.charts import timeliness_chart

        return timeliness_chart(title, hours, rows)

    def cancellations(self) -> Section:
        """Tell whether crimes were cancelled rightly, and victims told."""
        kinds = [f for f in self.findings.of("cancelled_correctly") if f.domain != ALL]
        rows = [(capital(domain_label(f.domain)), f) for f in kinds]
        words = [*self._changes_of("cancelled_correctly"), *self._changes_of("victims_informed")]
        table = tables.rates_table("Cancelled crimes reviewed", rows, "Reviewed", "Right") if rows else None
        return self._told("cancellations", self._cards("cancelled_correctly", "victims_informed"), words, table)

    def equality(self) -> Section:
        """Tell which characteristics of victims the force collects."""
        return self._told("equality", [], [narrative.equality_sentence(self.findings)])

    def leadership(self) -> Section:
        """Tell leadership and culture in the words entered, and the progress of recommendations."""
        actions = tables.actions_table("Recommendations and areas for improvement", self.findings)
        return self._told("leadership", [], [narrative.actions_sentence(self.findings)], actions)

    def next_steps(self) -> Section:
        """Tell what follows, in the words entered."""
        return self._told("next", [], [])

    def methods(self) -> Section:
        """Tell in plain words how the audit was made and the figures computed."""
        return section(
            Bullets(tuple(method_points(self.findings))),
            tables.sample_table("What was examined", self.findings),
            tables.precision_table("Planned and achieved precision", self.findings),
        )

    def limits(self) -> Section:
        """Tell what the evidence cannot carry."""
        return section(Bullets(tuple(limit_points(self.findings, self.comparison))))

    def annex(self) -> Section:
        """Tell the technical detail: methods side by side, formulas in words, and how to repeat the run."""
        return section(*annex_blocks(self.findings, self.rates))
