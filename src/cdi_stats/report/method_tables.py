"""Tables of the methods report: one audit by every method, and what simulation says of each method."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cdi_stats.findings.alternatives import Alternatives, FlagContrast
from cdi_stats.findings.measures import domain_label
from cdi_stats.findings.months import MonthlyLooks
from cdi_stats.findings.precision import Precision
from cdi_stats.findings.second_review import WhatIf
from cdi_stats.methods.agreement import Agreement
from cdi_stats.methods.coverage import INTERVALS, Coverage
from cdi_stats.methods.proportion import Interval
from cdi_stats.methods.survey_limits import METHODS
from cdi_stats.report.blocks import Column, Figure, Table, Text
from cdi_stats.report.numbers import NOT_APPLICABLE, count, margin, percent, points, rounded
from cdi_stats.report.wording import capital, say, tell, title

METHOD_LABELS = {
    "wilson": "Wilson",
    "wilson-cc": "Wilson, continuity-corrected",
    "korn-graubard": "Korn-Graubard",
    "clopper-pearson": "Clopper-Pearson (exact)",
    "mid-p": "Mid-P",
    "blaker": "Blaker",
    "jeffreys": "Jeffreys",
    "agresti-coull": "Agresti-Coull",
    "logit": "Logit",
    "likelihood": "Likelihood",
    "arcsine": "Arcsine",
    "wald": "Wald",
}
POPULATION_LABELS = {
    "iid": "Single crimes",
    "mild": "Mild",
    "size-dependent": "By size",
    "skew": "Skew",
    "mega-2": "Mega-2",
    "mega": "Mega",
}
RULE_LABELS = {"kurtosis": "kurtosis degrees of freedom", "design": "design degrees of freedom"}

LOOKED = "records opened so far; confidence sequence by betting"


def alternatives_table(caption: str, found: Sequence[Alternatives]) -> Table:
    """Return every interval that allows for records, then those that do not; one column a stratum."""
    rows: list[tuple[Text, ...]] = []
    for method in METHODS:
        for rule in RULE_LABELS:
            label = f"{METHOD_LABELS[method]}, {RULE_LABELS[rule]}"
            cells = (_span(f"methods/{a.stratum}/{method}/{rule}", a.by_records[method, rule].interval) for a in found)
            rows.append((label, *cells))
    for kind in ("percentile", "bca"):
        level = found[0].default.interval.confidence_level
        cells = (_span(f"methods/{a.stratum}/bootstrap/{kind}", a.bootstrap.interval(level, kind=kind)) for a in found)
        rows.append((f"Bootstrap of records, {'BCa' if kind == 'bca' else kind}", *cells))
    return Table(caption, _by_stratum("Method", found), tuple(rows))


def plain_table(caption: str, found: Sequence[Alternatives]) -> Table:
    """Return every interval that takes crimes as independent; one column a stratum."""
    rows = tuple(
        (METHOD_LABELS[method], *(_span(f"methods/{a.stratum}/{method}/plain", a.plain[method]) for a in found))
        for method in found[0].plain
    )
    return Table(caption, _by_stratum("Method", found), rows)


def errors_table(caption: str, found: Sequence[Alternatives]) -> Table:
    """Return each stratum's standard error in points, computed in four ways, and what it is worth in crimes."""
    rows = []
    for a in found:
        e = a.default
        plain = (e.rate * (1 - e.rate) / e.reported) ** 0.5
        errors = {"plain": plain, "linearised": e.standard_error, "jackknife": a.jackknife,
                  "bootstrap": a.bootstrap.standard_error}  # fmt: skip
        cells = [
            one(f"errors/{a.stratum}/{name}", value, margin(value), "points", "standard error on the stratum's records")
            for name, value in errors.items()
        ]
        size, df = e.effective_sample_size, e.degrees_of_freedom
        cells.append(
            one(f"errors/{a.stratum}/effective", size, str(rounded(size, 0)), "count", "crimes over the design effect")
        )
        cells.append(_number(f"errors/{a.stratum}/kurtosis_df", df, 1))
        cells.append(_number(f"errors/{a.stratum}/design_df", e.design_degrees_of_freedom, 0))
        rows.append((capital(a.label), *cells))
    return Table(
        caption,
        (
            Column("Crime type", width=1.7),
            Column("Crimes taken as independent", numeric=True, width=1.3),
            Column("Linearised", numeric=True),
            Column("Jackknife", numeric=True),
            Column("Bootstrap", numeric=True),
            Column("Effective crimes", numeric=True),
            Column("Kurtosis df", numeric=True),
            Column("Records less strata", numeric=True),
        ),
        tuple(rows),
    )


