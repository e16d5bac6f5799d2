"""How results show themselves: a sentence in print, that sentence over a small table in a notebook or a terminal.

Everything a table holds is text by then, and is escaped here. It has neither colours nor scripts of its own, so that
it reads in JupyterLab's light and dark themes alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Group

MOST_ROWS = 60
_NUMBER = re.compile(r"[+−±-]?\d.*|n/a|\[c\]|")


@dataclass(frozen=True)
class Grid:
    """A table to show: the first cell of a row heads it; facts, a row each, have no `columns`.

    `caption` stands for the result's sentence where that takes several lines. Rows past the 60th are counted in a note.
    """

    rows: Sequence[Sequence[str]] = ()
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    caption: str = ""

    @property
    def shown(self) -> list[tuple[str, ...]]:
        """Return the rows to show, each cell on one line."""
        return [tuple(one_line(cell) for cell in row) for row in self.rows[:MOST_ROWS]]

    @property
    def remarks(self) -> list[str]:
        """Return the notes, and how many rows are not shown."""
        more = len(self.rows) - MOST_ROWS
        return [*(one_line(note) for note in self.notes), *([f"{more:,} more rows are not shown."] if more > 0 else [])]

    @property
    def numeric(self) -> list[bool]:
        """Return which columns hold numbers, and are set right; the first heads its rows."""
        columns = enumerate(zip(*self.shown, strict=True))
        return [place > 0 and all(_NUMBER.fullmatch(cell) for cell in column) for place, column in columns]


class Shown:
    """A result that shows itself. Its class gives the sentence as `__str__`, and a table as `_grid` if it has one."""

    def __str__(self) -> str:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"

    def _grid(self) -> Grid:
        return Grid()

    def _repr_html_(self) -> str:
        return _html(str(self), self._grid())

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": _plain(str(self), self._grid()), "text/html": self._repr_html_()}

    def __rich__(self) -> Group:
        return _rich(str(self), self._grid())


def one_line(text: str) -> str:
    """Return a text with what does not print, such as a terminal's control codes, as spaces."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with the noun that goes with it: 1 record, 350 records."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def join_words(words: Sequence[str]) -> str:
    """Return words as a list: a, b and c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _html(sentence: str, grid: Grid) -> str:
    if not grid.rows:
        lines = [one_line(line) for line in sentence.splitlines()]
        return "\n".join(f"<p>{escape(line)}</p>" for line in (*lines, *grid.remarks))
    caption = one_line(grid.caption or sentence)
    # facts have no columns to head
    headed = zip(grid.columns, grid.numeric, strict=bool(grid.columns))
    head = "".join(_cell("th", name, right, ' scope="col"') for name, right in headed)
    parts = [
        "<table>",
        f'<caption style="caption-side: top; text-align: left">{escape(caption)}</caption>',
        *([f"<thead><tr>{head}</tr></thead>"] if head else []),
        "<tbody>",
        *(_row(row, grid.numeric) for row in grid.shown),
        "</tbody>",
        "</table>",
        *(f"<p>{escape(note)}</p>" for note in grid.remarks),
    ]
    return "\n".join(parts)


def _row(row: Sequence[str], numeric: Iterable[bool]) -> str:
    first, *rest = (
        _cell("td" if place else "th", cell, right, "" if place else ' scope="row"')
        for place, (cell, right) in enumerate(zip(row, numeric, strict=True))
    )
    return f"<tr>{first}{''.join(rest)}</tr>"


def _cell(tag: str, text: str, right: bool, attributes: str) -> str:
    return f'<{tag}{attributes} style="text-align: {"right" if right else "left"}">{escape(text)}</{tag}>'


def _plain(sentence: str, grid: Grid) -> str:
    rows = [*([grid.columns] if grid.columns else []), *grid.shown]
    if not grid.rows:
        return "\n".join([sentence, *grid.remarks])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, grid.numeric, strict=True)
        ).rstrip()
        for row in rows
    ]
    return "\n".join([grid.caption or sentence, "", *lines, *grid.remarks])


def _rich(sentence: str, grid: Grid) -> Group:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    if not grid.rows:
        return Group(*(Text(line) for line in (sentence, *grid.remarks)))
    table = Table(show_header=bool(grid.columns), box=None, pad_edge=False)
    for place, right in enumerate(grid.numeric):
        name = Text(grid.columns[place]) if grid.columns else ""
        table.add_column(name, justify="right" if right else "left")
    for row in grid.shown:
        table.add_row(*map(Text, row))
    return Group(Text(one_line(grid.caption or sentence)), table, *map(Text, grid.remarks))
