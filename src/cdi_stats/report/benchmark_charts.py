"""Charts of the benchmark: results with their intervals from the highest down, and by the time they speak of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from cdi_stats.findings.benchmark import Benchmark, Field, PublishedResult
from cdi_stats.report.blocks import Chart, Column, Table, Text
from cdi_stats.report.canvas import (
    BEFORE,
    GREY,
    INK,
    NOW,
    PAPER,
    axis_start,
    name_ticks,
    percent_axis,
    percent_heights,
    svg,
)
from cdi_stats.report.group_charts import LEFT, label_points
from cdi_stats.report.marks import Mark, make_chart, marks_table, plot_lines
from cdi_stats.report.numbers import FindingNumbers
from cdi_stats.report.published_tables import result_figures

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
    lines = _lines(found, field, field.results)
    lines.sort(key=lambda line: -line.mark.value.value)
    marks = [line.mark for line in lines]
    subtitle = f"Recording rate with 95% interval, the highest first; {_legend({line.style for line in lines})}"

    def draw(axes: Axes) -> None:
        for place, line in enumerate(lines):
            _draw_line(axes, place, line)
        percent_axis(axes, axis_start(mark.low.value for mark in marks), 1.0)

    picture = plot_lines([m.label for m in marks], [m.text for m in marks], draw)
    return make_chart(title, subtitle, picture, _data(title, marks), notes, named=_named(lines))


def _data(title: str, marks: Sequence[Mark]) -> Table:
    return marks_table(title, "Result", "Rate", "95% interval", marks)


def _named(lines: Sequence[Line]) -> list[int]:
    """Return the lines to be told of where there are many: the force's own, then the first and the last."""
    own = [place for place, line in enumerate(lines) if line.style != OTHER]
    return [*own, *(place for place in (0, len(lines) - 1) if place not in own)]


def _lines(found: Benchmark, field: Field, results: Sequence[PublishedResult], *, audit: bool = True) -> list[Line]:
    """Return each result as a line, and after them this audit's where the field has it."""
    lines = [_line(found, field, result) for result in results]
    if audit and field.own and field.own.estimate:
        n = FindingNumbers(field.own)
        lines.append(Line(Mark("This audit", n.rate, n.low, n.high), AUDIT))
    return lines


def _line(found: Benchmark, field: Field, result: PublishedResult) -> Line:
    own = found.is_own(result)
    label = f"{result.label}, published" if own else result.label
    return Line(Mark(label, *result_figures(field.measure, result)), OWN if own else OTHER)


def _shape(style: str) -> dict[str, Any]:
    """Return how the mark of a line looks: told apart by shape as well as by colour."""
    shape, colour, size = {OTHER: ("o", NOW, 5.5), OWN: ("D", BEFORE, 7.0), AUDIT: ("s", INK, 7.0)}[style]
    return {
        "marker": shape,
        "color": colour,
        "markerfacecolor": PAPER if style == AUDIT else colour,
        "markeredgewidth": 1.6,
        "markersize": size,
        "clip_on": False,
    }


def _draw_line(axes: Axes, place: int, line: Line) -> None:
    shape = _shape(line.style)
    axes.plot(line.mark.span, [place] * 2, color=shape["color"], linewidth=2.2, solid_capstyle="butt")
    axes.plot(line.mark.value.value, place, **shape)


def dates_chart(title: str, found: Benchmark, results: Sequence[PublishedResult], field: Field) -> Chart:
    """Return the dated results by the last day of their audit period, the force's own named."""
    dated = sorted((r for r in results if r.ended), key=lambda r: r.ended or date.min)
    lines = _lines(found, field, dated, audit=not any(found.is_same(result) for result in dated))
    days = [r.ended.toordinal() for r in dated if r.ended]
    days += [found.audit.period[1].toordinal()] * (len(lines) - len(dated))
    subtitle = (
        f"Recording rate with 95% interval by the end of the audit period; {_legend({line.style for line in lines})}"
    )

    def draw(axes: Axes) -> None:
        for day, line in zip(days, lines, strict=True):
            shape = _shape(line.style)
            colour = GREY if line.style == OTHER else shape["color"]
            axes.plot([day] * 2, line.mark.span, color=colour, linewidth=1.0 if line.style == OTHER else 1.8)
            axes.plot(day, line.mark.value.value, **shape)
        _axes_of_dates(axes, min(days), max(days), [line.mark.low.value for line in lines])
        names = [(day, line.mark.value.value, line.mark.label.partition(",")[0])
                 for day, line in zip(days, lines, strict=True) if line.style != OTHER]  # fmt: skip
        taken = [(float(day), value) for day, line in zip(days, lines, strict=True)
                 for value in np.linspace(*line.mark.span, 5).tolist()]  # fmt: skip
        label_points(axes, names, taken)

    data = _data(title, [line.mark for line in lines])
    columns = (data.columns[0], Column("Audited to", width=1.0), *data.columns[1:])
    ends = [f"{date.fromordinal(day):%B %Y}" for day in days]
    rows = tuple((label, end, *cells) for (label, *cells), end in zip(data.rows, ends, strict=True))
    picture = svg(DATE_ROWS, draw, left=LEFT, right=EDGE, grid="xy")
    return make_chart(title, subtitle, picture, Table(title, columns, rows), named=_named(lines))


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
    name_ticks(axes.xaxis, [day.toordinal() for day in inside], [f"Jan {day.year}" for day in inside])
    percent_heights(axes)
