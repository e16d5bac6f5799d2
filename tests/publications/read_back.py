"""What a reader finds in the files of a publication: page, PDF, Word, workbooks, CSV, notebook and figures.json."""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from functools import cached_property
from html.parser import HTMLParser
from typing import Any

import docx
import nbformat
import openpyxl
from odfdo import Document as Spreadsheet
from tests.publications.pdf_pages import Pages

from cdi_stats.publishing.docx import docx_words
from cdi_stats.publishing.publication import Publication
from cdi_stats.report.blocks import MIME_TYPE, Json

VOID = {"meta", "link", "br", "img", "hr", "input", "wbr"}


def dense(text: str) -> str:
    """Return a text without white space, which a page breaks lines at."""
    return re.sub(r"[\s\u00ad]+", "", text)


class Page(HTMLParser):
    """What a browser would find on the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, Any], tuple[str, ...]]] = []
        self.figures: dict[str, set[tuple[float, str]]] = defaultdict(set)
        self.headings: list[tuple[int, str]] = []
        self.captions: list[str] = []
        self._words: list[str] = []
        self._open: list[str] = []
        self._figure: tuple[str, Any, list[str]] | None = None
        self.feed(text)
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.elements.append((tag, attributes, tuple(self._open)))
        if tag not in VOID:
            self._open.append(tag)
        if "data-figure" in attributes:
            value = attributes.get("data-value")
            self._figure = (attributes["data-figure"], None if value is None else float(value), [])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((int(tag[1]), ""))
        if tag == "caption":
            self.captions.append("")

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), tuple(self._open)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag
        if tag == "span" and self._figure:
            key, value, words = self._figure
            self.figures[key].add((value, "".join(words)))
            self._figure = None

    def handle_data(self, data):
        if {"style", "script", "title"} & set(self._open):
            return
        self._words.append(data)
        if self._figure:
            self._figure[2].append(data)
        if self._open and re.fullmatch("h[1-6]", self._open[-1]):
            level, text = self.headings[-1]
            self.headings[-1] = level, text + data
        if "caption" in self._open:
            self.captions[-1] += data

    @property
    def text(self) -> str:
        return " ".join("".join(self._words).split())

    def all(self, tag: str) -> list[dict[str, Any]]:
        return [attributes for name, attributes, _ in self.elements if name == tag]


class ReadBack:
    """The files of a publication, each opened when it is first asked for."""

    def __init__(self, publication: Publication) -> None:
        self.publication = publication
        self.report, self.files, self.folder = publication.report, publication.files, publication.folder

    @cached_property
    def source(self) -> str:
        return self.files["html"].read_text(encoding="utf-8")

    @cached_property
    def page(self) -> Page:
        return Page(self.source)

    @cached_property
    def pdf(self) -> Pages:
        return Pages(self.files["pdf"])

    @cached_property
    def word(self) -> Any:
        return docx.Document(str(self.files["docx"]))

    @cached_property
    def word_words(self) -> str:
        return dense(docx_words(self.files["docx"].read_bytes()))

    @cached_property
    def xlsx(self) -> Any:
        return openpyxl.load_workbook(self.files["tables"] / f"{self.report}.xlsx")

    @cached_property
    def ods(self) -> Spreadsheet:
        return Spreadsheet(self.files["tables"] / f"{self.report}.ods")

    @cached_property
    def sheets(self) -> dict[str, dict[str, list[tuple[Any, ...]]]]:
        """The rows of each sheet by name, by the ending of the workbook."""
        return {
            "xlsx": {name: list(self.xlsx[name].values) for name in self.xlsx.sheetnames},
            "ods": {table.name: [tuple(row.values) for row in table.rows] for table in self.ods.body.tables},
        }

    @cached_property
    def csv(self) -> dict[str, list[list[str]]]:
        """The rows of each CSV file, its header first."""
        return {path.name: _rows(path) for path in sorted(self.files["tables"].glob("*.csv"))}

    @cached_property
    def schema(self) -> Json:
        made: Json = json.loads((self.files["tables"] / "csv-metadata.json").read_text(encoding="utf-8"))
        return made

    @cached_property
    def notebook(self) -> Any:
        return nbformat.read(self.folder / f"{self.report}.ipynb", as_version=4)

    @cached_property
    def figures(self) -> list[Json]:
        """The figures of figures.json."""
        listed: list[Json] = json.loads((self.folder / "figures.json").read_text(encoding="utf-8"))["figures"]
        return listed

    @cached_property
    def blocks(self) -> list[Json]:
        """The blocks that the executed notebook holds."""
        return [
            block
            for cell in self.notebook.cells
            if cell.cell_type == "code"
            for output in cell.outputs
            for block in output.data[MIME_TYPE]["blocks"]
        ]

    def of(self, kind: str) -> list[Json]:
        """Return the blocks of a kind."""
        return [block for block in self.blocks if block["block"] == kind]

    @property
    def grids(self) -> list[tuple[str, Json]]:
        """Every table, and the data behind every chart that has some, each with its name among the files of tables."""
        tables = [(f"Table_{number}", block) for number, block in enumerate(self.of("table"), start=1)]
        charts = [(f"Figure_{number}", block.get("data")) for number, block in enumerate(self.of("chart"), start=1)]
        return [*tables, *((name, data) for name, data in charts if data)]

    @property
    def on_paper(self) -> list[Json]:
        """The blocks as they are printed: without the data behind charts."""
        return [
            {name: value for name, value in block.items() if (block["block"], name) != ("chart", "data")}
            for block in self.blocks
        ]


def csv_name(name: str) -> str:
    """Return the CSV file of a table that is called so in the workbook."""
    kind, number = name.lower().split("_")
    return f"{kind}-{int(number):02d}.csv"


def _rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))
