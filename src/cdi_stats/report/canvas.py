"""Pictures as SVG: matplotlib's Figure without pyplot, text kept as text, the same bytes every time.

Every colour and measure of a chart is set here, and every label is measured here in its own typeface, so that none is
cut. A chart's title and subtitle are set by the writers, outside the picture; colour is never the only meaning.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

FONTS = Path(__file__).parent / "fonts"
# what carries meaning: marks, lines and words, each at 3:1 and more on the ground
NOW, BEFORE, INK, TEAL, GREY = "#12436d", "#a8470f", "#1d1d1f", "#1c7a74", "#3d3d3d"
# the ground, and areas: never without an edge or a line of the colours above
PAPER, BAR, BAND = "#ffffff", "#9db8d3", "#dbe5ef"
# lines to read along, which nothing is lost without
FAINT, GRID = "#c9ced6", "#e3e6eb"
LINES = ((NOW, "-"), (BEFORE, "--"), (TEAL, "-."), (GREY, ":"))
WIDTH, ROW, BELOW, ABOVE = 6.7, 0.34, 0.28, 0.08
AXIS_NAME = 0.2
SIZE = 9.0
LINE = 11.0  # points from one line of text to the next
POINTS = 72  # in an inch
LONGEST_BESIDE = 0.33 * WIDTH * POINTS
TICK_BELOW, TICK_BESIDE, NAME_BELOW = 6.0, 3.5, 20.9  # points from the axes to the words at ticks, and to a name
BEHIND = 0.5  # lines to read along are drawn before all else
BESIDE, SAMPLE = 8.0, 22.0  # points from the axes to a text right of them, and to the end of a line's sample there
_SHEETS: list[tuple[Figure, Axes]] = []  # empty ones, each drawn on once
RC: Any = {
    "font.family": "Inter",
    "font.size": SIZE,
    "svg.fonttype": "none",
    "text.parse_math": False,
    "svg.hashsalt": "cdi-stats",
    "axes.unicode_minus": True,
    "figure.facecolor": PAPER,
}


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
    rows: float,
    draw: Callable[[Axes], None],
    left: float = 0.27,
    right: float = 0.27,
    below: float = BELOW,
    grid: str = "x",
) -> str:
    """Return a picture of so many rows, drawn by `draw` on one set of axes; margins are shares of the width.

    Lines to read along cross the picture from the ticks of the axes in `grid`, "x", "y" or "xy".
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    height = rows * ROW + below + ABOVE
    buffer = io.StringIO()
    with mpl.rc_context(RC):
        figure, axes = _SHEETS.pop() if _SHEETS else _sheet()
        figure.set_size_inches(WIDTH, height)
        axes.set_position((left, below / height, 1 - left - right, rows * ROW / height))
        draw(axes)
        _draw_scales(axes, grid)
        FigureCanvasSVG(figure)
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    # A browser without Inter must not fall back to its serif face.
    return buffer.getvalue().replace("'Inter'", "'Inter', sans-serif")


def make_sheets(number: int) -> None:
    """Make so many empty sheets ahead: the forks of this process then draw theirs on what they find."""
    import matplotlib as mpl

    with mpl.rc_context(RC):
        _SHEETS.extend(_sheet() for _ in range(number))


def _sheet() -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    _register_fonts()
    figure = Figure()
    return figure, figure.add_axes((0, 0, 1, 1))


def _draw_scales(axes: Axes, grid: str) -> None:
    """Draw the scales of finished axes, as plain lines and texts where matplotlib's ticks say.

    A tick of its own is five artists, and each is measured before it is drawn: most of a chart's time.
    """
    if not axes.axison:
        return
    axes.set_axis_off()
    across, up = axes.get_xaxis_transform(), axes.get_yaxis_transform()
    columns, rows = _ticks(axes.xaxis), _ticks(axes.yaxis)
    if "x" in grid:
        _draw_lines(axes, [(place, place) for place in columns], [(0, 1)] * len(columns), across, GRID)
    if "y" in grid:
        _draw_lines(axes, [(0, 1)] * len(rows), [(place, place) for place in rows], up, GRID)
    _draw_lines(axes, [(0, 1)], [(0, 0)], axes.transAxes, FAINT)
    for place, word in columns.items():
        write(axes, (place, 0), word, across, (0, -TICK_BELOW), ha="center", va="top")
    for place, word in rows.items():
        write(axes, (0, place), word, up, (-TICK_BESIDE, 0), ha="right", va="center_baseline")
    if name := axes.get_xlabel():
        write(axes, (0.5, 0), name, axes.transAxes, (0, -NAME_BELOW), ha="center", va="top")


def _ticks(axis: Axis) -> dict[float, str]:
    """Return the word of each tick between the ends of an axis, by its place."""
    low, high = sorted(axis.get_view_interval())
    near = 1e-9 * (high - low)
    places = list(axis.get_majorticklocs())
    words = axis.get_major_formatter().format_ticks(places)
    return {place: word for place, word in zip(places, words, strict=True) if low - near <= place <= high + near}


def _draw_lines(
    axes: Axes, x: Sequence[tuple[float, float]], y: Sequence[tuple[float, float]], transform: Any, colour: str
) -> None:
    """Draw lines, each from its first place to its second, as one."""
    from matplotlib.lines import Line2D

    xs, ys = ([number for ends in all_ends for number in (*ends, math.nan)] for all_ends in (x, y))
    axes.add_artist(Line2D(xs, ys, transform=transform, color=colour, linewidth=0.8, clip_on=False, zorder=BEHIND))


