"""One view of an audit: a measure, a part of its cases and how it is split, told in a sentence, a chart and a table."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, fields, replace
from functools import cached_property

from cdi_stats.audit.model import Audit
from cdi_stats.audit.reading import locate_audit, locate_earlier, read_audit
from cdi_stats.errors import BadParameters
from cdi_stats.findings.change import Comparison, FindingChange, compare_findings
from cdi_stats.findings.examine import Finding, Findings
from cdi_stats.findings.measures import ALL, MEASURES, domain_label
from cdi_stats.findings.parts import (
    DIMENSIONS,
    Options,
    Part,
    choices,
    examine_part,
    split_part,
)
from cdi_stats.report import headlines, narrative, tables
from cdi_stats.report.blocks import Callout, Chart, Paragraph, Section, Table, Text, section
from cdi_stats.report.examined import strong
from cdi_stats.report.numbers import in_words
from cdi_stats.report.wording import capital, in_sentence, join, join_words, say, title

PART = tuple(field.name for field in fields(Part))
HOW = tuple(field.name for field in fields(Options))
ANY = {"stratum": "All strata", "domain": "All domains", "flag": "All crimes", "district": "All districts"}


@dataclass(frozen=True)
class View:
    """What is looked at: an audit, a part of it, the dimension it is split by, and how rates are made.

    `earlier` is the audit to compare with: blank as the audit names it, "none" for none.
    """

    audit: str
    measure: str = "recording_rate"
    stratum: str = ALL
    domain: str = ALL
    flag: str = ALL
    district: str = ALL
    split: str = "stratum"
    earlier: str = "none"
    confidence_level: float = 0.95
    method: str = "wilson"
    degrees_of_freedom: str = "kurtosis"
    overall: str = ""

    @property
    def part(self) -> Part:
        """Return the cases looked at."""
        return Part(**{name: getattr(self, name) for name in PART})

    @property
    def options(self) -> Options:
        """Return how rates are made."""
        return Options(**{name: getattr(self, name) for name in HOW})


def show_view(audit: str, **view: str | float) -> Section:
    """Return a view of an audit as sentence, chart and table: View says what may be given.

    Raises BadParameters for a choice that the audit does not have, and what read_audit raises.
    """
    known = [field.name for field in fields(View)]
    unknown = [f"parameter {name}: unknown; expected one of {', '.join(known)}" for name in view if name not in known]
    if unknown:
        raise BadParameters("\n".join(unknown))
    return look(View(audit, **view)).section()  # type: ignore[arg-type]


def look(view: View) -> Sight:
    """Return what a view shows. Raises BadParameters for a choice that is none, and what read_audit raises."""
    path = locate_audit(view.audit)
    audit = read_audit(path)
    _check(view, audit)
    other = locate_earlier(path, audit, view.earlier)
    return Sight(view, audit, None if other is None else read_audit(other))


def _check(view: View, audit: Audit) -> None:
    offered = {"measure": tuple(MEASURES), "split": DIMENSIONS}
    if view.measure in MEASURES:
        offered |= {name: (ALL, *found) for name, found in choices(audit, view.measure).items()}
    wrong = [_refusal(name, getattr(view, name), known) for name, known in offered.items()]
    if any(wrong):
        raise BadParameters("\n".join(line for line in wrong if line))


def _refusal(name: str, found: str, known: tuple[str, ...]) -> str:
    if found in known:
        return ""
    near = difflib.get_close_matches(found, known, n=1)
    hint = f". Did you mean {near[0]}?" if near else ""
    return f"parameter {name}: found {found!r}; expected one of {', '.join(known)}{hint}"


@dataclass(frozen=True)
class Sight:
    """What a view shows of an audit, and of the earlier one it is compared with."""

    view: View
    audit: Audit
    before: Audit | None = None

    @cached_property
    def finding(self) -> Finding:
        """Return the rate of the cases looked at."""
        return examine_part(self.audit, self.view.part, self.view.options)

    @cached_property
    def bars(self) -> list[tuple[str, Part, Finding]]:
        """Return the rate of each choice of the split dimension, all of them first: label, part and finding."""
        rows = [
            (part, examine_part(self.audit, part, self.view.options))
            for part in split_part(self.audit, self.view.part, self.view.split)
        ]
        return [(self.label(getattr(part, self.view.split)), part, row) for part, row in rows if row.estimate]

    def label(self, value: str, dimension: str = "") -> str:
        """Return how a choice of a dimension is called; of the split one where none is named."""
        dimension = dimension or self.view.split
        if value == ALL:
            return ANY[dimension]
        labels = {s.stratum: s.label for s in self.audit.strata} if dimension == "stratum" else {}
        return capital(labels.get(value) or (value if dimension == "district" else domain_label(value)))

    @cached_property
    def findings(self) -> Findings:
        """Return the findings of the bars, of the cases looked at and of all reported crimes."""
        return self._findings(self.audit, [row for _, _, row in self.bars])

    def _findings(self, audit: Audit, rows: list[Finding]) -> Findings:
        o = self.view.options
        # what sets two audits apart is told from their overall rates too
        more = [examine_part(audit, part, o) for part in (self.view.part, Part())]
        unique = {row.key: row for row in [*rows, *more]}
        return Findings(audit, tuple(unique.values()), o.confidence_level, o.method, o.degrees_of_freedom)

    @cached_property
    def _comparison(self) -> Comparison | None:
        if self.before is None:
            return None
        parts = [part for _, part, _ in self.bars]
        earlier = [examine_part(self.before, part, self.view.options) for part in parts]
        return compare_findings(self.findings, self._findings(self.before, earlier))

    def change(self, finding: Finding) -> FindingChange | None:
        """Return how one of these rates changed since the earlier audit; None where it has none."""
        found = self._comparison
        return found.get(finding.measure, finding.domain, finding.stratum) if found else None

    @property
    def cautions(self) -> tuple[str, ...]:
        """Return what makes the two audits less than alike."""
        return self._comparison.cautions if self._comparison else ()

    @property
    def what(self) -> str:
        """Return whose cases are looked at, of when, and which."""
        named = {name: getattr(self.view, name) for name in DIMENSIONS if getattr(self.view, name) != ALL}
        chosen = [
            f"{value} district" if name == "district" else in_sentence(self.label(value, name))
            for name, value in named.items()
        ]
        return ", ".join([self.audit.facts.force, self._period, *chosen])

    @property
    def _period(self) -> str:
        own = [s for s in self.audit.strata if s.stratum == self.view.stratum]
        days = [narrative.span_of_days(s.period_start, s.period_end) for s in own]
        return days[0] if days else narrative.period_words(self.findings)

    @cached_property
    def sentence(self) -> Text:
        """Return the rate of the cases looked at in a sentence that can stand alone, and how it changed."""
        words = narrative.rate_sentence(self.finding, cases=narrative.cases_of(replace(self.finding, domain=ALL)))
        change = self.change(self.finding)
        lead = say("{what}: {words}", what=strong(self.what), words=words)
        return join(lead, narrative.change_sentence(change)) if change else lead

    @property
    def labelled(self) -> list[tuple[str, Finding]]:
        """Return the bars' findings, labelled."""
        return [(label, row) for label, _, row in self.bars]

    @property
    def title(self) -> str:
        """Return the chart's finding: the lowest of its rates, or its only one."""
        name = MEASURES[self.view.measure].name
        parts = self.labelled[1:] or self.labelled
        labels, lowest = headlines.lowest_rows(parts)
        rate = headlines.rate_of(labels, lowest)
        if len(parts) == len(labels):
            return title("view.title_one", measure=name, rate=rate)
        told = labels if self.view.split == "district" else [in_sentence(label) for label in labels]
        return title("view.title", measure=name, label=join_words(told), rate=rate, number=in_words(len(parts)))

    @property
    def share(self) -> str:
        """Return what share of what the rates are."""
        measure = MEASURES[self.view.measure]
        return f"{measure.due_as} that {measure.done_as}"

    def chart(self) -> Chart | None:
        """Return the bars' rates with their intervals, beside the earlier audit's; None where there is none."""
        if not self.bars:
            return None
        from cdi_stats.report.charts import rates_chart

        changes = [(label, change) for label, row in self.labelled if (change := self.change(row))]
        return rates_chart(self.title, self.labelled, changes, share=self.share, kind=capital(self.view.split))

    def table(self) -> Table | None:
        """Return the bars' rates with counts and intervals; None where there is none."""
        if not self.bars:
            return None
        measure = MEASURES[self.view.measure]
        heads = () if measure.key == "recording_rate" else ("Due", "Done")
        name = f"{measure.name} by {self.view.split}"
        return tables.rates_table(name, self.labelled, *heads, kind=capital(self.view.split))

    def section(self) -> Section:
        """Return the sentence, what to heed in comparing, the chart and the table."""
        heed = Callout("warning", "Before comparing", " ".join(self.cautions)) if self.cautions else None
        return section(Paragraph(self.sentence), heed, self.chart(), self.table())
