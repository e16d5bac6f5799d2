"""Charts as SVG: matplotlib's Figure without pyplot, text kept as text, the same bytes every time.

A chart's title and subtitle are set by the writers, outside the picture; colour is never the only meaning.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdi_stats.findings.causes import Cause
from cdi_stats.findings.change import FindingChange
from cdi_stats.findings.concentration import Concentration
from cdi_stats.findings.examine import Finding
from cdi_stats.report.blocks import Chart, Text
from cdi_stats.report.numbers import ChangeNumbers, FindingNumbers, count, percent, points, yearly, yearly_limit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FONTS = Path(__file__).parent / "fonts"
NOW, BEFORE, INK, FAINT = "#12436d", "#a8470f", "#1d1d1f", "#c9ced6"
MOST_CAUSES = 10
LINES = ((NOW, "-"), (BEFORE, "--"), ("#1c7a74", "-."), ("#3d3d3d", ":"))
WIDTH, ROW, BELOW, ABOVE = 6.7, 0.34, 0.28, 0.08
AXIS_NAME = 0.2
RC: Any = {
    "font.family": "Inter",
    "font.size": 9.0,
    "svg.fonttype": "none",
    "text.parse_math": False,
    "svg.hashsalt": "cdi-stats",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.unicode_minus": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "grid.color": "#e3e6eb",
    "grid.linewidth": 0.8,
    "axes.grid": True,
    "axes.grid.axis": "x",
    "axes.axisbelow": True,
}


@dataclass(frozen=True)
class Mark:
    """A value with its range on one line of a plot; `text` stands beside it."""

    label: str
    value: float
    low: float
    high: float
    text: str
    earlier: bool = False


@cache
def _register_fonts() -> None:
    from matplotlib import font_manager

    manager = font_manager.fontManager
    for font in sorted(FONTS.glob("*.otf")):
        manager.addfont(font)
    # the semi-bold face names itself a family of its own: a bold label would then be measured by the regular one
    manager.ttflist = [
        replace(entry, name="Inter") if Path(entry.fname).parent == FONTS else entry for entry in manager.ttflist
    ]


def svg(
    rows: float, draw: Callable[[Axes], None], left: float = 0.27, right: float = 0.27, below: float = BELOW
) -> str:
    """Return a picture of so many rows, drawn by `draw` on one set of axes within fixed margins."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    _register_fonts()
    height = rows * ROW + below + ABOVE
    buffer = io.StringIO()
    with mpl.rc_context(RC):
        figure = Figure(figsize=(WIDTH, height))
        draw(figure.add_axes((left, below / height, 1 - left - right, rows * ROW / height)))
        FigureCanvasSVG(figure)
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    # A browser without Inter must not fall back to its serif face.
    return buffer.getvalue().replace("'Inter'", "'Inter', sans-serif")


def rates_chart(
    title: str, findings: Sequence[tuple[str, Finding]], earlier: Sequence[tuple[str, Finding]] = ()
) -> Chart:
    """Return recording rates with their intervals, one line each; earlier ones as open marks beneath."""
    before = dict(earlier)
    marks = []
    for label, finding in findings:
        marks.append(_rate_mark(label, finding))
        if label in before:
            marks.append(_rate_mark(label, before[label], earlier=True))
    level = FindingNumbers(findings[0][1]).level
    start = axis_start(mark.low for mark in marks)
    subtitle = (
        f"Share of reported crimes that were recorded, with {level} intervals; the axis starts at {percent(start, 0)}"
    )
    return Chart(title, subtitle, _interval_plot(marks, start), marks_alt(subtitle, marks))


def timeliness_chart(title: str, hours: int, findings: Sequence[tuple[str, Finding]]) -> Chart:
    """Return the share recorded in time, as bars from zero with intervals."""
    marks = [_rate_mark(label, finding) for label, finding in findings]
    subtitle = (
        f"Share of recorded crimes that were recorded within {hours} hours, "
        f"with {FindingNumbers(findings[0][1]).level} intervals"
    )
    return Chart(title, subtitle, _bar_plot(marks, 1.0), marks_alt(subtitle, marks))


