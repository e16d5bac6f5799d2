"""What typed tables must satisfy, each sheet by itself: blanks, codes, limits and keys of the schema, usual codes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pandas as pd

from cdi_stats.audit.consistency import MOST_ALIKE, Nearest, Tables
from cdi_stats.audit.problems import Problem
from cdi_stats.audit.reconciliations import RECONCILIATIONS
from cdi_stats.audit.schema import FACTS, SHEETS, Column, Sheet
from cdi_stats.audit.spelling import strangers

Place = tuple[str, int | None, str | None]
MOST = 1_000_000_000
LARGEST = {"whole": MOST, "share": 1}


def check_tables(facts: dict[str, Any], tables: Tables, known: set[Place]) -> list[Problem]:
    """Return the problems of facts and typed tables. Places in `known` are wrong already and not named twice.

    Tables hold every sheet, indexed by row; a record with an exclusion counts as not sampled.
    """
    found = list(_check_facts(facts))
    for name, sheet in SHEETS.items():
        found.extend(problem for problem in _check_sheet(sheet, tables[name]) if _place(problem) not in known)
    for reconciliation in RECONCILIATIONS:
        found.extend(problem for problem in reconciliation.check(facts, tables) if _place(problem) not in known)
    return found


def _place(problem: Problem) -> Place:
    return problem.sheet, problem.row, problem.column


def _check_facts(facts: dict[str, Any]) -> Iterator[Problem]:
    for column in FACTS.columns:
        if column.kind == "code" and column.name in facts and facts[column.name] not in column.allowed:
            yield Problem(
                *(FACTS.name, f"{column.name} {facts[column.name]!r}", column.expected, "correct the value"),
                column=column.name,
                rule="code-not-listed",
                quotes=True,
            )
    hours = facts.get("timeliness_hours", 24)
    if hours < 1:
        yield Problem(
            *(FACTS.name, f"timeliness_hours {hours}", "1 or more", "correct the value"),
            column="timeliness_hours",
            rule="out-of-range",
        )


def _check_sheet(sheet: Sheet, table: pd.DataFrame) -> Iterator[Problem]:
    if table.empty:
        return
    for column in sheet.columns:
        yield from _refused(sheet, column, table[column.name])
    for column in sheet.columns:
        if column.codes and column.kind == "text":
            yield from _unusual(sheet, column, table[column.name])
    if sheet.key:
        yield from _repeated(sheet, table)


def _refused(sheet: Sheet, column: Column, values: pd.Series[Any]) -> Iterator[Problem]:
    """Yield the blanks where none may be, then the codes that are not listed and the numbers out of range."""
    if column.required:
        mend = f"fill it in: {column.help.lower()}"
        for number in values.index[values.isna()]:
            place = int(number), column.name
            yield Problem(sheet.name, "a blank cell", column.expected, mend, *place, rule="blank-cell")
    if column.kind == "code":
        nearest = Nearest(column.allowed)
        for number, value in strangers(values, column.allowed).items():
            near = nearest(value)
            mend = f"correct the cell: perhaps {near}" if near else "correct the cell"
            place = int(str(number)), column.name
            found = repr(value)[:120]
            yield Problem(sheet.name, found, column.expected, mend, *place, rule="code-not-listed", quotes=True)
    elif column.kind in LARGEST:
        numbers = values.to_numpy(float, na_value=0.0)
        wrong = values[(numbers < 0) | (numbers > LARGEST[column.kind])]
        for number, value in zip(wrong.index, wrong.tolist(), strict=True):
            yield _out_of_range(sheet, column, int(number), value)


def _out_of_range(sheet: Sheet, column: Column, number: int, value: float) -> Problem:
    limit = f", at most {MOST:,}" if column.kind == "whole" and value > MOST else ""
    mend = "correct the cell"
    if column.kind == "share" and 1 < value <= 100:
        mend = f"correct the cell: perhaps {value / 100:g}, or {value:g}% with its sign"
    place = number, column.name
    return Problem(sheet.name, repr(value)[:120], f"{column.expected}{limit}", mend, *place, rule="out-of-range")


def _unusual(sheet: Sheet, column: Column, values: pd.Series[str]) -> Iterator[Problem]:
    """Yield the texts outside a list that only names the usual ones, each at its first row."""
    lowered = values.dropna().str.lower()
    strange = lowered[~lowered.isin(list(column.allowed))].drop_duplicates()
    if len(strange) > MOST_ALIKE:
        found = f"{len(strange):,} texts that are not among the usual ones, the first in row {strange.index[0]}"
        expected, mend = f"one of the list {column.codes}", "write those of the list where they are meant"
        yield Problem(sheet.name, found, expected, mend, int(strange.index[0]), column.name, rule="unusual-code")
        return
    nearest = Nearest(column.allowed)
    for number, value in strange.items():
        near = nearest(str(value))
        mend = f"write {near} if that is meant" if near else "leave it if it is meant"
        found, expected = (
            repr(str(values.loc[int(str(number))]))[:120],
            f"one of the list {column.codes}",
        )
        place = int(str(number)), column.name
        yield Problem(sheet.name, found, expected, mend, *place, rule="unusual-code", quotes=True)


def _repeated(sheet: Sheet, table: pd.DataFrame) -> Iterator[Problem]:
    """Yield the rows whose key stands above already; a record's second stratum is a fault of its own."""
    if not table.duplicated(list(sheet.key)).any():
        return
    required = [column.name for column in sheet.columns if column.required and column.name in sheet.key]
    table = table.dropna(subset=required)
    repeated = table[table.duplicated(list(sheet.key), keep="first")]
    if repeated.empty:
        return
    keys = zip(*(repeated[name].astype("object") for name in sheet.key), strict=True)
    others = itertools.repeat(None) if sheet.name != "records" else _other_strata(table, repeated)
    for number, key, other in zip(repeated.index, keys, others):  # noqa: B905  # the others may go on for ever
        values = ", ".join("blank" if pd.isna(value) else str(value)[:120] for value in key)
        place = int(str(number)), sheet.key[0]
        if other:
            here, above = other
            yield Problem(
                *(sheet.name, f"{values} in {here[:60]}", f"one stratum for it: it is in {above[:60]} above"),
                *("correct the stratum of one, or delete a row", *place),
                rule="record-in-two-strata",
                quotes=True,
            )
            continue
        yield Problem(
            *(sheet.name, f"{values} a second time", f"each {' and '.join(sheet.key)} once"),
            *("delete or renumber it", *place),
            rule="repeated-key",
            quotes=True,
        )


def _other_strata(table: pd.DataFrame, repeated: pd.DataFrame) -> Iterator[tuple[str, str] | None]:
    """Yield, for each record that stands above already, its stratum and the one above where the two differ."""
    above = table.drop_duplicates("record_id").set_index("record_id")["stratum"]
    pairs = zip(repeated["stratum"], repeated["record_id"].map(above), strict=True)
    for here, there in pairs:
        known = pd.notna(here) and pd.notna(there)
        yield (here, there) if known and here != there else None
