"""The formats of a report: the files that each is made of, and how its figures are read back before it is published."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from cdi_stats.publishing.document import Document
from cdi_stats.publishing.theme import PLAIN, Theme
from cdi_stats.report.blocks import Json

Files = Mapping[str, bytes]
Figures = Mapping[str, Json]
TABLES = "tables"
DATA_FIGURE = re.compile(r'data-figure="([^"]*)"')


class Template(NamedTuple):
    """A Word file that gives a report its styles: the file's name, and what it holds."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Look:
    """How a report looks: a house style, and a Word file that the docx takes its styles from."""

    theme: Theme = PLAIN
    template: Template | None = None

    def to_json(self) -> Json:
        """Return what a manifest says of the files that give a report its look."""
        said: Json = {"theme": self.theme.to_json()} if self.theme.files else {}
        if self.template:
            name, data = self.template
            said |= {"template": {"name": name, "sha256": hashlib.sha256(data).hexdigest()}}
        return said


@dataclass(frozen=True)
class Writer:
    """A format: `write` gives its files by path in the report's folder, `lacks` the figures that these do not show.

    `target` is what a reader is sent to: a file, or the folder of several. One `on_paper` shows charts without the data
    behind them.
    """

    target: Callable[[str], str]
    write: Callable[[Document, str, Look], Files]
    lacks: Callable[[Files, str, Figures], list[str]]
    on_paper: bool = False


def _html(document: Document, report: str, look: Look) -> Files:
    from cdi_stats.publishing.html import render_html

    return {f"{report}.html": render_html(document, look.theme).encode("utf-8")}


def _html_lacks(files: Files, report: str, shown: Figures) -> list[str]:
    from markupsafe import escape

    # found in one pass: to look for each of hundreds of keys takes as long as writing the page
    there = set(DATA_FIGURE.findall(files[f"{report}.html"].decode("utf-8")))
    return [key for key in shown if escape(key) not in there]


def _pdf(document: Document, report: str, look: Look) -> Files:
    from cdi_stats.publishing.typst import render_pdf

    return {f"{report}.pdf": render_pdf(document, look.theme)}


def _docx(document: Document, report: str, look: Look) -> Files:
    from cdi_stats.publishing.docx import render_docx

    template = look.template and look.template.data
    return {f"{report}.docx": render_docx(document, template, look.theme)}


def _docx_lacks(files: Files, report: str, shown: Figures) -> list[str]:
    from cdi_stats.publishing.docx import docx_words

    words = " ".join(docx_words(files[f"{report}.docx"]).split())
    return [key for key, figure in shown.items() if any(not _stands_in(text, words) for text in figure["texts"])]


def _stands_in(text: str, words: str) -> bool:
    """Return whether a figure stands in some words, and not merely as a part of a longer number."""
    from cdi_stats.publishing.characters import xml_text

    wanted = re.escape(" ".join(xml_text(text).split()))
    return re.search(rf"(?<![\d.,]){wanted}(?![\d%]|[.,]\d)", words) is not None


def _tables(document: Document, report: str, look: Look) -> Files:
    from cdi_stats.publishing.tables import render_tables

    return {f"{TABLES}/{name}": data for name, data in render_tables(document, report, look.theme).items()}


def _tables_lack(files: Files, report: str, shown: Figures) -> list[str]:
    """Return the figures whose value a workbook does not hold, in either kind of it, as a reader opens it."""
    from cdi_stats.publishing.tables.reading import figures_in

    books = [figures_in(files[f"{TABLES}/{report}.{ending}"]) for ending in ("xlsx", "ods")]
    return [key for key, figure in shown.items() if any(figure["value"] != book.get(key, "missing") for book in books)]


WRITERS: dict[str, Writer] = {
    "html": Writer("{}.html".format, _html, _html_lacks),
    # Typst sets what it is given or stops; the PDF's words are read back in the tests
    "pdf": Writer("{}.pdf".format, _pdf, lambda *_: [], on_paper=True),
    "docx": Writer("{}.docx".format, _docx, _docx_lacks, on_paper=True),
    TABLES: Writer(lambda _: TABLES, _tables, _tables_lack),
}