def causes_chart(title: str, causes: Sequence[Cause], level: str, notes: tuple[Text, ...] = ()) -> Chart:
    """Return the reasons for missed crimes by share, with intervals that hold together."""
    marks = [
        Mark(
            cause.label,
            cause.share,
            cause.interval.low,
            cause.interval.high,
            f"{count(cause.crimes)} ({percent(cause.share, 0)})",
        )
        for cause in causes[:MOST_CAUSES]
    ]
    shown = f"the {MOST_CAUSES} most frequent reasons" if len(causes) > MOST_CAUSES else "reason"
    subtitle = f"Share of missed crimes by {shown}, with {level} intervals that hold for all reasons together"
    top = max(mark.high for mark in marks)
    return Chart(
        title,
        subtitle,
        _bar_plot(marks, min(top * 1.1, 1.0), left=0.46, right=0.13),
        marks_alt(subtitle, marks),
        notes,
    )


def annual_chart(title: str, findings: Sequence[tuple[str, Finding]]) -> Chart:
    """Return the crimes not recorded in a year with their ranges."""
    marks = []
    for label, finding in findings:
        total = finding.unrecorded
        if total is not None:
            text = f"{yearly(total.value)} ({yearly_limit(total.interval.low)} to {yearly_limit(total.interval.high)})"
            marks.append(Mark(label, total.value, total.interval.low, total.interval.high, text))
    subtitle = f"Estimated crimes a year reported but not recorded, with {FindingNumbers(findings[0][1]).level} ranges"
    return Chart(title, subtitle, _range_plot(marks), marks_alt(subtitle, marks))


def concentration_chart(
    title: str, concentrations: Sequence[tuple[str, Concentration]], notes: tuple[Text, ...] = ()
) -> Chart:
    """Return how the misses of each stratum pile up over its records, those with most first."""
    subtitle = "Share of missed crimes by number of records, those with the most misses first"
    shown = [(label, c) for label, c in concentrations if c.missed]
    parts = [
        f"{label}: {count(c.missed)} misses in {len(c.misses)} records, {percent(c.share(2), 0)} of them in two records"
        for label, c in shown
    ]
    picture = svg(7, lambda axes: _draw_running(axes, shown), left=0.09, right=0.24, below=BELOW + AXIS_NAME)
    return Chart(title, subtitle, picture, f"{subtitle}. {'; '.join(parts)}.", notes)


def _draw_running(axes: Axes, shown: Sequence[tuple[str, Concentration]]) -> None:
    ranked = sorted(shown, key=lambda row: len(row[1].misses))
    for place, ((label, c), (colour, dash)) in enumerate(zip(ranked, cycle(LINES), strict=False)):
        shares = [0.0, *(sum(c.misses[: n + 1]) / c.missed for n in range(len(c.misses)))]
        axes.plot(range(len(shares)), shares, dash, color=colour, linewidth=2)
        axes.plot([len(c.misses)], [1.0], "o", color=colour, markersize=5, clip_on=False)
        axes.annotate(
            label, (1.03, 0.95 - 0.11 * place), xycoords="axes fraction", color=colour, va="center", weight=600
        )
        axes.plot(
            [1.0, 1.024],
            [0.95 - 0.11 * place] * 2,
            dash,
            color=colour,
            linewidth=2,
            clip_on=False,
            transform=axes.transAxes,
        )
    axes.set_ylim(0, 1)
    axes.set_xlim(0, max(len(c.misses) for _, c in shown) * 1.02)
    axes.grid(True, axis="both")
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
    axes.xaxis.set_major_locator(_locator(6, integer=True))
    axes.set_xlabel("Records with a missed crime")


def change_chart(title: str, level: str, changes: Sequence[tuple[str, FindingChange]]) -> Chart:
    """Return each change in percentage points with its interval, beside no change."""
    marks = []
    for label, change in changes:
        n, c = ChangeNumbers(change), change.change
        text = f"{n.difference.text} ({n.low.text} to {n.high.text})"
        marks.append(Mark(label, c.value, c.interval.low, c.interval.high, text))
    subtitle = f"Change of the rate in percentage points, with {level} intervals"
    return Chart(title, subtitle, change_plot(marks), marks_alt(subtitle, marks))


def _rate_mark(label: str, finding: Finding, *, earlier: bool = False) -> Mark:
    assert finding.estimate is not None
    n, interval = FindingNumbers(finding), finding.estimate.interval
    text = f"{n.rate.text} ({n.low.text} to {n.high.text})"
    return Mark(
        f"{label}, earlier" if earlier else label, finding.estimate.rate, interval.low, interval.high, text, earlier
    )


