"""Tables as CSV (RFC 4180, UTF-8), described as CSV on the Web wants it: the standard that government recommends."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cdi_stats.publishing.characters import xml_text
from cdi_stats.publishing.tables.numbers import Number, spelt
from cdi_stats.publishing.tables.sheets import (
    KINDS,
    SHARES,
    Cell,
    Data,
    Field,
    Link,
    figures_data,
    printed_data,
    titled,
)
from cdi_stats.report.blocks import Json, plain_json

if TYPE_CHECKING:
    from cdi_stats.publishing.document import Document
    from cdi_stats.publishing.theme import Theme

# the name that a reader of CSV on the Web looks for beside a file, before any other
SCHEMA = "csv-metadata.json"
FIGURES = "figures.csv"
FIGURES_NOTE = "Percentages and points are given as shares of one: 83.6% is 0.836. The keys are those of figures.json."
CONTEXT = "http://www.w3.org/ns/csvw"
# what a spreadsheet would run when it opens a CSV, some also by the wide letters of East Asia: not +13.0 and not
# -2.1 to +3.4, which are printed figures
_NUMBER = r"[\d.,]+%?"
_FORMULA = re.compile(rf"[=@\t\r\n＝＋－＠]|[+-](?!{_NUMBER}(?: to [+-]?{_NUMBER})?\Z)")


def render_csv(document: Document, theme: Theme) -> dict[str, bytes]:
    """Return a CSV of each table of a document, of the data of each chart, and of all its figures; and their schema."""
    tables = [block for kind in KINDS for block in document.blocks if block["block"] == kind]
    files: dict[str, bytes] = {}
    described = []
    for block in tables:
        kind, title, held = titled(block)
        name, data = csv_name(block["number"], kind), printed_data(held)
        files[name] = _csv(data)
        described.append(_table(name, f"{kind} {block['number']}: {title}", data, block["notes"]))
    data = figures_data(document.blocks)
    files[FIGURES] = _csv(data)
    described.append(_table(FIGURES, "Every figure of the report", data, (FIGURES_NOTE,)))
    files[SCHEMA] = _schema(document, theme, described)
    return files


def csv_name(number: int, kind: str) -> str:
    """Return the file of a table, or of a chart's data (of the kind Figure), by its number in the report."""
    return f"{kind.lower()}-{number:02d}.csv"


def _csv(data: Data) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([unrun(field.header) for field in data.fields])
    writer.writerows([_written(cell) for cell in row] for row in data.rows)
    return out.getvalue().encode("utf-8")


def _written(cell: Cell) -> str:
    if isinstance(cell, Number):
        return spelt(cell.value)
    return unrun(cell.text if isinstance(cell, Link) else cell or "")


def unrun(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: an apostrophe goes before one that it would."""
    text = xml_text(text)
    return f"'{text}" if _FORMULA.match(text) else text


def _schema(document: Document, theme: Theme, tables: Sequence[Json]) -> bytes:
    matter = {"dc:title": theme.titled(document.title), "dc:subject": document.subtitle, "dc:creator": document.author,
              "dc:issued": document.date, "dc:publisher": theme.force, "dc:accessRights": theme.marking}  # fmt: skip
    schema: Json = {"@context": [CONTEXT, {"@language": document.language}]}
    schema |= {name: xml_text(value) for name, value in matter.items() if value}
    schema["tables"] = tables
    return (json.dumps(schema, indent=1, ensure_ascii=False) + "\n").encode("utf-8")


def _table(name: str, title: str, data: Data, notes: Sequence[Any]) -> Json:
    used: set[str] = set()
    table: Json = {"url": name, "dc:title": xml_text(title)}
    if notes:
        table["rdfs:comment"] = [xml_text(plain_json(note)) for note in notes]
    columns = [_column(field, place, used) for place, field in enumerate(data.fields, start=1)]
    return table | {"tableSchema": {"columns": columns}}


def _column(field: Field, place: int, used: set[str]) -> Json:
    slug = re.sub(r"[^a-z0-9]+", "_", field.header.lower()).strip("_") or f"column_{place}"
    name = slug if slug not in used else f"{slug}_{place}"
    used.add(name)
    column: Json = {"name": name, "titles": unrun(field.header), "datatype": "double" if field.of else "string"}
    if field.of:
        unit = f"; unit: {field.unit}" if field.unit else ""
        share = ", as a share of one" if field.unit in SHARES else ""
        column["dc:description"] = xml_text(f"Value of “{field.of}”, not rounded{share}{unit}")
    return column
