"""How wide the columns of a sheet are, in letters, for both kinds of workbook."""

from __future__ import annotations

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


def _need(cell: Cell) -> int:
    if cell is None:
        return 0
    text = shown(cell) if isinstance(cell, Number) else cell.text if isinstance(cell, Link) else cell
    return max((len(line) for line in text.splitlines()), default=0) + MARGIN
