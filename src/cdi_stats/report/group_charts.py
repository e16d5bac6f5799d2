"""Charts of groups side by side: a funnel with its outliers named, and rates drawn towards the rate of all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cdi_stats.findings.groups import Groups
from cdi_stats.findings.inspections import Forces
from cdi_stats.methods.monitoring import Funnel
from cdi_stats.methods.pooling import PooledRates
from cdi_stats.report.blocks import Chart, Column, Figure, Table, Text
from cdi_stats.report.canvas import (
    AXIS_NAME,
    BEFORE,
    BELOW,
    BESIDE,
    INK,
    LINE,
    NOW,
    PAPER,
    axes_size,
    axis_start,
    margin_for,
    name_beside,
    percent_axis,
    svg,
    text_width,
    write,
)
from cdi_stats.report.marks import Mark, make_chart, plot_lines
from cdi_stats.report.numbers import count
from cdi_stats.report.series_tables import provenance, share, whole
from cdi_stats.report.wording import capital

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEFT = 0.09
OF_ALL, LIMIT = "Rate of all", "{level:g}% limit"
FUNNEL_ROWS = 9
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Place:
    """A group in a funnel: its rate, and the crimes that the rate rests on."""

    label: str
    rate: Figure
    size: Figure


def draw_funnel(
    axes: Axes, found: Funnel, places: Sequence[Place], x_name: str, named: Iterable[int] = (), own: Place | None = None
) -> None:
    """Draw a funnel; groups beyond the 95% limits bear their names, `named` ones a diamond too."""
    marked = set(named)
    spread = [place.size.value for place in (*places, *([own] if own else []))]
    sizes = np.linspace(min(spread) * 0.9, max(spread) * 1.05, 100)
    for (_, limits), dash in zip(found.limits_at(sizes).items(), ("--", "-"), strict=True):
        axes.plot(sizes, limits.low, dash, color=BEFORE, linewidth=1.2)
        axes.plot(sizes, limits.high, dash, color=BEFORE, linewidth=1.2)
    axes.axhline(found.target, color=INK, linewidth=1)
    outside = np.flatnonzero(found.outside[0.95]).tolist()
    for i, place in enumerate(places):
        shape = {"color": BEFORE, "marker": "D", "markersize": 8} if i in marked else {"color": NOW, "marker": "o"}
        axes.plot(place.size.value, place.rate.value, **({"markersize": 5} | shape))
    told = [places[i] for i in (*sorted(marked), *(i for i in outside if i not in marked))]
    if own:
        axes.plot(own.size.value, own.rate.value, "s", color=PAPER, markeredgecolor=INK, markeredgewidth=1.8,
                  markersize=8)  # fmt: skip
        told.insert(0, own)
    # a mark at the very edge would be cut
    axes.set_xlim(sizes[0] - (0.03 * (sizes[-1] - sizes[0]) if own else 0), sizes[-1])
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")
    axes.xaxis.set_major_formatter(lambda value, _: count(value))
    axes.set_xlabel(x_name)
    edges = found.limits_at(sizes[-1:]).values()
    heights = [float(end[0]) for limits in edges for end in (limits.low, limits.high)]
    name_beside(axes, _limit_names(found), [found.target, *heights])
    marks = [(place.size.value, place.rate.value) for place in places] if marked or own else []
    labels = [(place.size.value, place.rate.value, place.label) for place in told]
    label_points(axes, labels, marks)


def _limit_names(found: Funnel) -> list[str]:
    """Return what stands beside a funnel's lines: the rate of all, and each limit below and above."""
    return [OF_ALL, *(LIMIT.format(level=100 * level) for level in found.outside for _ in range(2))]


def label_points(
    axes: Axes, points: Sequence[tuple[float, float, str]], marks: Sequence[tuple[float, float]] = ()
) -> None:
    """Write each point's label beside it, within the axes and over no other label nor mark."""
    (left, right), (bottom, top), (width, height) = axes.get_xlim(), axes.get_ylim(), axes_size(axes)

    def on_page(x: float, y: float) -> tuple[float, float]:
        return (x - left) / (right - left) * width, (y - bottom) / (top - bottom) * height

    taken: list[Box] = [(at[0] - 3, at[0] + 3, at[1], 3.0) for at in (on_page(x, y) for x, y in marks)]
    for x, y, label in points:
        at, long = on_page(x, y), text_width(label)
        late = at[0] + long > width
        sides = (-6, 6) if late else (6, -6)
        places = [(across, down) for down in (-12, 4, -23, 15, -34, 26, -45, 37, 48) for across in sides]
        boxes = {place: _box(at, place, long) for place in places}
        inside = [place for place in places if _within(boxes[place], width, height)] or places
        free = [place for place in inside if not any(_touch(boxes[place], box) for box in taken)]
        across, down = (free or inside)[0]
        taken.append(boxes[across, down])
        side = "left" if across > 0 else "right"
        write(axes, (x, y), label, moved=(across, down), ha=side, va="baseline", ground=True)


