"""Charts of a series of audits: control chart, the latest beside earlier ones, limits that hold at every look."""

from __future__ import annotations

from calendar import month_abbr
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from cdi_stats.findings.calendar import Calendar, Month
from cdi_stats.findings.months import MonthlyLook, MonthlyLooks
from cdi_stats.findings.series import EarlierRate, Segment, SeriesAudit, SeriesFindings
from cdi_stats.report.blocks import Chart, Column, Figure, Table, Text, plain
from cdi_stats.report.canvas import (
    BAND,
    BEFORE,
    BESIDE,
    GREY,
    INK,
    NOW,
    PAPER,
    axis_start,
    margin_for,
    name_beside,
    name_ticks,
    percent_heights,
    svg,
    write,
)
from cdi_stats.report.charts import differences_chart
from cdi_stats.report.group_charts import label_points
from cdi_stats.report.marks import LABEL_GAP, Mark, make_chart
from cdi_stats.report.numbers import FindingNumbers
from cdi_stats.report.series_tables import difference, limit_figures, look_key, share, signals, whole
from cdi_stats.report.wording import capital, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROWS = 9
LEFT = 0.09
MOST_EARLIER = 12
MOST_TICKS = 9
MOST_NAMED = 6
MOST_LINES = 15
EDGE = 0.03
NOT_AUDITED = "–"
SIGNAL, IN_RUN, ORDINARY = ("s", 8.0, BEFORE), ("D", 6.0, NOW), ("o", 5.0, NOW)


def control_chart(title: str, found: SeriesFindings, notes: tuple[Text, ...] = ()) -> Chart:
    """Return the overall rates in order of time, within the control limits of each set of counting rules."""
    subtitle = f"Overall recording rate of each audit{_legend(found)}"
    right = margin_for(_limit_names(found.segments[-1]), BESIDE + 2) if found.segments[-1].chart else EDGE
    picture = svg(ROWS, lambda axes: _draw_control(axes, found), left=LEFT, right=right, grid="y")
    columns = (
        Column("Audit", width=1.8),
        Column("Rate", numeric=True),
        Column(f"{found.level} interval", numeric=True, width=1.4),
        Column("Centre", numeric=True),
        Column("Control limits", numeric=True, width=1.4),
        Column("Signal", width=1.4),
    )
    rows = tuple(row for segment in found.segments for row in _control_rows(segment))
    named = [place for place, row in enumerate(rows) if row[-1]]
    return make_chart(title, subtitle, picture, Table(title, columns, rows), notes, named=[*named, len(rows) - 1])


def _control_rows(segment: Segment) -> list[tuple[Text, ...]]:
    rows: list[tuple[Text, ...]] = []
    for place, audit in enumerate(segment.audits):
        n = FindingNumbers(audit.findings.overall, audit.prefix)
        limits = limit_figures(segment, place)
        rows.append(
            (
                audit.label,
                (n.rate,),
                say("{low} to {high}", low=n.low, high=n.high),
                (limits[1],) if limits else "",
                say("{low} to {high}", low=limits[0], high=limits[2]) if limits else "",
                ", ".join(signals(segment, place)),
            )
        )
    return rows


def _limit_names(segment: Segment) -> list[str]:
    """Return the last segment's limits and centre as they are named beside it, from the lowest up."""
    named = zip(("Lower limit", "Centre", "Upper limit"), limit_figures(segment, len(segment.audits) - 1), strict=False)
    return [f"{name} {figure}" for name, figure in named]


def _legend(found: SeriesFindings) -> str:
    """Return what a control chart's lines and shapes mean, those that it holds."""
    segments = found.segments
    meanings = {
        "solid line: centre, dashed: control limits on effective crimes": any(s.chart for s in segments),
        f"bars: {found.level} intervals, where no limits are set": any(not s.chart for s in segments),
        "squares lie beyond a limit": any(s.outside for s in segments),
        "diamonds are in a run": any(s.runs for s in segments),
        "hollow: a known cause, or totals only": any(
            aside or not audit.audit.has_records
            for s in segments
            for audit, aside in zip(s.audits, s.aside, strict=True)
        ),
    }
    return "".join(f"; {meaning}" for meaning, holds in meanings.items() if holds)


