"""The methods report's sections, each one call in a notebook: one audit by every method, and coverage by simulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from cdi_stats.errors import BadParameters
from cdi_stats.findings.alternatives import (
    IN_STATSMODELS,
    Alternatives,
    FlagContrast,
    difference_from_statsmodels,
    examine_alternatives,
    examine_flags,
)
from cdi_stats.findings.inspections import examine_forces, published_rates
from cdi_stats.findings.months import examine_months
from cdi_stats.findings.precision import examine_precision
from cdi_stats.findings.replication import replicate_published
from cdi_stats.findings.second_review import correct_rates, examine_second_review
from cdi_stats.methods.coverage import DEFAULT, ORDINARY, Coverage, coverage_cells, simulate_coverage
from cdi_stats.methods.stratified import StratifiedRate, stratified_rate
from cdi_stats.report import method_tables, published_tables
from cdi_stats.report.blocks import Block, Bullets, Figure, Paragraph, Section, Text, section
from cdi_stats.report.inspection import Report, open_report
from cdi_stats.report.narrative import told_rate
from cdi_stats.report.numbers import count, in_words, margin, percent, rounded
from cdi_stats.report.wording import capital, tell, title

SAME = 1e-8
AUDITS_A_CELL = {"small": 500, "full": 4000}


def open_methods(
    audit: str,
    *,
    confidence_level: float = 0.95,
    standard: float = 0.8,
    replicates: int = 2000,
    coverage: str = "small",
    seed: int = 1,
    disclosure: str = "",
) -> MethodsReport:
    """Read and examine an audit and return the MethodsReport to tell it by.

    `standard` is a rate that the next audit is to show exceeded; `replicates` are those of the bootstrap; `coverage`
    is "small" or "full", the size of the simulation; `seed` decides both; `disclosure` as open_report takes it. Raises
    what read_audit raises, and BadParameters for a coverage of neither kind.
    """
    if coverage not in AUDITS_A_CELL:
        raise BadParameters(f"coverage: found {coverage!r}; expected one of {', '.join(AUDITS_A_CELL)}")
    report = open_report(audit, earlier="none", confidence_level=confidence_level, disclosure=disclosure)
    return MethodsReport(report, standard, replicates, coverage, seed)


def checked_words(difference: float) -> Text:
    """Say whether another library's limits are those of the table; `difference` is the largest (0-1)."""
    number = in_words(len(IN_STATSMODELS))
    if difference < SAME:
        return tell("methods.checked.same", number=number)
    return tell("methods.checked.apart", number=number, difference=margin(difference, 6))


