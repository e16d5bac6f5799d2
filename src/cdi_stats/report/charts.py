"""Charts as SVG: matplotlib's Figure without pyplot, text kept as text, the same bytes every time.

A chart's title and subtitle are set by the writers, outside the picture; colour is never the only meaning.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdi_stats.findings.causes import Cause
from cdi_stats.findings.change import Comparison
from cdi_stats.findings.concentration import Concentration
from cdi_stats.findings.examine import Finding
from cdi_stats.report.blocks import Chart, Text
from cdi_stats.report.numbers import ChangeNumbers, FindingNumbers, count, percent, yearly, yearly_limit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FONTS = Path(__file__).parent / "fonts"
NOW, BEFORE, INK, FAINT = "#12436d", "#a8470f", "#1d1d1f", "#c9ced6"
WIDTH, ROW, EDGE = 6.7, 0.36, 0.62
RC = {
    "font.family": "Inter",
    "font.size": 9.0,
    "svg.fonttype": "none",
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

    for font in sorted(FONTS.glob("*.otf")):
        font_manager.fontManager.addfont(font)


class _Canvas:
    """A figure of so many rows with fixed margins, drawn in the house style; `svg()` closes it."""

    def __init__(self, rows: float, left: float = 0.3, right: float = 0.03, top: float = 0.1) -> None:
        import matplotlib as mpl
        from matplotlib.figure import Figure

        _register_fonts()
        self._rc: dict[str, Any] = RC
        height = rows * ROW + EDGE + top
        with mpl.rc_context(RC):
            self.figure = Figure(figsize=(WIDTH, height))
            self.axes: Axes = self.figure.add_axes((left, EDGE / height, 1 - left - right, rows * ROW / height))

    def svg(self) -> str:
        import matplotlib as mpl
        from matplotlib.backends.backend_svg import FigureCanvasSVG

        buffer = io.StringIO()
        with mpl.rc_context(RC):
            FigureCanvasSVG(self.figure).print_svg(buffer, metadata={"Date": None, "Creator": None})
        return buffer.getvalue()


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
    start = _axis_start(mark.low for mark in marks)
    subtitle = (
        f"Share of reported crimes that were recorded, with {level} intervals; the axis starts at {percent(start)}"
    )
    return Chart(title, subtitle, _interval_plot(marks, start), _marks_alt(subtitle, marks))


def timeliness_chart(title: str, hours: int, findings: Sequence[tuple[str, Finding]]) -> Chart:
    """Return the share recorded in time, as bars from zero with intervals."""
    marks = [_rate_mark(label, finding) for label, finding in findings]
    subtitle = (
        f"Share of recorded crimes that were recorded within {hours} hours, "
        f"with {FindingNumbers(findings[0][1]).level} intervals"
    )
    return Chart(title, subtitle, _bar_plot(marks, 1.0, percent_axis=True), _marks_alt(subtitle, marks))


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
        for cause in causes
    ]
    subtitle = f"Share of missed crimes by reason, with {level} intervals that hold for all reasons together"
    top = max(mark.high for mark in marks)
    return Chart(
        title,
        subtitle,
        _bar_plot(marks, min(top * 1.25, 1.0), percent_axis=True, left=0.42),
        _marks_alt(subtitle, marks),
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
    return Chart(title, subtitle, _range_plot(marks), _marks_alt(subtitle, marks, values=False))


def concentration_chart(title: str, concentrations: Sequence[tuple[str, Concentration]]) -> Chart:
    """Return how the misses of each stratum pile up over its records, those with most first."""
    subtitle = "Share of missed crimes by number of records, those with the most misses first"
    shown = [(label, c) for label, c in concentrations if c.missed]
    canvas = _Canvas(rows=7, left=0.09, right=0.24)
    axes = canvas.axes
    styles = [(NOW, "-"), (BEFORE, "--"), ("#28a197", "-."), ("#3d3d3d", ":")]
    parts = []
    ends: list[tuple[float, float, str, str]] = []
    for (label, c), (colour, dash) in zip(shown, _cycle(styles, len(shown)), strict=True):
        shares = [0.0, *_running(c.misses)]
        axes.plot(range(len(shares)), shares, dash, color=colour, linewidth=2)
        ends.append((len(shares) - 1, shares[-1], label, colour))
        parts.append(
            f"{label}: {count(c.missed)} misses in {len(c.misses)} records, {percent(c.share(2), 0)} of them in two records"
        )
    for place, (end, _, label, colour) in enumerate(sorted(ends)):
        y = 0.95 - 0.11 * place
        axes.annotate(label, (1.02, y), xycoords="axes fraction", color=colour, va="center", fontweight=600)
        axes.plot([end], [1.0], "o", color=colour, markersize=5, clip_on=False)
    axes.set_ylim(0, 1)
    axes.set_xlim(0, max(end for end, *_ in ends) * 1.02)
    axes.grid(True, axis="both", color=RC["grid.color"], linewidth=0.8)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
    axes.set_xlabel("Records with a missed crime")
    return Chart(title, subtitle, canvas.svg(), f"{subtitle}. {'; '.join(parts)}.")


def change_chart(title: str, comparison: Comparison, keys: Sequence[tuple[str, tuple[str, str, str]]]) -> Chart:
    """Return each change in percentage points with its interval, beside no change."""
    marks = []
    for label, key in keys:
        change = comparison.get(*key)
        if change is not None:
            n, c = ChangeNumbers(change), change.change
            text = f"{n.difference.text} ({n.low.text} to {n.high.text})"
            marks.append(Mark(label, c.value, c.interval.low, c.interval.high, text))
    subtitle = f"Change of the rate in percentage points, with {comparison.later.confidence_level:.0%} intervals"
    return Chart(title, subtitle, _change_plot(marks), _marks_alt(subtitle, marks, values=False))


def _rate_mark(label: str, finding: Finding, *, earlier: bool = False) -> Mark:
    assert finding.estimate is not None
    n, interval = FindingNumbers(finding), finding.estimate.interval
    text = f"{n.rate.text} ({n.low.text} to {n.high.text})"
    return Mark(
        f"{label}, earlier" if earlier else label, finding.estimate.rate, interval.low, interval.high, text, earlier
    )


def _marks_alt(subtitle: str, marks: Iterable[Mark], *, values: bool = True) -> str:
    del values
    return f"{subtitle}. {'; '.join(f'{mark.label} {mark.text}' for mark in marks)}."


def _axis_start(lows: Iterable[float]) -> float:
    return max(math.floor(min(lows) * 20) / 20, 0.0)


def _lines(axes: Axes, marks: Sequence[Mark]) -> None:
    axes.set_ylim(len(marks) - 0.4, -0.6)
    axes.set_yticks(range(len(marks)), [mark.label for mark in marks])
    axes.grid(False, axis="y")


def _draw_range(axes: Axes, place: int, mark: Mark) -> None:
    colour = BEFORE if mark.earlier else NOW
    axes.plot([mark.low, mark.high], [place, place], color=colour, linewidth=2.4, solid_capstyle="butt")
    face = "white" if mark.earlier else colour
    axes.plot(
        [mark.value],
        [place],
        "s" if mark.earlier else "o",
        color=colour,
        markerfacecolor=face,
        markeredgewidth=1.6,
        markersize=6.5,
        clip_on=False,
    )


def _beside(axes: Axes, place: int, mark: Mark) -> None:
    axes.annotate(mark.text, (1.02, place), xycoords=("axes fraction", "data"), va="center", color=INK)


def _interval_plot(marks: Sequence[Mark], start: float) -> str:
    canvas = _Canvas(rows=len(marks), left=0.27, right=0.27)
    for place, mark in enumerate(marks):
        _draw_range(canvas.axes, place, mark)
        _beside(canvas.axes, place, mark)
    _lines(canvas.axes, marks)
    _percent_axis(canvas.axes, start, 1.0)
    return canvas.svg()


def _bar_plot(marks: Sequence[Mark], end: float, *, percent_axis: bool, left: float = 0.27) -> str:
    canvas = _Canvas(rows=len(marks), left=left, right=0.27 if left < 0.4 else 0.13)
    for place, mark in enumerate(marks):
        canvas.axes.barh(place, mark.value, height=0.56, color="#9db8d3", edgecolor=NOW, linewidth=0.8)
        canvas.axes.plot([mark.low, mark.high], [place, place], color=INK, linewidth=1.6)
        _beside(canvas.axes, place, mark)
    _lines(canvas.axes, marks)
    if percent_axis:
        _percent_axis(canvas.axes, 0.0, end)
    return canvas.svg()


def _range_plot(marks: Sequence[Mark]) -> str:
    canvas = _Canvas(rows=len(marks), left=0.22, right=0.33)
    for place, mark in enumerate(marks):
        _draw_range(canvas.axes, place, mark)
        _beside(canvas.axes, place, mark)
    _lines(canvas.axes, marks)
    finite = [mark.high for mark in marks if math.isfinite(mark.high)]
    canvas.axes.set_xlim(0, max([*finite, *(mark.value for mark in marks), 10]) * 1.04)
    canvas.axes.xaxis.set_major_locator(_locator(4))
    canvas.axes.xaxis.set_major_formatter(lambda value, _: count(value))
    return canvas.svg()


def _change_plot(marks: Sequence[Mark]) -> str:
    canvas = _Canvas(rows=len(marks), left=0.27, right=0.27)
    for place, mark in enumerate(marks):
        _draw_range(canvas.axes, place, mark)
        _beside(canvas.axes, place, mark)
    _lines(canvas.axes, marks)
    canvas.axes.axvline(0, color=INK, linewidth=1)
    low, high = min(0.0, *(m.low for m in marks)), max(0.0, *(m.high for m in marks))
    canvas.axes.set_xlim(low - 0.02, high + 0.02)
    canvas.axes.xaxis.set_major_locator(_locator(5))
    canvas.axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:+.0f}".replace("-", "−").replace("+0", "0"))
    canvas.axes.set_xlabel("Percentage points: worse to the left of 0, better to the right")
    return canvas.svg()


def _percent_axis(axes: Axes, start: float, end: float) -> None:
    axes.set_xlim(start, end)
    axes.xaxis.set_major_locator(_locator(5))
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")


def _locator(bins: int) -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=bins, steps=[1, 2, 2.5, 5, 10])


def _running(misses: Sequence[int]) -> list[float]:
    total, sums, so_far = sum(misses), [], 0
    for size in misses:
        so_far += size
        sums.append(so_far / total)
    return sums


def _cycle(styles: list[tuple[str, str]], size: int) -> list[tuple[str, str]]:
    return [styles[place % len(styles)] for place in range(size)]
