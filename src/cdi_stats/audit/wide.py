"""A wide sheet, a row a record with its crimes counted, becomes a row a crime."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdi_stats.audit import cells
from cdi_stats.audit.cells import Cells
from cdi_stats.audit.mapping import Counted, Wide
from cdi_stats.audit.problems import Problem

MOST_IN_RECORD = 10_000


def counted(wide: Wide | None) -> list[Counted]:
    """Return the pairs of counting columns: all crimes first, then each flag's."""
    return [wide, *wide.flags.values()] if wide else []


def spread(found: Cells, theirs: Mapping[str, list[Any]], wide: Wide, problems: list[Problem]) -> Cells:
    """Return a crime a row from the counts of each record: those recorded first, flags among them as counted.

    Only sums by record are known, so which crime bears which flag is arbitrary, and no rate depends on it.
    """
    counts = {name: _whole(theirs, name, found, problems) for name in _wide_names(wide)}
    problems.extend(_filled(counts, theirs, wide, found))
    places: list[int] = []
    made: dict[str, list[bool | int]] = {name: [] for name in ("crime_number", "recorded", *_answers(wide))}
    for place in range(len(found.rows)):
        row = {name: column[place] for name, column in counts.items()}
        if not _within(row, wide, found.rows[place], found.title, problems):
            continue
        due, recorded = row[wide.due], row[wide.recorded]
        places += [place] * due
        made["crime_number"] += range(1, due + 1)
        made["recorded"] += [number < recorded for number in range(due)]
        if wide.in_time:
            made["in_time"] += [number < row[wide.in_time] for number in range(due)]
        for flag, pair in wide.flags.items():
            missed = row[pair.due] - row[pair.recorded]
            made[flag] += [
                number < row[pair.recorded] if number < recorded else number < recorded + missed
                for number in range(due)
            ]
    return Cells(
        found.title, {**found.taken(places).columns, **made}, [found.rows[place] for place in places], found.titles
    )


def _answers(wide: Wide) -> list[str]:
    return [*(["in_time"] if wide.in_time else []), *wide.flags]


def _wide_names(wide: Wide) -> list[str]:
    return [*(name for pair in counted(wide) for name in (pair.due, pair.recorded)), *filter(None, [wide.in_time])]


def _whole(theirs: Mapping[str, list[Any]], name: str, found: Cells, problems: list[Problem]) -> list[int]:
    """Return a column of counts; a blank counts none."""
    given = theirs.get(cells.name(name), [None] * len(found.rows))
    values, wrong = cells.parse_column("whole", given)
    wrong += [place for place, value in enumerate(values) if value is not None and not 0 <= value <= MOST_IN_RECORD]
    for place in wrong:
        shown, expected = repr(cells.text(given[place]))[:120], f"a whole number from 0 to {MOST_IN_RECORD:,}"
        problems.append(
            Problem(
                *(found.title, shown, expected, "correct the cell", found.rows[place], name),
                rule="unreadable-cell",
                quotes=True,
            )
        )
    unread = set(wrong)
    return [0 if value is None or place in unread else value for place, value in enumerate(values)]


def _filled(
    counts: Mapping[str, list[Any]], theirs: Mapping[str, list[Any]], wide: Wide, found: Cells
) -> list[Problem]:
    """Return the records that do not say how many crimes were due or, where any was, recorded."""
    problems = []
    for name, needed in ((wide.due, [1] * len(found.rows)), (wide.recorded, counts[wide.due])):
        column = theirs.get(cells.name(name), [None] * len(found.rows))
        problems += [
            Problem(
                *(found.title, "a blank cell", "a whole number", "fill it in, with 0 for none", number, name),
                rule="blank-cell",
            )
            for number, cell, due in zip(found.rows, column, needed, strict=True)
            if due and cells.is_blank(cell)
        ]
    return problems


def _within(row: Mapping[str, int], wide: Wide, number: int, title: str, problems: list[Problem]) -> bool:
    """Return whether a record's counts fit into each other; note those that do not."""
    due, recorded = row[wide.due], row[wide.recorded]
    pairs = [(wide.recorded, recorded, due, wide.due)]
    pairs += [(wide.in_time, row[wide.in_time], recorded, wide.recorded)] if wide.in_time else []
    for pair in wide.flags.values():
        pairs.append((pair.due, row[pair.due], due, wide.due))
        pairs.append(
            (pair.recorded, row[pair.recorded], min(row[pair.due], recorded), f"{pair.due} and {wide.recorded}")
        )
        missed = row[pair.due] - row[pair.recorded]
        pairs.append((pair.due, missed, due - recorded, f"crimes not recorded, beside {row[pair.recorded]} recorded"))
    wrong = [(part, found, most, whole) for part, found, most, whole in pairs if found > most]
    for part, found, most, whole in wrong:
        expected = f"at most {most}, the {whole}"
        problems.append(
            Problem(title, str(found), expected, "correct one of the two", number, part, rule="part-above-whole")
        )
    return not wrong
