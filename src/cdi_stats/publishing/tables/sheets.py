"""Tables as data: a row each as in the report, a column each of text or of numbers, figures unrounded.

A cell of a report may hold one figure (83.6%), several (81.5% to 85.5%) or words. Each column of the report stays one
column as printed; where its cells hold figures, one more column follows for each, with its value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cdi_stats.publishing.tables.numbers import Number, printed_number, shows
from cdi_stats.report.blocks import Json, figures, plain_json
from cdi_stats.report.numbers import NOT_APPLICABLE

KINDS = ("table", "chart")  # the blocks that hold a table
SHARES = ("percent", "points", "share")
NOT_AVAILABLE, NO_NUMBER = "[x]", "[z]"


@dataclass(frozen=True)
class Field:
    """A column of data: its header, and for a value the printed column it belongs to and its unit."""

    header: str
    numeric: bool = False
    of: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Link:
    """A text that leads to another sheet."""

    text: str
    sheet: str


Cell = str | Number | Link | None
Column = tuple[Field, list[Cell]]


@dataclass(frozen=True)
class Data:
    """A table as data: rows of cells, one cell for each field; None where there is no value."""

    fields: tuple[Field, ...]
    rows: tuple[tuple[Cell, ...], ...]


def titled(block: Json) -> tuple[str, str, Json]:
    """Return a table's kind and name with its columns and rows: those of a chart are the data behind it.

    Every chart is given, also where a table of the report shows the same rows: who looks for a figure's data finds it.
    """
    if block["block"] == "chart":
        return "Figure", block["title"], block["data"]
    return "Table", block["caption"], block


def printed_data(block: Json) -> Data:
    """Return a table with every column as printed, and beside it the values of its figures."""
    columns: list[Column] = []
    for field, cells in _columns(block):
        columns.append((field, [plain_json(cell) for cell in cells]))
        columns.extend(_values(field.header, cells))
    return _data(columns)


def number_data(block: Json) -> Data:
    """Return a table for a workbook: numbers as numbers, shown as printed, their values beside them where they differ.

    A column of one figure a cell becomes its values, if a number format can show each as it is printed.
    """
    columns: list[Column] = []
    for field, cells in _columns(block):
        values = _values(field.header, cells)
        merged = _merged(cells) if len(values) == 1 else None
        if merged is not None:
            columns.append((Field(field.header, numeric=True, of=field.header, unit=values[0][0].unit), merged))
        else:
            numeric = field.numeric or bool(values)
            columns.append((field, [_as_number(cell) if numeric else plain_json(cell) for cell in cells]))
            columns.extend(values)
    return marked(_data(columns))


def figures_data(blocks: Iterable[Json]) -> Data:
    """Return every figure of a document, a row each as in figures.json."""
    fields = (
        Field("Figure"),
        Field("Value", numeric=True, of="Shown as"),
        Field("Unit"),
        Field("Shown as"),
        Field("How it came about"),
    )
    known: dict[str, tuple[Json, list[str]]] = {}
    for figure in figures(blocks):
        _, texts = known.setdefault(figure["figure"], (figure, []))
        if figure["text"] not in texts:
            texts.append(figure["text"])
    rows = [
        (key, _number(figure), figure["unit"], " or ".join(texts), figure.get("source", ""))
        for key, (figure, texts) in sorted(known.items())
    ]
    return Data(fields, tuple(rows))


def marked(data: Data) -> Data:
    """Return data with shorthand in the place of what is not available, and of what a workbook would leave empty."""
    return Data(data.fields, tuple(tuple(map(_mark, row)) for row in data.rows))


def _mark(cell: Cell) -> Cell:
    if cell == NOT_APPLICABLE:
        return NOT_AVAILABLE
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return NO_NUMBER
    return cell


def _columns(block: Json) -> Iterator[tuple[Field, list[Any]]]:
    for place, column in enumerate(block["columns"]):
        header = " ".join(column["header"].split()) or f"Column {place + 1}"
        yield Field(header, numeric=bool(column["numeric"])), [row[place] for row in block["rows"]]


def _values(header: str, cells: Sequence[Any]) -> list[Column]:
    """Return a column of values for each figure that a cell of a printed column holds at most."""
    found = [list(figures([{"text": cell}])) for cell in cells]
    most = max(map(len, found), default=0)
    names = _names(found, most)
    made: list[Column] = []
    for place in range(most):
        here = [held[place] if place < len(held) else None for held in found]
        units = {figure["unit"] for figure in here if figure is not None}
        unit = units.pop() if len(units) == 1 else ""
        form = "as a share" if unit in SHARES else "unrounded"
        name = f"{names[place]}, {form}" if names[place] else form
        values: list[Cell] = [None if figure is None else _number(figure) for figure in here]
        made.append((Field(f"{header} ({name})", numeric=True, of=header, unit=unit), values))
    return made


def _names(found: Sequence[Sequence[Json]], most: int) -> list[str]:
    """Return what tells the figures of a cell apart: the last part of their keys, if it does so in every row."""
    if most < 2:
        return [""] * most
    parts = [{held[place]["figure"].rpartition("/")[2] for held in found if place < len(held)} for place in range(most)]
    names = [next(iter(part)).split("_") if len(part) == 1 else [] for part in parts]
    # of unrecorded_low and unrecorded_high, only the last words tell them apart
    shortest = min(map(len, names))
    differs = (place for place, words in enumerate(zip(*names, strict=False)) if len(set(words)) > 1)
    shared = min(next(differs, shortest), max(shortest - 1, 0))
    told = [" ".join(name[shared:]) for name in names]
    return told if all(told) and len(set(told)) == most else [f"value {place + 1}" for place in range(most)]


def _number(figure: Json) -> Number | None:
    return None if figure["value"] is None else Number(figure["value"])


def _merged(cells: Sequence[Any]) -> list[Cell] | None:
    """Return the values of cells that each are one figure, in formats that show them as printed; None if one is not."""
    merged: list[Cell] = []
    for cell in cells:
        text, held = plain_json(cell), list(figures([{"text": cell}]))
        printed = printed_number(text)
        if not held:
            merged.append(printed or text)
        elif printed is None or held[0]["value"] is None or not shows(printed, held[0]["value"]):
            return None
        else:
            merged.append(Number(held[0]["value"], printed.format))
    return merged


def _as_number(cell: Any) -> Cell:
    text = plain_json(cell)
    return printed_number(text) or text


def _data(columns: Sequence[Column]) -> Data:
    used: set[str] = set()
    fields = []
    for field, _ in columns:
        name, count = field.header, 1
        while name.lower() in used:
            count += 1
            name = f"{field.header} ({count})"
        used.add(name.lower())
        fields.append(Field(name, field.numeric, field.of, field.unit))
    rows = zip(*(cells for _, cells in columns), strict=True)
    return Data(tuple(fields), tuple(tuple(row) for row in rows))
