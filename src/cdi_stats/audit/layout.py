"""From a sheet as it lies in the file to columns of ours: the header found, mapped names, wide sheets made long."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from cdi_stats.audit import cells
from cdi_stats.audit.archive import Flaw
from cdi_stats.audit.cells import Cells
from cdi_stats.audit.files import Row
from cdi_stats.audit.mapping import Conventions, Layout
from cdi_stats.audit.problems import Problem
from cdi_stats.audit.schema import Sheet
from cdi_stats.audit.totals import total_rows, without_totals
from cdi_stats.audit.wide import counted, spread

HEADER_ROWS = 100
TEXT_DATE = re.compile(r"\b(\d{1,2})([/.\-])(\d{1,2})\2(?=\d)", re.ASCII)


def lay_out(
    sheet: Sheet, title: str, grid: list[Row], layout: Layout, conventions: Conventions, problems: list[Problem]
) -> Cells:
    """Return the cells of a sheet of the file by column of ours; add what the layout names and the sheet lacks."""
    wanted = _wanted(sheet, layout)
    header = _header_row(grid, set(wanted), layout.header_row)
    if header is None:
        if any(not cells.is_blank(cell) for row in grid for cell in row):
            expected = f"a header row with {', '.join(wanted.values())}"
            mend = "put the column names above the rows"
            problems.append(Problem(title, "no known column", expected, mend, row=1, rule="no-header"))
        return Cells(title, {}, [], {})
    row = _named(grid[header], grid[header - 1] if header else [], wanted)
    places = _headings(sheet, title, row, header + 1, wanted, layout, problems)
    numbers, body = _body(grid, header, sorted(places.values()))
    theirs = {name: [row[place] for row in body] for name, place in places.items()}
    totals = total_rows(sheet, numbers, body)
    theirs = _filled_down(_day_first(theirs, sheet, layout, conventions), numbers, layout, totals)
    found = _ours(sheet, title, header + 1, theirs, numbers, layout, problems)
    found = _kept(found, theirs, layout.skip)
    if totals:
        found = without_totals(found, _counts(sheet, found, theirs, numbers, layout), totals, problems)
    return _long(sheet, _understood(found, sheet, layout, conventions), theirs, numbers, layout, problems)


def _wanted(sheet: Sheet, layout: Layout) -> dict[str, str]:
    """Return the headings to look for, as names are compared, each with how it is to be shown."""
    mapped = [name for given in layout.columns.values() for name in ([given] if isinstance(given, str) else given)]
    mapped += [name for pair in counted(layout.wide) for name in (pair.due, pair.recorded)]
    mapped += [layout.wide.in_time] if layout.wide and layout.wide.in_time else []
    own = [name for name in sheet.names if name not in layout.columns and name not in layout.fixed]
    return {cells.name(name): name for name in (*mapped, *layout.skip, *own)}


def _header_row(grid: list[Row], wanted: set[str], stated: int | None) -> int | None:
    """Return the place of the row with most known headings among the first ones; titles may stand above it."""
    if stated is not None:
        return stated - 1 if stated <= len(grid) else None
    most, header = 0, None
    for place, row in enumerate(grid[:HEADER_ROWS]):
        known = len({cells.name(cell) for cell in row} & wanted)
        if known > most:
            most, header = known, place
        if most == len(wanted):
            break
    return header


def _named(row: Row, above: Row, wanted: Mapping[str, str]) -> Row:
    """Return the headings, those wanted with the one above so named: Date under Reported is Reported Date."""
    named, group = list(row), ""
    for place, cell in enumerate(row):
        group = (cells.text(above[place]) if place < len(above) else "") or group
        if group and not cells.is_blank(cell) and cells.name(f"{group} {cells.text(cell)}") in wanted:
            named[place] = f"{group} {cells.text(cell)}"
    return named


def _headings(
    sheet: Sheet,
    title: str,
    row: Row,
    number: int,
    wanted: Mapping[str, str],
    layout: Layout,
    problems: list[Problem],
) -> dict[str, int]:
    """Return the place of each wanted heading; note those that are there twice, unknown or missing."""
    places: dict[str, int] = {}
    for place, cell in enumerate(row):
        name = cells.name(cell)
        if name in places:
            found, mend = f"{cells.text(cell)[:60]} twice", "delete or rename one"
            problems.append(
                Problem(title, found, "each column once", mend, number, wanted[name], rule="repeated-column")
            )
        elif name in wanted:
            places[name] = place
        elif name and not layout.columns:
            problems.append(unknown(title, name, list(sheet.names), number, "column"))
    return places


def unknown(title: str, name: str, known: list[str], number: int, what: str) -> Problem:
    """Return the warning for a column or fact that the schema does not have."""
    near = get_close_matches(name, known, n=1)
    mend = f"rename it to {near[0]}" if near else "delete it, or leave it: it is not read"
    expected = f"one of {', '.join(known)}"
    return Problem(title, f"an unknown {what}", expected, mend, number, name[:60], rule=f"unknown-{what}")


def _body(grid: list[Row], header: int, places: list[int]) -> tuple[list[int], list[Row]]:
    """Return the rows below the header in which any known column is filled, with their numbers in the file."""
    width = max(places, default=-1) + 1
    numbers, body = [], []
    for number, row in enumerate(grid[header + 1 :], start=header + 2):
        padded = row if len(row) >= width else [*row, *[None] * (width - len(row))]
        if any(not cells.is_blank(padded[place]) for place in places):
            numbers.append(number)
            body.append(padded)
    return numbers, body


def turned(cell: Any) -> Any:
    """Return a date typed as text with its first two numbers turned round."""
    return TEXT_DATE.sub(r"\3\2\1\2", cell, count=1) if isinstance(cell, str) else cell


def _day_first(
    theirs: dict[str, list[Any]], sheet: Sheet, layout: Layout, conventions: Conventions
) -> dict[str, list[Any]]:
    """Return the columns with dates typed month first turned round."""
    if conventions.dates == "day first":
        return theirs
    given = [layout.columns.get(c.name, c.name) for c in sheet.columns if c.kind in ("date", "moment")]
    dated = {cells.name(name if isinstance(name, str) else name[0]) for name in given}
    return {name: [turned(cell) for cell in column] if name in dated else column for name, column in theirs.items()}


def _ours(
    sheet: Sheet,
    title: str,
    header: int,
    theirs: Mapping[str, list[Any]],
    numbers: list[int],
    layout: Layout,
    problems: list[Problem],
) -> Cells:
    """Return the schema's columns, from those mapped, fixed or named as the schema does."""
    columns: dict[str, Sequence[Any]] = {}
    titles: dict[str, str] = {}
    made = {"crime_number", "recorded"} if layout.wide else {"crime_number"} if layout.number_crimes else set()
    for column in sheet.columns:
        given = layout.columns.get(column.name, column.name)
        named = [given] if isinstance(given, str) else given
        lacking = [name for name in named if cells.name(name) not in theirs]
        if column.name in layout.fixed:
            columns[column.name] = [layout.fixed[column.name]] * len(numbers)
        elif not lacking:
            parts = [theirs[cells.name(name)] for name in named]
            columns[column.name] = parts[0] if len(parts) == 1 else list(map(cells.join_moment, *parts))
            titles[column.name] = " and ".join(named)
        elif column.name in layout.columns:
            problems.append(_unmapped(title, lacking[0], header))
        elif column.required and column.name not in made:
            mend = f"add {column.name}: {column.help.lower()}"
            problems.append(
                Problem(title, "no such column", column.expected, mend, header, column.name, rule="missing-column")
            )
    counts = [name for pair in counted(layout.wide) for name in (pair.due, pair.recorded)]
    timed = [layout.wide.in_time] if layout.wide and layout.wide.in_time else []
    problems.extend(
        _unmapped(title, name, header) for name in (*counts, *timed, *layout.skip) if cells.name(name) not in theirs
    )
    return Cells(title, columns, numbers, titles)


