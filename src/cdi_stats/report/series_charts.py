"""Charts of a series of audits: control chart, the latest beside earlier ones, limits that hold at every look."""

from __future__ import annotations

from calendar import month_abbr
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from cdi_stats.findings.calendar import Calendar
from cdi_stats.findings.months import MonthlyLooks
from cdi_stats.findings.series import EarlierRate, Segment, SeriesAudit, SeriesFindings
from cdi_stats.report.blocks import Chart, Text
from cdi_stats.report.charts import (
    BEFORE,
    FAINT,
    INK,
    NOW,
    ROW,
    WIDTH,
    Mark,
    apart,
    axis_start,
    change_plot,
    marks_alt,
    percent_heights,
    svg,
)
from cdi_stats.report.group_charts import label_points
from cdi_stats.report.numbers import count, percent, points
from cdi_stats.report.wording import capital

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROWS = 9
LEFT, RIGHT = 0.09, 0.2
MOST_EARLIER = 12
MOST_TICKS = 9
MOST_NAMED = 6
MOST_LINES = 15
SIGNAL, IN_RUN, ORDINARY = ("s", 8.0, BEFORE), ("D", 6.0, NOW), ("o", 5.0, NOW)


def control_chart(title: str, found: SeriesFindings, notes: tuple[Text, ...] = ()) -> Chart:
    """Return the overall rates in order of time, within the control limits of each set of counting rules."""
    subtitle = f"Overall recording rate of each audit{_legend(found)}"
    parts = [f"{a.label} {percent(a.estimate.rate)}" for a in found.charted if a.estimate]
    parts += [f"{a.label} is beyond the limits" for segment in found.segments for a in segment.outside]
    picture = svg(ROWS, lambda axes: _draw_control(axes, found), left=LEFT, right=RIGHT)
    return Chart(title, subtitle, picture, f"{subtitle}. {'; '.join(parts)}.", notes)