def _draw_control(axes: Axes, found: SeriesFindings) -> None:
    lows = [float(low) for s in found.segments if s.chart for low in s.chart.low]
    rates = [a.estimate.rate for a in found.charted if a.estimate]
    lows += [a.estimate.interval.low for s in found.segments if not s.chart for a in s.audits if a.estimate]
    axes.set_ylim(axis_start([*lows, *rates]), 1.005)
    days = [_middle(audit) for audit in found.charted]
    pad = max(20, (days[-1] - days[0]) // 40)
    axes.set_xlim(days[0] - pad, days[-1] + pad)
    for place, segment in enumerate(found.segments):
        _draw_segment(axes, segment)
        if place:
            _draw_change_of_rules(axes, found.segments[place - 1], segment)
    last = found.segments[-1]
    name_beside(axes, _limit_names(last), [figure.value for figure in limit_figures(last, len(last.audits) - 1)])
    _time_axis(axes, date.fromordinal(days[0]), date.fromordinal(days[-1]))
    percent_heights(axes)
    _name_signals(axes, found)


def _draw_segment(axes: Axes, segment: Segment) -> None:
    days = [_middle(audit) for audit in segment.audits]
    rates = [audit.estimate.rate for audit in segment.audits if audit.estimate]
    axes.plot(days, rates, "-", color=GREY, linewidth=0.8)
    chart, edge = segment.chart, 12
    if chart is not None:
        at = [days[0] - edge, *days, days[-1] + edge]
        for limit in (chart.low, chart.high):
            axes.step(at, [limit[0], *limit, limit[-1]], "--", where="mid", color=BEFORE, linewidth=1.1)
        axes.plot([at[0], at[-1]], [chart.centre[0]] * 2, "-", color=INK, linewidth=1)
    for day, audit in zip(days, segment.audits, strict=True):
        if chart is None and audit.estimate:
            limits = audit.estimate.interval
            axes.plot([day, day], [limits.low, limits.high], color=NOW, linewidth=1.6)
    beyond, run = set(segment.outside), {audit for run in segment.runs for audit in run}
    for audit, aside, day, rate in zip(segment.audits, segment.aside, days, rates, strict=True):
        mark, size, colour = SIGNAL if audit in beyond else IN_RUN if audit in run else ORDINARY
        hollow = aside or not audit.audit.has_records
        axes.plot(day, rate, mark, color=colour, markerfacecolor=PAPER if hollow else colour, markersize=size)


def _draw_change_of_rules(axes: Axes, before: Segment, after: Segment) -> None:
    day = after.audits[0].audit.period[0].toordinal()
    axes.axvline(day, color=INK, linewidth=1, linestyle=":")
    write(axes, (day, axes.get_ylim()[0]), "New rules", moved=(4, 4), va="bottom")
    if before.chart is not None:
        _annotate_centre(axes, before)


def _annotate_centre(axes: Axes, segment: Segment) -> None:
    assert segment.chart is not None
    _, centre, _ = limit_figures(segment, 0)
    write(axes, (_middle(segment.audits[0]) - 12, centre.value), centre.text, moved=(0, -11))


def _name_signals(axes: Axes, found: SeriesFindings) -> None:
    named = [a for segment in found.segments for a in segment.outside]
    if not any(segment.chart for segment in found.segments) and len(found.charted) <= MOST_NAMED:
        named = list(found.charted)
    rates = {a: FindingNumbers(a.findings.overall, a.prefix).rate for a in named}
    places = [(_middle(a), rate.value, f"{_short(a)}: {rate}") for a, rate in rates.items()]
    label_points(axes, places)


def _short(audit: SeriesAudit) -> str:
    first, last = audit.audit.period
    return f"{last:%b %Y}" if (first.year, first.month) == (last.year, last.month) else f"to {last:%b %Y}"


def _middle(audit: SeriesAudit) -> int:
    first, last = audit.audit.period
    return (first.toordinal() + last.toordinal()) // 2


def _time_axis(axes: Axes, first: date, last: date) -> None:
    """Mark months from first to last, so many apart that the names do not touch."""
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    step = next(s for s in (1, 2, 3, 6, 12, 24, 60, 120) if len(months) / s <= MOST_TICKS or s == 120)
    ticks = [date(m // 12, m % 12 + 1, 1) + timedelta(days=14) for m in months if m % step == 0]
    names = [f"{day:%b %Y}" if day.year != before else f"{day:%b}" for day, before in _after(ticks)]
    if step >= 12:
        names = [f"{day:%Y}" for day in ticks]
    name_ticks(axes.xaxis, [day.toordinal() for day in ticks], names)


def _after(ticks: Sequence[date]) -> list[tuple[date, int]]:
    """Return each tick with the year of the one before it."""
    return [(day, ticks[place - 1].year if place else 0) for place, day in enumerate(ticks)]


def calendar_charts(calendar: Calendar) -> list[Chart]:
    """Return the months of each year with the records examined, gaps marked; as many years a chart as fit well."""
    each = max(1, MOST_LINES // len(calendar.strata))
    return [
        _calendar_chart(calendar, calendar.years[place : place + each]) for place in range(0, len(calendar.years), each)
    ]


def _calendar_chart(calendar: Calendar, years: Sequence[int]) -> Chart:
    lines = [(year, name, label) for year in years for name, label in calendar.strata]
    span = f"{years[0]}" if len(years) == 1 else f"{years[0]} to {years[-1]}"
    gaps = [
        m for m in calendar.months if m[0] in years for name, _ in calendar.strata if (name, m) not in calendar.covered
    ]
    title = f"Audits of {span}: {'every month has every stratum' if not gaps else 'where the gaps are'}"
    subtitle = "Records examined by the month they were opened in; white with a dash: not audited"

    def draw(axes: Axes) -> None:
        for place, (year, name, _) in enumerate(lines):
            for month in range(1, 13):
                _draw_month(axes, place, month, calendar, name, year)
        for place in range(len(calendar.strata), len(lines), len(calendar.strata)):
            axes.axhline(place - 0.5, color=INK, linewidth=0.8)
        axes.set_ylim(len(lines) - 0.5, -0.5)
        axes.set_xlim(0.5, 12.5)
        name_ticks(axes.yaxis, range(len(lines)), names)
        name_ticks(axes.xaxis, range(1, 13), [month_abbr[month] for month in range(1, 13)])

    names = [f"{year}  {capital(label)}" for year, _, label in lines]
    picture = svg(len(lines) * 0.8, draw, left=margin_for(names, LABEL_GAP), right=0.02, grid="")
    columns = (
        Column("Year and crime type", width=2.6),
        Column("Months audited", width=1.4),
        *(Column(month_abbr[month], numeric=True, width=0.7) for month in range(1, 13)),
    )
    rows = tuple(
        (f"{year}, {label}", _audited(calendar, name, year),
         *(_month_cell(calendar, name, (year, month)) for month in range(1, 13)))
        for year, name, label in lines
    )  # fmt: skip
    return make_chart(title, subtitle, picture, Table(title, columns, rows), told=2)


def _draw_month(axes: Axes, place: int, month: int, calendar: Calendar, stratum: str, year: int) -> None:
    from matplotlib.patches import Rectangle

    if (year, month) not in calendar.months:
        return
    covered = calendar.covered.get((stratum, (year, month)))
    fill, edge = (PAPER, BEFORE) if covered is None else (BAND, NOW)
    axes.add_patch(Rectangle((month - 0.46, place - 0.42), 0.92, 0.84, facecolor=fill, edgecolor=edge, linewidth=0.8))
    text = plain(_month_cell(calendar, stratum, (year, month)))
    write(axes, (month, place), text, ha="center")


def _month_cell(calendar: Calendar, stratum: str, month: Month) -> Text:
    """Return the records that a stratum has of a month; a dash where it was not audited, nothing outside the series."""
    covered = calendar.covered.get((stratum, month))
    if covered is None:
        return NOT_AUDITED if month in calendar.months else ""
    if covered.records is None:
        return "yes"
    return (whole(f"calendar/{stratum}/{month[0]}-{month[1]:02d}", covered.records, "records opened in the month"),)


def _audited(calendar: Calendar, stratum: str, year: int) -> str:
    """Return which months of a year, of those that the series spans, a stratum was audited in."""
    months = [month for month in calendar.months if month[0] == year]
    gaps = [month_abbr[month[1]] for month in months if (stratum, month) not in calendar.covered]
    if len(gaps) == len(months):
        return "no month"
    return f"all but {', '.join(gaps)}" if gaps else "every month"


def trend_chart(title: str, level: str, latest: str, trend: Sequence[EarlierRate]) -> Chart:
    """Return the latest rate less each of the earlier ones, in percentage points."""
    marks = []
    for row in trend[-MOST_EARLIER:]:
        key, change = f"{row.earlier.prefix}change", row.change
        value = difference(f"{key}/difference", change.value)
        low, high = (difference(f"{key}/{end}", getattr(change.interval, end)) for end in ("low", "high"))
        marks.append(Mark(row.earlier.label, value, low, high))
    which = "each earlier audit" if len(trend) <= MOST_EARLIER else f"each of the {MOST_EARLIER} audits before it"
    subtitle = f"{latest} less {which}, in percentage points, with {level} intervals"
    return differences_chart(title, subtitle, level, marks)


def looks_chart(title: str, level: str, found: MonthlyLooks) -> Chart:
    """Return the rate after every month, with limits that hold at all looks together and at one look only."""
    subtitle = (
        "Rate of all records opened up to the end of each month; shaded: limits that hold at all looks together, "
        "bars: at one look only"
    )
    rows = [_look_figures(found, place) for place in range(len(found.looks))]
    rate, low, high, *_ = rows[-1]
    names = [f"Upper limit {high}", f"Rate {rate}", f"Lower limit {low}"]

    def draw(axes: Axes) -> None:
        _draw_looks(axes, found.looks)
        name_beside(axes, names, [high.value, rate.value, low.value])

    columns = (
        Column("Up to the end of", width=1.5),
        Column("Rate", numeric=True),
        Column(f"{level} limits at every look", numeric=True, width=1.5),
        Column(f"{level} limits at one look", numeric=True, width=1.5),
    )
    cells = tuple(
        (look.label, (own,), say("{a} to {b}", a=a, b=b), say("{a} to {b}", a=c, b=d))
        for look, (own, a, b, c, d) in zip(found.looks, rows, strict=True)
    )
    picture = svg(6, draw, left=LEFT, right=margin_for(names, BESIDE + 2), grid="y")
    return make_chart(title, subtitle, picture, Table(title, columns, cells))


def _look_figures(found: MonthlyLooks, place: int) -> tuple[Figure, ...]:
    """Return the rate after a month, the limits at every look, and those at one look."""
    look, key = found.looks[place], look_key(found, place)
    values = {
        "rate": look.rate,
        "low": look.low,
        "high": look.high,
        "single/low": look.single.low,
        "single/high": look.single.high,
    }
    return tuple(share(f"{key}/{name}", value, "Laney's p-prime chart") for name, value in values.items())


def _draw_looks(axes: Axes, looks: Sequence[MonthlyLook]) -> None:
    places, lows, highs = range(len(looks)), [k.low for k in looks], [k.high for k in looks]
    axes.fill_between(places, lows, highs, color=BAND, linewidth=0)
    for edge in (lows, highs):
        axes.plot(places, edge, "--", color=NOW, linewidth=1.2)
    for place, look in enumerate(looks):
        axes.plot([place] * 2, [look.single.low, look.single.high], color=BEFORE, linewidth=1.6)
    axes.plot(places, [k.rate for k in looks], "o-", color=NOW, markersize=5, linewidth=1.4)
    axes.set_ylim(axis_start(min(k.low, k.single.low) for k in looks), 1.005)
    axes.set_xlim(-0.4, len(looks) - 0.6)
    step = -(-len(looks) // MOST_TICKS)
    names = [k.label.split(" ") for k in looks]
    name_ticks(axes.xaxis, list(places)[::step], [f"{m[:3]} {y}" for m, y in names][::step])
    percent_heights(axes)
