"""An audit examined, and what every report on one audit says alike: its rates, changes, charts and entered words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from cdi_stats.audit.model import Audit
from cdi_stats.findings.change import Comparison, FindingChange
from cdi_stats.findings.concentration import Concentration
from cdi_stats.findings.examine import Finding, Findings
from cdi_stats.findings.measures import ALL, domain_label, measure_of
from cdi_stats.findings.withheld import UNPROTECTED, Rules
from cdi_stats.report import headlines, narrative
from cdi_stats.report.blocks import (
    Block,
    Chart,
    Paragraph,
    Section,
    Statement,
    Strong,
    Text,
    section,
)
from cdi_stats.report.disclosure import Protection, protection
from cdi_stats.report.statements import count_statement, rate_statement
from cdi_stats.report.wording import capital, in_sentence, say, tell

COMPARED = ("recording_rate", "timeliness", "vulnerable_victims", "n100_made", "n100_correct",
            "cancelled_correctly", "victims_informed")  # fmt: skip
MIXED = ("timeliness", "cancelled_correctly")


@dataclass(frozen=True)
class Examined:
    """An examined audit, ready to be told; `comparison` is with an earlier audit, if any.

    `show_records` has the records called by their own numbers instead of their aliases; `rules` are those by which
    small numbers were withheld.
    """

    findings: Findings
    comparison: Comparison | None = None
    show_records: bool = False
    rules: Rules = UNPROTECTED

    @property
    def audit(self) -> Audit:
        """Return the audit told of."""
        return self.findings.audit

    @property
    def protection(self) -> Protection:
        """Return by which rules small numbers are protected, in all that is told after it."""
        return protection(self.rules, self.findings, *([self.comparison.earlier] if self.comparison else []))

    @cached_property
    def _labels(self) -> dict[str, str]:
        return {s.stratum: s.label for s in self.audit.strata}

    @property
    def rates(self) -> list[tuple[str, Finding]]:
        """Return the overall recording rate and each stratum's, labelled."""
        return _rates(self.findings)

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
        return name if whole else f"{self._part_label(finding)}, {in_sentence(name)}"

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
        """Return the chart of some rates, beside those of the earlier audit where there is one."""
        from cdi_stats.report.charts import rates_chart

        return rates_chart(headlines.rates_title(rates), rates, self._changes(rates))

    def _domains_chart(self, rows: list[Finding]) -> Chart:
        from cdi_stats.report.charts import rates_chart

        labelled = [(capital(domain_label(row.domain)), row) for row in rows]
        return rates_chart(headlines.domains_title(labelled), labelled, self._changes(labelled))

    def _changes(self, rows: Iterable[tuple[str, Finding]]) -> list[tuple[str, FindingChange]]:
        """Return the change of each of these since the earlier audit, under the same label."""
        if self.comparison is None:
            return []
        found = [(label, self.comparison.get(row.measure, row.domain, row.stratum)) for label, row in rows]
        return [(label, change) for label, change in found if change]

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
            say("{what}: {words}", what=strong(label), words=narrative.change_sentence(change))
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
        told = section(cards, paragraphs(words), self._context(code), *blocks)
        return told if told.blocks else section(Paragraph(tell("note.nothing_held")))

    def _record(self, record_id: str) -> str:
        return record_id if self.show_records else self.audit.alias(record_id)

    def _context(self, code: str) -> list[Block]:
        return [Paragraph(words) for words in self.audit.entered(code)]


def _is_mixed(finding: Finding) -> bool:
    """Return whether a finding mixes parts whose shares of the sample differ from audit to audit."""
    return finding.measure in MIXED and (finding.domain, finding.stratum) == (ALL, ALL)


def _rates(findings: Findings) -> list[tuple[str, Finding]]:
    strata = [(capital(s.label), findings.stratum(s.stratum)) for s in findings.audit.strata]
    return [(headlines.OVERALL, findings.overall), *strata]


def paragraphs(texts: Iterable[Text | None]) -> list[Block]:
    """Return a paragraph for each text there is."""
    return [Paragraph(text) for text in texts if text]


def strong(words: str) -> Text:
    """Return words that a reader should not miss, as a text."""
    return (Strong(words),)