@dataclass(frozen=True)
class MethodsReport:
    """An examined audit, told by every method; `report` tells what an inspection report would."""

    report: Report
    standard: float
    replicates: int
    study: str
    seed: int

    @cached_property
    def _alternatives(self) -> list[Alternatives]:
        return examine_alternatives(
            self.report.audit, confidence_level=self._level, replicates=self.replicates, seed=self.seed
        )

    @property
    def _level(self) -> float:
        return self.report.findings.confidence_level

    def title(self) -> Section:
        """Tell whose audit it is, when and from what."""
        return self.report.title()

    def plain(self) -> Section:
        """Show every interval that takes crimes as a simple random sample."""
        if not self._alternatives:
            return section(Paragraph(tell("methods.totals_only")))
        level = self.report.findings.level
        return section(
            Paragraph(tell("methods.plain")),
            method_tables.plain_table(f"{level} intervals that take crimes as independent", self._alternatives),
            Paragraph(checked_words(difference_from_statsmodels(self._alternatives))),
        )

    def records(self) -> Section:
        """Show every interval that allows for records, and the standard error computed in four ways."""
        if not self._alternatives:
            return section(Paragraph(tell("methods.totals_only")))
        level = self.report.findings.level
        return section(
            Paragraph(tell("methods.records")),
            method_tables.alternatives_table(f"{level} intervals that allow for records", self._alternatives),
            method_tables.errors_table("Standard errors in points, and what the sample is worth", self._alternatives),
        )

    def influence(self) -> Section:
        """Tell which records carry the result."""
        return self.report.concentration()

    def overall(self) -> Section:
        """Show the overall rate pooled, weighted, and weighted by Yan and Su's interval."""
        findings = self.report.findings
        points: list[Text] = []
        for key in ("recording_rate", "recording_rate_pooled", "recording_rate_weighted"):
            finding = findings.get(key)
            if finding and finding.estimate:
                weighting = tell(f"methods.weighting.{finding.weighting or 'single'}")
                points.append(tell("methods.overall.some", name=weighting, rate=told_rate(finding)))
        shared = self._yan_su()
        if shared:
            values = {"rate": shared.rate, "low": shared.interval.low, "high": shared.interval.high}
            figures = {
                name: Figure(f"yan_su/{name}", value, percent(value), "percent", "weights: crimes in the frame")
                for name, value in values.items()
            }
            due = Figure("yan_su/reported", findings.overall.due, count(findings.overall.due), "count", "all strata")
            points.append(tell("methods.overall.yan_su", due=due, level=findings.level, **figures))
        else:
            points.append(tell("methods.overall.no_frames"))
        return section(Bullets(tuple(points)))

    def _yan_su(self) -> StratifiedRate | None:
        estimates = [a.default for a in self._alternatives]
        frames = [estimate.crimes_in_frame for estimate in estimates]
        if len(estimates) < 2 or None in frames:
            return None
        sizes = [min(e.effective_sample_size, 1e12) for e in estimates]
        weights = [frame or 0.0 for frame in frames]
        return stratified_rate([e.rate for e in estimates], sizes, weight=weights, confidence_level=self._level)

    def domains(self) -> Section:
        """Compare each flag's crimes with all others of the same sample, their correlation allowed for."""
        found: list[FlagContrast] = list(examine_flags(self.report.audit, confidence_level=self._level))
        if not found:
            return section(Paragraph(tell("methods.flags.none")))
        return section(
            Paragraph(tell("methods.flags.some")),
            method_tables.flags_table("Flagged crimes against all others", self.report.findings.level, found),
        )

    def planning(self) -> Section:
        """Show the precision planned and achieved, and what the next audit needs."""
        found = examine_precision(self.report.findings, standard=self.standard)
        if not found:
            return section(Paragraph(tell("methods.planning.none")))
        branch = "planned" if any(p.planned for p in found) else "usual"
        return section(
            Paragraph(tell(f"methods.planning.{branch}")),
            method_tables.precision_table("Precision planned and achieved", found),
            method_tables.planning_table(
                "What the next audit needs, on the evidence of this one", self.standard, found
            ),
        )

    def auditors(self) -> Section:
        """Show how far two auditors agreed, where they reviewed the same crimes, and what errors would do to rates."""
        findings = self.report.findings
        review = examine_second_review(self.report.audit, confidence_level=self._level)
        parts: list[Block | None] = [Paragraph(tell("methods.review.none"))]
        if review:
            words = tell(
                "methods.review.some",
                crimes=Figure(
                    "second_review/crimes", review.crimes, count(review.crimes), "count", "second_review sheet"
                ),
                records=Figure(
                    "second_review/records", review.records, count(review.records), "count", "second_review sheet"
                ),
            )
            table = method_tables.agreement_table("Agreement of two auditors", findings.level, review)
            parts = [Paragraph(words), table]
        cases = correct_rates(findings)
        if cases:
            caption = "Recording rates if auditors misjudged so many crimes"
            parts.append(Paragraph(tell("methods.review.errors")))
            parts.append(method_tables.errors_what_if_table(caption, findings.level, cases))
        return section(*parts)

    def months(self) -> Section:
        """Show the rate after every month, with limits that hold at all looks together."""
        found = examine_months(self.report.audit, confidence_level=self._level)
        if found is None:
            return section(Paragraph(tell("methods.months.one")))
        from cdi_stats.report.method_charts import months_chart

        words = tell(
            "methods.months.some",
            largest=Figure(
                "months/largest_record",
                found.largest_record,
                count(found.largest_record),
                "count",
                "crimes due in one record",
            ),
        )
        return section(
            Paragraph(words),
            months_chart(title("title.months", label=capital(found.label)), found),
            method_tables.months_table(f"{capital(found.label)}, records by the month they were opened in", found),
        )

    def forces(self) -> Section:
        """Show all forces' published rates in a funnel, in time, and drawn together."""
        found = examine_forces()
        from cdi_stats.report.method_charts import funnel_chart

        chart = found.chart
        beyond = int(found.funnel.outside[0.95].sum())
        words = tell(
            "methods.forces",
            forces=Figure(
                "forces/number",
                len(found.rates),
                count(len(found.rates)),
                "count",
                "published overall results with a margin",
            ),
            sigma=Figure(
                "forces/sigma_z", float(chart.sigma_z[0]), str(rounded(chart.sigma_z[0], 1)), "ratio", "Laney 2002"
            ),
            beyond=Figure(
                "forces/beyond", beyond, in_words(beyond), "count", "published results beyond the chart's limits"
            ),
            outside=Figure(
                "forces/outside",
                int(chart.outside.sum()),
                in_words(int(chart.outside.sum())),
                "count",
                "published results beyond the chart's limits",
            ),
        )
        return section(
            Paragraph(words),
            funnel_chart(title("title.forces"), found),
            published_tables.forces_table("Published overall rates, and each drawn towards all", found),
        )

    def replication(self) -> Section:
        """Show every published figure beside ours."""
        replicas = replicate_published()
        agree = int(replicas["matches"].sum())
        words = tell(
            "methods.replicated",
            agree=Figure("replication/agree", agree, count(agree), "count", "replicate_published"),
            all=Figure("replication/all", len(replicas), count(len(replicas)), "count", "replicate_published"),
        )
        table = published_tables.replication_table("Published figures, and how they come about", replicas)
        return section(Paragraph(words), table)

    def reconciliation(self) -> Section:
        """Show which sample and method every published overall margin speaks of."""
        found = published_rates()
        return section(
            Paragraph(tell("methods.margins")),
            published_tables.margins_table("Published overall margins, and what they imply", found),
        )

    def coverage(self) -> Section:
        """Show how often each interval holds the true rate, in audits simulated from known populations."""
        audits, full = AUDITS_A_CELL[self.study], self.study == "full"
        found: list[Coverage] = [
            coverage
            for cell in coverage_cells(full=full)
            for coverage in simulate_coverage(cell, audits=audits, seed=self.seed)
        ]
        from cdi_stats.report.method_charts import coverage_chart

        return section(
            Paragraph(_coverage_words(found)),
            Paragraph(_warned_words(found)),
            coverage_chart(title("title.coverage"), found),
            method_tables.coverage_table("Share of simulated audits whose 95% interval held the true rate", found),
        )


