"""A workbook written as Excel's xlsx: a real table a sheet, texts never formulas."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import xlsxwriter

from cdi_stats.publishing.characters import xml_text
from cdi_stats.publishing.tables.book import Book, Sheet
from cdi_stats.publishing.tables.layout import column_widths, lines_of, text_of
from cdi_stats.publishing.tables.numbers import Number
from cdi_stats.publishing.tables.sheets import Cell, Data, Field, Link

FONT = {"font_name": "Arial", "font_size": 12}  # what clear print asks for
WRAPPED = {"text_wrap": True, "valign": "top"}
RIGHT = {"align": "right", "indent": 1}
MOST_LETTERS = 32_767  # in a cell
MOST_IN_HEADER = 255
LINE_HEIGHT, MOST_LINES = 16, 25  # points, and lines of a row that is wrapped: Excel has none higher than 409 points
COVER_WIDTH = 100
A4 = 9
NO_DATE = "1970-01-01"


def write_xlsx(book: Book) -> bytes:
    """Return a workbook as xlsx, the same bytes each time."""
    out = io.BytesIO()
    workbook = xlsxwriter.Workbook(out, {"in_memory": True})
    moment = datetime.fromisoformat(book.date or NO_DATE)
    matter = {"title": book.title, "subject": book.subject, "author": book.author}
    workbook.set_properties(
        {name: xml_text(text)[:MOST_IN_HEADER] for name, text in matter.items()} | {"created": moment}
    )
    workbook.formats[0].set_font_name(FONT["font_name"])
    workbook.formats[0].set_font_size(FONT["font_size"])
    formats = _Formats(workbook, book)
    for sheet in book.sheets:
        _write_sheet(workbook.add_worksheet(sheet.name), sheet, formats, book.marking)
    workbook.close()
    return out.getvalue()


class _Formats:
    """A workbook's cell formats, each made once."""

    def __init__(self, workbook: Any, book: Book) -> None:
        self._workbook = workbook
        heading, link = book.heading, book.link
        self._made: dict[str, Any] = {}
        self.title = self._add(bold=True, font_size=16, font_color=heading)
        self.line = self._add()
        self.cover = self._add(**WRAPPED)
        self.text = self._add(**WRAPPED)
        self.link = self._add(**WRAPPED, font_color=link, underline=1)
        self.head = self._add(**WRAPPED, bold=True, font_color=heading, bottom=2, bottom_color=heading)
        self.number_head = self._add(**WRAPPED, **RIGHT, bold=True, font_color=heading, bottom=2, bottom_color=heading)
        self.shorthand = self._add(**WRAPPED, **RIGHT)

    def number(self, form: str) -> Any:
        """Return the format of a number."""
        if form not in self._made:
            self._made[form] = self._add(num_format=form, valign="top", **RIGHT)
        return self._made[form]

    def _add(self, **properties: Any) -> Any:
        return self._workbook.add_format(FONT | properties)


def _write_sheet(sheet: Any, content: Sheet, formats: _Formats, marking: str) -> None:
    sheet.set_paper(A4)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    centre = f"&C{marking.replace('&', '&&')}" if marking else ""
    sheet.set_header(centre)
    sheet.set_footer(f"&L&A{centre}&RPage &P of &N")
    sheet.write_string(0, 0, _text(content.title), formats.title)
    for row, line in enumerate(content.lines, start=1):
        sheet.write_string(row, 0, _text(line), formats.line if content.data else formats.cover)
        if content.data is None:
            _set_height(sheet, row, [line], [COVER_WIDTH])
    if content.data is None:
        sheet.set_column(0, 0, COVER_WIDTH)
    else:
        _write_table(sheet, content.name, content.data, 1 + len(content.lines), formats)


def _write_table(sheet: Any, name: str, data: Data, top: int, formats: _Formats) -> None:
    rows = data.rows or (tuple("" for _ in data.fields),)  # Excel has no table without a row
    last_row, last_column = top + len(rows), len(data.fields) - 1
    widths = column_widths(data)
    for place, width in enumerate(widths):
        sheet.set_column(place, place, width)
    heads = [
        {"header": _text(field.header)[:MOST_IN_HEADER], "header_format": _head(field, formats)}
        for field in data.fields
    ]
    look = {"style": "Table Style Light 1", "banded_rows": False, "first_column": False, "autofilter": False}
    sheet.add_table(top, 0, last_row, last_column, {"name": f"{name.lower()}_data", "columns": heads} | look)
    _set_height(sheet, top, [field.header for field in data.fields], widths)
    sheet.repeat_rows(top)
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{last_row + 1}"})
    for row, cells in enumerate(rows, start=top + 1):
        _set_height(sheet, row, [text_of(cell) for cell in cells], widths)
        for place, (cell, field) in enumerate(zip(cells, data.fields, strict=True)):
            _write_cell(sheet, row, place, cell, field, formats)


def _set_height(sheet: Any, row: int, texts: list[str], widths: list[int]) -> None:
    """Make a row as high as its wrapped texts: not every program does so by itself."""
    if (lines := lines_of(texts, widths)) > 1:
        sheet.set_row(row, LINE_HEIGHT * min(lines, MOST_LINES))


def _head(field: Field, formats: _Formats) -> Any:
    return formats.number_head if field.numeric else formats.head


def _write_cell(sheet: Any, row: int, place: int, cell: Cell, field: Field, formats: _Formats) -> None:
    if isinstance(cell, Number):
        sheet.write_number(row, place, cell.value, formats.number(cell.format))
    elif isinstance(cell, Link):
        sheet.write_url(row, place, f"internal:'{cell.sheet}'!A1", formats.link, _text(cell.text))
    else:
        sheet.write_string(row, place, _text(cell or ""), formats.shorthand if field.numeric else formats.text)


def _text(text: str) -> str:
    text = xml_text(text)
    return text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1] + "…"
