"""Charts of the benchmark: results with their intervals from the highest down, and by the time they speak of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from cdi_stats.findings.benchmark import Benchmark, Field, PublishedResult
from cdi_stats.report.blocks import Chart, Text
from cdi_stats.report.charts import (
    BEFORE,
    INK,
    NOW,
    ROW,
    WIDTH,
    Mark,
    axis_start,
    marks_alt,
    percent_axis,
    percent_heights,
    svg,
    value_lines,
)
from cdi_stats.report.group_charts import LEFT, label_points, rows_for
from cdi_stats.report.numbers import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OTHER, OWN, AUDIT = "other", "own", "audit"
DATE_ROWS = 8
EDGE = 0.05


@dataclass(frozen=True)
class Line:
    """A result on a line of its own; `style` says whose it is."""

    mark: Mark
    style: str


def intervals_chart(title: str, found: Benchmark, field: Field, notes: tuple[Text, ...] = ()) -> Chart:
    """Return every result with its interval, the highest first; the force's own marked, the audit beside them."""
    lines = [_line(found, result) for result in field.results]
    if field.own and field.own.estimate:
        e = field.own.estimate
        text = f"{percent(e.rate)} ({percent(e.interval.low)} to {percent(e.interval.high)})"
        lines.append(Line(Mark("This audit", e.rate, e.interval.low, e.interval.high, text), AUDIT))
    lines.sort(key=lambda line: -line.mark.value)
    marks = [line.mark for line in lines]
    subtitle = f"Recording rate with 95% interval, the highest first; {_legend({line.style for line in lines})}"

    def draw(axes: Axes) -> None:
        for place, line in enumerate(lines):
            _draw_line(axes, place, line)
        value_lines(axes, marks)
        percent_axis(axes, axis_start(mark.low for mark in marks), 1.0)

    return Chart(title, subtitle, svg(rows_for(len(lines)), draw), marks_alt(subtitle, marks), notes)


def _line(found: Benchmark, result: PublishedResult) -> Line:
    own = found.is_own(result)
    text = f"{percent(result.rate)} ({percent(result.low)} to {percent(result.high)})"
    label = f"{result.label}, published" if own else result.label
    return Line(Mark(label, result.rate, result.low, result.high, text), OWN if own else OTHER)


def _draw_line(axes: Axes, place: int, line: Line) -> None:
    shape, colour, size = {OTHER: ("o", NOW, 5.5), OWN: ("D", BEFORE, 7.0), AUDIT: ("s", INK, 7.0)}[line.style]
    mark = line.mark
    axes.plot([mark.low, mark.high], [place] * 2, color=colour, linewidth=2.2, solid_capstyle="butt")
    axes.plot(
        [mark.value],
        [place],
        shape,
        color=colour,
        markerfacecolor="white" if line.style == AUDIT else colour,
        markeredgewidth=1.6,
        markersize=size,
        clip_on=False,
    )


def dates_chart(title: str, found: Benchmark, results: Sequence[PublishedResult], field: Field) -> Chart:
    """Return the dated results by the last day of their audit period, the force's own named."""
    dated = [(r.ended.toordinal(), r) for r in results if r.ended]
    same = any(found.is_same(result) for _, result in dated)
    own = field.own.estimate if field.own and not same else None
    shown = {OTHER, *(OWN for _, r in dated if found.is_own(r)), *((AUDIT,) if own else ())}
    subtitle = f"Recording rate with 95% interval by the end of the audit period; {_legend(shown)}"
    day = found.audit.period[1].toordinal()

    def draw(axes: Axes) -> None:
        places = []
        for at, result in dated:
            mine = found.is_own(result)
            colour = BEFORE if mine else NOW
            axes.plot([at] * 2, [result.low, result.high], color=colour, linewidth=1.6, alpha=1 if mine else 0.6)
            axes.plot(at, result.rate, "D" if mine else "o", color=colour, markersize=7 if mine else 5)
            if mine:
                places.append((at, result.rate, result.label))
        if own:
            axes.plot([day] * 2, [own.interval.low, own.interval.high], color=INK, linewidth=1.6)
            axes.plot(day, own.rate, "s", color="white", markeredgecolor=INK, markeredgewidth=1.6, markersize=7)
            places.append((day, own.rate, "This audit"))
        days = [at for at, _ in dated] + ([day] if own else [])
        _axes_of_dates(axes, min(days), max(days), [r.low for _, r in dated] + ([own.interval.low] if own else []))
        marks = [(float(at), value) for at, r in dated for value in np.linspace(r.low, r.high, 5).tolist()]
        label_points(axes, places, (1 - LEFT - EDGE) * WIDTH * 72, DATE_ROWS * ROW * 72, marks)

    parts = [f"{r.label} {percent(r.rate)}" for _, r in sorted(dated, key=lambda row: row[0])]
    parts += [f"This audit {percent(own.rate)}"] if own else []
    return Chart(title, subtitle, svg(DATE_ROWS, draw, left=LEFT, right=EDGE), f"{subtitle}. {'; '.join(parts)}.")


def _legend(styles: set[str]) -> str:
    """Return what the shapes of a chart mean, those that it holds."""
    meanings = {OTHER: "dots: other forces", OWN: "diamonds: this force as published", AUDIT: "open square: this audit"}
    return ", ".join(meaning for style, meaning in meanings.items() if style in styles)


def _axes_of_dates(axes: Axes, first: int, last: int, lows: Sequence[float]) -> None:
    pad = max(30, (last - first) // 20)
    axes.set_xlim(first - pad, last + pad)
    axes.set_ylim(axis_start(lows), 1.0)
    years = range(date.fromordinal(first - pad).year, date.fromordinal(last + pad).year + 2)
    step = -(-len(years) // 12)
    days = [date(year, 1, 1) for year in years if year % step == 0]
    inside = [day for day in days if first - pad <= day.toordinal() <= last + pad]
    axes.set_xticks([day.toordinal() for day in inside], [f"Jan {day.year}" for day in inside])
    percent_heights(axes)
    axes.grid(True, axis="both")