def flags_table(caption: str, level: str, found: Sequence[FlagContrast]) -> Table:
    """Return each flag's rate beside that of all other crimes of the sample, and their difference."""
    rows = []
    for c in found:
        key, low, high = f"contrast/{c.flag}", c.change.interval.low, c.change.interval.high
        limits = say(
            "{l} to {h}",
            l=Figure(f"{key}/low", low, points(low), "points", "Newcombe with the rates' correlation"),
            h=Figure(f"{key}/high", high, points(high), "points", "Newcombe with the rates' correlation"),
        )
        p_value = c.test.p_value if c.test else float("nan")
        rows.append(
            (
                capital(domain_label(c.flag)),
                one(f"{key}/flagged", c.flagged.rate, percent(c.flagged.rate), "percent", "crimes of the same records"),
                one(f"{key}/others", c.others.rate, percent(c.others.rate), "percent", "crimes of the same records"),
                one(f"{key}/difference", c.change.value, points(c.change.value), "points", "flagged less others"),
                limits,
                one(
                    f"{key}/correlation",
                    c.correlation,
                    points(c.correlation / 100, 2),
                    "ratio",
                    "of the two rates, same records",
                ),
                one(f"{key}/p_value", p_value, str(rounded(p_value, 3)), "ratio", "Rao and Scott 1984")
                if c.test
                else NOT_APPLICABLE,
            )
        )
    return Table(
        caption,
        (
            Column("Flag", width=1.5),
            Column("Flagged", numeric=True),
            Column("All others", numeric=True),
            Column("Difference, points", numeric=True),
            Column(f"{level} interval", numeric=True, width=1.6),
            Column("Correlation", numeric=True),
            Column("p (Rao-Scott)", numeric=True),
        ),
        tuple(rows),
    )


def precision_table(caption: str, found: Sequence[Precision]) -> Table:
    """Return each stratum's margin, planned or usual, beside the one achieved, and what was missing."""
    rows = []
    for p in found:
        key, a = f"planning/{p.stratum}", p.achieved
        extra = a.extra_crimes if a.extra_records is None else a.extra_records
        rows.append(
            (
                capital(p.label),
                one(
                    f"{key}/margin",
                    a.planned_margin,
                    f"±{margin(a.planned_margin, 1)}",
                    "points",
                    "strata sheet, or the usual three points",
                ),
                one(
                    f"{key}/achieved",
                    a.achieved_margin,
                    f"±{margin(a.achieved_margin, 1)}",
                    "points",
                    "half the width of the interval",
                ),
                "yes" if a.met else "no",
                one(
                    f"{key}/extra", extra, count(extra), "count", "records for the planned margin, less those examined"
                ),
            )
        )
    unit = "crimes" if any(p.pilot is None for p in found) else "records"
    return Table(
        caption,
        (
            Column("Crime type", width=1.6),
            Column("Planned margin, points", numeric=True),
            Column("Achieved", numeric=True),
            Column("Plan met", width=0.8),
            Column(f"Further {unit} that were needed", numeric=True, width=1.3),
        ),
        tuple(rows),
    )


def planning_table(caption: str, standard: float, found: Sequence[Precision]) -> Table:
    """Return what the next audit needs in each stratum, at the rate and design effect seen in this one."""
    rows = []
    for p in found:
        key, n = f"planning/{p.stratum}", p.needed
        rows.append(
            (
                capital(p.label),
                one(
                    f"{key}/crimes_per_record",
                    n.crimes_per_record,
                    str(rounded(n.crimes_per_record, 2)),
                    "ratio",
                    "the stratum as audited",
                ),
                one(
                    f"{key}/design_effect",
                    n.design_effect,
                    str(rounded(n.design_effect, 2)),
                    "ratio",
                    "the stratum as audited",
                ),
                one(f"{key}/needed", n.records, count(n.records), "count", "sample_size, from this audit as a pilot"),
                one(
                    f"{key}/assured",
                    p.assured.records,
                    count(p.assured.records),
                    "count",
                    "sample_size_for_assurance, from this audit as a pilot",
                )
                if p.assured
                else NOT_APPLICABLE,
            )
        )
    return Table(
        caption,
        (
            Column("Crime type", width=1.6),
            Column("Crimes in a record", numeric=True),
            Column("Design effect", numeric=True),
            Column("Records for the margin", numeric=True, width=1.2),
            Column(f"Records to show more than {percent(standard, 0)}", numeric=True, width=1.4),
        ),
        tuple(rows),
        (tell("note.to_show"),),
    )


def coverage_table(caption: str, found: Iterable[Coverage]) -> Table:
    """Return each interval's mean coverage over the cells of each population, and its worst cell."""
    cells: dict[tuple[str, str], list[Coverage]] = {}
    for coverage in found:
        cells.setdefault((coverage.method, coverage.cell.population), []).append(coverage)
    populations = list(dict.fromkeys(population for _, population in cells))
    rows = tuple(
        (capital(method), *(_coverage_cell(cells[method, population]) for population in populations))
        for method in INTERVALS
    )
    columns = (Column("Interval", width=2.6), *(Column(POPULATION_LABELS[name], numeric=True) for name in populations))
    return Table(caption, columns, rows, (tell("note.cells"),))