def marks_alt(subtitle: str, marks: Iterable[Mark]) -> str:
    """Return a chart in words: what it measures, then each mark with its numbers."""
    return f"{subtitle}. {'; '.join(f'{mark.label} {mark.text}' for mark in marks)}."


def axis_start(lows: Iterable[float]) -> float:
    """Return where an axis of rates starts: at the twentieth below the lowest limit."""
    return max(math.floor(min(lows) * 20) / 20, 0.0)


def value_lines(axes: Axes, marks: Sequence[Mark]) -> None:
    """Give each mark a line of its own, its label before it and its numbers after."""
    axes.set_ylim(len(marks) - 0.4, -0.6)
    axes.set_yticks(range(len(marks)), [mark.label for mark in marks])
    axes.grid(False, axis="y")
    for place, mark in enumerate(marks):
        axes.annotate(mark.text, (1.04, place), xycoords=("axes fraction", "data"), va="center", color=INK)


def ranges(axes: Axes, marks: Sequence[Mark]) -> None:
    """Draw each mark with its range on a line of its own; earlier ones open."""
    for place, mark in enumerate(marks):
        colour, shape = (BEFORE, "s") if mark.earlier else (NOW, "o")
        axes.plot([mark.low, mark.high], [place, place], color=colour, linewidth=2.4, solid_capstyle="butt")
        axes.plot(
            [mark.value],
            [place],
            shape,
            color=colour,
            markerfacecolor="white" if mark.earlier else colour,
            markeredgewidth=1.6,
            markersize=6.5,
            clip_on=False,
        )
    value_lines(axes, marks)


def _interval_plot(marks: Sequence[Mark], start: float) -> str:
    def draw(axes: Axes) -> None:
        ranges(axes, marks)
        percent_axis(axes, start, 1.0)

    return svg(len(marks), draw)


def _bar_plot(marks: Sequence[Mark], end: float, left: float = 0.27, right: float = 0.27) -> str:
    def draw(axes: Axes) -> None:
        for place, mark in enumerate(marks):
            axes.barh(place, mark.value, height=0.56, color="#9db8d3", edgecolor=NOW, linewidth=0.8)
            axes.plot([mark.low, mark.high], [place, place], color=INK, linewidth=1.6)
        value_lines(axes, marks)
        percent_axis(axes, 0.0, end)

    return svg(len(marks), draw, left, right)


def _range_plot(marks: Sequence[Mark]) -> str:
    def draw(axes: Axes) -> None:
        ranges(axes, marks)
        finite = [mark.high for mark in marks if math.isfinite(mark.high)]
        axes.set_xlim(0, max([*finite, *(mark.value for mark in marks), 10]) * 1.04)
        axes.xaxis.set_major_locator(_locator(4))
        axes.xaxis.set_major_formatter(lambda value, _: count(value))

    return svg(len(marks), draw, left=0.22, right=0.33)


def change_plot(marks: Sequence[Mark]) -> str:
    """Return a picture of changes in percentage points, a line each, beside no change."""

    def draw(axes: Axes) -> None:
        ranges(axes, marks)
        axes.axvline(0, color=INK, linewidth=1)
        axes.set_xlim(min(0.0, *(m.low for m in marks)) - 0.02, max(0.0, *(m.high for m in marks)) + 0.02)
        axes.xaxis.set_major_locator(_locator(5))
        axes.xaxis.set_major_formatter(lambda value, _: points(value, 0))
        axes.set_xlabel("Percentage points: worse to the left of 0, better to the right")

    return svg(len(marks), draw, left=0.4, right=0.26, below=BELOW + AXIS_NAME)


def apart(heights: Sequence[float], gap: float) -> list[float]:
    """Return heights moved up where needed, so that labels there stand at least `gap` apart."""
    places = [0.0] * len(heights)
    last = -math.inf
    for place in sorted(range(len(heights)), key=lambda place: heights[place]):
        last = places[place] = max(heights[place], last + gap)
    return places


def percent_axis(axes: Axes, start: float, end: float) -> None:
    """Give the horizontal axis percentages from `start` to `end` (0-1)."""
    axes.set_xlim(start, end)
    axes.xaxis.set_major_locator(_locator(5))
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")


def percent_heights(axes: Axes) -> None:
    """Give the vertical axis whole percentages."""
    from matplotlib.ticker import MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")


def _locator(bins: int, *, integer: bool = False) -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=bins, integer=integer, steps=[1, 2, 5, 10] if integer else [1, 2, 2.5, 5, 10])
