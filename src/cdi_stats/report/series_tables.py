"""Tables of a series of audits: its segments, the calendar, the latest beside earlier ones, groups, offences."""

from __future__ import annotations

from collections.abc import Sequence

from cdi_stats.findings.further_crimes import FurtherCrimes, OffenceMissed
from cdi_stats.findings.groups import Groups
from cdi_stats.findings.months import MonthlyLooks
from cdi_stats.findings.series import EarlierRate, Segment
from cdi_stats.methods.proportion import Interval
from cdi_stats.methods.survey import RateEstimate
from cdi_stats.report.blocks import Column, Figure, Strong, Table, Text
from cdi_stats.report.method_tables import LOOKED, one
from cdi_stats.report.numbers import NOT_APPLICABLE, FindingNumbers, count, in_words, percent, points
from cdi_stats.report.wording import capital, say, tell

GROUPED = "records of each group"


def share(key: str, value: float, source: str) -> Figure:
    """Return a share as a figure in per cent."""
    return Figure(key, float(value), percent(float(value)), "percent", source)


def whole(key: str, value: float, source: str) -> Figure:
    """Return a count as a figure."""
    return Figure(key, float(value), count(value), "count", source)


def worded(key: str, value: int, source: str) -> Figure:
    """Return a small count as a figure in words."""
    return Figure(key, value, in_words(value), "count", source)


def span(key: str, interval: Interval[float], source: str) -> Text:
    """Return an interval's limits."""
    return say(
        "{low} to {high}",
        low=share(f"{key}/low", interval.low, source),
        high=share(f"{key}/high", interval.high, source),
    )


def bounded(key: str, rate: float, interval: Interval[float], source: str, *, name: str = "rate") -> Text:
    """Return a share with its interval, as one cell: 79.4% (68.7% to 87.1%)."""
    return say("{rate} ({span})", rate=share(f"{key}/{name}", rate, source), span=span(key, interval, source))


def provenance(estimate: RateEstimate) -> str:
    """Say in one line how an estimate came about."""
    n = estimate.records
    records = "" if n is None else f" in {n} {'record' if n == 1 else 'records'}"
    return (
        f"{estimate.recorded} of {estimate.reported}{records}; {estimate.interval.method}, "
        f"effective sample {estimate.effective_sample_size:.1f}"
    )


def limit_figures(segment: Segment, place: int) -> tuple[Figure, ...]:
    """Return the lower limit, the centre and the upper limit of an audit; nothing where there are no limits."""
    chart = segment.chart
    if chart is None:
        return ()
    ends = {"low": chart.low, "centre": chart.centre, "high": chart.high}
    key, source = f"{segment.audits[place].prefix}limits", "p' chart (Laney 2002)"
    return tuple(share(f"{key}/{name}", float(values[place]), source) for name, values in ends.items())


def segment_table(caption: str, level: str, segment: Segment) -> Table:
    """Return each audit of a segment with its rate, interval, control limits and whether it signals."""
    rows = []
    for place, audit in enumerate(segment.audits):
        n = FindingNumbers(audit.findings.overall, audit.prefix)
        limits, told = limit_figures(segment, place), signals(segment, place)
        rows.append(
            (
                (f"{audit.label}, ", Strong(", ".join(told))) if told else audit.label,
                n.records if isinstance(n.records, str) else (n.records,),
                say("{done} of {due}", done=n.done, due=n.due),
                say("{rate} ({low} to {high})", rate=n.rate, low=n.low, high=n.high),
                say("{low} to {high}", low=limits[0], high=limits[2]) if limits else NOT_APPLICABLE,
            )
        )
    columns = (
        Column("Audit", width=2.0),
        Column("Records", numeric=True, width=0.9),
        Column("Crimes recorded", numeric=True, width=1.2),
        Column(f"Rate and {level} interval", numeric=True, width=2.0),
        Column("Control limits", numeric=True, width=1.5),
    )
    return Table(caption, columns, tuple(rows))


def signals(segment: Segment, place: int) -> list[str]:
    """Return what is to be known of an audit's place on the chart."""
    audit = segment.audits[place]
    in_run = any(audit in run for run in segment.runs)
    told = (
        "outside the limits" if audit in segment.outside else "in a run" if in_run else "",
        "known cause" if segment.aside[place] else "",
        "" if audit.audit.has_records else "totals only",
    )
    return list(filter(None, told))


def trend_table(caption: str, level: str, trend: Sequence[EarlierRate]) -> Table:
    """Return each earlier audit's rate and the latest one's difference from it."""
    rows = []
    for row in trend:
        n, change = FindingNumbers(row.earlier.findings.overall, row.earlier.prefix), row.change
        key = f"{row.earlier.prefix}change"
        rows.append(
            (
                row.earlier.label,
                say("{rate} ({low} to {high})", rate=n.rate, low=n.low, high=n.high),
                (difference(f"{key}/difference", change.value),),
                say(
                    "{low} to {high}",
                    low=difference(f"{key}/low", change.interval.low),
                    high=difference(f"{key}/high", change.interval.high),
                ),
                change.direction,
            )
        )
    columns = (
        Column("Earlier audit", width=1.5),
        Column(f"Its rate and {level} interval", numeric=True, width=1.9),
        Column("Change to the latest, points", numeric=True, width=1.2),
        Column(f"{level} interval", numeric=True, width=1.3),
        Column("Verdict", width=1.2),
    )
    return Table(caption, columns, tuple(rows))