def write(
    axes: Axes,
    place: tuple[float, float],
    words: str,
    transform: Any = None,
    moved: tuple[float, float] = (0, 0),
    *,
    ha: str = "left",
    va: str = "center",
    ground: bool = False,
) -> None:
    """Write words at a place, in data without a transform, moved from there by so many points.

    With `ground` they stand on paper of their own, which hides what is beneath them.
    """
    from cdi_stats.report.lettering import Words

    paper = (max(map(text_width, words.split("\n"))), PAPER) if ground else None
    written = Words(place, words, moved, ha, va, SIZE, INK, paper)
    written.set_transform(transform or axes.transData)
    axes.figure.add_artist(written)


def draw_spans(axes: Axes, spans: Sequence[tuple[float, float]], places: Sequence[float], **style: Any) -> None:
    """Draw lines from low to high at heights, all of one style, as one."""
    ends = [number for span in spans for number in (*span, math.nan)]
    axes.plot(ends, [number for place in places for number in (place, place, math.nan)], **style)


def text_width(text: str) -> float:
    """Return how wide a text stands in a picture, in points: its letters side by side, none drawn nearer to another."""
    return sum(map(_letter_width, text))


@cache
def _letter_width(letter: str) -> float:
    from matplotlib.font_manager import get_font
    from matplotlib.ft2font import LoadFlags

    face = get_font(str(FONTS / "Inter-Regular.otf"))
    # one that it lacks is the first: the empty box, about as wide as what another typeface shows for it
    glyph = face.load_glyph(face.get_char_index(ord(letter)), flags=LoadFlags.NO_SCALE)
    return glyph.horiAdvance / face.units_per_EM * SIZE


def margin_for(texts: Iterable[str], gap: float) -> float:
    """Return the share of a picture's width that the widest line of some texts and a gap in points take up."""
    lines = [line for text in texts for line in text.split("\n")]
    return (max(map(text_width, lines), default=0.0) + gap) / (WIDTH * POINTS)


def wrapped(text: str, width: float) -> str:
    """Return a text in lines no wider than `width` points, broken between words only."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)


def fitted(texts: Iterable[str]) -> list[str]:
    """Return texts that are to stand right of the axes, in lines that leave room for these."""
    return ["\n".join(wrapped(line, LONGEST_BESIDE) for line in text.split("\n")) for text in texts]


def axis_start(lows: Iterable[float]) -> float:
    """Return where an axis of rates starts: at the twentieth below the lowest limit."""
    return max(math.floor(min(lows) * 20) / 20, 0.0)


def name_ticks(axis: Axis, places: Sequence[float], names: Sequence[str]) -> None:
    """Give an axis ticks at these places, and no others, under these names."""
    from matplotlib.ticker import FixedFormatter, FixedLocator

    axis.set_major_locator(FixedLocator(places))
    axis.set_major_formatter(FixedFormatter(names))


def percent_axis(axes: Axes, start: float, end: float) -> None:
    """Give the horizontal axis percentages from `start` to `end` (0-1)."""
    axes.set_xlim(start, end)
    axes.xaxis.set_major_locator(locator(5))
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")


def percent_heights(axes: Axes) -> None:
    """Give the vertical axis whole percentages."""
    from matplotlib.ticker import MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")


def locator(bins: int, *, integer: bool = False) -> Any:
    """Return where an axis has its ticks: at most so many round numbers."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=bins, integer=integer, steps=[1, 2, 5, 10] if integer else [1, 2, 2.5, 5, 10])


def apart(heights: Sequence[float], gap: float, top: float = math.inf) -> list[float]:
    """Return heights moved so far that labels there stand at least `gap` apart: up, and down again from `top`."""
    order = sorted(range(len(heights)), key=lambda place: heights[place])
    places = [float(height) for height in heights]
    for before, place in pairwise(order):
        places[place] = max(places[place], places[before] + gap)
    if order and places[order[-1]] > top:
        places[order[-1]] = top
        for after, place in pairwise(order[::-1]):
            places[place] = min(places[place], places[after] - gap)
    return places


def name_beside(
    axes: Axes, texts: Sequence[str], heights: Sequence[float], dashes: Sequence[tuple[str, str]] = ()
) -> None:
    """Write texts right of the axes at heights in data, moved apart where they would touch.

    `dashes` are the (colour, dash) of the lines they name, drawn before them. BESIDE is the room to leave for the gap.
    """
    bottom, top = axes.get_ylim()
    across, tall = axes_size(axes)
    lines = max((text.count("\n") + 1 for text in texts), default=1)
    point = (top - bottom) / tall
    gap, highest = point * (lines * LINE + 3), top - point * (lines - 1) * LINE / 2
    for place, (text, height) in enumerate(zip(texts, apart(heights, gap, highest), strict=True)):
        if dashes:
            colour, dash = dashes[place]
            sample = [1 + gap / across for gap in (4, SAMPLE)]
            axes.plot(sample, [height] * 2, dash, color=colour, linewidth=2, clip_on=False,
                      transform=axes.get_yaxis_transform())  # fmt: skip
        moved = (SAMPLE + 4 if dashes else BESIDE, 0)
        write(axes, (1.0, height), text, axes.get_yaxis_transform(), moved)


def axes_size(axes: Axes) -> tuple[float, float]:
    """Return width and height of the axes in points."""
    scale = POINTS / axes.figure.dpi
    return axes.bbox.width * scale, axes.bbox.height * scale
