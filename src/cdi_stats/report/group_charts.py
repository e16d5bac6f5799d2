"""Charts of groups side by side: a funnel with its outliers named, and rates drawn towards the rate of all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cdi_stats.methods.monitoring import Funnel
from cdi_stats.methods.pooling import PooledRates
from cdi_stats.report.blocks import Chart
from cdi_stats.report.charts import (
    AXIS_NAME,
    BEFORE,
    BELOW,
    INK,
    NOW,
    ROW,
    WIDTH,
    Mark,
    axis_start,
    marks_alt,
    percent_axis,
    svg,
    value_lines,
)
from cdi_stats.report.numbers import count, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEFT, RIGHT = 0.09, 0.05
FUNNEL_ROWS = 9
# so many groups and more stand closer: the funnel and this chart are to share a page
DENSER = ((22, 0.54), (15, 0.62), (7, 0.74))
# what a label takes up at nine points, in points
LETTER, LINE = 4.7, 11.0
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Own:
    """A rate that stands beside the groups of a funnel without being one of them."""

    label: str
    rate: float
    size: float


def draw_funnel(
    axes: Axes, found: Funnel, labels: Sequence[str], x_name: str, named: Iterable[int] = (), own: Own | None = None
) -> None:
    """Draw a funnel; groups beyond the 95% limits bear their names, `named` ones a diamond too."""
    marked = set(named)
    spread = [*found.effective_sample_size, *([own.size] if own else [])]
    sizes = np.linspace(min(spread) * 0.9, max(spread) * 1.05, 100)
    for (_, limits), dash in zip(found.limits_at(sizes).items(), ("--", "-"), strict=True):
        axes.plot(sizes, limits.low, dash, color=BEFORE, linewidth=1.2)
        axes.plot(sizes, limits.high, dash, color=BEFORE, linewidth=1.2)
    axes.axhline(found.target, color=INK, linewidth=1)
    plain = [i for i in range(found.rate.size) if i not in marked]
    axes.plot(found.effective_sample_size[plain], found.rate[plain], "o", color=NOW, markersize=5)
    points = [(i, labels[i]) for i in np.flatnonzero(found.outside[0.95]).tolist() if i not in marked]
    for i in sorted(marked):
        axes.plot(found.effective_sample_size[i], found.rate[i], "D", color=BEFORE, markersize=8)
        points.insert(0, (i, labels[i]))
    places = [(float(found.effective_sample_size[i]), float(found.rate[i]), label) for i, label in points]
    if own:
        axes.plot(own.size, own.rate, "s", color="white", markeredgecolor=INK, markeredgewidth=1.8, markersize=8)
        places.insert(0, (own.size, own.rate, own.label))
    # a mark at the very edge would be cut
    axes.set_xlim(sizes[0] - (0.03 * (sizes[-1] - sizes[0]) if own else 0), sizes[-1])
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")
    axes.xaxis.set_major_formatter(lambda value, _: count(value))
    axes.set_xlabel(x_name)
    axes.grid(True, axis="both")
    marks = list(zip(found.effective_sample_size.tolist(), found.rate.tolist(), strict=True)) if marked or own else []
    label_points(axes, places, (1 - LEFT - RIGHT) * WIDTH * 72, FUNNEL_ROWS * ROW * 72, marks)


def label_points(
    axes: Axes,
    points: Sequence[tuple[float, float, str]],
    width: float,
    height: float,
    marks: Sequence[tuple[float, float]] = (),
) -> None:
    """Write each point's label beside it, over no other label nor mark; width and height are the axes' in points."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()

    def on_page(x: float, y: float) -> tuple[float, float]:
        return (x - left) / (right - left) * width, (y - bottom) / (top - bottom) * height

    taken: list[Box] = [(at[0] - 3, at[0] + 3, at[1], 3.0) for at in (on_page(x, y) for x, y in marks)]
    for x, y, label in points:
        at, long = on_page(x, y), LETTER * len(label)
        late = at[0] + long > width
        sides = (-6, 6) if late else (6, -6)
        places = [(across, down) for down in (-12, 4, -23, 15, -34, 26, -45, 37, 48) for across in sides]
        boxes = {place: _box(at, place, long) for place in places}
        inside = [place for place in places if boxes[place][0] >= 0 and boxes[place][1] <= width] or places
        free = [place for place in inside if not any(_touch(boxes[place], box) for box in taken)]
        across, down = (free or inside)[0]
        taken.append(boxes[across, down])
        axes.annotate(
            label,
            (x, y),
            xytext=(across, down),
            textcoords="offset points",
            ha="left" if across > 0 else "right",
            color=INK,
        )


def _box(at: tuple[float, float], place: tuple[int, int], long: float) -> Box:
    """Return a label's left and right edge, middle and half height."""
    start = at[0] + place[0] - (long if place[0] < 0 else 0)
    return start, start + long, at[1] + place[1] + 3, LINE / 2


def _touch(first: Box, second: Box) -> bool:
    beside = first[0] < second[1] and second[0] < first[1]
    return beside and abs(first[2] - second[2]) < first[3] + second[3]


def funnel_of_groups(
    title: str,
    subtitle: str,
    found: Funnel,
    labels: Sequence[str],
    x_name: str,
    named: Iterable[int] = (),
    own: Own | None = None,
) -> Chart:
    """Return groups by their size within limits that allow for over-dispersion."""
    marked = list(named)
    parts = [f"{label} {percent(rate)}" for label, rate in zip(labels, found.rate, strict=True)]
    parts += [f"{own.label} {percent(own.rate)}"] if own else []
    picture = svg(
        FUNNEL_ROWS,
        lambda axes: draw_funnel(axes, found, labels, x_name, marked, own),
        left=LEFT,
        right=RIGHT,
        below=BELOW + AXIS_NAME,
    )
    return Chart(title, subtitle, picture, f"{subtitle}. {'; '.join(parts)}.")


def rows_for(lines: int) -> float:
    """Return how many rows a picture of so many lines takes."""
    return lines * next((share for fewest, share in DENSER if lines >= fewest), 1.0)


def pooled_chart(title: str, subtitle: str, labels: Sequence[str], pooled: PooledRates) -> Chart:
    """Return each group's own rate (open) and the rate drawn towards all (filled) with its interval."""
    marks = [
        Mark(label, float(rate), float(low), float(high), f"{percent(rate)} ({percent(low)} to {percent(high)})")
        for label, rate, low, high in zip(labels, pooled.rate, pooled.interval.low, pooled.interval.high, strict=True)
    ]

    def draw(axes: Axes) -> None:
        axes.axvline(pooled.prior_mean, color=INK, linewidth=1)
        for place, (mark, own) in enumerate(zip(marks, pooled.raw_rate, strict=True)):
            axes.plot([mark.low, mark.high], [place, place], color=NOW, linewidth=2.2, solid_capstyle="butt")
            axes.plot([own], [place], "o", color="white", markeredgecolor=BEFORE, markeredgewidth=1.5, markersize=6.5)
            axes.plot([mark.value], [place], "o", color=NOW, markersize=6)
        value_lines(axes, marks)
        percent_axis(axes, axis_start([*(m.low for m in marks), *map(float, pooled.raw_rate)]), 1.0)

    return Chart(title, subtitle, svg(rows_for(len(marks)), draw, left=0.2, right=0.27), marks_alt(subtitle, marks))
