"""Tables of published figures: recomputed, their margins explained, and the forces side by side."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from cdi_stats.findings.benchmark import PublishedResult
from cdi_stats.findings.inspections import Forces, PublishedRate
from cdi_stats.report.blocks import Column, Figure, Table, Text
from cdi_stats.report.method_tables import one
from cdi_stats.report.numbers import NOT_APPLICABLE, count, margin, percent, points
from cdi_stats.report.wording import say, tell

PRINTED_METHODS = {
    "wald": "Wald",
    "wald-fpc": "Wald with frame",
    "wilson": "Wilson",
    "clopper-pearson": "Clopper-Pearson",
    "rule-of-three": "rule of three",
}


def result_figures(measure: str, result: PublishedResult) -> tuple[Figure, Figure, Figure]:
    """Return a published rate and its limits, as a table and a chart show them."""
    ends = {"rate": result.rate, "low": result.low, "high": result.high}
    rate, low, high = (
        Figure(f"published/{measure}/{result.label}/{name}", value, percent(value), "percent", result.report)
        for name, value in ends.items()
    )
    return rate, low, high


def margins_table(caption: str, found: Sequence[PublishedRate]) -> Table:
    """Return each published overall margin with the crimes it implies and the methods that print it."""
    rows = []
    for p in found:
        key, wald = f"published/{p.label}", p.reconciliation.by("wald")
        implied = say(
            "{low} to {high}",
            low=Figure(f"{key}/implied_low", wald.reported.low, count(wald.reported.low), "count", "Wald"),
            high=Figure(f"{key}/implied_high", wald.reported.high, count(wald.reported.high), "count", "Wald"),
        ) if wald.reported else NOT_APPLICABLE  # fmt: skip
        given = (
            NOT_APPLICABLE
            if p.reported is None
            else one(f"{key}/reported", p.reported, count(p.reported), "count", "published")
        )
        printed = say(
            "{rate} ±{margin}",
            rate=Figure(f"{key}/rate", p.rate, percent(p.rate), "percent", "published"),
            margin=Figure(f"{key}/margin", p.margin_of_error, margin(p.margin_of_error), "points", "published"),
        )
        rows.append((p.label, f"{p.ended:%b %Y}", printed, given, implied, _printed_by(p)))
    return Table(
        caption,
        (
            Column("Force and report", width=2.2),
            Column("Audited to", width=1.0),
            Column("Published", numeric=True, width=1.3),
            Column("Crimes given", numeric=True, width=0.9),
            Column("Crimes implied by Wald", numeric=True, width=1.4),
            Column("Printed by", width=1.9),
        ),
        tuple(rows),
    )


def _printed_by(published: PublishedRate) -> str:
    """Name the methods that print the margin, or the design effect that Wald's would need."""
    if published.reported is None:
        return "crimes not given"
    found = published.reconciliation
    if found.matching:
        return ", ".join(PRINTED_METHODS[method] for method in found.matching)
    effect = found.by("wald").design_effect
    return "no simple method" if effect is None else f"none; design effect {effect.low:.2f} to {effect.high:.2f}"


def forces_table(caption: str, forces: Forces) -> Table:
    """Return each force's published rate, the rate drawn towards all, and its place in the funnel."""
    rows = []
    for i, p in enumerate(forces.rates):
        key, pooled, z = f"published/{p.label}", forces.pooled, float(forces.funnel.adjusted_z_score[i])
        low, high = float(pooled.interval.low[i]), float(pooled.interval.high[i])
        limits = say(
            "{low} to {high}",
            low=Figure(f"{key}/pooled_low", low, percent(low), "percent", "hierarchical Beta"),
            high=Figure(f"{key}/pooled_high", high, percent(high), "percent", "hierarchical Beta"),
        )
        rate = float(pooled.rate[i])
        size = p.effective_sample_size
        rows.append(
            (
                p.label,
                one(f"{key}/rate", p.rate, percent(p.rate), "percent", "published"),
                one(f"{key}/effective", size, count(size), "count", "crimes that the published margin implies"),
                one(f"{key}/pooled", rate, percent(rate), "percent", "empirical Bayes"),
                limits,
                one(
                    f"{key}/funnel_z",
                    z,
                    points(z / 100, 1),
                    "ratio",
                    "standard errors from the rate of all, over-dispersion allowed for",
                ),
            )
        )
    return Table(
        caption,
        (
            Column("Force and report", width=1.9),
            Column("Published", numeric=True),
            Column("Crimes implied", numeric=True, width=1.2),
            Column("Pooled", numeric=True),
            Column("95% interval", numeric=True, width=1.5),
            Column("Place in the funnel", numeric=True),
        ),
        tuple(rows),
        (tell("note.funnel"),),
    )


def replication_table(caption: str, replicas: pd.DataFrame) -> Table:
    """Return every published figure beside ours, with the method that gives it."""
    rows: list[tuple[Text, ...]] = [
        (
            str(row["figure"]).replace("_", " "),
            str(row["printed"]),
            str(row["computed"]),
            str(row["method"]),
            "yes" if row["matches"] else "no",
        )
        for row in replicas.to_dict("records")
    ]
    return Table(
        caption,
        (
            Column("Figure", width=3.2),
            Column("Printed", numeric=True, width=0.8),
            Column("Computed", numeric=True, width=0.9),
            Column("How", width=2.9),
            Column("Agrees", width=0.7),
        ),
        tuple(rows),
    )