def _coverage_cell(found: Sequence[Coverage]) -> Text:
    key = f"coverage/{found[0].cell.population}/{found[0].method}"
    mean, worst = sum(c.share for c in found) / len(found), min(c.share for c in found)
    source = f"{sum(c.audits for c in found)} simulated audits in {len(found)} cells"
    return say(
        "{mean} ({worst})",
        mean=Figure(f"{key}/mean", mean, percent(mean), "percent", source),
        worst=Figure(f"{key}/worst", worst, percent(worst), "percent", source),
    )


def errors_what_if_table(caption: str, level: str, found: Sequence[WhatIf]) -> Table:
    """Return each stratum's rate as it would be were auditors to err so often; a column a pair of error rates."""
    strata: dict[str, list[WhatIf]] = {}
    for what_if in found:
        strata.setdefault(what_if.label, []).append(what_if)
    rows = []
    for label, cases in strata.items():
        cells = []
        for case in cases:
            key = f"auditors/{case.finding.stratum}/{case.sensitivity:g}/{case.specificity:g}"
            c = case.corrected
            cells.append(
                say(
                    "{rate} ({low} to {high})",
                    rate=Figure(f"{key}/rate", c.rate, percent(c.rate), "percent", c.interval.method),
                    low=Figure(f"{key}/low", c.interval.low, percent(c.interval.low), "percent", c.interval.method),
                    high=Figure(f"{key}/high", c.interval.high, percent(c.interval.high), "percent", c.interval.method),
                )
            )
        rows.append((capital(label), *cells))
    pairs = [(case.sensitivity, case.specificity) for case in next(iter(strata.values()))]
    return Table(
        caption,
        (
            Column("Crime type", width=1.2),
            *(
                Column(f"{percent(1 - se, 0)} of recorded, {percent(1 - sp, 0)} of missed misjudged", True, 1.7)
                for se, sp in pairs
            ),
        ),
        tuple(rows),
        (title("note.corrected", level=level),),
    )


def agreement_table(caption: str, level: str, found: Agreement) -> Table:
    """Return how far two auditors agreed: as a share, by AC1 and by kappa, with intervals clustered by record."""
    rows: list[tuple[Text, ...]] = []
    for name, label, c in (
        ("observed", "Same answer", found.observed),
        ("ac1", "AC1 (Gwet 2008)", found.ac1),
        ("kappa", "Kappa (Cohen 1960)", found.kappa),
    ):
        if c.value != c.value:
            rows.append((label, NOT_APPLICABLE, NOT_APPLICABLE))
            continue
        key = f"second_review/{name}"
        limits = say(
            "{low} to {high}",
            low=Figure(
                f"{key}/low",
                c.interval.low,
                str(rounded(c.interval.low, 2)),
                "ratio",
                "second review, interval of the coefficient",
            ),
            high=Figure(
                f"{key}/high",
                c.interval.high,
                str(rounded(c.interval.high, 2)),
                "ratio",
                "second review, interval of the coefficient",
            ),
        )
        rows.append((label, one(f"{key}/value", c.value, str(rounded(c.value, 2)), "ratio", "second review"), limits))
    columns = (Column("Measure", width=2), Column("Value", numeric=True), Column(f"{level} interval", True, 1.5))
    return Table(caption, columns, tuple(rows), tuple(caution.message for caution in found.warnings))


def months_table(caption: str, found: MonthlyLooks) -> Table:
    """Return the rate after every month with both kinds of limits."""
    rows = []
    for look in found.looks:
        key = f"months/{found.stratum}/{look.label}"
        together = say(
            "{low} to {high}",
            low=Figure(f"{key}/low", look.low, percent(look.low), "percent", LOOKED),
            high=Figure(f"{key}/high", look.high, percent(look.high), "percent", LOOKED),
        )
        rate = one(f"{key}/rate", look.rate, percent(look.rate), "percent", LOOKED)
        records = one(f"{key}/records", look.records, count(look.records), "count", LOOKED)
        rows.append((look.label, records, rate, together, _span(f"{key}/single", look.single)))
    return Table(
        caption,
        (
            Column("Up to the end of", width=1.4),
            Column("Records", numeric=True),
            Column("Rate", numeric=True),
            Column("Limits valid at every look", numeric=True, width=1.6),
            Column("Limits valid at one look", numeric=True, width=1.6),
        ),
        tuple(rows),
    )


def _by_stratum(first: str, found: Sequence[Alternatives]) -> tuple[Column, ...]:
    return (Column(first, width=2.2), *(Column(capital(a.label), numeric=True, width=1.2) for a in found))


def _span(key: str, interval: Interval[float]) -> Text:
    return say(
        "{low} to {high}",
        low=Figure(f"{key}/low", interval.low, percent(interval.low), "percent", interval.method),
        high=Figure(f"{key}/high", interval.high, percent(interval.high), "percent", interval.method),
    )


def one(key: str, value: float, text: str, unit: str, source: str) -> Text:
    """Return a cell that holds one figure."""
    return (Figure(key, float(value), text, unit, source),)


def _number(key: str, value: float, decimals: int) -> Text:
    return (
        one(key, value, str(rounded(value, decimals)), "count", "the estimate of the stratum")
        if value < float("inf")
        else NOT_APPLICABLE
    )
