"""The benchmark's sections, each one call in a notebook: a force among the published results of all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cdi_stats.audit.reading import read_audit
from cdi_stats.findings.benchmark import COMPARED, KINDS, Benchmark, Field, PublishedResult, examine_benchmark
from cdi_stats.findings.withheld import UNPROTECTED, Rules, rules_for
from cdi_stats.report import benchmark_words
from cdi_stats.report.benchmark_words import MANY, MEASURE_LABELS
from cdi_stats.report.blocks import (
    Block,
    Bullets,
    Callout,
    Column,
    Heading,
    Paragraph,
    Section,
    Table,
    Text,
    section,
)
from cdi_stats.report.disclosure import protection
from cdi_stats.report.examined import paragraphs
from cdi_stats.report.front import title_section
from cdi_stats.report.headlines import OVERALL
from cdi_stats.report.method_tables import one
from cdi_stats.report.numbers import NOT_APPLICABLE, FindingNumbers, count, percent
from cdi_stats.report.published_tables import forces_table, result_figures
from cdi_stats.report.statements import rate_statement
from cdi_stats.report.wording import capital, join, say, tell, title, told_points

FEWEST_FOR_CHART = 3


def open_benchmark(audit: str, *, disclosure: str = "") -> BenchmarkReport:
    """Read and examine an audit and return the BenchmarkReport to tell it by.

    `disclosure` as open_report takes it. Raises what read_audit raises, and BadParameters.
    """
    read = read_audit(audit)
    rules = rules_for(read.facts, disclosure)
    return BenchmarkReport(examine_benchmark(read, rules=rules), rules)


@dataclass(frozen=True)
class BenchmarkReport:
    """An audit among published results, ready to be told section by section."""

    found: Benchmark
    rules: Rules = UNPROTECTED

    @property
    def _main(self) -> Field:
        return self.found.field("overall", self.found.kind)

    def title(self) -> Section:
        """Tell whose audit it is, when and from what; and what every reader must know first."""
        return section(title_section(self.found.findings), protection(self.rules, self.found.findings))

    def summary(self) -> Section:
        """Tell the force's rate, its place, and what that place is worth."""
        main, overall = self._main, self.found.findings.overall
        cautions = list(benchmark_words.cautions(self.found))
        own = benchmark_words.own_words(self.found, main.own, "overall") if main.own else None
        return section(
            rate_statement(OVERALL, overall) if overall.estimate else None,
            paragraphs(
                [
                    join(
                        own, benchmark_words.standing_words(main), benchmark_words.no_standing_words(self.found, main)
                    ),
                    benchmark_words.published_words(self.found),
                ]
            ),
            Callout(self._kind_of_caution, "Before comparing", join(*cautions)) if cautions else None,
        )

    @property
    def _kind_of_caution(self) -> str:
        unlike = self.found.is_internal or self.found.under_later_rules or self.found.kind != KINDS[0]
        return "warning" if unlike else "note"

    def overall(self) -> Section:
        """Show the overall rate among its like, from the highest down and in a funnel."""
        from cdi_stats.report.benchmark_charts import intervals_chart

        main = self._main
        title = benchmark_words.field_title(self.found, main)
        words = join(self._like_words(main), benchmark_words.unbounded_words(main))
        return section(Paragraph(words), intervals_chart(title, self.found, main), self._funnel(main))

    def _like_words(self, field: Field) -> Text:
        branch = "inspections" if field.kind == KINDS[0] else "re_inspections"
        return join(tell("benchmark.like", kind=MANY[field.kind]), tell(f"benchmark.years.{branch}"))

    def _funnel(self, field: Field) -> Section | None:
        """Return a field in a funnel, where it is large enough for one."""
        if field.forces is None:
            return None
        from cdi_stats.report.group_charts import Place, funnel_of_groups, places_of_forces

        forces = field.forces
        named = [i for i, p in enumerate(forces.rates) if p.force == self.found.force]
        own = None
        if field.own and field.own.estimate:
            n = FindingNumbers(field.own)
            own = Place("This audit", n.rate, n.effective if n.effective.value < n.due.value else n.due)
        subtitle = (
            "Published rate by the crimes its margin implies, with 95% (dashed) and 99.8% (solid) limits; open square: "
            "this audit, by its effective crimes"
        )
        chart = funnel_of_groups(
            benchmark_words.funnel_title(self.found, field), subtitle, forces.funnel, places_of_forces(forces),
            "Crimes implied by the published margin", named, own,
        )  # fmt: skip
        return section(paragraphs([benchmark_words.funnel_words(self.found, field)]), chart)

    def dates(self) -> Section:
        """Show results by the time they speak of, both kinds apart."""
        from cdi_stats.report.benchmark_charts import dates_chart

        main = self._main
        undated = [r.label for r in main.results if r.ended is None]
        dated = [r for r in main.results if r.ended is not None]
        if len(dated) < FEWEST_FOR_CHART:
            return section(Paragraph(tell("benchmark.dates.too_few", kind=MANY[main.kind])))
        low, high = (percent(pick(r.rate for r in dated)) for pick in (min, max))
        heading = title("title.dates", low=low, high=high)
        words = tell("benchmark.dates.undated", labels=", ".join(undated)) if undated else None
        return section(dates_chart(heading, self.found, dated, main), paragraphs([words]))

    def pooled(self) -> Section:
        """Show each force's rate drawn towards all."""
        field = next((f for f in self.found.fields if f.forces is not None), None)
        if field is None or field.forces is None:
            return section(Paragraph(tell("benchmark.pooled.too_few")))
        caption = f"Overall rates of {MANY[field.kind]}, as published and drawn towards all"
        return section(Paragraph(tell("benchmark.pooled.some")), forces_table(caption, field.forces))

    def other_kind(self) -> Section:
        """Show the results of the other kind, which this audit is not held against."""
        from cdi_stats.report.benchmark_charts import intervals_chart

        kind = next(kind for kind in KINDS if kind != self.found.kind)
        field = self.found.field("overall", kind)
        words = tell("benchmark.other_kind", kind=capital(MANY[kind]))
        why = tell("benchmark.caution.re_inspected") if kind == "re-inspection" else None
        chart = None
        if field.results:
            chart = intervals_chart(benchmark_words.field_title(self.found, field), self.found, field)
        return section(Paragraph(join(words, why, benchmark_words.unbounded_words(field))), chart)

    def measures(self) -> Section:
        """Show violent crime, sexual offences, rape and domestic abuse, where published with a margin or a count."""
        parts: list[Block] = []
        for measure in COMPARED[1:]:
            parts += self._measure(measure)
        return section(*parts)

    def _measure(self, measure: str) -> list[Block]:
        from cdi_stats.report.benchmark_charts import intervals_chart

        field = self.found.field(measure, self.found.kind)
        own = benchmark_words.own_words(self.found, field.own, measure) if field.own else None
        standing = benchmark_words.standing_words(field) or benchmark_words.no_standing_words(self.found, field)
        parts: list[Block] = [Heading(3, capital(MEASURE_LABELS[measure]))]
        lacking = tell("benchmark.lacking", measure=MEASURE_LABELS[measure]) if own is None else None
        parts += paragraphs([join(own, lacking, standing, benchmark_words.unbounded_words(field))])
        if len(field.results) >= FEWEST_FOR_CHART:
            parts.append(intervals_chart(benchmark_words.field_title(self.found, field), self.found, field))
        parts += self._results_table(
            measure, [kind for kind in KINDS if kind != field.kind or len(field.results) < FEWEST_FOR_CHART]
        )
        return parts

    def _results_table(self, measure: str, kinds: Iterable[str]) -> list[Block]:
        """Return the published results of some kinds that no chart shows."""
        rows = [(kind, r) for kind in kinds for r in self.found.field(measure, kind).results]
        if not rows:
            return []
        columns = (
            Column("Force and report", width=2.2),
            Column("Kind", width=1.1),
            Column("Crimes audited", numeric=True, width=0.9),
            Column("Rate", numeric=True, width=0.8),
            Column("95% interval", numeric=True, width=1.4),
            Column("Interval from", width=1.2),
        )
        caption = f"Other published results: {MEASURE_LABELS[measure]}"
        return [Table(caption, columns, tuple(_result_cells(measure, kind, r) for kind, r in rows))]

    def annex(self) -> Section:
        """Tell how the figures came about."""
        return section(Bullets(tuple(told_points("benchmark.annex"))))


def _result_cells(measure: str, kind: str, result: PublishedResult) -> tuple[Text, ...]:
    reported = result.reported
    rate, low, high = result_figures(measure, result)
    return (
        result.label,
        kind,
        NOT_APPLICABLE
        if reported is None
        else one(f"published/{measure}/{result.label}/reported", reported, count(reported), "count", "published"),
        (rate,),
        say("{low} to {high}", low=low, high=high),
        "printed margin" if result.from_margin and result.rate < 1 else "one-sided" if result.from_margin else "Wilson",
    )
