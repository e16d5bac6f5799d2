"""A first mapping for a force's own workbook, drafted by matching names; what could not be matched is said."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from cdi_stats.audit import cells
from cdi_stats.audit.files import Row, open_book
from cdi_stats.audit.layout import HEADER_ROWS
from cdi_stats.audit.schema import FACTS, SHEETS, Column
from cdi_stats.errors import UnreadableAudit
from cdi_stats.resources import resource

NEAR = 0.85
MOST_VALUES = 40
WIDE = ("wide.due", "wide.recorded", "wide.in_time")


@dataclass(frozen=True)
class Found:
    """A sheet of theirs with a header: its name, headings as they stand, and the rows below."""

    title: str
    header_row: int
    headings: Mapping[str, str]
    body: Sequence[Row] = field(repr=False)
    places: Mapping[str, int] = field(repr=False)

    def repeats(self, name: str) -> bool:
        """Return whether a column holds any text twice."""
        place = self.places[name]
        texts = list(filter(None, (cells.text(row[place]) for row in self.body if place < len(row))))
        return len(set(texts)) < len(texts)

    def values(self, name: str) -> list[str]:
        """Return the different texts of a column, in their order, at most 40."""
        place = self.places[name]
        texts = (cells.text(row[place]) for row in self.body if place < len(row))
        return list(dict.fromkeys(filter(None, texts)))[:MOST_VALUES]


@dataclass(frozen=True)
class Draft:
    """A drafted mapping: its TOML, and lines on what it could not match."""

    toml: str
    unmatched: tuple[str, ...]


def draft_mapping(path: str | Path) -> Draft:
    """Return a mapping drafted from a workbook or folder by matching the names of its sheets and columns.

    Raises UnreadableAudit where it cannot be opened, or no sheet has a row of headings.
    """
    source = Path(path)
    if not source.exists():
        raise UnreadableAudit(f"{path}: found no such file or folder; expected a workbook to draft a mapping from")
    book = open_book(source)
    sheets = [sheet for name in book.names if (sheet := _found(name, book.read(name)))]
    if not sheets:
        raise UnreadableAudit(f"{source.name}: found no sheet with a row of headings; expected a filled workbook")
    chosen = _chosen(sheets)
    lines = [
        f"# Mapping drafted from {source.name}: look at every line before you rely on it.",
        "# Check it with: cdi check THEIR_FILE --mapping THIS_FILE",
        "",
    ]
    unmatched: list[str] = []
    facts = next((s for s in sheets if cells.name(s.title) in _names("audit", "")), None)
    lines += _facts(facts is not None)
    for name, (sheet, columns) in chosen.items():
        lines += _layout(name, sheet, columns, unmatched)
    lines += _missing(chosen, unmatched)
    used = {sheet.title for sheet, _ in chosen.values()} | ({facts.title} if facts else set())
    unmatched += [f"sheet {s.title}: matched with nothing" for s in sheets if s.title not in used]
    return Draft("\n".join(lines).rstrip() + "\n", tuple(unmatched))


def _found(title: str, rows: list[Row]) -> Found | None:
    """Return a sheet whose first row with three or more texts, or else two, is taken for its headings."""
    filled = [sum(isinstance(cell, str) and bool(cell.strip()) for cell in row) for row in rows[:HEADER_ROWS]]
    known = [len({cells.name(cell) for cell in row} & _all_names()) for row in rows[:HEADER_ROWS]]
    if not filled or max(filled) < 2:
        return None
    best = known.index(max(known)) if max(known) else next(i for i, n in enumerate(filled) if n == max(filled))
    headings: dict[str, str] = {}
    places: dict[str, int] = {}
    for place, cell in enumerate(rows[best]):
        name = cells.name(cell)
        if name and name not in headings:
            headings[name], places[name] = cells.text(cell), place
    return Found(title, best + 1, headings, rows[best + 1 :], places)


@cache
def _synonyms() -> Mapping[tuple[str, str], tuple[str, ...]]:
    with resource("data", "codes", "synonyms.csv").open(encoding="utf-8", newline="") as file:
        return {
            (row["sheet"], row["column"]): tuple(map(cells.name, row["names"].split("|")))
            for row in csv.DictReader(file)
        }


@cache
def _all_names() -> frozenset[str]:
    return frozenset(name for (_, column), names in _synonyms().items() if column for name in names)


def _names(sheet: str, column: str) -> tuple[str, ...]:
    """Return the names a column (or with "" the sheet itself) goes by, our own first."""
    return (cells.name(column or sheet), *_synonyms().get((sheet, column), ()))


def _match(sheet: str, column: str, headings: Mapping[str, str]) -> str | None:
    names = _names(sheet, column)
    exact = next((name for name in names if name in headings), None)
    # "incidents" counts records and "incident" names one: an identifier is matched to the letter
    if exact or column == "record_id":
        return exact
    return next((near[0] for name in names if (near := get_close_matches(name, headings, n=1, cutoff=NEAR))), None)


def _columns(name: str, sheet: Found) -> dict[str, str]:
    """Return {our column: their heading}; a heading serves one column of a sheet."""
    wide = _wide_columns(sheet) if name == "crimes" else None
    if wide:
        return wide
    free = dict(sheet.headings)
    found = {}
    for column in SHEETS[name].columns:
        match = _match(name, column.name, free)
        if match:
            found[column.name] = free.pop(match)
    return found


def _wide_columns(sheet: Found) -> dict[str, str] | None:
    """Return the columns of a sheet that counts the crimes of each record, or None for one that does not."""
    free = dict(sheet.headings)
    record = _match("crimes", "record_id", free)
    found = {"record_id": free.pop(record)} if record else {}
    for part in WIDE:
        match = _match("crimes", part, free)
        if match and _numbers(sheet.values(match)):
            found[part] = free.pop(match)
    return found if {"record_id", *WIDE[:2]} <= set(found) else None


def _chosen(sheets: Sequence[Found]) -> dict[str, tuple[Found, dict[str, str]]]:
    """Return, for each of our sheets, the sheet of theirs that matches best, if any has what it cannot do without."""
    chosen = {}
    for name, ours in SHEETS.items():
        needed = {column.name for column in ours.columns if column.required} - {"crime_number", "label", "measure"}
        best, most = None, 0.0
        for sheet in sheets:
            columns = _columns(name, sheet)
            here = {"record_id"} if "wide.due" in columns else needed
            titled = cells.name(sheet.title) in _names(name, "")
            score = len(columns) + 3 * titled + 2 * len(here & set(columns))
            if (here <= set(columns) or (titled and len(columns) > 1)) and score > most:
                best, most = (sheet, columns), score
        if best:
            chosen[name] = best
    if "crimes" in chosen and "counts" in chosen and chosen["counts"][0] is chosen["crimes"][0]:
        del chosen["counts"]
    return chosen


def _numbers(values: Sequence[str]) -> bool:
    return bool(values) and all(value.isdigit() for value in values)


def _facts(held: bool) -> list[str]:
    lines = ["[facts]"]
    if held:
        lines[0:0] = ["# The audit sheet is read as it is; facts given here are added to it."]
    lines += [
        f'# {column.name} = ""   # {column.help}{"" if column.required else " (may be left out)"}'
        for column in FACTS.columns
        if column.required or column.name in ("title", "selection")
    ]
    return [*lines, ""]


def _layout(name: str, sheet: Found, columns: Mapping[str, str], unmatched: list[str]) -> list[str]:
    lines = [f"[sheets.{name}]", f"sheet = {_quoted(sheet.title)}"]
    if "wide.due" not in columns and name == "crimes" and "crime_number" not in columns:
        lines.append("number_crimes = true")
    if name == "records" and "record_id" in columns and sheet.repeats(cells.name(columns["record_id"])):
        lines.append("distinct = true")
    lines += [f"[sheets.{name}.columns]"]
    lines += [f"{ours} = {_quoted(theirs)}" for ours, theirs in columns.items() if ours not in WIDE]
    wanted = [c for c in SHEETS[name].columns if c.name not in columns]
    needed = [c for c in wanted if c.required and c.name not in _made(name, columns)]
    lines += [f'# {c.name} = ""   # required: {c.help}' for c in needed]
    unmatched += [f"sheet {sheet.title} as {name}: no column found for {c.name} (required: {c.help})" for c in needed]
    if "wide.due" in columns:
        lines += [f"[sheets.{name}.wide]"]
        lines += [f"{part.removeprefix('wide.')} = {_quoted(columns[part])}" for part in WIDE if part in columns]
    if name == "counts" and "measure" not in columns:
        lines += ["[sheets.counts.fixed]", 'measure = "recording_rate"']
    for column in SHEETS[name].columns:
        if column.name in columns:
            lines += _values(name, column, sheet.values(cells.name(columns[column.name])), unmatched)
    left = [theirs for theirs in sheet.headings.values() if theirs not in columns.values()]
    if left:
        lines.append(f"# not matched: {', '.join(' '.join(heading.split()) for heading in left)}")
        unmatched.append(f"sheet {sheet.title} as {name}: not matched: {', '.join(left)}")
    return [*lines, ""]


def _made(name: str, columns: Mapping[str, str]) -> set[str]:
    """Return the required columns that the layout makes by itself."""
    if name == "crimes":
        return {"crime_number"} | ({"recorded"} if "wide.due" in columns else set())
    return {"measure"} if name == "counts" else set()


def _values(name: str, column: Column, given: Sequence[str], unmatched: list[str]) -> list[str]:
    """Return the lines that turn their codes into ours, left to be filled in where no name matches."""
    if column.kind not in ("code", "yes_no"):
        return []
    _, wrong = cells.parse_column(column.kind, given)
    allowed = column.allowed or {"yes": "Yes", "no": "No"}
    strange = [given[place] for place in wrong]
    if column.kind == "code":
        strange = [
            value for value in given if column.spelt(value) not in allowed and cells.code(value) not in cells.NOTHING
        ]
    if not strange:
        return []
    lines = [f"[sheets.{name}.values.{column.name}]   # ours: {', '.join(allowed)}"]
    labels = {label.lower(): code for code, label in allowed.items()}
    for value in strange:
        near = get_close_matches(value.lower(), [*allowed, *labels], n=1, cutoff=0.7)
        ours = labels.get(near[0], near[0]) if near else None
        lines.append(f"{_quoted(value)} = {_quoted(ours)}" if ours else f'# {_quoted(value)} = ""')
        if not ours:
            unmatched.append(f"{name}.{column.name}: their {value!r} is none of ours")
    return lines


def _missing(chosen: Mapping[str, Any], unmatched: list[str]) -> list[str]:
    """Return what to write where no sheet of theirs tells of the strata."""
    if "strata" in chosen:
        return []
    unmatched.append("strata: no sheet of theirs tells the periods and sizes; write them under [[rows.strata]]")
    lines = ["# One block a stratum:", "# [[rows.strata]]"]
    return [*lines, *(f'# {column.name} = ""   # {column.help}' for column in SHEETS["strata"].columns), ""]


def _quoted(text: str) -> str:
    """Return a TOML basic string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
