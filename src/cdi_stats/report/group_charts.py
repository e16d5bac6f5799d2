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
DENSER = ((15, 0.62), (7, 0.74))
# what a label takes up at nine points, in points
LETTER, LINE = 5.0, 11.0


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
    points = [(int(i), labels[i]) for i in np.flatnonzero(found.outside[0.95]) if i not in marked]
    for i in sorted(marked):
        axes.plot(found.effective_sample_size[i], found.rate[i], "D", color=BEFORE, markersize=8)
        points.insert(0, (i, labels[i]))
    places = [(float(found.effective_sample_size[i]), float(found.rate[i]), label) for i, label in points]
    if own:
        axes.plot(own.size, own.rate, "s", color="white", markeredgecolor=INK, markeredgewidth=1.8, markersize=8)
        places.insert(0, (own.size, own.rate, own.label))
    axes.set_xlim(sizes[0], sizes[-1])
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")
    axes.xaxis.set_major_formatter(lambda value, _: count(value))
    axes.set_xlabel(x_name)
    axes.grid(True, axis="both")
    label_points(axes, places, (1 - LEFT - RIGHT) * WIDTH * 72, FUNNEL_ROWS * ROW * 72)


def label_points(axes: Axes, points: Sequence[tuple[float, float, str]], width: float, height: float) -> None:
    """Write each point's label beside it, where it lies over no other; width and height are the axes' in points."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    taken: list[tuple[float, float, float]] = []
    for x, y, label in points:
        at = ((x - left) / (right - left) * width, (y - bottom) / (top - bottom) * height)
        late = at[0] + LETTER * len(label) > width
        across = -6 if late else 6
        start = at[0] + across - (LETTER * len(label) if late else 0)
        for down in (-12, 4, -23, 15, -34, 26, -45):
            box = (start, start + LETTER * len(label), at[1] + down)
            if not any(box[0] < b[1] and b[0] < box[1] and abs(box[2] - b[2]) < LINE for b in taken):
                break
        taken.append(box)
        axes.annotate(
            label,
            (x, y),
            xytext=(across, down),
            textcoords="offset points",
            ha="right" if late else "left",
            color=INK,
        )


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
