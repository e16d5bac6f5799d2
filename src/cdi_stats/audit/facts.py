"""The facts of an audit: from the sheet of keys and values, wherever on it they stand, and from the mapping."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cdi_stats.audit import cells
from cdi_stats.audit.files import Row
from cdi_stats.audit.layout import translation, turned, unknown
from cdi_stats.audit.mapping import ColumnMapping
from cdi_stats.audit.problems import Problem
from cdi_stats.audit.schema import FACTS, Column
from cdi_stats.audit.tables import read_column, unread

Stated = tuple[int | None, str, Any]


@dataclass(frozen=True)
class FactsRead:
    """The facts that could be read, and the row of each that the audit sheet states."""

    values: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    title: str = FACTS.name

    def told(self, problem: Problem) -> Problem:
        """Return a problem of the fact that its column names, at the place where it is stated."""
        return replace(problem, sheet=self.title, row=self.rows.get(problem.column or ""), column="value")


def read_facts(sheets: Sequence[tuple[str, list[Row]]], mapping: ColumnMapping, problems: list[Problem]) -> FactsRead:
    """Return the known facts, from the audit sheet and the mapping; blank ones are left to their defaults."""
    title, grid = sheets[0] if sheets else (FACTS.name, [])
    noted: list[Problem] = []
    facts = _facts(grid, mapping, noted)
    if not sheets and not mapping.facts:
        return facts
    problems += [replace(problem, sheet=title) for problem in noted]
    return replace(facts, title=title)


def _facts(grid: list[Row], mapping: ColumnMapping, problems: list[Problem]) -> FactsRead:
    columns = {column.name: column for column in FACTS.columns}
    layout = mapping.layout(FACTS.name)
    keys = {cells.name(layout.columns.get(name, name)): name for name in columns}
    given = list(_stated(grid, keys, problems))
    given += [(None, name, value) for name, value in mapping.facts.items()]
    facts = FactsRead()
    stated: set[str] = set()
    wrong: set[str] = set()
    for number, key, cell in given:
        change = translation(columns[key].kind, layout.values.get(key, {}), mapping.conventions)
        if number and mapping.conventions.dates == "month first" and columns[key].kind == "date":
            cell = turned(cell)
        cell = change(cell) if change and number else cell
        if number and key not in stated:
            facts.rows.setdefault(key, number)
        if cells.is_blank(cell):
            continue
        if key in stated:
            problems.append(_repeated(key, number or facts.rows.get(key)))
            continue
        stated.add(key)
        value = _fact(columns[key], cell, number, problems, wrong)
        if value is not None:
            facts.values[key] = value
    problems.extend(
        Problem(
            *(FACTS.name, f"{column.name} {'blank' if column.name in facts.rows else 'missing'}", column.expected),
            f"give {column.name}: {column.help.lower()}",
            row=facts.rows.get(column.name),
            column="value" if column.name in facts.rows else None,
            rule="missing-fact",
        )
        for column in FACTS.columns
        if column.required and column.name not in facts.values and column.name not in wrong
    )
    return facts


def _repeated(key: str, number: int | None) -> Problem:
    found, mend = f"{key} a second time", "delete one of the two"
    return Problem(FACTS.name, found, "each fact once", mend, number, "key", rule="repeated-fact")


def _stated(grid: list[Row], keys: Mapping[str, str], problems: list[Problem]) -> Iterator[Stated]:
    """Yield the row, key and cell of each fact of the audit sheet; a line with no value is a title."""
    first, second = _columns(grid, set(keys))
    for number, row in enumerate(grid, start=1):
        key = cells.name(row[first]) if first < len(row) else ""
        cell = row[second] if second < len(row) else None
        if key in keys:
            yield number, keys[key], cell
        elif key and key != "key" and not cells.is_blank(cell):
            problems.append(unknown(FACTS.name, key, list(keys.values()), number, "fact"))


def _columns(grid: list[Row], keys: set[str]) -> tuple[int, int]:
    """Return the places of the column with most keys, and of the one with values: headed so, or the next one filled."""
    hits = Counter(place for row in grid for place, cell in enumerate(row) if cells.name(cell) in keys)
    first = min(hits, key=lambda place: (-hits[place], place), default=0)
    stating = [row for row in grid if first < len(row) and cells.name(row[first]) in keys]
    headings = [row for row in grid if first < len(row) and cells.name(row[first]) == "key"]
    headed = (place for row in headings for place, cell in enumerate(row) if cells.name(cell) == "value")
    filled = (place for row in stating for place in range(first + 1, len(row)) if not cells.is_blank(row[place]))
    return first, next(headed, min(filled, default=first + 1))


def _fact(column: Column, cell: Any, number: int | None, problems: list[Problem], wrong: set[str]) -> Any:
    values, wrongly = read_column(column, [cell])
    if wrongly:
        wrong.add(column.name)
        problems.append(unread(FACTS.name, column, cell, number, f"{column.name} ", "value"))
    return values[0].date() if isinstance(values[0], datetime) else values[0]
