"""What a chart draws, mark by mark: its figures, the table of them, the words for who cannot see it, and its lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdi_stats.report.blocks import Chart, Column, Figure, Table, Text, plain
from cdi_stats.report.canvas import (
    BEFORE,
    BELOW,
    LINE,
    NOW,
    PAPER,
    POINTS,
    ROW,
    WIDTH,
    draw_spans,
    margin_for,
    name_ticks,
    svg,
    wrapped,
    write,
)
from cdi_stats.report.wording import in_sentence, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# a screen reader reads an alternative text in one breath and cannot go back in it
MOST_TOLD = 15
# columns that say how sure the one before them is
RANGES = ("interval", "range", "limits")
LONGEST_LABEL = 0.42 * WIDTH * POINTS
LABEL_GAP, TEXT_GAP = 8.0, 12.0
# so many lines and more stand closer: a chart is to share a page
DENSER = ((22, 0.54), (15, 0.62), (7, 0.74))


@dataclass(frozen=True)
class Mark:
    """A value with its range on one line of a plot; the text of its figures stands beside it."""

    label: str
    value: Figure
    low: Figure
    high: Figure
    earlier: bool = False

    @property
    def text(self) -> str:
        """Return the value and its range as they read."""
        return f"{self.value} ({self.low} to {self.high})"

    @property
    def span(self) -> tuple[float, float]:
        """Return the ends of the range."""
        return self.low.value, self.high.value

    @property
    def cells(self) -> tuple[Text, Text, Text]:
        """Return the mark as a row: label, value, range."""
        return self.label, (self.value,), say("{low} to {high}", low=self.low, high=self.high)


def marks_table(caption: str, first: str, value: str, limits: str, marks: Iterable[Mark]) -> Table:
    """Return marks as the data of a chart: what they are of, their value and its range under these headers."""
    columns = (Column(first, width=2.0), Column(value, numeric=True), Column(limits, numeric=True, width=1.5))
    return Table(caption, columns, tuple(mark.cells for mark in marks))


def make_chart(
    title: str,
    subtitle: str,
    svg: str,
    data: Table,
    notes: tuple[Text, ...] = (),
    *,
    named: Sequence[int] = (),
    told: int | None = None,
) -> Chart:
    """Return a chart told in words from its data; `named` and `told` as alt_text takes them."""
    return Chart(title, subtitle, svg, alt_text(subtitle, data, named, told), data, notes)


def alt_text(subtitle: str, data: Table, named: Sequence[int] = (), columns: int | None = None) -> str:
    """Return a chart in words: what it measures, then its rows with their numbers.

    More than fifteen rows are not read out: those `named` are, or the first and the last of all, and how many there
    are. Of each row its first so many `columns` are told, or all. A value with its range reads 83.6% (81.5% to 85.5%);
    where a row holds several values, or a value several ranges, each stands with its header.
    """
    if len(data.rows) <= MOST_TOLD:
        told, lead = list(data.rows), ""
    else:
        chosen = dict.fromkeys(named or (0, len(data.rows) - 1))
        told = [data.rows[place] for place in list(chosen)[:MOST_TOLD]]
        lead = f"{len(data.rows)} are shown, among them: "
    words = "; ".join(_row_words(data.columns[:columns], row[:columns]) for row in told)
    return f"{subtitle}. {lead}{words}." if words else f"{subtitle}. Nothing is shown."


def _row_words(columns: Sequence[Column], row: Sequence[Text]) -> str:
    label, *cells = map(plain, row)
    values: list[tuple[str, str, list[tuple[str, str]]]] = []
    for column, cell in zip(columns[1:], cells, strict=True):
        if _is_range(column) and values:
            values[-1][2].append((in_sentence(column.header), cell))
        else:
            values.append((in_sentence(column.header), cell, []))
    several = len(values) > 1
    told = [(f"{header} {cell}" if several else cell) + _range_words(held) for header, cell, held in values if cell]
    return f"{label}{':' if several else ''} {', '.join(told)}"


def _range_words(ranges: Sequence[tuple[str, str]]) -> str:
    held = [(header, cell) for header, cell in ranges if cell]
    if not held:
        return ""
    return f" ({'; '.join(f'{header} {cell}' for header, cell in held) if len(ranges) > 1 else held[0][1]})"


def _is_range(column: Column) -> bool:
    return any(word in column.header.lower().split() for word in RANGES)


def rows_for(lines: int) -> float:
    """Return how many rows a picture of so many lines takes."""
    return lines * next((share for fewest, share in DENSER if lines >= fewest), 1.0)


def plot_lines(
    labels: Sequence[str],
    texts: Sequence[str],
    draw: Callable[[Axes], None],
    *,
    rows: float | None = None,
    below: float = BELOW,
) -> str:
    """Return a picture of a line for each label, its text beside it; `draw` sets the marks on lines 0, 1 and so on.

    The margins are as wide as labels and texts need; long labels stand in two lines and more.
    """
    shown = [wrapped(label, LONGEST_LABEL) for label in labels]
    most = max((label.count("\n") + 1 for label in shown), default=1)
    tall = max(rows or rows_for(len(labels)), len(labels) * (most * LINE + 4) / (ROW * POINTS))

    def lines(axes: Axes) -> None:
        draw(axes)
        axes.set_ylim(len(labels) - 0.4, -0.6)
        name_ticks(axes.yaxis, range(len(labels)), shown)
        for place, text in enumerate(texts):
            write(axes, (1.0, place), text, axes.get_yaxis_transform(), (TEXT_GAP, 0))

    left, right = margin_for(shown, LABEL_GAP), margin_for([*texts, "100%"], TEXT_GAP + 2)
    return svg(tall, lines, left, right, below)


def plot_marks(marks: Sequence[Mark], draw: Callable[[Axes], None], *, below: float = BELOW) -> str:
    """Return a picture of each mark with its range on a line of its own; `draw` sets the axis."""

    def lines(axes: Axes) -> None:
        draw_ranges(axes, marks)
        draw(axes)

    return plot_lines([mark.label for mark in marks], [mark.text for mark in marks], lines, below=below)


def draw_ranges(axes: Axes, marks: Sequence[Mark]) -> None:
    """Draw each mark with its range on a line of its own; earlier ones as open squares."""
    for earlier, colour, shape, face in ((False, NOW, "o", NOW), (True, BEFORE, "s", PAPER)):
        lines = {place: mark for place, mark in enumerate(marks) if mark.earlier == earlier}
        if lines:
            spans = [mark.span for mark in lines.values()]
            draw_spans(axes, spans, list(lines), color=colour, linewidth=2.4, solid_capstyle="butt")
            values = [mark.value.value for mark in lines.values()]
            axes.plot(values, list(lines), shape, color=colour, markerfacecolor=face, markeredgewidth=1.6,
                      markersize=6.5, clip_on=False)  # fmt: skip
