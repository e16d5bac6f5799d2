"""Tables of the data quality report, and of accepted problems in every report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from cdi_stats.audit.overrides import Accepted
from cdi_stats.audit.problems import Problem, rules
from cdi_stats.audit.reading import Inspection
from cdi_stats.findings.data_quality import Characteristic, ColumnFilled, Holding, Reconciled, RuleCount
from cdi_stats.report.blocks import Column, Figure, Table, Text
from cdi_stats.report.numbers import NOT_APPLICABLE, count, percent
from cdi_stats.report.wording import capital, say, tell
from cdi_stats.resources import code_list

SEVERITIES = {"error": "To mend", "warning": "To look at"}
NOT_SHOWN = "not shown"
NOT_COUNTED = "not counted"
UNNAMED = ("unknown-column", "unknown-fact", "unknown-sheet")
MOST_ROWS = 200


def rules_table(caption: str, found: Sequence[RuleCount]) -> Table:
    """Return how many problems each check found in each sheet."""
    rows = tuple(
        (
            entry.sheet,
            rules()[entry.rule].meaning,
            SEVERITIES[entry.severity],
            _count(f"problems/{entry.sheet}/{entry.rule}", entry.problems, "problems of this check"),
        )
        for entry in found
    )
    return Table(
        caption,
        (Column("Sheet"), Column("What was found", width=3.6), Column("Severity"), Column("Problems", numeric=True)),
        rows,
    )


def problems_table(
    caption: str, found: Sequence[Problem], words: Callable[[Problem], str], record: Callable[[Problem], str]
) -> Table:
    """Return the problems, a row each, up to MOST_ROWS; `words` says what was found, `record` whose row it is."""
    shown = found[:MOST_ROWS]
    rows = tuple(
        (place_words(p), SEVERITIES[p.severity], record(p), words(p), p.expected, capital(p.mend)) for p in shown
    )
    columns = (
        Column("Where", width=1.5),
        Column("Severity", width=0.9),
        Column("Record", width=0.9),
        Column("Found", width=1.7),
        Column("Expected", width=1.9),
        Column("How to mend", width=2.1),
    )
    left = len(found) - len(shown)
    notes: tuple[Text, ...] = ()
    if left:
        rest = Figure("data_quality/problems/not_listed", left, count(left), "count", "problems beyond those listed")
        notes = (tell("quality.problems.left", left=rest),)
    if any(row[2] for row in rows):
        return Table(caption, columns, rows, notes)
    return Table(caption, columns[:2] + columns[3:], tuple(row[:2] + row[3:] for row in rows), notes)


def place_words(problem: Problem) -> str:
    """Return where a problem is, without the heading of a column that is not ours."""
    column = "" if problem.rule in UNNAMED or not problem.column else problem.column
    return ", ".join(part for part in (problem.sheet, f"row {problem.row}" if problem.row else "", column) if part)


def found_words(problem: Problem, *, show_cells: bool = False) -> str:
    """Return what was found, unless it repeats a cell that is not to be shown."""
    return problem.found if show_cells or not problem.quotes else NOT_SHOWN


def reconciliations_table(caption: str, found: Sequence[Reconciled]) -> Table:
    """Return every reconciliation with the rows it had to compare and its result."""
    rows = tuple((entry.compares, _compared(entry), _result(place, entry)) for place, entry in enumerate(found, 1))
    return Table(
        caption, (Column("Check", width=2.6), Column("Rows compared", width=2), Column("Result", width=1.3)), rows
    )


def _compared(entry: Reconciled) -> str:
    return ", ".join(f"{name} {count(rows)}" for name, rows in entry.rows)


def _result(place: int, entry: Reconciled) -> Text:
    if not entry.made:
        return "nothing to compare"
    parts: list[Text] = []
    for name, number, what in (("found", entry.problems, "found"), ("accepted", entry.accepted, "accepted")):
        if number:
            key = f"data_quality/reconciliation/{place}/{name}"
            parts.append(say("{n} {what}", n=Figure(key, number, count(number), "count", entry.compares), what=what))
    if not parts:
        return "held"
    return parts[0] if len(parts) == 1 else say("{a}, {b}", a=parts[0], b=parts[1])


def completeness_tables(caption: str, found: Sequence[ColumnFilled]) -> Iterator[Table]:
    """Yield a table a sheet: how many cells of each column are filled."""
    for sheet, columns in groupby(found, key=lambda entry: entry.sheet):
        entries = list(columns)
        rows = entries[0].rows
        yield Table(
            f"{caption}: sheet {sheet}, {count(rows)} {'row' if rows == 1 else 'rows'}",
            (
                Column("Column", width=1.8),
                Column("Filled in for", width=1.4),
                Column("Rows", numeric=True),
                Column("Filled", numeric=True),
                Column("Share", numeric=True),
            ),
            tuple(map(_completeness_row, entries)),
        )


def _completeness_row(entry: ColumnFilled) -> tuple[Text, ...]:
    key, source = f"completeness/{entry.sheet}/{entry.column}", f"{entry.filled} of {entry.due} rows"
    counts = (_count(f"{key}/due", entry.due, entry.applies), _count(f"{key}/filled", entry.filled, source))
    share: Text = NOT_APPLICABLE
    if entry.share is not None:
        share = (Figure(f"data_quality/{key}/share", entry.share, percent(entry.share), "percent", source),)
    return (entry.column, entry.applies, *counts, share)


def equality_table(caption: str, level: str, found: Sequence[Characteristic]) -> Table:
    """Return how complete each protected characteristic is, with its interval where it was counted."""
    return Table(
        caption,
        (
            Column("Characteristic", width=1.6),
            Column("Collected", width=1.6),
            Column("Looked at", numeric=True),
            Column("Complete", numeric=True),
            Column("Share", numeric=True),
            Column(f"{level} interval", numeric=True, width=1.5),
        ),
        tuple(_characteristic_row(place, entry) for place, entry in enumerate(found, start=1)),
    )


def _characteristic_row(place: int, entry: Characteristic) -> tuple[Text, ...]:
    key = f"equality/{place}"
    first = (capital(entry.name), code_list("collected").get(entry.collected, "not stated"))
    counts = tuple(
        NOT_COUNTED if number is None else _count(f"{key}/{name}", number, "equality sheet")
        for name, number in (("examined", entry.examined), ("complete", entry.complete))
    )
    if entry.interval is None or entry.share is None:
        return (*first, *counts, NOT_APPLICABLE, NOT_APPLICABLE)
    source = f"{entry.complete} of {entry.examined}; {entry.interval.method}"
    share, low, high = (
        Figure(f"data_quality/{key}/{name}", value, percent(value), "percent", source)
        for name, value in (("share", entry.share), ("low", entry.interval.low), ("high", entry.interval.high))
    )
    return (*first, *counts, (share,), say("{low} to {high}", low=low, high=high))


def holdings_table(caption: str, found: Sequence[Holding]) -> Table:
    """Return the records and crimes that the file holds of each stratum."""
    columns = [Column("Stratum", width=1.8), Column("Records examined", numeric=True, width=1.2)]
    names = ["records", "excluded", "reported", "recorded", "missed"]
    headers = {"excluded": "Left out", "reported": "Crimes due", "recorded": "Recorded", "missed": "Not recorded"}
    if not any(entry.excluded for entry in found):
        names.remove("excluded")
    columns += [Column(headers[name], numeric=True) for name in names[1:]]
    rows = tuple(
        (
            capital(entry.label),
            *(_count(f"holdings/{entry.stratum}/{name}", getattr(entry, name), "as read") for name in names),
        )
        for entry in found
    )
    return Table(caption, tuple(columns), rows)


def accepted_table(caption: str, found: Sequence[Accepted], *, show_cells: bool = False) -> Table:
    """Return the problems that someone answers for: where, what was found, why it stands, who says so."""
    rows = tuple(
        (
            place_words(entry.problem),
            found_words(entry.problem, show_cells=show_cells)
            if show_cells or not entry.problem.quotes
            else rules()[entry.problem.rule].meaning,
            entry.reason,
            entry.accepted_by,
        )
        for entry in found
    )
    columns = (
        Column("Where", width=1.6),
        Column("What was found", width=2.0),
        Column("Why it stands", width=2.0),
        Column("Accepted by", width=1.6),
    )
    return Table(caption, columns, rows)


def repeat_table(inspection: Inspection) -> Table:
    """Return what names the very file that was checked."""
    from cdi_stats import __version__

    rows = (
        ("Audit", inspection.id),
        ("SHA-256 of the audit file and what lies beside it", inspection.digest),
        ("Made with", f"cdi-stats {__version__}"),
    )
    return Table("Inputs", (Column("Item", width=1.4), Column("Value", width=3.2)), rows)


def _count(key: str, value: int, source: str) -> Text:
    return (Figure(f"data_quality/{key}", int(value), count(int(value)), "count", source),)