def _legend(found: SeriesFindings) -> str:
    """Return what a control chart's lines and shapes mean, those that it holds."""
    segments = found.segments
    meanings = {
        "solid line: centre, dashed: control limits on effective crimes": any(s.chart for s in segments),
        f"bars: {found.level} intervals, where there are too few audits for limits": any(not s.chart for s in segments),
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
    _name_limits(axes, found.segments[-1])
    _time_axis(axes, date.fromordinal(days[0]), date.fromordinal(days[-1]))
    percent_heights(axes)
    axes.grid(True, axis="y")
    axes.grid(False, axis="x")
    _name_signals(axes, found)


def _draw_segment(axes: Axes, segment: Segment) -> None:
    days = [_middle(audit) for audit in segment.audits]
    rates = [audit.estimate.rate for audit in segment.audits if audit.estimate]
    axes.plot(days, rates, "-", color=FAINT, linewidth=1.2)
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
        axes.plot(day, rate, mark, color=colour, markerfacecolor="white" if hollow else colour, markersize=size)


def _draw_change_of_rules(axes: Axes, before: Segment, after: Segment) -> None:
    day = after.audits[0].audit.period[0].toordinal()
    axes.axvline(day, color=INK, linewidth=1, linestyle=":")
    axes.annotate(
        "New rules", (day, axes.get_ylim()[0]), xytext=(4, 4), textcoords="offset points", color=INK, va="bottom"
    )
    if before.chart is not None:
        _annotate_centre(axes, before)


def _annotate_centre(axes: Axes, segment: Segment) -> None:
    assert segment.chart is not None
    day, centre = _middle(segment.audits[0]) - 12, float(segment.chart.centre[0])
    axes.annotate(
        f"{percent(centre)}", (day, centre), xytext=(0, -11), textcoords="offset points", color=INK, va="center"
    )


def _name_limits(axes: Axes, segment: Segment) -> None:
    """Write the last segment's centre and limits beside it."""
    chart = segment.chart
    if chart is None:
        return
    named = {"Lower limit": chart.low[-1], "Centre": chart.centre[-1], "Upper limit": chart.high[-1]}
    values = [float(value) for value in named.values()]
    bottom, top = axes.get_ylim()
    heights = apart(values, (top - bottom) * 0.06)
    for name, value, height in zip(named, values, heights, strict=True):
        axes.annotate(
            f"{name} {percent(value)}",
            (1.02, height),
            xycoords=("axes fraction", "data"),
            va="center",
            color=INK,
            annotation_clip=False,
        )


def _name_signals(axes: Axes, found: SeriesFindings) -> None:
    named = [a for segment in found.segments for a in segment.outside]
    if not any(segment.chart for segment in found.segments) and len(found.charted) <= MOST_NAMED:
        named = list(found.charted)
    places = [(_middle(a), a.estimate.rate, f"{_short(a)}: {percent(a.estimate.rate)}") for a in named if a.estimate]
    label_points(axes, places, (1 - LEFT - RIGHT) * WIDTH * 72, ROWS * ROW * 72)


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
    axes.set_xticks([day.toordinal() for day in ticks], names)


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
        axes.set_yticks(range(len(lines)), [f"{year}  {capital(label)}" for year, _, label in lines])
        axes.set_xticks(range(1, 13), [month_abbr[month] for month in range(1, 13)])
        axes.grid(False)

    parts = [f"{label} {_told_year(calendar, name, year)}" for year, name, label in lines]
    picture = svg(len(lines) * 0.8, draw, left=0.24, right=0.02)
    return Chart(title, subtitle, picture, f"{subtitle}. {'; '.join(parts)}.")


def _draw_month(axes: Axes, place: int, month: int, calendar: Calendar, stratum: str, year: int) -> None:
    from matplotlib.patches import Rectangle

    if (year, month) not in calendar.months:
        return
    covered = calendar.covered.get((stratum, (year, month)))
    fill, edge = ("white", BEFORE) if covered is None else ("#dbe5ef", NOW)
    axes.add_patch(Rectangle((month - 0.46, place - 0.42), 0.92, 0.84, facecolor=fill, edgecolor=edge, linewidth=0.8))
    text = "–" if covered is None else "yes" if covered.records is None else count(covered.records)
    axes.annotate(text, (month, place), ha="center", va="center", color=INK)


def _told_year(calendar: Calendar, stratum: str, year: int) -> str:
    """Return a stratum's year in words: the months audited."""
    months = [m for y, m in calendar.months if y == year and (stratum, (y, m)) in calendar.covered]
    return f"{year}: {', '.join(month_abbr[month] for month in months) or 'no month'}"


def trend_chart(title: str, level: str, latest: str, trend: Sequence[EarlierRate]) -> Chart:
    """Return the latest rate less each of the earlier ones, in percentage points."""
    marks = []
    for row in trend[-MOST_EARLIER:]:
        change = row.change
        low, high = points(change.interval.low), points(change.interval.high)
        text = f"{points(change.value)} ({low} to {high})"
        marks.append(Mark(row.earlier.label, change.value, change.interval.low, change.interval.high, text))
    subtitle = f"{latest} less each earlier audit, in percentage points, with {level} intervals"
    return Chart(title, subtitle, change_plot(marks), marks_alt(subtitle, marks))


def looks_chart(title: str, found: MonthlyLooks) -> Chart:
    """Return the rate after every month, with limits that hold at all looks together and at one look only."""
    looks = found.looks
    subtitle = (
        "Rate of all records opened up to the end of each month; shaded: limits that hold at all looks together, "
        "bars: at one look only"
    )

    def draw(axes: Axes) -> None:
        places = range(len(looks))
        axes.fill_between(places, [k.low for k in looks], [k.high for k in looks], color="#dbe5ef", linewidth=0)
        for edge in ([k.low for k in looks], [k.high for k in looks]):
            axes.plot(places, edge, "--", color=NOW, linewidth=1.2)
        for place, look in enumerate(looks):
            axes.plot([place] * 2, [look.single.low, look.single.high], color=BEFORE, linewidth=1.6)
        axes.plot(places, [k.rate for k in looks], "o-", color=NOW, markersize=5, linewidth=1.4)
        axes.set_ylim(axis_start(min(k.low, k.single.low) for k in looks), 1.005)
        axes.set_xlim(-0.4, len(looks) - 0.6)
        values = [looks[-1].low, looks[-1].rate, looks[-1].high]
        bottom, top = axes.get_ylim()
        for value, height in zip(values, apart(values, (top - bottom) * 0.09), strict=True):
            axes.annotate(
                percent(value),
                (1.02, height),
                xycoords=("axes fraction", "data"),
                va="center",
                color=INK,
                annotation_clip=False,
            )
        step = -(-len(looks) // MOST_TICKS)
        names = [k.label.split(" ") for k in looks]
        axes.set_xticks(list(places)[::step], [f"{m[:3]} {y}" for m, y in names][::step])
        percent_heights(axes)
        axes.grid(True, axis="y")
        axes.grid(False, axis="x")

    parts = [f"{k.label} {percent(k.rate)} ({percent(k.low)} to {percent(k.high)})" for k in looks]
    picture = svg(6, draw, left=0.09, right=0.1)
    return Chart(title, subtitle, picture, f"{subtitle}. {'; '.join(parts)}.")