def _unmapped(title: str, name: str, header: int) -> Problem:
    expected = f"a column called {cells.text(name)[:100]}, as the mapping says"
    mend = "correct the name in the mapping or in the sheet"
    return Problem(title, "no such column", expected, mend, header, cells.text(name)[:60], rule="mapping-column")


def _kept(found: Cells, theirs: Mapping[str, list[Any]], skip: Mapping[str, list[str]]) -> Cells:
    """Return the rows without those that a skip rule names, such as a line of totals."""
    dropped: set[int] = set()
    for name, values in skip.items():
        unwanted = {cells.code(value) for value in values}
        column = theirs.get(cells.name(name), [])
        dropped |= {place for place, cell in enumerate(column) if cells.code(cell) in unwanted}
    return found.taken([place for place in range(len(found.rows)) if place not in dropped]) if dropped else found


def _understood(found: Cells, sheet: Sheet, layout: Layout, conventions: Conventions) -> Cells:
    """Return the cells with their codes, blanks, yes, no and date order turned into ours."""
    kinds = {column.name: column.kind for column in sheet.columns}
    columns = {}
    for name, column in found.columns.items():
        change = translation(kinds[name], layout.values.get(name, {}), conventions)
        columns[name] = [change(cell) for cell in column] if change else column
    return replace(found, columns=columns)