def _box(at: tuple[float, float], place: tuple[int, int], long: float) -> Box:
    """Return a label's left and right edge, middle and half height."""
    start = at[0] + place[0] - (long if place[0] < 0 else 0)
    return start, start + long, at[1] + place[1] + 3, LINE / 2


def _within(box: Box, width: float, height: float) -> bool:
    start, end, middle, half = box
    return start >= 0 and end <= width and half <= middle <= height - half


def _touch(first: Box, second: Box) -> bool:
    beside = first[0] < second[1] and second[0] < first[1]
    return beside and abs(first[2] - second[2]) < first[3] + second[3]


def funnel_of_groups(
    title: str,
    subtitle: str,
    found: Funnel,
    places: Sequence[Place],
    x_name: str,
    named: Iterable[int] = (),
    own: Place | None = None,
) -> Chart:
    """Return groups by their size within limits that allow for over-dispersion; `places` are in the funnel's order."""
    marked = list(named)
    picture = svg(
        FUNNEL_ROWS,
        lambda axes: draw_funnel(axes, found, places, x_name, marked, own),
        left=LEFT,
        right=margin_for(_limit_names(found), BESIDE + 2),
        below=BELOW + AXIS_NAME,
        grid="xy",
    )
    columns = (
        Column("Group", width=2.0),
        Column("Rate", numeric=True),
        Column("Crimes it rests on", numeric=True),
        Column("Place", width=1.6),
    )
    rows: list[tuple[Text, ...]] = [
        (place.label, (place.rate,), (place.size,), _where(found, i)) for i, place in enumerate(places)
    ]
    outside = [i for i in np.flatnonzero(found.outside[0.95]).tolist() if i not in marked]
    told = [*marked, *outside]
    if own:
        rows.append((own.label, (own.rate,), (own.size,), "not one of them"))
        told.insert(0, len(rows) - 1)
    return make_chart(title, subtitle, picture, Table(title, columns, tuple(rows)), named=told)


def _where(found: Funnel, place: int) -> str:
    """Return between or beyond which limits a group lies."""
    beyond = [level for level, outside in found.outside.items() if outside[place]]
    return f"beyond the {100 * max(beyond):g}% limits" if beyond else "within the limits"


def pooled_chart(title: str, subtitle: str, level: str, groups: Groups) -> Chart:
    """Return each group's own rate (open) and the rate drawn towards all (filled) with its interval."""
    pooled = groups.pooled
    assert pooled is not None
    rows = [_pooled_row(groups, pooled, place) for place in range(len(groups.names))]

    def draw(axes: Axes) -> None:
        axes.axvline(pooled.prior_mean, color=INK, linewidth=1)
        for place, (own, mark) in enumerate(rows):
            axes.plot(mark.span, [place, place], color=NOW, linewidth=2.2, solid_capstyle="butt")
            axes.plot(own.value, place, "o", color=PAPER, markeredgecolor=BEFORE, markeredgewidth=1.5, markersize=6.5)
            axes.plot(mark.value.value, place, "o", color=NOW, markersize=6)
        percent_axis(axes, axis_start([v for own, mark in rows for v in (mark.low.value, own.value)]), 1.0)

    picture = plot_lines([mark.label for _, mark in rows], [mark.text for _, mark in rows], draw)
    columns = (
        Column(capital(groups.column), width=1.6),
        Column("Own rate", numeric=True),
        Column("Drawn towards all", numeric=True),
        Column(f"{level} interval", numeric=True, width=1.5),
    )
    cells = tuple((mark.label, (own,), *mark.cells[1:]) for own, mark in rows)
    return make_chart(title, subtitle, picture, Table(title, columns, cells))


def _pooled_row(groups: Groups, pooled: PooledRates, place: int) -> tuple[Figure, Mark]:
    """Return a group's own rate, and its mark: the rate drawn towards all, with its interval."""
    name = groups.names[place]
    key, source = f"{groups.column}/{name}", "hierarchical Beta"
    low, high = (share(f"{key}/pooled/{end}", getattr(pooled.interval, end)[place], source) for end in ("low", "high"))
    own = groups.estimates[place]
    return share(f"{key}/rate", own.rate, provenance(own)), Mark(
        name, share(f"{key}/pooled", pooled.rate[place], "empirical Bayes"), low, high
    )


def places_of_groups(groups: Groups) -> list[Place]:
    """Return the groups as a funnel shows them: own rates by effective crimes."""
    return [
        Place(
            name,
            share(f"{groups.column}/{name}/rate", estimate.rate, provenance(estimate)),
            whole(f"{groups.column}/{name}/effective", size, "effective crimes"),
        )
        for name, estimate, size in zip(groups.names, groups.estimates, groups.sizes, strict=True)
    ]


def places_of_forces(forces: Forces) -> list[Place]:
    """Return published rates as a funnel shows them: by the crimes that their margins imply."""
    return [
        Place(
            p.label,
            share(f"published/{p.label}/rate", p.rate, "published"),
            whole(
                f"published/{p.label}/effective", p.effective_sample_size, "crimes that the published margin implies"
            ),
        )
        for p in forces.rates
    ]
