"""Tables of missed crimes: the reasons given for them, and the records that hold them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cdi_stats.findings.causes import Cause
from cdi_stats.findings.concentration import Concentration
from cdi_stats.report.blocks import Column, Figure, Table, Text
from cdi_stats.report.cause_numbers import CauseNumbers
from cdi_stats.report.numbers import NOT_APPLICABLE, ConcentrationNumbers, count
from cdi_stats.report.tables import KIND, cell
from cdi_stats.report.wording import say


def causes_table(caption: str, causes: Sequence[Cause], level: str) -> Table:
    """Return the reasons for missed crimes with their shares."""
    total = sum(cause.crimes for cause in causes)
    rows = []
    for cause in causes:
        n = CauseNumbers.of(cause, total)
        limits = say("{a} to {b}", a=n.low, b=n.high) if n.low and n.high else NOT_APPLICABLE
        rows.append((n.label, cell(n.crimes), cell(n.share), limits))
    return Table(
        caption,
        (
            Column("Reason", width=3),
            Column("Crimes", numeric=True),
            Column("Share", numeric=True),
            Column(f"{level} interval", numeric=True, width=1.5),
        ),
        tuple(rows),
    )


def concentration_table(caption: str, rows: Sequence[tuple[str, Concentration]]) -> Table:
    """Return how many misses, and how much of the variance, lie in the first records of each stratum."""
    cells = []
    for label, c in rows:
        n = ConcentrationNumbers(c)
        shown = (n.missed, n.records_with_misses, n.carrying, *map(n.top_missed, c.top), n.top_variance(2))
        cells.append((label, *map(cell, shown)))
    return Table(
        caption,
        (
            Column(KIND, width=1.7),
            Column("Missed crimes", numeric=True),
            Column("Records with a miss", numeric=True, width=1.1),
            Column("Records that hold over half", numeric=True, width=1.2),
            Column("In the top record", numeric=True),
            Column("In the top 2", numeric=True),
            Column("In the top 5", numeric=True),
            Column("Variance in 2 records", numeric=True, width=1.2),
        ),
        tuple(cells),
    )


def heavy_table(
    caption: str, rows: Sequence[tuple[str, Concentration]], named: Callable[[str], str], notes: tuple[Text, ...]
) -> Table | None:
    """Return the few records that carry a result, as `named` calls them, or None where many do."""

    def counted(c: Concentration, place: int, name: str, number: int) -> Text:
        key = f"concentration/{c.stratum or 'all'}/heavy/{place}/{name}"
        return cell(Figure(key, number, count(number), "count", "crimes sheet"))

    cells = tuple(
        (
            named(heavy.record_id),
            label,
            counted(c, place, "due", heavy.reported),
            counted(c, place, "missed", heavy.missed),
        )
        for label, c in rows
        for place, heavy in enumerate(c.heavy, start=1)
    )
    columns = (
        Column("Record", width=1.4),
        Column(KIND, width=1.6),
        Column("Crimes due", numeric=True),
        Column("Not recorded", numeric=True),
    )
    return Table(caption, columns, cells, notes) if cells else None
