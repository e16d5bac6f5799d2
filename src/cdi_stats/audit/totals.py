"""Lines of totals below a sheet's rows: they are told, compared with the rows, and not read as one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cdi_stats.audit import cells
from cdi_stats.audit.cells import Cells
from cdi_stats.audit.files import Row
from cdi_stats.audit.problems import Problem
from cdi_stats.audit.schema import Sheet
from cdi_stats.audit.spelling import is_total

LONGEST = 40


def total_rows(sheet: Sheet, numbers: Sequence[int], body: Sequence[Row]) -> set[int]:
    """Return the numbers of the rows that begin with a word for a total.

    None is one where such a word may be a row's own name: a question judged is "overall", a count may be of all strata.
    """
    kinds = {column.name: column.kind for column in sheet.columns}
    if not sheet.key or any(kinds[name] == "code" for name in sheet.key):
        return set()
    return {number for number, row in zip(numbers, body, strict=True) if begins_as_total(row)}


def begins_as_total(row: Row) -> bool:
    """Return whether the first filled cell of a row is a word for a total."""
    cell = next((cell for cell in row if not cells.is_blank(cell)), None)
    return isinstance(cell, str) and not cell[:1].isdigit() and len(cell) < LONGEST and is_total(cells.text(cell))


def without_totals(
    found: Cells, counted: Mapping[str, Sequence[Any]], totals: set[int], problems: list[Problem]
) -> Cells:
    """Return the rows without lines of totals; note each, and the sums that it gives otherwise.

    `counted` holds the columns that count something, each as long as the rows, by the name that the file gives them.
    """
    here = [place for place, number in enumerate(found.rows) if number in totals]
    if not here:
        return found
    for place in here:
        mend = "delete it, or leave it: it is not read"
        number = found.rows[place]
        problems.append(Problem(found.title, "a line of totals", "rows to be read", mend, number, rule="totals-line"))
    for name, column in counted.items():
        problems.extend(_sums(found, name, column, here))
    return found.taken([place for place, number in enumerate(found.rows) if number not in totals])


def _sums(found: Cells, name: str, column: Sequence[Any], here: Sequence[int]) -> Iterator[Problem]:
    """Yield the totals that are neither the sum of all rows above nor that of those since the last total."""
    values, wrong = cells.parse_column("whole", column)
    lines = set(here)
    if not lines.issuperset(wrong):
        return
    whole = part = 0
    for place, value in enumerate(values):
        if place not in lines:
            whole, part = whole + (value or 0), part + (value or 0)
            continue
        if value is not None and value not in (whole, part):
            expected, mend = f"{part}, the sum of the rows above", "correct the total or the rows"
            number = found.rows[place]
            yield Problem(found.title, str(value), expected, mend, number, name, rule="totals-do-not-add")
        part = 0