def _coverage_words(found: Sequence[Coverage]) -> Text:
    ours = [c for c in found if c.method == DEFAULT and c.cell.population in ORDINARY]
    mean, worst = sum(c.share for c in ours) / len(ours), min(c.share for c in ours)
    audits = sum(c.audits for c in found if c.method == DEFAULT)
    source = f"{sum(c.audits for c in ours)} simulated audits in {len(ours)} cells"
    return tell(
        "methods.coverage.ordinary",
        audits=Figure("coverage/audits", audits, count(audits), "count", "all populations"),
        mean=Figure("coverage/ordinary/mean", mean, percent(mean), "percent", source),
        worst=Figure("coverage/ordinary/worst", worst, percent(worst), "percent", source),
        size=Figure("coverage/audits_a_cell", ours[0].audits, count(ours[0].audits), "count", source),
        noise=_noise(ours[0].audits),
    )


def _noise(audits: int) -> Figure:
    """Return what chance alone does to a share of 95 % of so many audits: two standard errors."""
    value = 2 * (0.95 * 0.05 / audits) ** 0.5
    return Figure("coverage/noise", value, f"±{100 * value:.1f}", "points", f"two standard errors, {audits} audits")


def _warned_words(found: Sequence[Coverage]) -> Text:
    """Say where no interval helps, and that the reader is told."""
    mega = [c for c in found if c.method == DEFAULT and c.cell.population == "mega"]
    share, warned = sum(c.share for c in mega) / len(mega), sum(c.warned for c in mega) / sum(c.audits for c in mega)
    width = sum(c.without_width for c in found if c.method == DEFAULT)
    return tell(
        "methods.coverage.mega",
        share=Figure("coverage/mega/share", share, percent(share), "percent", "default interval"),
        warned=Figure("coverage/mega/warned", warned, percent(warned, 0), "percent", "cautions on the estimates"),
        width=Figure("coverage/without_width", width, count(width), "count", "default interval"),
    )
