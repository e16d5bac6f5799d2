"""The board paper's sections: numbered paragraphs that say where the force stands, how surely, and what is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cdi_stats.audit.model import Audit, Stratum
from cdi_stats.findings.causes import examine_causes
from cdi_stats.findings.concentration import examine_concentration
from cdi_stats.findings.examine import Findings
from cdi_stats.findings.further_crimes import FurtherCrimes, examine_further_crimes
from cdi_stats.findings.missed import Common, examine_common
from cdi_stats.report import group_words, headlines, missed_tables, narrative, series_tables, tables
from cdi_stats.report.assurance import annex_blocks, limit_points
from cdi_stats.report.blocks import (
    Block,
    Bullets,
    Callout,
    Figure,
    Heading,
    Numbered,
    Section,
    Text,
    Title,
    section,
)
from cdi_stats.report.examined import strong
from cdi_stats.report.inspection import Report, open_report
from cdi_stats.report.numbers import count, in_words, long_date, margin
from cdi_stats.report.wording import capital, in_sentence, join, separated, tell, told_point
from cdi_stats.resources import code_list
from cdi_stats.rounding import as_level


def open_board_paper(
    audit: str,
    *,
    to: str = "",
    sender: str = "",
    decision: str = "",
    **options: Any,
) -> BoardPaper:
    """Read and examine an audit and return the BoardPaper to tell it by.

    `to` and `sender` are printed as To and From, else whom the audit is prepared for and by; `decision` is what the
    board is asked for, else what the audit's context says. Options as open_report takes them, and it raises the same.
    """
    return BoardPaper(open_report(audit, **options), to, sender, decision)


@dataclass(frozen=True)
class BoardPaper:
    """An examined audit, told as a paper to a board."""

    report: Report
    to: str = ""
    sender: str = ""
    decision: str = ""

    @property
    def _audit(self) -> Audit:
        return self.report.audit

    @property
    def _findings(self) -> Findings:
        return self.report.findings

    def title(self) -> Section:
        """Tell to whom, when, on what and from whom."""
        facts = self._audit.facts
        rows: list[tuple[str, Text]] = [
            ("To", self.to or facts.prepared_for or "The board"),
            ("Date", long_date(facts.publication_date)),
            ("Title", facts.title or f"Crime data integrity: {facts.force}"),
            ("From", self.sender or facts.prepared_by),
        ]
        subtitle = facts.title or facts.force
        note = Callout("note", "Read this first", facts.note) if facts.note else None
        return section(
            Title(subtitle, facts.publication_date.isoformat(), tuple(rows), self.sender or facts.prepared_by),
            note,
            self.report.protection,
        )

    def introduction(self) -> Section:
        """Tell what this paper is about, in the words entered and in a sentence of its own."""
        facts = self._audit.facts
        kind = in_sentence(code_list("audit_types")[facts.audit_type])
        about = tell(
            "board.about",
            kind=kind,
            force=facts.force,
            period=narrative.period_words(self._findings),
            rules=facts.counting_rules,
            route=narrative.route_words([self._audit]),
        )
        return section(_numbered([*self._audit.entered("summary"), about]))

    def position(self) -> Section:
        """Tell where recording stands: the result in a sentence, and the progress of each recommendation."""
        words = [headlines.opening(self._findings), headlines.change_words(self.report.comparison, "crimes")]
        told = [join(*words), *self._audit.entered("overall"), *self._audit.entered("leadership")]
        from cdi_stats.report.icon_charts import icons_chart

        return section(
            _numbered([*told, narrative.actions_sentence(self._findings)]),
            icons_chart(self._findings.overall),
            tables.actions_table("Recommendations and progress", self._findings, "recommendation"),
            tables.actions_table("Areas for improvement and progress", self._findings, "area for improvement"),
        )

    def method(self) -> Section:
        """Tell how the audit was made: period, criteria, workbook, the basis of its size."""
        facts = self._audit.facts
        entered = {"selection": facts.selection, "exclusions": facts.exclusions, "independence": facts.independence}
        spans = [narrative.span_of_days(stratum.period_start, stratum.period_end) for stratum in self._audit.strata]
        labelled = [f"{stratum.label}, {span}" for stratum, span in zip(self._audit.strata, spans, strict=True)]
        periods = spans[0] if len(set(spans)) == 1 else "; ".join(labelled)
        points = [
            told_point("board.method.periods", periods=periods),
            *(told_point(f"method.entered.{name}", entered=text) for name, text in entered.items() if text),
            self._size_basis(),
        ]
        return section(Numbered(tell("board.method.lead")), Bullets(tuple(points)))

    def _size_basis(self) -> Text:
        planned = [s for s in self._audit.strata if s.planned_margin is not None]
        if not planned:
            return told_point("board.method.no_margin")
        margins = sorted({(s.planned_margin or 0, s.planned_confidence_level or 0.95) for s in planned})
        parts = [tell("board.method.margin", margin=margin(e, 1), level=as_level(level)) for e, level in margins]
        return told_point("board.method.size", margins=separated(" and ", parts))

    def samples(self) -> Section:
        """Tell how much was examined in each stratum."""
        words = [self._sample_words(stratum) for stratum in self._audit.strata]
        table = tables.sample_table("What was examined", self._findings)
        if len(words) == 1:
            return section(_numbered(words), table)
        lead = tell("board.samples", number=capital(in_words(len(words))))
        return section(Numbered(lead), Bullets(tuple(words)), table)

    def _sample_words(self, stratum: Stratum) -> Text:
        key = f"board/{stratum.stratum}/sampled"
        sampled = Figure(key, stratum.records_sampled, count(stratum.records_sampled), "count", "strata sheet")
        return tell("board.sample", label=strong(capital(stratum.label)), records=sampled)

    def results(self) -> Section:
        """Tell the overall rate, pooled and weighted, and each stratum's, with intervals."""
        findings, overall = self._findings, self._findings.overall
        words: list[Text | None] = [
            tell("board.rate"),
            narrative.rate_sentence(overall),
            join(headlines.other_weighting(findings), headlines.why_weightings_differ(findings))
            if overall.estimate
            else None,
        ]
        strata = [self._stratum_words(stratum) for stratum in self._audit.strata]
        rates = [(label, row) for label, row in self.report.rates if row.estimate]
        return section(
            _numbered(words),
            _numbered(strata),
            self.report.rates_chart(rates) if rates else None,
            tables.rates_table("Recording rates, overall and by stratum", self.report.rates),
        )

    def _stratum_words(self, stratum: Stratum) -> Text:
        finding = self._findings.stratum(stratum.stratum)
        return join(strong(f"{capital(stratum.label)}."), narrative.rate_sentence(finding))

    def causes(self) -> Section:
        """Tell each stratum's main cause, whether a few records carry it, and which offences miss further crimes."""
        if not self._audit.has_records:
            return section(_numbered([tell("board.causes.unseen"), *self._audit.entered("causes")]))
        told = [self._cause_words(stratum) for stratum in self._audit.strata]
        level = self._findings.confidence_level
        further = examine_further_crimes([self._audit], confidence_level=level)
        causes = examine_causes(self._audit, confidence_level=level, fewest=self.report.rules.threshold)
        illustrative = self._audit.facts.reasons_basis == "illustrative"
        return section(
            _numbered([*told, *self._audit.entered("causes")]),
            _numbered(self._further_words(further)),
            series_tables.offences_table("Crimes missed as a further crime of a record", self._findings.level, further)
            if further and further.offences
            else None,
            missed_tables.causes_table("Reasons for crimes not recorded", causes, self._findings.level)
            if causes
            else None,
            _numbered([tell("note.reasons")]) if illustrative and causes else None,
        )

    def _further_words(self, further: FurtherCrimes | None) -> Iterator[Text]:
        if further is None:
            yield tell("board.causes.no_further")
            return
        yield from group_words.further_words(further, self._findings.level)
        if self._audit.facts.records_basis != "audited":
            yield tell("note.illustrative")

    def _cause_words(self, stratum: Stratum) -> Text | None:
        finding = self._findings.stratum(stratum.stratum)
        if finding.estimate is None:
            return None
        lead = strong(f"{capital(stratum.label)}.")
        if finding.done == finding.due:
            return join(lead, tell("spread.none"))
        common = examine_common(self._audit, stratum.stratum)
        words = [_common_words(common[name]) for name in ("opening_code", "offence", "reason") if name in common]
        spread = examine_concentration(
            self._audit, stratum=stratum.stratum, confidence_level=self._findings.confidence_level,
            method=self._findings.method, degrees_of_freedom=self._findings.degrees_of_freedom,
        )  # fmt: skip
        return join(
            lead, *self._audit.entered(stratum.stratum), *words, narrative.concentration_sentence(spread, finding)
        )

    def other_measures(self) -> Section:
        """Tell what else the audit measured: N100s, victims, timeliness, cancellations, safeguarding, training."""
        measures = ("n100_made", "n100_correct", "vulnerable_victims", "cancelled_correctly", "victims_informed")
        found = [self._findings.get(name) for name in (*measures, "safeguarding", "timeliness")]
        told = [narrative.rate_sentence(finding) for finding in found if finding and finding.estimate]
        entered = [
            text for code in ("n100", "safeguarding", "training", "equality") for text in self._audit.entered(code)
        ]
        words = [*told, *entered]
        return section(_numbered(words or [tell("board.rates_alone")]))

    def trend(self) -> Section:
        """Tell how the rates compare with the earlier audit, or that there is none to compare with."""
        comparison = self.report.comparison
        if comparison is None:
            return section(_numbered([tell("board.no_trend")]))
        words: list[Text | None] = [
            headlines.change_words(comparison, "crimes of this kind", s.stratum) for s in self._audit.strata
        ]
        labelled = [
            join(strong(f"{capital(s.label)}."), text)
            for s, text in zip(self._audit.strata, words, strict=True)
            if text
        ]
        return section(
            _numbered([headlines.change_words(comparison, "crimes"), *labelled, *comparison.cautions]),
            tables.change_table("Rates now and before", self._findings.level, self.report.compared),
        )

    def precision(self) -> Section:
        """Tell the margin planned for each stratum and the one achieved."""
        table = tables.precision_table("Margins planned and achieved, in percentage points", self._findings)
        if table is None:
            return section(_numbered([tell("board.no_precision")]))
        return section(Numbered(tell("board.precision")), table)

    def decision_asked(self) -> Section:
        """Tell what the board is asked for."""
        return section(
            _numbered([self.decision] if self.decision else self._audit.entered("decision") or [tell("board.decision")])
        )

    def next_steps(self) -> Section:
        """Tell what follows, in the words entered."""
        return section(_numbered(self._audit.entered("next") or [tell("board.no_steps")]))

    def annex(self) -> Section:
        """Tell the limits of the evidence and the technical detail."""
        limits = Bullets(tuple(limit_points(self._findings, self.report.comparison)))
        return section(Heading(3, "Limits of the evidence"), limits, annex_blocks(self._findings, self.report.rates))


def _numbered(texts: Iterable[Text | None]) -> list[Block]:
    return [Numbered(text) for text in texts if text]


def _common_words(common: Common) -> Text:
    """Say what most of a stratum's missed crimes share."""
    key = f"board/common/{common.stratum}/{common.column}"
    label = in_sentence(common.label)
    return tell(
        f"board.common.{'every' if common.every else 'some'}.{common.column}",
        crimes=Figure(
            f"{key}/crimes", common.crimes, count(common.crimes), "count", "missed crimes of the stratum that share it"
        ),
        missed=Figure(
            f"{key}/missed", common.missed, count(common.missed), "count", "missed crimes of the stratum that share it"
        ),
        label=label,
    )
