"""Tables of the board paper: recommendations beside their progress, and the offences that go missing beside others."""

from __future__ import annotations

from collections.abc import Sequence

from cdi_stats.findings.examine import Findings
from cdi_stats.findings.missed import Further
from cdi_stats.report.blocks import Column, Figure, Table, Text
from cdi_stats.report.numbers import count
from cdi_stats.resources import code_list

MOST_OFFENCES = 8


def actions_table(caption: str, findings: Findings, kind: str) -> Table | None:
    """Return the recommendations, or the areas for improvement, each beside its progress and deadline."""
    table = findings.audit.tables["actions"]
    chosen = table[(table["kind"] == kind).fillna(False).astype(bool)]
    if chosen.empty:
        return None
    statuses = code_list("action_statuses")
    texts = chosen.astype("object").where(chosen.notna(), "")
    rows: tuple[tuple[Text, ...], ...] = tuple(
        (
            f"{place}. {row['action']}",
            str(row["deadline"]),
            statuses[str(row["status"])],
            str(row["progress"]),
        )
        for place, row in enumerate(texts.to_dict("records"), start=1)
    )
    columns = (
        Column(code_list("action_kinds")[kind], width=2.6),
        Column("Deadline", width=0.9),
        Column("Status", width=0.9),
        Column("Progress", width=2.6),
    )
    return Table(caption, columns, rows)


def further_table(caption: str, further: Sequence[Further]) -> Table | None:
    """Return the offences of crimes missed in records with several crimes due, most misses first."""
    rows = tuple(
        (
            found.label,
            (Figure(f"board/further/{found.offence}/missed", found.missed, count(found.missed), "count"),),
            (Figure(f"board/further/{found.offence}/records", found.records, count(found.records), "count"),),
        )
        for found in further[:MOST_OFFENCES]
    )
    columns = (Column("Offence", width=2.4), Column("Not recorded", numeric=True), Column("In records", numeric=True))
    return Table(caption, columns, rows) if rows else None
