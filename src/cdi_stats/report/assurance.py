"""What lets a reader trust or doubt the figures: methods in plain words, limits of the evidence, the annex."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cdi_stats.findings.change import Comparison
from cdi_stats.findings.examine import Finding, Findings
from cdi_stats.findings.measures import domain_label
from cdi_stats.findings.second_review import examine_second_review
from cdi_stats.methods.agreement import Agreement
from cdi_stats.report import tables
from cdi_stats.report.blocks import Block, Bullets, Column, Figure, Heading, Paragraph, Table, Text
from cdi_stats.report.numbers import FindingNumbers, count, rounded
from cdi_stats.report.quality_tables import accepted_table
from cdi_stats.report.wording import capital, join, point, tell, told_point, told_points
from cdi_stats.resources import code_list


def method_points(findings: Findings) -> Iterator[Text]:
    """Yield how the audit was made and the figures computed, a point each."""
    facts = findings.audit.facts
    entered = {"selection": facts.selection, "exclusions": facts.exclusions, "independence": facts.independence}
    yield from (told_point(f"method.entered.{name}", entered=text) for name, text in entered.items() if text)
    review = examine_second_review(findings.audit, confidence_level=findings.confidence_level)
    if review:
        yield told_point("method.review", **_review_figures(review))
    yield told_point("method.counted")
    yield told_point("method.interval", level=findings.level)
    weighting = findings.overall.weighting
    if weighting and len(findings.audit.strata) > 1:
        yield told_point("method.overall", rule=tell(f"method.rule.{weighting}"))
    if any(s.recorded_in_year for s in findings.audit.strata):
        yield told_point("method.year")


def _review_figures(review: Agreement) -> dict[str, Figure]:
    """Return how far two auditors agreed: the crimes, the records, those answered alike, and AC1."""
    figures = {"crimes": review.crimes, "records": review.records, "agreed": int(review.table.trace())}
    counts = {
        name: Figure(f"second_review/{name}", value, count(value), "count", "second_review sheet")
        for name, value in figures.items()
    }
    return counts | {
        "ac1": Figure(
            "second_review/ac1/value", review.ac1.value, str(rounded(review.ac1.value, 2)), "ratio", "Gwet 2008"
        )
    }


def limit_points(findings: Findings, comparison: Comparison | None) -> Iterator[Text]:
    """Yield what the evidence cannot carry, from the audit's facts and each finding's cautions."""
    facts, strata = findings.audit.facts, findings.audit.strata
    yearly = any(s.recorded_in_year for s in strata)
    if facts.records_basis != "audited":
        yield told_point("limits.records", basis=code_list("basis")[facts.records_basis])
    holds = {
        "frames_implied": facts.frame_basis == "implied",
        "volume_implied": facts.volume_basis == "implied",
        "reasons": facts.reasons_basis == "illustrative",
        "totals": not findings.audit.has_records,
        "frames_unknown": any(s.records_in_frame is None for s in strata),
    }
    yield from (told_point(f"limits.held.{name}") for name, held in holds.items() if held)
    for caution, names in _cautions(findings).items():
        yield point(f"{', '.join(names)}.", caution)
    for caution in comparison.cautions if comparison else ():
        yield told_point("limits.comparison", caution=caution)
    if yearly:
        yield told_point("limits.year")
    yield told_point("limits.unseen")


def _cautions(findings: Findings) -> dict[str, list[str]]:
    """Return each caution on a recording rate with the rates it concerns."""
    labels = {s.stratum: capital(s.label) for s in findings.audit.strata}
    found: dict[str, list[str]] = {}
    for row in findings.of("recording_rate"):
        name = labels.get(row.stratum, "Overall") if row.domain == "all" else capital(domain_label(row.domain))
        for caution in row.warnings:
            if caution.code not in ("pooled", "totals-only"):
                found.setdefault(caution.message, []).append(name)
    return found


def annex_blocks(findings: Findings, rates: Sequence[tuple[str, Finding]]) -> Iterator[Block]:
    """Yield the technical annex."""
    known = [(label, row) for label, row in rates if row.estimate]
    if known:
        yield Heading(3, "Three intervals side by side")
        yield Paragraph(_comparison_words(known[0][1]))
        yield tables.methods_table("The same counts by three methods", known)
    yield Heading(3, "How the figures are computed")
    yield Bullets(tuple(_formula_points(findings)))
    if findings.audit.accepted:
        yield Heading(3, "Problems accepted")
        yield Paragraph(tell("quality.accepted.some"))
        yield accepted_table("Accepted problems", findings.audit.accepted)
    yield Heading(3, "How to repeat this report")
    yield _repeat_table(findings)


def _comparison_words(overall: Finding) -> Text:
    n = FindingNumbers(overall)
    limits = {"plain_low": n.plain_low, "plain_high": n.plain_high, "low": n.low, "high": n.high}
    branch = "records" if isinstance(n.records, Figure) else "totals"
    return join(tell(f"annex.{branch}", due=n.due, **limits), tell("annex.published"))


def _formula_points(findings: Findings) -> Iterator[Text]:
    known = findings.audit.has_records
    counted = tell(f"annex.counted.{'records' if known else 'totals'}")
    yield told_point("annex.formula.rate")
    yield told_point(
        "annex.formula.interval",
        method=tell(f"annex.method.{findings.method}", counted=counted),
        quantile=tell(f"annex.quantile.{findings.degrees_of_freedom if known else 'totals'}"),
    )
    yield from told_points("annex.formula.other")


def _repeat_table(findings: Findings) -> Table:
    from cdi_stats import __version__

    audit = findings.audit
    rows: list[tuple[Text, ...]] = [
        ("Audit", audit.id),
        ("SHA-256 of the audit file", audit.digest),
        ("Confidence level", findings.level),
        ("Method", findings.method),
        ("Degrees of freedom", findings.degrees_of_freedom),
        ("Overall rate", findings.overall.weighting or "single stratum"),
        ("Made with", f"cdi-stats {__version__}"),
    ]
    if audit.facts.source:
        rows.insert(1, ("Source", audit.facts.source))
    return Table("Inputs and options", (Column("Item", width=1.2), Column("Value", width=3.2)), tuple(rows))