def difference(key: str, value: float) -> Figure:
    """Return a difference of two rates as a figure in percentage points."""
    return Figure(key, float(value), points(float(value)), "points", "difference of two rates in the series")


def groups_table(caption: str, level: str, groups: Groups) -> Table:
    """Return each group's own rate, the rate drawn towards all, and its place in the funnel."""
    rows = []
    for place, (name, estimate) in enumerate(zip(groups.names, groups.estimates, strict=True)):
        key, source = f"{groups.column}/{name}", provenance(estimate)
        cells: list[Text] = [
            name,
            say(
                "{done} of {due}",
                done=whole(f"{key}/recorded", estimate.recorded, GROUPED),
                due=whole(f"{key}/reported", estimate.reported, GROUPED),
            ),
            bounded(key, estimate.rate, estimate.interval, source),
        ]
        if groups.pooled and groups.funnel:
            pooled, z = groups.pooled, float(groups.funnel.adjusted_z_score[place])
            limits = Interval(float(pooled.interval.low[place]), float(pooled.interval.high[place]), 0.0, "pooled")
            cells += [
                say(
                    "{rate} ({span})",
                    rate=share(f"{key}/pooled", float(pooled.rate[place]), "empirical Bayes"),
                    span=span(f"{key}/pooled", limits, "hierarchical Beta"),
                ),
                one(
                    f"{key}/funnel",
                    z,
                    points(z / 100),
                    "ratio",
                    "standard errors from the rate of all, over-dispersion allowed for",
                ),
            ]
        rows.append(tuple(cells))
    columns = [
        Column(capital(groups.column), width=1.3),
        Column("Crimes recorded", numeric=True, width=1.0),
        Column(f"Own rate and {level} interval", numeric=True, width=1.9),
    ]
    notes: tuple[Text, ...] = ()
    if groups.pooled:
        columns += [
            Column(f"Drawn towards all, and {level} interval", numeric=True, width=1.9),
            Column("Place in the funnel", numeric=True, width=0.9),
        ]
        notes = (tell("note.funnel"),)
    if groups.weighted:
        notes = (*notes, tell("note.weighted"))
    return Table(caption, tuple(columns), tuple(rows), notes)


def offences_table(caption: str, level: str, found: FurtherCrimes) -> Table:
    """Return each offence as a further crime of a record: how many were missed, and how many as a first crime."""
    rows = [
        (capital(row.label), *_missed(f"further/{row.offence}", row.estimate), *_first(row)) for row in found.offences
    ]
    columns = (
        Column("Offence", width=1.9),
        Column("Further crimes missed", numeric=True, width=1.0),
        Column(f"Share of further, {level} interval", numeric=True, width=1.8),
        Column("First crimes missed", numeric=True, width=0.9),
        Column(f"Share of first, {level} interval", numeric=True, width=1.8),
    )
    return Table(caption, columns, tuple(rows))


def _missed(key: str, estimate: RateEstimate) -> tuple[Text, Text]:
    """Return crimes missed of those due, and their share with its interval."""
    counts = say(
        "{missed} of {due}",
        missed=whole(f"{key}/missed", estimate.recorded, GROUPED),
        due=whole(f"{key}/due", estimate.reported, GROUPED),
    )
    return counts, bounded(key, estimate.rate, estimate.interval, provenance(estimate), name="share")


def _first(row: OffenceMissed) -> tuple[Text, Text]:
    if row.first is None:
        return NOT_APPLICABLE, NOT_APPLICABLE
    return _missed(f"further/{row.offence}/first", row.first)


def look_key(found: MonthlyLooks, place: int) -> str:
    """Return what the keys of a look's figures begin with; those of the last are the stratum's own."""
    key = f"looks/{found.stratum}"
    return key if place == len(found.looks) - 1 else f"{key}/{found.looks[place].label}"


def looks_table(caption: str, level: str, found: Sequence[MonthlyLooks]) -> Table:
    """Return each stratum after its last month: limits that hold at every look, and those of one look."""
    rows: list[tuple[Text, ...]] = []
    for stratum in found:
        last = len(stratum.looks) - 1
        key, look = look_key(stratum, last), stratum.looks[last]
        every: Text = "none: the rate moved"
        if not stratum.contradicted:
            every = span(key, Interval(look.low, look.high, 0.0, "betting"), LOOKED)
        rows.append(
            (
                capital(stratum.label),
                look.label,
                one(f"{key}/records", look.records, count(look.records), "count", LOOKED),
                (share(f"{key}/rate", look.rate, LOOKED),),
                every,
                span(f"{key}/single", look.single, "Wilson, crimes taken as independent"),
            )
        )
    columns = (
        Column("Stratum", width=1.5),
        Column("Up to", width=1.2),
        Column("Records", numeric=True, width=0.8),
        Column("Rate so far", numeric=True, width=0.8),
        Column(f"{level} limits at every look", numeric=True, width=1.5),
        Column(f"{level} limits at one look", numeric=True, width=1.5),
    )
    return Table(caption, columns, tuple(rows))
