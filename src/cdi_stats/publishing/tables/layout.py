"""How a sheet is laid out: the widths of its columns, in letters, and how many lines its rows take."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap

from cdi_stats.publishing.tables.numbers import UNROUNDED, Number, decimals_of, spelt
from cdi_stats.publishing.tables.sheets import Cell, Data, Link
from cdi_stats.report.numbers import rounded

NARROWEST, WIDEST, MARGIN = 11, 60, 3


def column_widths(data: Data) -> list[int]:
    """Return a width for each column: its longest cell on one line, within bounds; longer text wraps."""
    return [
        min(max(NARROWEST, *(len(word) + MARGIN for word in field.header.split()), *map(_need, cells)), WIDEST)
        for field, *cells in zip(data.fields, *data.rows, strict=True)
    ]


def shown(number: Number) -> str:
    """Return a number as a spreadsheet shows it in its format."""
    if number.format == UNROUNDED:
        return spelt(number.value)
    first = number.format.split(";")[0]
    percent = "%" if "%" in first else ""
    value = rounded(number.value * 100 if percent else number.value, decimals_of(first))
    sign = "+" if first.startswith("+") and value > 0 else ""
    return f"{sign}{value:{',' if ',' in first else ''}}{percent}"


def lines_of(texts: Iterable[str], widths: Iterable[int]) -> int:
    """Return how many lines the longest of a row's texts takes, each wrapped in a column so wide."""
    return max((_lines(text, width) for text, width in zip(texts, widths, strict=True)), default=1)


def _lines(text: str, width: int) -> int:
    return sum(max(1, len(wrap(line, max(width - MARGIN + 1, 1)))) for line in text.splitlines()) or 1


def text_of(cell: Cell) -> str:
    """Return what a cell shows."""
    if isinstance(cell, Number):
        return shown(cell)
    return cell.text if isinstance(cell, Link) else cell or ""


def _need(cell: Cell) -> int:
    return max((len(line) for line in text_of(cell).splitlines()), default=0) + MARGIN
