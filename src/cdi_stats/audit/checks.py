"""What typed tables must satisfy: each sheet by itself (pandera, from the schema), then the sheets together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pandas as pd

from cdi_stats.audit.problems import Problem
from cdi_stats.audit.schema import FACTS, SHEETS, Column, Sheet

Tables = dict[str, pd.DataFrame]
Place = tuple[str, int | None, str | None]


def check_tables(facts: dict[str, Any], tables: Tables, known: set[Place]) -> list[Problem]:
    """Return the problems of facts and typed tables. Places in `known` are wrong already and not named twice."""
    found = list(_check_facts(facts))
    for name, sheet in SHEETS.items():
        found.extend(problem for problem in _check_sheet(sheet, tables[name]) if _place(problem) not in known)
    for check in ACROSS:
        found.extend(check(tables))
    return found


def _place(problem: Problem) -> Place:
    return problem.sheet, problem.row, problem.column


def _check_facts(facts: dict[str, Any]) -> Iterator[Problem]:
    for column in FACTS.columns:
        if column.codes and column.name in facts and facts[column.name] not in column.allowed:
            yield Problem(
                FACTS.name,
                f"{column.name} {facts[column.name]!r}",
                column.expected,
                "correct the value",
                column="value",
            )
    hours = facts.get("timeliness_hours", 24)
    if hours < 1:
        yield Problem(FACTS.name, f"timeliness_hours {hours}", "1 or more", "correct the value", column="value")


def _check_sheet(sheet: Sheet, table: pd.DataFrame) -> Iterator[Problem]:
    if table.empty:
        return
    from pandera.errors import SchemaErrors

    try:
        _pandera_schema(sheet.name).validate(table, lazy=True)
    except SchemaErrors as errors:
        columns = {column.name: column for column in sheet.columns}
        for case in errors.failure_cases.to_dict("records"):
            yield _problem(sheet, columns, case)
    if sheet.key:
        repeated = table[table.duplicated(list(sheet.key), keep="first")]
        for number, row in repeated.iterrows():
            values = ", ".join("blank" if pd.isna(row[name]) else str(row[name]) for name in sheet.key)
            expected = f"each {' and '.join(sheet.key)} once"
            yield Problem(
                sheet.name, f"{values} a second time", expected, "delete or renumber it", int(str(number)), sheet.key[0]
            )


@cache
def _pandera_schema(name: str) -> Any:
    import pandera.pandas as pandera

    checks = {
        "whole": [pandera.Check.ge(0)],
        "share": [pandera.Check.in_range(0, 1)],
    }
    return pandera.DataFrameSchema(
        {
            column.name: pandera.Column(
                nullable=not column.required,
                checks=[pandera.Check.isin(list(column.allowed))] if column.codes else checks.get(column.kind, []),
            )
            for column in SHEETS[name].columns
        }
    )


def _problem(sheet: Sheet, columns: dict[str, Column], case: dict[Any, Any]) -> Problem:
    column = columns[str(case["column"])]
    blank = case["check"] == "not_nullable"
    return Problem(
        sheet.name,
        "a blank cell" if blank else repr(case["failure_case"]),
        column.expected,
        f"fill it in: {column.help.lower()}" if blank else "correct the cell",
        int(case["index"]),
        column.name,
    )


def _strata_agree(tables: Tables) -> Iterator[Problem]:
    strata = tables["strata"]
    sampled = tables["records"].groupby("stratum").size()
    for number, row in strata.iterrows():
        place = int(str(number))
        if pd.notna(row.period_start) and pd.notna(row.period_end) and row.period_end < row.period_start:
            yield Problem(
                "strata",
                f"{row.period_end:%d %B %Y}",
                f"a day from {row.period_start:%d %B %Y} on",
                "correct the start or the end of the period",
                place,
                "period_end",
            )
        if (
            pd.notna(row.records_in_frame)
            and pd.notna(row.records_sampled)
            and row.records_in_frame < row.records_sampled
        ):
            yield Problem(
                "strata",
                str(row.records_in_frame),
                f"at least the {row.records_sampled} records sampled",
                "give the number of records the sample was drawn from",
                place,
                "records_in_frame",
            )
        if pd.notna(row.recorded_in_year) and pd.isna(row.year_end):
            yield Problem(
                "strata",
                "a blank cell",
                "a date beside the crimes recorded in the year",
                "give the last day of the reference year",
                place,
                "year_end",
            )
        counted = int(sampled.get(row.stratum, 0))
        if not tables["records"].empty and pd.notna(row.records_sampled) and counted != row.records_sampled:
            yield Problem(
                "strata",
                f"{row.records_sampled} for {row.stratum}",
                f"the {counted} records that the records sheet holds for it",
                "correct the number, or add the records (also those with no crime due)",
                place,
                "records_sampled",
            )
        if counted == 1 and (pd.isna(row.records_in_frame) or row.records_in_frame > 1):
            yield Problem(
                "strata",
                f"one sampled record in {row.stratum}",
                "two or more, to see any variation",
                "sample more records, or merge the stratum with another",
                place,
                "records_sampled",
            )


def _totals_have_records(tables: Tables) -> Iterator[Problem]:
    """Yield the strata that hold totals but, they say, no sampled record."""
    counts = tables["counts"]
    counted = set(counts.loc[(counts["measure"] == "recording_rate") & (counts["reported"] > 0), "stratum"].dropna())
    for number, row in tables["strata"].iterrows():
        if row["records_sampled"] == 0 and row["stratum"] in counted:
            expected = "the records examined, since the counts sheet holds crimes from them"
            yield Problem("strata", "0", expected, "give the number", int(str(number)), "records_sampled")


def _known_strata(tables: Tables) -> Iterator[Problem]:
    known = set(tables["strata"]["stratum"].dropna())
    for sheet in ("records", "counts"):
        for number, value in tables[sheet]["stratum"].dropna().items():
            if value not in known:
                yield Problem(
                    sheet,
                    repr(value),
                    f"a stratum of the strata sheet: {', '.join(sorted(known))}",
                    "correct the name, or add the stratum",
                    int(str(number)),
                    "stratum",
                )


def _known_records(tables: Tables) -> Iterator[Problem]:
    known = set(tables["records"]["record_id"].dropna())
    for sheet in ("crimes", "second_review"):
        for number, value in tables[sheet]["record_id"].dropna().items():
            if value not in known:
                yield Problem(
                    sheet,
                    repr(value),
                    "a record of the records sheet",
                    "correct the number, or add the record",
                    int(str(number)),
                    "record_id",
                )


def _parts_within_wholes(tables: Tables) -> Iterator[Problem]:
    for sheet, part, whole, what in PARTS:
        table = tables[sheet]
        most = table[whole] if what is None else table[whole] - table["recorded"]
        for number, row in table[(table[part] > most).fillna(False)].iterrows():
            limit = most.loc[int(str(number))]
            yield Problem(
                sheet,
                str(row[part]),
                f"at most {limit}, the {what or whole}",
                "correct one of the two",
                int(str(number)),
                part,
            )


def _times_in_order(tables: Tables) -> Iterator[Problem]:
    crimes = tables["crimes"]
    for number, row in crimes[(crimes["recorded_at"] < crimes["reported_at"]).fillna(False)].iterrows():
        yield Problem(
            "crimes",
            f"{row.recorded_at:%d/%m/%Y %H:%M}",
            f"a time from {row.reported_at:%d/%m/%Y %H:%M} on",
            "correct one of the two times",
            int(str(number)),
            "recorded_at",
        )
    late = crimes["recorded_at"].notna() & (crimes["recorded"] == False).fillna(False)  # noqa: E712
    for number, _ in crimes[late].iterrows():
        yield Problem(
            "crimes",
            "a time for a crime marked not recorded",
            "a blank cell",
            "correct recorded, or clear the time",
            int(str(number)),
            "recorded_at",
        )


def _opened_within_period(tables: Tables) -> Iterator[Problem]:
    periods = tables["strata"].drop_duplicates("stratum").set_index("stratum")[["period_start", "period_end"]]
    records = tables["records"].join(periods, on="stratum")
    day = records["opened_at"].dt.normalize()
    outside = (day < records["period_start"]) | (day > records["period_end"])
    for number, row in records[outside.fillna(False)].iterrows():
        yield Problem(
            "records",
            f"{row.opened_at:%d/%m/%Y}",
            f"a day of the audit period of {row.stratum}",
            "correct the date, or take the record out",
            int(str(number)),
            "opened_at",
            "warning",
        )


def _something_audited(tables: Tables) -> Iterator[Problem]:
    counted = set(tables["counts"].loc[tables["counts"]["measure"] == "recording_rate", "stratum"].dropna())
    if tables["records"].empty and not counted:
        yield Problem(
            "records",
            "no record, and no recording_rate in the counts sheet",
            "the sampled records, or totals",
            "fill in records and crimes, or counts",
        )
    if not tables["records"].empty and tables["crimes"].empty:
        yield Problem(
            "crimes",
            "no crime in any record",
            "at least one reported crime, else there is no rate",
            "fill in the crimes that should have been recorded",
        )


def _one_source(tables: Tables) -> Iterator[Problem]:
    """Yield the recording rates that the counts sheet repeats beside the records."""
    counts, crimes = tables["counts"], tables["crimes"]
    if crimes.empty:
        return
    for number, row in counts[counts["measure"] == "recording_rate"].iterrows():
        domain = "" if pd.isna(row["domain"]) else str(row["domain"])
        if not domain or (domain in crimes and crimes[domain].notna().any()):
            yield Problem(
                "counts",
                f"a recording rate of {domain or 'all crime'}, which the records give too",
                "one source for each rate",
                "delete the row, or the records",
                int(str(number)),
                "measure",
            )


def _n100_answered(tables: Tables) -> Iterator[Problem]:
    for test, column in (("needed", "made"), ("examined", "outcome")):
        table = tables["n100"]
        for number, _ in table[(table["test"] == test) & table[column].isna()].iterrows():
            expected = f"an answer, since the N100 was {test}"
            yield Problem("n100", "a blank cell", expected, "fill it in, or take the row out", int(str(number)), column)


def _no_stratum_called_all(tables: Tables) -> Iterator[Problem]:
    for number, name in tables["strata"]["stratum"].dropna().items():
        if name == "all":
            yield Problem(
                "strata",
                "'all'",
                "a name of its own",
                "rename it: all means every stratum",
                int(str(number)),
                "stratum",
            )


PARTS = (
    ("counts", "recorded", "reported", None),
    ("vulnerable", "recorded", "reported", None),
    ("vulnerable", "safeguarded", "reported", "crimes not recorded"),
    ("vulnerable", "investigated", "reported", "crimes not recorded"),
)
ACROSS: tuple[Callable[[Tables], Iterator[Problem]], ...] = (
    _strata_agree,
    _totals_have_records,
    _known_strata,
    _known_records,
    _parts_within_wholes,
    _times_in_order,
    _opened_within_period,
    _something_audited,
    _one_source,
    _n100_answered,
    _no_stratum_called_all,
)
