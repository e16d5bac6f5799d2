"""A document's tables and figures as data: a CSV each, with one schema of them all, and a workbook as xlsx and ods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdi_stats.publishing.tables.book import make_book
from cdi_stats.publishing.tables.csv_files import render_csv
from cdi_stats.publishing.tables.ods import write_ods
from cdi_stats.publishing.tables.xlsx import write_xlsx
from cdi_stats.publishing.theme import PLAIN, Theme

if TYPE_CHECKING:
    from cdi_stats.publishing.document import Document

__all__ = ["render_ods", "render_tables", "render_xlsx"]


def render_xlsx(document: Document, theme: Theme = PLAIN) -> bytes:
    """Return the document's tables and figures as an Excel workbook, the same bytes each time."""
    return write_xlsx(make_book(document, theme))


def render_ods(document: Document, theme: Theme = PLAIN) -> bytes:
    """Return the same workbook as an OpenDocument spreadsheet, the same bytes each time."""
    return write_ods(make_book(document, theme))


def render_tables(document: Document, name: str, theme: Theme = PLAIN) -> dict[str, bytes]:
    """Return every file of a document's tables by its name in their folder; `name` is that of the workbooks."""
    book = make_book(document, theme)
    return {f"{name}.xlsx": write_xlsx(book), f"{name}.ods": write_ods(book)} | render_csv(document, theme)
