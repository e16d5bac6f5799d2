"""How sound an audit file is: its problems counted, what was reconciled, how far it is filled in, what it holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from cdi_stats.audit.consistency import Reconciliation
from cdi_stats.audit.reading import Inspection
from cdi_stats.audit.reconciliations import RECONCILIATIONS
from cdi_stats.audit.schema import SHEETS, Column
from cdi_stats.findings.second_review import FEWEST_RECORDS
from cdi_stats.methods.agreement import Agreement, auditor_agreement
from cdi_stats.methods.proportion import Interval, proportion_interval

SEVERAL = 3
EVERYWHERE = ("audit", "strata")
FIRST_ROW = 2  # below a header in row 1; tables made of other rows than the file's count from 1


@dataclass(frozen=True)
class RuleCount:
    """How often one check found something in one sheet."""

    sheet: str
    rule: str
    severity: str
    problems: int


@dataclass(frozen=True)
class Reconciled:
    """What one reconciliation compared: each sheet with its rows, and how many problems it found and are accepted."""

    compares: str
    rows: tuple[tuple[str, int], ...]
    problems: int
    accepted: int

    @property
    def made(self) -> bool:
        """Return whether there was anything to compare: two sheets with each other, or any of several by itself."""
        if self.problems or self.accepted:
            return True
        filled = [rows > 0 for name, rows in self.rows if len(self.rows) < SEVERAL or name not in EVERYWHERE]
        return all(filled) if len(self.rows) < SEVERAL else any(filled)


@dataclass(frozen=True)
class ColumnFilled:
    """How many cells of a column are filled, of the `due` rows that it is for; `applies` says which rows these are."""

    sheet: str
    column: str
    filled: int
    due: int
    rows: int
    applies: str

    @property
    def share(self) -> float | None:
        """Return the share of the due rows that is filled, 0-1; None where it is for none of the rows."""
        return self.filled / self.due if self.due else None


ALWAYS, OPTIONAL = "every row", "where known"
RECORDED = ("recorded crimes", "recorded", True)
MISSED = ("missed crimes", "recorded", False)
APPLIES: dict[tuple[str, str], tuple[str, str, object]] = {
    ("crimes", "recorded_at"): RECORDED,
    ("crimes", "in_time"): RECORDED,
    **{("crimes", name): MISSED for name in ("reason", "safeguarding", "investigated", "victim_informed")},
    ("n100", "made"): ("N100s needed", "test", "needed"),
    ("n100", "outcome"): ("N100s examined", "test", "examined"),
}


def _column_filled(sheet: str, column: Column, table: pd.DataFrame) -> ColumnFilled:
    applies, due = ALWAYS if column.required else OPTIONAL, pd.Series(True, index=table.index)
    if (sheet, column.name) in APPLIES:
        applies, other, value = APPLIES[sheet, column.name]
        due = (table[other] == value).fillna(False).astype(bool)
    filled = int((table[column.name].notna() & due).sum())
    return ColumnFilled(sheet, column.name, filled, int(due.sum()), len(table), applies)


@dataclass(frozen=True)
class Characteristic:
    """How complete a protected characteristic is; None where it was not counted."""

    name: str
    collected: str
    examined: int | None
    complete: int | None
    share: float | None = None
    interval: Interval[float] | None = None


@dataclass(frozen=True)
class Holding:
    """What the file holds of one stratum: records examined and left out, crimes due and recorded."""

    stratum: str
    label: str
    records: int
    excluded: int
    reported: int
    recorded: int
    totals: bool = False

    @property
    def missed(self) -> int:
        """Return the crimes that were not recorded."""
        return self.reported - self.recorded


@dataclass(frozen=True)
class DataQuality:
    """An audit file as its checks see it; `confidence_level` is that of every interval."""

    inspection: Inspection
    confidence_level: float = 0.95
    _tables: Mapping[str, pd.DataFrame] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_tables", self.inspection.tables)

    @property
    def errors(self) -> int:
        """Return the problems to mend."""
        return sum(problem.severity == "error" for problem in self.inspection.problems)

    @property
    def warnings(self) -> int:
        """Return the problems to look at."""
        return len(self.inspection.problems) - self.errors

    @property
    def rules(self) -> list[RuleCount]:
        """Return the problems counted by sheet and rule, errors first, then in the order found."""
        found = Counter((p.severity, p.sheet, p.rule) for p in self.inspection.problems)
        return [RuleCount(sheet, rule, severity, number) for (severity, sheet, rule), number in found.items()]

    @cached_property
    def reconciliations(self) -> list[Reconciled]:
        """Return every reconciliation with what it compared and found."""
        return [self._reconciled(reconciliation) for reconciliation in RECONCILIATIONS]

    def _reconciled(self, reconciliation: Reconciliation) -> Reconciled:
        accepted = Counter((a.problem.rule, a.problem.found) for a in self.inspection.accepted)
        facts, tables = dict(self.inspection.facts), dict(self._tables)
        found = [(p.rule, p.found) for p in reconciliation.check(facts, tables)]
        answered = sum((Counter(found) & accepted).values())
        rows = tuple((name, self._rows(name)) for name in reconciliation.sheets)
        return Reconciled(reconciliation.compares, rows, len(found) - answered, answered)

    def _rows(self, sheet: str) -> int:
        return len(self._tables[sheet]) if sheet in self._tables else len(self.inspection.facts)

    @property
    def completeness(self) -> list[ColumnFilled]:
        """Return how far each column of each sheet that holds rows is filled."""
        return [
            _column_filled(name, column, self._tables[name])
            for name, sheet in SHEETS.items()
            if not self._tables[name].empty
            for column in sheet.columns
        ]

    @property
    def equality(self) -> list[Characteristic]:
        """Return how complete each protected characteristic is, with its interval where it was counted."""
        return [self._characteristic(row) for row in self._tables["equality"].to_dict("records")]

    def _characteristic(self, row: Mapping[Any, Any]) -> Characteristic:
        name, collected, examined, complete = (
            None if pd.isna(row[key]) else row[key] for key in ("characteristic", "collected", "examined", "complete")
        )
        found = Characteristic(str(name or "not named"), str(collected or ""), examined, complete)
        if examined is None or complete is None or not 0 <= complete <= examined or not examined:
            return found
        interval = proportion_interval(int(complete), int(examined), confidence_level=self.confidence_level)
        return Characteristic(found.name, found.collected, int(examined), int(complete), complete / examined, interval)

    @cached_property
    def review(self) -> Agreement | None:
        """Return how far two auditors agreed; None where fewer than two records were reviewed by both."""
        rows = self._tables["second_review"].dropna(subset=["record_id", "first", "second"])
        if rows["record_id"].nunique() < FEWEST_RECORDS:
            return None
        answers = (rows[name].to_numpy(bool) for name in ("first", "second"))
        return auditor_agreement(*answers, record=rows["record_id"].to_numpy(), confidence_level=self.confidence_level)

    @property
    def reviewed_records(self) -> int:
        """Return the records with a second review."""
        return int(self._tables["second_review"]["record_id"].nunique())

    @cached_property
    def holdings(self) -> list[Holding]:
        """Return what the file holds of each stratum, as far as it could be read."""
        return list(self._holdings())

    def _holdings(self) -> Iterator[Holding]:
        records, crimes, counts = (self._tables[name] for name in ("records", "crimes", "counts"))
        listed = records.drop_duplicates("record_id").set_index("record_id")
        stratum = crimes["record_id"].map(listed["stratum"])
        totals = counts[(counts["measure"] == "recording_rate").fillna(False) & counts["domain"].isna()]
        for row in self._tables["strata"].dropna(subset=["stratum"]).drop_duplicates("stratum").to_dict("records"):
            name = str(row["stratum"])
            label = name if pd.isna(row["label"]) else str(row["label"])
            if records.empty:
                known = totals[(totals["stratum"] == name).fillna(False)][["reported", "recorded"]].sum()
                sampled = 0 if pd.isna(row["records_sampled"]) else int(row["records_sampled"])
                yield Holding(name, label, sampled, 0, int(known["reported"]), int(known["recorded"]), True)
                continue
            own = records[(records["stratum"] == name).fillna(False)]
            due = crimes[(stratum == name).fillna(False)]
            excluded = int(own["exclusion"].notna().sum())
            done = int(due["recorded"].fillna(False).astype(bool).sum())
            yield Holding(name, label, len(own) - excluded, excluded, len(due), done)

    def record_at(self, sheet: str, row: int | None) -> str | None:
        """Return the record that a row of a sheet belongs to, where the row is the file's own."""
        table = self._tables.get(sheet)
        if row is None or table is None or "record_id" not in table or row not in table.index:
            return None
        record: Any = table.loc[row, "record_id"]
        return None if table.index.min() < FIRST_ROW or pd.isna(record) else str(record)
