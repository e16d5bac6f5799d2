"""A first mapping for a force's own workbook, drafted by matching names; what could not be matched is said."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from cdi_stats.audit import cells
from cdi_stats.audit.files import Row, open_book
from cdi_stats.audit.headings import all_names, fits, fitting, match, names_of, words
from cdi_stats.audit.layout import HEADER_ROWS
from cdi_stats.audit.schema import FACTS, FLAGS, SHEETS, Column
from cdi_stats.audit.template import NOT_READ
from cdi_stats.audit.totals import begins_as_total
from cdi_stats.errors import UnreadableAudit

MOST_VALUES = 40
WIDE = ("wide.due", "wide.recorded", "wide.in_time")
NO_CRIME = re.compile(r"(?:no|not an?) (?:crimes?|offences?)(?: due)?", re.IGNORECASE)
ANSWERS = {"yes": "yes", "y": "yes", "no": "no", "n": "no", "not": "no"}
Columns = Mapping[str, str | tuple[str, str]]


@dataclass(frozen=True)
class Found:
    """Sheets of theirs with the same header: their names, the headings as they stand, and the rows below."""

    titles: tuple[str, ...]
    headings: Mapping[str, int]
    body: Sequence[Row] = field(repr=False)

    @property
    def title(self) -> str:
        """Return how the sheets are called together."""
        return ", ".join(self.titles)

    def texts(self, heading: str) -> list[str]:
        """Return the filled texts of a column."""
        place = self.headings[heading]
        texts = (cells.text(row[place]) for row in self.body if place < len(row))
        return [text for text in texts if text]

    @cached_property
    def values(self) -> Mapping[str, list[str]]:
        """Return the different texts of each column, in their order, at most 40."""
        return {heading: list(dict.fromkeys(self.texts(heading)))[:MOST_VALUES] for heading in self.headings}


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
    grids = {name: book.read(name) for name in book.names if name not in NOT_READ}
    sheets = [sheet for name, rows in grids.items() if (sheet := _found(name, rows))]
    if not sheets:
        raise UnreadableAudit(f"{source.name}: found no sheet with a row of headings; expected a filled workbook")
    lines = [
        f"# Mapping drafted from {cells.text(source.name)}: look at every line before you rely on it.",
        "# Check it with: cdi check THEIR_FILE --mapping THIS_FILE",
        "",
    ]
    unmatched: list[str] = []
    cover = next((title for title in grids if words(title) in names_of(FACTS.name, "")), None)
    lines += _facts(cover, grids.get(cover or "", []), unmatched)
    chosen = _chosen([sheet for sheet in _grouped(sheets) if sheet.titles != (cover,)])
    for name, (sheet, columns) in chosen.items():
        lines += _layout(name, sheet, columns, unmatched)
        if name == next(one for one, (other, _) in chosen.items() if other is sheet):
            lines += _left(sheet, [matched for other, matched in chosen.values() if other is sheet], unmatched)
        lines.append("")
    lines += _missing(chosen, unmatched)
    used = {title for sheet, _ in chosen.values() for title in sheet.titles} | {cover}
    unmatched += [f"sheet {title}: matched with nothing" for s in sheets for title in s.titles if title not in used]
    return Draft("\n".join(lines).rstrip() + "\n", tuple(unmatched))


def _found(title: str, rows: list[Row]) -> Found | None:
    """Return a sheet whose row with most known names, or else with most texts, is taken for its headings."""
    filled = [sum(isinstance(cell, str) and not cells.is_blank(cell) for cell in row) for row in rows[:HEADER_ROWS]]
    known = [len({words(cells.text(cell)) for cell in row} & all_names()) for row in rows[:HEADER_ROWS]]
    if not filled or max(filled) < 2:
        return None
    best = known.index(max(known)) if max(known) else filled.index(max(filled))
    headings: dict[str, int] = {}
    for place, cell in enumerate(rows[best]):
        heading = cells.text(cell)
        if cells.name(heading) and cells.name(heading) not in map(cells.name, headings):
            headings[heading] = place
    return Found((title,), headings, [row for row in rows[best + 1 :] if not begins_as_total(row)])


def _grouped(sheets: Sequence[Found]) -> list[Found]:
    """Return the sheets, those with the very same headings as one: a force may keep a sheet for each stratum."""
    groups: dict[tuple[tuple[str, int], ...], list[Found]] = {}
    for sheet in sheets:
        groups.setdefault(tuple(sheet.headings.items()), []).append(sheet)
    return [
        replace(
            same[0],
            titles=tuple(title for sheet in same for title in sheet.titles),
            body=[row for sheet in same for row in sheet.body],
        )
        for same in groups.values()
    ]


def _columns(name: str, sheet: Found) -> Columns:
    """Return {our column: their heading, or two}; a heading serves one column of a sheet."""
    if name == "crimes" and (wide := _wide_columns(sheet)):
        return wide
    free = dict(sheet.values)
    found: dict[str, str | tuple[str, str]] = {}
    for column in SHEETS[name].columns:
        heading = fitting(column, name, free)
        if heading:
            del free[heading]
            time = _time_beside(heading, free) if column.kind == "moment" else None
            if time:
                del free[time]
            found[column.name] = (heading, time) if time else heading
    return found


def _time_beside(heading: str, free: Iterable[str]) -> str | None:
    """Return the heading of the time that belongs to a date: the same words, with "time" for "date"."""
    said = words(heading).split()
    if "date" not in said or "time" in said:
        return None
    wanted = [" ".join("time" if word == "date" else word for word in said)]
    return match(wanted, free, exactly=True)


def _wide_columns(sheet: Found) -> dict[str, str] | None:
    """Return the columns of a sheet that counts the crimes of each record, or None for one that does not."""
    free = [heading for heading, texts in sheet.values.items() if _numbers(texts)]
    record = fitting(SHEETS["crimes"].columns[0], "crimes", sheet.values)
    found = {"record_id": record} if record else {}
    for part in WIDE:
        heading = match(names_of("crimes", part), [one for one in free if one not in found.values()])
        if heading:
            found[part] = heading
    if not {"record_id", *WIDE[:2]} <= set(found):
        return None
    for flag in FLAGS:
        due, recorded = (
            match([f"{one} {said}" for one in names_of("crimes", flag) for said in names_of("crimes", part)], free)
            for part in WIDE[:2]
        )
        if due and recorded:
            found |= {f"flags.{flag}.due": due, f"flags.{flag}.recorded": recorded}
    return found


def _chosen(sheets: Sequence[Found]) -> dict[str, tuple[Found, Columns]]:
    """Return, for each of our sheets, those of theirs that match best, if any have what it cannot do without."""
    chosen: dict[str, tuple[Found, Columns]] = {}
    for name, ours in SHEETS.items():
        required = {column.name for column in ours.columns if column.required} - {"crime_number", "label", "measure"}
        best, most = None, 0.0
        for sheet in sheets:
            columns = _columns(name, sheet)
            titled = any(words(title) in names_of(name, "") for title in sheet.titles)
            needed = {"record_id"} if "wide.due" in columns else required
            needed = needed - {"stratum"} if len(sheet.titles) > 1 else needed
            nearly = len(needed - set(columns)) == 1 and 2 * len(columns) >= len(sheet.headings)
            named = titled and len(columns) > 1 and next(iter(ours.names)) in columns
            enough = needed <= set(columns) or named or nearly
            score = len(columns) + 3 * titled + 2 * len(needed & set(columns))
            if enough and score > most:
                best, most = (sheet, columns), score
        if best:
            chosen[name] = best
    if "crimes" in chosen and "counts" in chosen and chosen["counts"][0] is chosen["crimes"][0]:
        del chosen["counts"]
    return chosen


def _numbers(values: Sequence[str]) -> bool:
    return bool(values) and fits("whole", values) and any(value.isdigit() for value in values)


def _facts(title: str | None, grid: Sequence[Row], unmatched: list[str]) -> list[str]:
    """Return the facts to be written down, and where the sheet that holds some of them is."""
    keys = [cells.text(cell) for row in grid for cell in row[:3] if isinstance(cell, str)]
    free = [key for key in dict.fromkeys(keys) if key]
    theirs = {column.name: match(names_of(FACTS.name, column.name), free) for column in FACTS.columns}
    lines = []
    if title is not None:
        lines += ["[sheets.audit]", f"sheet = {_quoted(title)}", "[sheets.audit.columns]"]
        lines += [f"{ours} = {_quoted(key)}" for ours, key in theirs.items() if key]
        lines += ["", "# Facts given here are added to those of the sheet."]
    lines.append("[facts]")
    wanted = [c for c in FACTS.columns if not theirs[c.name] and (c.required or c.name in ("title", "selection"))]
    lines += [f'# {c.name} = ""   # {c.help}{"" if c.required else " (may be left out)"}' for c in wanted]
    unmatched += [f"facts: nothing found for {c.name} ({c.help})" for c in wanted if c.required]
    return [*lines, ""]


def _layout(name: str, sheet: Found, columns: Columns, unmatched: list[str]) -> list[str]:
    titles = [_quoted(title) for title in sheet.titles]
    lines = [f"[sheets.{name}]", f"sheet = {titles[0] if len(titles) == 1 else '[' + ', '.join(titles) + ']'}"]
    by_title = len(titles) > 1 and "stratum" in SHEETS[name].names and "stratum" not in columns
    if by_title:
        lines.append('sheet_is = "stratum"')
    if "wide.due" not in columns and name == "crimes" and "crime_number" not in columns:
        lines.append("number_crimes = true")
    record = columns.get("record_id")
    if name == "records" and isinstance(record, str) and len(set(texts := sheet.texts(record))) < len(texts):
        lines.append("distinct = true")
    if name == "crimes" and "wide.due" not in columns:
        lines += _not_due(sheet, columns, unmatched)
    lines += [f"[sheets.{name}.columns]"]
    lines += [f"{ours} = {_headings(theirs)}" for ours, theirs in columns.items() if "." not in ours]
    made = _made(name, columns) | ({"stratum"} if by_title else set())
    needed = [c for c in SHEETS[name].columns if c.required and c.name not in columns and c.name not in made]
    lines += [f'# {c.name} = ""   # required: {c.help}' for c in needed]
    unmatched += [f"sheet {sheet.title} as {name}: no column found for {c.name} (required: {c.help})" for c in needed]
    if "wide.due" in columns:
        lines += [f"[sheets.{name}.wide]"]
        counted = {ours.removeprefix("wide."): theirs for ours, theirs in columns.items() if "." in ours}
        lines += [f"{part} = {_headings(theirs)}" for part, theirs in counted.items()]
    if name == "counts" and "measure" not in columns:
        lines += ["[sheets.counts.fixed]", 'measure = "recording_rate"']
    for column in SHEETS[name].columns:
        theirs = columns.get(column.name)
        if isinstance(theirs, str):
            lines += _values(name, column, sheet.values[theirs], unmatched)
    return lines


def _left(sheet: Found, matched: Sequence[Columns], unmatched: list[str]) -> list[str]:
    """Return the line on the headings that stand for nothing of ours, in none of the layouts that use the sheet."""
    theirs = [named for columns in matched for named in columns.values()]
    taken = {one for named in theirs for one in ([named] if isinstance(named, str) else named)}
    left = [" ".join(heading.split()) for heading in sheet.headings if heading not in taken]
    if not left:
        return []
    unmatched.append(f"sheet {sheet.title}: not matched: {', '.join(left)}")
    return [f"# not matched: {', '.join(left)}"]


def _not_due(sheet: Found, columns: Columns, unmatched: list[str]) -> list[str]:
    """Return the line that leaves out the rows of no crime due: a column of its own says so, or that of the answer."""
    free = [heading for heading in sheet.headings if heading not in columns.values()]
    heading, recorded = match(names_of("crimes", "skip"), free), columns.get("recorded")
    unwanted = [value for value in sheet.values[heading] if _answer(value) == "no"] if heading else []
    if not unwanted and isinstance(recorded, str):
        heading, unwanted = recorded, [value for value in sheet.values[recorded] if NO_CRIME.fullmatch(value)]
    if not heading or not unwanted:
        return []
    shown = ", ".join(unwanted)
    unmatched.append(f"sheet {sheet.title} as crimes: rows with {shown} under {heading} are left out as no crime due")
    return [f"skip = {{ {_quoted(heading)} = [{', '.join(map(_quoted, unwanted))}] }}"]


def _headings(theirs: str | tuple[str, str]) -> str:
    return _quoted(theirs) if isinstance(theirs, str) else f"[{', '.join(map(_quoted, theirs))}]"


def _made(name: str, columns: Columns) -> set[str]:
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
    strange = [given[place] for place in wrong if not NO_CRIME.fullmatch(given[place])]
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
        ours = _answer(value) if column.kind == "yes_no" else labels.get(near[0], near[0]) if near else None
        lines.append(f"{_quoted(value)} = {_quoted(ours)}" if ours else f'# {_quoted(value)} = ""')
        said = f"taken for {ours} in the draft: see whether that is right" if ours else "none of ours"
        unmatched.append(f"{name}.{column.name}: their {value!r} is {said}")
    return lines


def _answer(value: str) -> str | None:
    """Return the answer that a text begins with, where it does not give the other one too."""
    said = [ANSWERS[word] for word in re.findall(r"[a-z]+", value.lower()) if word in ANSWERS]
    first = re.match(r"[a-z]+", value.lower())
    return said[0] if first and first.group() in ANSWERS and len(set(said)) == 1 else None


def _missing(chosen: Mapping[str, object], unmatched: list[str]) -> list[str]:
    """Return what to write where no sheet of theirs tells of the strata."""
    if "strata" in chosen:
        return []
    unmatched.append("strata: no sheet of theirs tells the periods and sizes; write them under [[rows.strata]]")
    lines = ["# One block a stratum:", "# [[rows.strata]]"]
    return [*lines, *(f'# {column.name} = ""   # {column.help}' for column in SHEETS["strata"].columns), ""]


def _quoted(text: str) -> str:
    """Return a TOML basic string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
