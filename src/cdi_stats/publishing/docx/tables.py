"""Tables in Word: a header row that repeats, headers that a screen reader finds, rows that stay whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from docx.oxml.ns import qn
from docx.oxml.parser import OxmlElement
from docx.shared import Length, Pt

from cdi_stats.publishing.characters import xml_text
from cdi_stats.publishing.docx.fields import element
from cdi_stats.publishing.docx.widths import fitting_widths
from cdi_stats.report.blocks import Json, plain_json

if TYPE_CHECKING:
    from docx.table import Table, _Row
    from docx.text.paragraph import Paragraph

AddText = Callable[["Paragraph", Any], None]

MOST_COLUMNS_AT_FULL_SIZE = 6
SIZES: dict[float, str] = {Pt(10.5): "", Pt(9): "Small"}  # of type, and the ending of the styles that are set in it
LONG_CELL = 600  # letters; a row that holds so many may break, or it could leave a page nearly empty
SHORT_TABLE, SHORT_TEXT = 12, 1500  # rows and letters; a table so short stays on one page
NARROW_COLUMNS, NARROW_CELL, NARROW = 3, 30, 0.65


def table_shape(columns: Sequence[Json], rows: Sequence[Sequence[str]], line: Length) -> tuple[str, list[Length]]:
    """Return the ending of the styles that a table is set in, and the widths of its columns on a line so wide."""
    sizes = [size for size in SIZES if size != max(SIZES) or len(columns) <= MOST_COLUMNS_AT_FULL_SIZE]
    short = len(columns) <= NARROW_COLUMNS and all(len(cell) < NARROW_CELL for row in rows for cell in row)
    size, widths = fitting_widths(columns, rows, line * (NARROW if short else 1.0), sizes)
    return SIZES[size], [Length(round(width)) for width in widths]


def fill_table(
    table: Table, caption: str, block: Json, styles: dict[str, Any], line: Length, add_text: AddText
) -> None:
    """Fill a Word table of the block's size with its cells; `line` is the width of the page's text.

    `caption` is what a screen reader calls the table by.
    """
    columns = block["columns"]
    texts = [[plain_json(cell) for cell in row] for row in block["rows"]]
    size, widths = table_shape(columns, texts, line)
    table.style, table.autofit = styles["ReportTable"], False
    _describe(table, caption, sum(widths))
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    heads = [column["header"] for column in columns]
    rows = [heads, *block["rows"]]
    for place, (row, cells) in enumerate(zip(table.rows, rows, strict=True)):
        kind = "TableHeading" if place == 0 else "Table"
        names = [f"{kind}{_ending(column, place == 0)}{size}" for column in columns]
        whole = place == 0 or all(len(text) <= LONG_CELL for text in texts[place - 1])
        _set_row(row, header=place == 0, whole=whole)
        for cell, text, name, width in zip(row.cells, cells, names, widths, strict=True):
            cell.width = width
            cell.paragraphs[0].style = styles[name]
            add_text(cell.paragraphs[0], text)


def _ending(column: Json, head: bool) -> str:
    if column["numeric"]:
        return "Number"
    return "" if head else "Text"


def keep_together(table: Table, *, with_next: bool) -> None:
    """Keep a short table on one page, and its last row with what follows it, such as a note.

    Where a row stands decides this, so no style can carry it.
    """
    rows = list(table.rows)
    short = len(rows) <= SHORT_TABLE and sum(len(text.text or "") for text in table._tbl.iter(qn("w:t"))) <= SHORT_TEXT
    kept = rows if short else rows[-1:]
    for row in kept:
        if row is not rows[-1] or with_next:
            for cell in row.cells:
                cell.paragraphs[0].paragraph_format.keep_with_next = True


def _describe(table: Table, caption: str, width: float) -> None:
    """Say how wide a table is, what it is called, and that its first row and first column are headers."""
    properties = table._tbl.tblPr
    for tag in ("w:tblW", "w:tblLook"):
        for found in properties.findall(qn(tag)):
            properties.remove(found)
    style = properties.find(qn("w:tblStyle"))
    style.addnext(element("w:tblW", w=str(round(width / 635)), type="dxa"))
    look = {"firstRow": "1", "lastRow": "0", "firstColumn": "1", "lastColumn": "0", "noHBand": "1", "noVBand": "1"}
    properties.append(element("w:tblLook", val="06A0", **look))
    properties.append(element("w:tblCaption", val=xml_text(caption)))


def _set_row(row: _Row, *, header: bool, whole: bool) -> None:
    properties = row._tr.get_or_add_trPr()
    if whole:
        properties.append(OxmlElement("w:cantSplit"))
    if header:
        properties.append(OxmlElement("w:tblHeader"))