def _filled_down(
    theirs: Mapping[str, list[Any]], numbers: Sequence[int], layout: Layout, totals: set[int]
) -> dict[str, list[Any]]:
    """Return the columns with blanks as the cell above has it, where the layout says so.

    A row left out later may hold the merged cell of those below it, but no line of totals does.
    """
    filled = dict(theirs)
    for ours in layout.fill_down:
        named = layout.columns.get(ours, ours)
        heading = named if isinstance(named, str) else named[0]
        skipped = {cells.code(value) for value in layout.skip.get(heading, [])}
        above: Any = None
        column = filled.get(cells.name(heading), [])
        for place, cell in enumerate(column):
            if numbers[place] in totals or (skipped and cells.code(cell) in skipped):
                continue
            above = above if cells.is_blank(cell) else cell
            column[place] = above
    return filled


def _counts(
    sheet: Sheet, found: Cells, theirs: Mapping[str, Sequence[Any]], numbers: Sequence[int], layout: Layout
) -> dict[str, Sequence[Any]]:
    """Return the columns of a sheet that count something, as long as its rows, by the name that the file gives them."""
    ours = [column.name for column in sheet.columns if column.kind == "whole" and column.name not in sheet.key]
    counts = {found.titles[name]: found.columns[name] for name in ours if name in found.titles}
    kept = set(found.rows)
    for pair in counted(layout.wide):
        for name in (pair.due, pair.recorded):
            column = theirs.get(cells.name(name), [None] * len(numbers))
            counts[name] = [cell for cell, number in zip(column, numbers, strict=True) if number in kept]
    return counts


def translation(kind: str, values: Mapping[str, str], conventions: Conventions) -> Callable[[Any], Any] | None:
    """Return what turns one of their cells into ours, or None where nothing changes."""
    words = {cells.code(value): "" for value in conventions.blank}
    if kind == "yes_no":
        words |= {cells.code(value): "yes" for value in conventions.yes}
        words |= {cells.code(value): "no" for value in conventions.no}
    words |= {cells.code(value): ours for value, ours in values.items()}
    if not words:
        return None

    def change(cell: Any) -> Any:
        if isinstance(cell, Flaw):
            return cell
        return words.get(cells.code(cell), cell)

    return change


def _long(
    sheet: Sheet,
    found: Cells,
    theirs: Mapping[str, list[Any]],
    numbers: list[int],
    layout: Layout,
    problems: list[Problem],
) -> Cells:
    """Return a crime a row, numbered, where the layout says that the file has it otherwise."""
    if layout.wide:
        kept = set(found.rows)
        places = [place for place, number in enumerate(numbers) if number in kept]
        beside = {name: [column[place] for place in places] for name, column in theirs.items()}
        return spread(found, beside, layout.wide, problems)
    if layout.distinct:
        rows = list(zip(*(_alike(sheet, name, column) for name, column in found.columns.items()), strict=True))
        found = found.taken(list({row: place for place, row in reversed(list(enumerate(rows)))}.values())[::-1])
    if layout.number_crimes and "record_id" in found.columns:
        seen: dict[str, int] = {}
        running = []
        for record in map(cells.text, found.columns["record_id"]):
            seen[record] = seen.get(record, 0) + 1
            running.append(seen[record])
        found = replace(found, columns={**found.columns, "crime_number": running})
    return found


def _alike(sheet: Sheet, name: str, column: Sequence[Any]) -> list[Any]:
    """Return a column's cells as rows are compared: one day or time is the same in whatever way it was typed."""
    kind = next(one.kind for one in sheet.columns if one.name == name)
    if kind not in ("date", "moment"):
        return [cells.text(cell) for cell in column]
    values, wrong = cells.parse_column(kind, column)
    unread = set(wrong)
    return [cells.text(cell) if place in unread else values[place] for place, cell in enumerate(column)]
