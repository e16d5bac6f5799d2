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
from cdi_stats.report.numbers import FindingNumbers, count, percent, rounded
from cdi_stats.report.quality_tables import accepted_table
from cdi_stats.report.wording import capital, join, point, say
from cdi_stats.resources import code_list

RULE = {
    "pooled": "pools all crimes audited, whichever stratum they came from",
    "weighted": "weights each stratum by the crimes reported in it",
}
METHOD_NAMES = {
    "wilson": "Wilson's score interval (1927) on the effective number of crimes",
    "korn-graubard": "Korn and Graubard's interval (1998): Clopper-Pearson on the effective number of crimes",
    "logit": "The linearised standard error on the scale of log odds",
    "likelihood": "The likelihood scaled by the design effect (Rao and Scott 1984)",
    "arcsine": "The linearised standard error on the arcsine scale",
    "wald": "The rate and its linearised standard error (Wald)",
}


def method_points(findings: Findings) -> Iterator[Text]:
    """Yield how the audit was made and the figures computed, a point each."""
    facts, level = findings.audit.facts, findings.level
    if facts.selection:
        yield point("Selection.", facts.selection)
    if facts.exclusions:
        yield point("Left out.", facts.exclusions)
    if facts.independence:
        yield point("Independence.", facts.independence)
    review = examine_second_review(findings.audit, confidence_level=findings.confidence_level)
    if review:
        yield point("Second review.", _review_words(review))
    yield point(
        "What is counted.",
        "Auditors read or hear each sampled record and count the crimes that the counting rules say should have been "
        "recorded, then those that were. The rate is the second count over the first: its unit is the crime.",
    )
    yield point(
        "The interval.",
        f"A sample gives an estimate. The {level} interval around each rate is made so that, over many such audits, it "
        "holds the true rate that often. Crimes in one record tend to be recorded or missed together, so the interval "
        "counts how much independent evidence the records give, not how many crimes they hold, and is wider for it.",
    )
    weighting = findings.overall.weighting
    if weighting and len(findings.audit.strata) > 1:
        yield point("The overall rate.", f"It {RULE[weighting]}.")
    if any(s.recorded_in_year for s in findings.audit.strata):
        yield point(
            "A year.",
            "Crimes not recorded in a year follow from the crimes the force did record: if p is the rate, every "
            "p crimes recorded stand for 1 − p that were not. The range takes the limits of p the same way.",
        )


def _review_words(review: Agreement) -> str:
    """Say how far two auditors agreed."""
    crimes, records, agreed = count(review.crimes), count(review.records), percent(review.observed.value)
    return (
        f"Two auditors judged {crimes} crimes in {records} records, each without the other's answer, and agreed on "
        f"{agreed} of them (Gwet's AC1 {rounded(review.ac1.value, 2)})."
    )


def limit_points(findings: Findings, comparison: Comparison | None) -> Iterator[Text]:
    """Yield what the evidence cannot carry, from the audit's facts and each finding's cautions."""
    facts = findings.audit.facts
    basis = code_list("basis")
    if facts.records_basis != "audited":
        yield point(
            "Records.",
            f"{basis[facts.records_basis]}: the totals are real, single records are not. How crimes cluster in "
            "records, and so the width of every adjusted interval, is illustrative.",
        )
    if facts.frame_basis == "implied":
        yield point("Frames.", "The sizes of the frames were not published; they are implied by the published figures.")
    if facts.volume_basis == "implied":
        yield point(
            "Recorded crime in the year.",
            "It was not published with the audit; it is implied by the published yearly figures, which are therefore "
            "reproduced, not tested.",
        )
    if facts.reasons_basis == "illustrative":
        yield point("Reasons.", "The number of crimes under each reason is illustrative.")
    if not findings.audit.has_records:
        yield point("Totals only.", "Clustering of crimes in records cannot be seen, so intervals may be too short.")
    if any(s.records_in_frame is None for s in findings.audit.strata):
        yield point("Frames.", "The sizes of the frames are not known, so no correction is made for them.")
    for caution, names in _cautions(findings).items():
        yield point(f"{', '.join(names)}.", caution)
    if comparison:
        for caution in comparison.cautions:
            yield point("Comparison.", caution)
    if any(s.recorded_in_year for s in findings.audit.strata):
        yield point(
            "Yearly figures.",
            "Their ranges allow for sampling alone. They take the audit period to stand for the year, crime from "
            "audited routes for all crime where not said otherwise, and the recorded volume as exact.",
        )
    yield point(
        "What is not seen.",
        "Reports that left no auditable record, and crimes that nobody reported, are outside every figure here.",
    )


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
        yield Paragraph(
            "These problems stand in the audit file. Someone has said why that is right, and answers for it."
        )
        yield accepted_table("Accepted problems", findings.audit.accepted)
    yield Heading(3, "How to repeat this report")
    yield _repeat_table(findings)


def _comparison_words(overall: Finding) -> Text:
    n = FindingNumbers(overall)
    if isinstance(n.records, Figure):
        first = say(
            "Plain Wilson, which ignores records, strata and frames, would give the overall rate an interval of "
            "{plain_low} to {plain_high}; the one used here, which allows for them, is {low} to {high}.",
            plain_low=n.plain_low, plain_high=n.plain_high, low=n.low, high=n.high,
        )  # fmt: skip
    else:
        first = "Only totals are known: the interval used here cannot allow for crimes that share a record."
    return join(
        first,
        "The inspectorate publishes Wald's interval, corrected for the finite frame, and the rule of three where no "
        "crime was missed (always at 95%); it is given here to compare with published figures, not as "
        "a recommendation.",
    )


def _formula_points(findings: Findings) -> Iterator[Text]:
    yield point(
        "Rate and variance.",
        "A ratio of totals over records, weighted by stratum where the rate is weighted; its variance is the "
        "linearised one for a stratified sample of clusters, with finite-population correction where the frame is "
        "known (Cochran 1977; Woodruff 1971).",
    )
    df = {
        "kurtosis": "Student's t on degrees of freedom from the residuals' kurtosis (after Valliant and Rust 2010)",
        "design": "Student's t on the number of records less that of strata",
    }[findings.degrees_of_freedom]
    name = METHOD_NAMES[findings.method]
    if not findings.audit.has_records:
        name = name.replace("the effective number of crimes", "the crimes audited")
        df = "a normal quantile, since only totals are known"
    yield point("Interval.", f"{name}, with {df}.")
    yield point(
        "No miss.",
        "Where every sampled crime was recorded, the lower limit is Wilson's on Kish's effective number of records.",
    )
    yield point(
        "Yearly figures.",
        "Unrecorded crimes are R (1 − p) / p, with R the crimes recorded in the year; the limits of p are carried "
        "through. Additional crimes are R (1 − p earlier / p present), limits by MOVER-R (Donner and Zou 2012).",
    )
    yield point(
        "Change.", "The difference of two rates, limits by square-and-add on the limits of each (Newcombe 1998)."
    )


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
