"""A sheet's cells become a typed table: each cell as its column's kind says, each code in the spelling of its list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from cdi_stats.audit import cells
from cdi_stats.audit.archive import Flaw
from cdi_stats.audit.problems import Problem
from cdi_stats.audit.schema import Column, Sheet
from cdi_stats.audit.sources import Sources

DTYPES = {"whole": "Int64", "share": "Float64", "date": "datetime64[s]", "moment": "datetime64[s]", "yes_no": "boolean"}
SHORTENED = re.compile(r"\d(?:\.\d+)?[eE]\+\d+", re.ASCII)


def read_table(sheet: Sheet, found: Sources, problems: list[Problem]) -> pd.DataFrame:
    """Return a sheet as a typed frame with the index of its sources; note the cells that could not be read."""
    rows = list(found.index)
    index = pd.Index(rows, dtype="int64", name="row")
    columns = {}
    for column in sheet.columns:
        given = found.columns.get(column.name, [None] * len(rows))
        values, wrong = read_column(column, given)
        problems.extend(unread(sheet.name, column, given[place], rows[place]) for place in wrong)
        if column.name.endswith("_id"):
            problems.extend(_shortened(sheet, column, values, rows))
        columns[column.name] = pd.Series(values, index=index, dtype=DTYPES.get(column.kind, "str"))
    return pd.DataFrame(columns, index=index)


def read_column(column: Column, given: Sequence[Any]) -> tuple[list[Any], list[int]]:
    """Return a column's values (None for blanks) and the places of cells that are not of its kind."""
    values, wrong = cells.parse_column(column.kind, given)
    if column.kind == "code":
        spelt = {value: column.spelt(value) for value in set(values) - {None}}
        values = [spelt.get(value) for value in values]
    return values, wrong


def _shortened(sheet: Sheet, column: Column, values: list[Any], rows: Sequence[int]) -> list[Problem]:
    """Take numbers that a spreadsheet shortened to a power of ten for blanks, and return them: digits are lost."""
    found = [place for place, value in enumerate(values) if value and "+" in value and SHORTENED.fullmatch(value)]
    problems = [
        Problem(
            *(sheet.name, repr(values[place]), "the whole number: the spreadsheet that wrote the file shortened it"),
            *("format the column as text and write the file again", rows[place], column.name),
            rule="shortened-number",
            quotes=True,
        )
        for place in found
    ]
    for place in found:
        values[place] = None
    return problems


def unread(sheet: str, column: Column, cell: Any, number: int | None, before: str = "", name: str = "") -> Problem:
    """Return the problem of a cell that does not hold what its column is for."""
    if isinstance(cell, Flaw):
        mend = "open the file in a spreadsheet program, put a value in place of the formula and save"
        return Problem(sheet, f"{before}{cell}", column.expected, mend, number, name or column.name, rule=cell.rule)
    shown = f"{before}{cells.text(cell)!r}"[:120]
    return Problem(
        *(sheet, shown, column.expected, _mend(column), number, name or column.name),
        rule="unreadable-cell" if column.required else "unreadable-optional-cell",
        quotes=True,
    )


def _mend(column: Column) -> str:
    words = "correct the cell, or say in a mapping's conventions which words mean yes and no"
    return words if column.kind == "yes_no" else "correct the cell"
