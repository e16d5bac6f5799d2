"""The inspection report's sections, each one call in a notebook; with an earlier audit, the re-inspection's too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from cdi_stats.audit.model import Audit
from cdi_stats.audit.reading import locate_audit, locate_earlier, read_audit
from cdi_stats.findings.causes import examine_causes
from cdi_stats.findings.change import Comparison, FindingChange, compare_findings
from cdi_stats.findings.concentration import Concentration, examine_concentration
from cdi_stats.findings.examine import Finding, Findings, examine
from cdi_stats.findings.measures import ALL, domain_label, measure_of
from cdi_stats.report import headlines, narrative, tables
from cdi_stats.report.assurance import annex_blocks, limit_points, method_points
from cdi_stats.report.blocks import (
    Block,
    Bullets,
    Callout,
    Chart,
    Heading,
    Paragraph,
    Section,
    Statement,
    Strong,
    Text,
    section,
)
from cdi_stats.report.front import judgement_section, title_section
from cdi_stats.report.narrative import capital, join, say
from cdi_stats.report.statements import count_statement, rate_statement, timeliness_statement

COMPARED = ("recording_rate", "timeliness", "vulnerable_victims", "n100_made", "n100_correct",
            "cancelled_correctly", "victims_informed")  # fmt: skip
ILLUSTRATIVE = "The records are rebuilt from totals: how misses lie over them is illustrative where not published."
UNCOUNTED_REASONS = (
    "The published report names causes without counting them: how often each occurs here is illustrative."
)
MIXED = ("timeliness", "cancelled_correctly")


def open_report(
    audit: str,
    *,
    earlier: str = "",
    confidence_level: float = 0.95,
    method: str = "wilson",
    degrees_of_freedom: str = "kurtosis",
    overall: str = "",
    show_records: bool = False,
) -> Report:
    """Read and examine an audit, and the earlier one it is compared with, and return the Report to tell it by.

    `earlier` names the audit to compare with; blank takes the one that the audit itself names, "none" takes none.
    `overall` ("pooled" or "weighted") overrides what the audit says; `show_records` prints the records' own numbers
    instead of their aliases. Raises what read_audit raises.
    """
    path = locate_audit(audit)
    options = {"confidence_level": confidence_level, "method": method, "degrees_of_freedom": degrees_of_freedom}
    findings = examine(read_audit(path), overall=overall or None, **options)  # type: ignore[arg-type]
    other = locate_earlier(path, findings.audit, earlier)
    if other is None:
        return Report(findings, show_records=show_records)
    before = examine(read_audit(other), overall=overall or None, **options)  # type: ignore[arg-type]
    return Report(findings, compare_findings(findings, before), show_records)


@dataclass(frozen=True)
class Report:
    """An examined audit, ready to be told section by section; `comparison` is with an earlier audit, if any."""

    findings: Findings
    comparison: Comparison | None = None
    show_records: bool = False

    @property
    def audit(self) -> Audit:
        """Return the audit told of."""
        return self.findings.audit

    @cached_property
    def _labels(self) -> dict[str, str]:
        return {s.stratum: s.label for s in self.audit.strata}

    @property
    def rates(self) -> list[tuple[str, Finding]]:
        """Return the overall recording rate and each stratum's, labelled."""
        return _rates(self.findings)

    def title(self) -> Section:
        """Tell whose report this is, when and from what; and what every reader must know first."""
        return title_section(self.findings)

    def judgement(self) -> Section:
        """Show the grades that people gave; none is ever computed."""
        return judgement_section(self.audit)

    def summary(self) -> Section:
        """Tell the whole in a few sentences and figures."""
        overall = self.findings.overall
        paragraphs: list[Text | None] = [
            join(headlines.opening(self.findings), headlines.other_weighting(self.findings))
        ]
        if overall.estimate:
            paragraphs.append(narrative.unrecorded_sentence(overall))
            paragraphs.append(headlines.change_words(self.comparison, "crimes"))
            paragraphs.append(headlines.worsened_words(self.compared))
            paragraphs.append(headlines.lowest(self.findings))
        cards = [rate_statement(label, finding) for label, finding in self.rates if finding.estimate]
        return section(
            *cards,
            *_paragraphs(paragraphs),
            self._context("summary"),
            *_paragraphs([narrative.actions_sentence(self.findings)]),
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
            *_paragraphs(words),
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
            parts.append(_paragraphs(words))
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
            parts.append(_paragraphs(words))
            parts.append(self._context(finding.domain))
        if rows:
            parts.append(self._domains_chart(rows))
        return section(*parts)

    def causes(self) -> Section:
        """Tell why crimes were not recorded."""
        causes = examine_causes(self.audit, confidence_level=self.findings.confidence_level)
        if not causes:
            return section(Paragraph("No reasons are held: the audit misses no crime, or gives only totals."))
        notes: tuple[Text, ...] = ()
        if self.audit.facts.reasons_basis == "illustrative":
            notes = (UNCOUNTED_REASONS,)
        from cdi_stats.report.charts import causes_chart

        return section(
            Paragraph(narrative.causes_sentence(causes)),
            self._context("causes"),
            causes_chart(headlines.causes_title(causes), causes, self.findings.level, notes),
            tables.causes_table("Reasons for crimes not recorded", causes, self.findings.level),
        )

    def concentration(self) -> Section:
        """Tell whether a few records carry the misses."""
        if not self.audit.has_records:
            unseen = "Only totals are known, so it cannot be seen whether a few records carry the misses."
            return section(Paragraph(unseen))
        f = self.findings
        options = {name: getattr(f, name) for name in ("confidence_level", "method", "degrees_of_freedom")}
        rows = [
            (capital(s.label), examine_concentration(self.audit, stratum=s.stratum, **options))
            for s in self.audit.strata
            if f.stratum(s.stratum).estimate
        ]
        shown = [row for row in rows if row[1].missed]
        if not shown:
            return section(Paragraph("No crime was missed in any record."))
        from cdi_stats.report.charts import concentration_chart

        notes: tuple[Text, ...] = ()
        if self.audit.facts.records_basis != "audited":
            notes = (ILLUSTRATIVE,)
        words = [
            say(
                "{label}: {words}", label=_strong(label), words=narrative.concentration_sentence(c, self._stratum_of(c))
            )
            for label, c in rows
        ]
        return section(
            Bullets(tuple(words)),
            concentration_chart(headlines.concentration_title(shown), shown, notes),
            tables.concentration_table("Missed crimes and the records that hold them", shown),
            tables.heavy_table("Records that hold more than half of the misses", shown, self._record, notes),
        )

    def annual(self) -> Section:
        """Tell the crimes not recorded in a year, with ranges."""
        rows = [(label, row) for label, row in self.rates if row.unrecorded]
        if not rows:
            return section(
                Paragraph(
                    "Nothing is extrapolated to a year: that needs the crimes recorded in the year, and a sample in "
                    "which some crime was recorded."
                )
            )
        from cdi_stats.report.charts import annual_chart

        label, first = rows[0]
        title = headlines.annual_title(label, first)
        words = join(
            narrative.unrecorded_sentence(first, "" if label == headlines.OVERALL else narrative.in_sentence(label)),
            headlines.sum_of_strata(self.findings),
            headlines.auditable_year(self.findings),
        )
        parts: list[Block | Iterable[Block] | None] = [
            *_paragraphs([words]),
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
            return section(Paragraph("There is no earlier audit to compare with."))
        from cdi_stats.report.charts import change_chart

        changes = self.compared
        if not changes:
            return section(Paragraph("The two audits share no rate that could be compared."))
        cautions = self.comparison.cautions
        return section(
            *_paragraphs([headlines.change_words(self.comparison, "crimes"), headlines.worsened_words(changes)]),
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
        from cdi_stats.report.charts import timeliness_chart

        hours = self.audit.facts.timeliness_hours
        title = headlines.timeliness_title(rows)
        cards = [timeliness_statement(label, finding, hours) for label, finding in rows]
        table = tables.rates_table(f"Recorded within {hours} hours of the report", rows, "Recorded", "In time")
        words = [f"A crime must be recorded within {hours} hours of its report.", *self._changes_of("timeliness")]
        return self._told("timeliness", cards, words, timeliness_chart(title, hours, rows), table)

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

    @cached_property
    def compared(self) -> list[tuple[str, FindingChange]]:
        """Return every rate that is compared, labelled: recording rates first, then the other measures."""
        changes = self.comparison.changes if self.comparison else ()
        order = {measure: place for place, measure in enumerate(COMPARED)}
        shown = [c for c in changes if c.later.measure in order and not _is_mixed(c.later)]
        return [(self._change_label(c.later), c) for c in sorted(shown, key=lambda c: order[c.later.measure])]

    def _change_label(self, finding: Finding) -> str:
        if finding.measure == "recording_rate":
            return headlines.OVERALL if (finding.domain, finding.stratum) == (ALL, ALL) else self._part_label(finding)
        name, whole = measure_of(finding.measure).name, (finding.domain, finding.stratum) == (ALL, ALL)
        return name if whole else f"{self._part_label(finding)}: {narrative.in_sentence(name)}"

    def _before(self, finding: Finding) -> Finding | None:
        """Return the earlier audit's finding of the same rate, where it has one."""
        earlier = self.comparison.earlier if self.comparison else None
        found = earlier.get(finding.measure, finding.domain, finding.stratum) if earlier else None
        return found if found and found.estimate else None

    def _statements(self, label: str, finding: Finding) -> list[Statement]:
        """Return a rate's headline; with an earlier audit, its own before it."""
        before = self._before(finding)
        now = rate_statement(label, finding, now=before is not None)
        return [rate_statement(label, before, "earlier/"), now] if before else [now]

    def _domain_statements(self, finding: Finding) -> list[Statement]:
        before = self._before(finding)
        now = count_statement(finding, now=before is not None)
        return [count_statement(before, "earlier/"), now] if before else [now]

    def rates_chart(self, rates: list[tuple[str, Finding]]) -> Chart:
        """Return the chart of some rates, those of the earlier audit beneath."""
        from cdi_stats.report.charts import rates_chart

        return rates_chart(headlines.rates_title(rates), rates, self._earlier(rates))

    def _domains_chart(self, rows: list[Finding]) -> Chart:
        from cdi_stats.report.charts import rates_chart

        labelled = [(capital(domain_label(row.domain)), row) for row in rows]
        return rates_chart(headlines.domains_title(labelled), labelled, self._earlier(labelled))

    def _earlier(self, rows: Iterable[tuple[str, Finding]]) -> list[tuple[str, Finding]]:
        """Return the earlier audit's finding of each of these, under the same label."""
        return [(label, before) for label, row in rows if (before := self._before(row))]

    def _measure_words(self, *measures: str) -> list[Text | None]:
        words: list[Text | None] = []
        for measure in measures:
            finding = self.findings.get(measure)
            if finding:
                words.append(narrative.rate_sentence(finding))
                words.extend(self._changes_of(measure))
        return words

    def _changes_of(self, measure: str) -> list[Text]:
        """Return how a measure changed, each part by itself where it has parts."""
        return [
            say("{what}: {words}", what=_strong(label), words=narrative.change_sentence(change))
            for label, change in self.compared
            if change.later.measure == measure
        ]

    def _stratum_of(self, concentration: Concentration) -> Finding | None:
        return None if concentration.stratum is None else self.findings.stratum(concentration.stratum)

    def _parts_of(self, measure: str) -> list[Finding]:
        """Return a measure's findings by domain, or the whole where there is no domain."""
        rows = [row for row in self.findings.of(measure) if row.estimate]
        return [row for row in rows if (row.domain, row.stratum) != (ALL, ALL)] or rows

    def _cards(self, *measures: str) -> list[Statement]:
        """Return each measure as a headline statistic, an earlier finding before the present one."""
        found = [self.findings.get(measure) for measure in measures]
        return [card for finding in found if finding and finding.estimate for card in self._domain_statements(finding)]

    def _part_label(self, finding: Finding) -> str:
        if finding.domain == ALL:
            return capital(self._labels.get(finding.stratum, finding.stratum))
        return capital(domain_label(finding.domain))

    def _told(self, code: str, cards: Iterable[Block], words: Iterable[Text | None], *blocks: Block | None) -> Section:
        """Return a section: headline statistics, sentences, the words entered for it, then tables and charts."""
        told = section(cards, _paragraphs(words), self._context(code), *blocks)
        return told if told.blocks else section(Paragraph("The audit holds nothing on this."))

    def _record(self, record_id: str) -> str:
        return record_id if self.show_records else self.audit.alias(record_id)

    def _context(self, code: str) -> list[Block]:
        table = self.audit.tables["context"]
        return [Paragraph(str(text)) for text in table.loc[table["section"] == code, "text"]]


def _is_mixed(finding: Finding) -> bool:
    """Return whether a finding mixes parts whose shares of the sample differ from audit to audit."""
    return finding.measure in MIXED and (finding.domain, finding.stratum) == (ALL, ALL)


def _rates(findings: Findings) -> list[tuple[str, Finding]]:
    strata = [(capital(s.label), findings.stratum(s.stratum)) for s in findings.audit.strata]
    return [(headlines.OVERALL, findings.overall), *strata]


def _paragraphs(texts: Iterable[Text | None]) -> list[Block]:
    return [Paragraph(text) for text in texts if text]


def _strong(words: str) -> Text:
    return (Strong(words),)
