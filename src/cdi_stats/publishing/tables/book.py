"""The workbook of a report, as the Analysis Function wants spreadsheets: cover, contents, notes, one table a sheet.

What a sheet holds is decided here; xlsx.py and ods.py only write it, so that the two files cannot differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdi_stats.publishing.tables.sheets import (
    KINDS,
    NO_NUMBER,
    NOT_AVAILABLE,
    Cell,
    Data,
    Field,
    Link,
    figures_data,
    marked,
    number_data,
    titled,
)
from cdi_stats.report.blocks import Json, plain_json

if TYPE_CHECKING:
    from cdi_stats.publishing.document import Document
    from cdi_stats.publishing.theme import Theme

COVER, CONTENTS, NOTES, FIGURES = "Cover", "Contents", "Notes", "Figures"
SHORTHAND = (
    f"Some cells hold shorthand: {NOT_AVAILABLE} means not available, {NO_NUMBER} means not applicable: "
    "there is no such value."
)
ROUNDING = (
    "Numbers are shown as the report prints them and hold every digit, unless a column beside them is headed unrounded "
    "or as a share: then that one holds every digit."
)


@dataclass(frozen=True)
class Sheet:
    """A sheet: its title in cell A1, lines beneath it, and from the next row on a table, if it has one."""

    name: str
    title: str
    lines: tuple[str, ...]
    data: Data | None = None


@dataclass(frozen=True)
class Book:
    """A workbook: what it says of itself, its marking and colours (#rrggbb), and its sheets in order."""

    title: str
    subject: str
    author: str
    date: str
    language: str
    marking: str
    heading: str
    link: str
    sheets: tuple[Sheet, ...]


def make_book(document: Document, theme: Theme) -> Book:
    """Return the workbook of a document's tables and figures in a house style."""
    tables = [block for kind in KINDS for block in document.blocks if block["block"] == kind]
    notes = _number_notes(tables)
    sheets = [
        *([_notes_sheet(notes)] if notes else []),
        *(_table_sheet(block, [number for number, of, _ in notes if of == sheet_name(block)]) for block in tables),
        _figures_sheet(document),
    ]
    front = [_cover(document, theme), _contents(sheets)]
    return Book(
        theme.titled(" – ".join(part for part in (document.title, document.subtitle) if part)),
        "Tables and figures of the report",
        document.author,
        document.date,
        document.language,
        theme.marking,
        theme.tones["heading"].light.upper(),
        theme.tones["link"].light.upper(),
        (*front, *sheets),
    )


def _number_notes(tables: list[Json]) -> list[tuple[int, str, str]]:
    """Return the notes of all tables in one series: number, the sheet they belong to, text."""
    texts = [(sheet_name(block), plain_json(note)) for block in tables for note in block["notes"]]
    return [(number, of, text) for number, (of, text) in enumerate(texts, start=1)]


def _cover(document: Document, theme: Theme) -> Sheet:
    facts = [fact for block in document.blocks if block["block"] == "title" for fact in block["facts"]]
    byline = ", ".join(part for part in (document.author, document.date_words) if part)
    lines = [
        theme.marking and f"Classification: {theme.marking}",
        theme.draft,
        theme.force,
        document.subtitle,
        byline,
        "This workbook holds the tables of the report and the data behind its charts, one on each sheet, and every "
        "number that the report shows.",
        *(f"{label}: {plain_json(text)}" for label, text in facts),
        ROUNDING,
        SHORTHAND,
        f"The sheet {CONTENTS} lists the other sheets, with links.",
    ]
    return Sheet(COVER, document.title, tuple(line for line in lines if line.strip()))


def _contents(sheets: list[Sheet]) -> Sheet:
    rows: list[tuple[Cell, ...]] = [(Link(sheet.name, sheet.name), sheet.title) for sheet in sheets]
    data = Data((Field("Sheet"), Field("What it holds")), tuple(rows))
    return Sheet(CONTENTS, "Contents", ("This sheet holds one table, with a link to each of the other sheets.",), data)


def _notes_sheet(notes: list[tuple[int, str, str]]) -> Sheet:
    rows: list[tuple[Cell, ...]] = [
        (f"[note {number}]", text, Link(of.replace("_", " "), of)) for number, of, text in notes
    ]
    data = marked(Data((Field("Note"), Field("Text"), Field("Belongs to")), tuple(rows)))
    return Sheet(NOTES, "Notes", ("This sheet holds one table, with the notes of all tables and charts.",), data)


def _table_sheet(block: Json, notes: list[int]) -> Sheet:
    marks = "".join(f" [note {number}]" for number in notes)
    kind, name, held = titled(block)
    data = number_data(held)
    lines = [
        f"This sheet holds one table, of {_count(len(data.rows), 'row')} and {_count(len(data.fields), 'column')}."
    ]
    if notes:
        lines.append(f"What its notes say stands on the sheet {NOTES}.")
    if any(cell in (NOT_AVAILABLE, NO_NUMBER) for row in data.rows for cell in row):
        lines.append(SHORTHAND)
    return Sheet(sheet_name(block), f"{kind} {block['number']}: {name}{marks}", tuple(lines), data)


def sheet_name(block: Json) -> str:
    """Return the name of the sheet of a table or chart: of its number alone, so that no two are alike."""
    return f"{titled(block)[0]}_{block['number']}"


def _figures_sheet(document: Document) -> Sheet:
    lines = (
        "This sheet holds one table, with every figure of the report, unrounded; the keys are those of figures.json.",
        "Percentages and points are given as shares of one: 83.6% is 0.836.",
    )
    return Sheet(FIGURES, "Every figure of the report", lines, marked(figures_data(document.blocks)))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
