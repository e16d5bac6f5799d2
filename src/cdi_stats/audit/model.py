"""What an audit is: facts, strata and tables, checked once and then trusted."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cdi_stats.audit.cases import Cases
from cdi_stats.audit.overrides import Accepted
from cdi_stats.audit.problems import Problem
from cdi_stats.rounding import NOT_APPLICABLE, count
from cdi_stats.showing import Grid, Shown, counted


@dataclass(frozen=True)
class Facts:
    """The facts of the `audit` sheet; schema.FACTS says what each holds."""

    force: str
    audit_type: str
    prepared_by: str
    publication_date: date
    counting_rules: str
    title: str = ""
    prepared_for: str = ""
    timeliness_hours: int = 24
    selection: str = ""
    exclusions: str = ""
    independence: str = ""
    overall: str = "weighted"
    earlier_audit: str = ""
    records_basis: str = "audited"
    frame_basis: str = "counted"
    volume_basis: str = "published"
    reasons_basis: str = "audited"
    disclosure: str = ""
    note: str = ""
    source: str = ""


@dataclass(frozen=True)
class Stratum:
    """A part of recorded crime sampled on its own; numbers that are not known are None."""

    stratum: str
    label: str
    period_start: date
    period_end: date
    records_sampled: int
    records_in_frame: int | None = None
    recorded_in_year: int | None = None
    year_end: date | None = None
    auditable_share: float | None = None
    planned_margin: float | None = None
    planned_confidence_level: float | None = None

    @property
    def days(self) -> int:
        """Return the length of the audit period in days."""
        return (self.period_end - self.period_start).days + 1


@dataclass(frozen=True, repr=False)
class Audit(Shown):
    """A checked audit. `tables` holds one frame a sheet (all sheets, empty where absent), rows numbered as in the file.

    Records left out of the audit are in `excluded` and in no table. `digest` is the SHA-256 of the file or folder it
    was read from; `warnings` are the problems that did not stop it, `accepted` those that someone has answered for.
    `key` makes record aliases; it cannot be had without the file itself, and is published nowhere.
    """

    id: str
    facts: Facts
    strata: tuple[Stratum, ...]
    tables: Mapping[str, pd.DataFrame] = field(repr=False)
    digest: str
    warnings: tuple[Problem, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    excluded: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    key: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tables", MappingProxyType(dict(self.tables)))

    def __str__(self) -> str:
        return f"{self.facts.force}: {self.facts.audit_type} of {self.period[0]} to {self.period[1]} ({self.id})"

    def _grid(self) -> Grid:
        rows = [
            (
                s.label,
                f"{s.period_start} to {s.period_end}",
                *map(_known, (s.records_sampled, s.records_in_frame, s.recorded_in_year)),
            )
            for s in self.strata
        ]
        columns = ("Stratum", "Period", "Records sampled", "Records in frame", "Recorded in year")
        answered = f"{counted(len(self.warnings), 'problem')} to look at, {len(self.accepted):,} accepted"
        return Grid(rows, columns, (f"{answered}.",) if self.warnings or self.accepted else ())

    def alias(self, record_id: str) -> str:
        """Return what a report calls a record: a short hash that only holders of the audit file can trace back."""
        digest = hashlib.blake2b(record_id.encode(), key=self.key, digest_size=5).digest()
        return f"R-{base64.b32encode(digest).decode()[:7]}"

    def table(self, name: str) -> pd.DataFrame:
        """Return one sheet's rows; changing the copy leaves the audit as it is."""
        return self.tables[name].copy()

    def entered(self, section: str) -> list[str]:
        """Return the words that the audit's owner entered for a section of a report, a paragraph each."""
        context = self.tables["context"]
        return [str(text) for name, text in zip(context["section"], context["text"], strict=True) if name == section]

    @property
    def has_records(self) -> bool:
        """Return whether the sampled records are known, not only totals."""
        return not self.tables["records"].empty

    @property
    def period(self) -> tuple[date, date]:
        """Return the first and last day of the audit, over all strata."""
        return min(s.period_start for s in self.strata), max(s.period_end for s in self.strata)

    @property
    def recorded_in_year(self) -> int | None:
        """Return the crimes recorded in the reference year over all strata, or None where one is not known."""
        volumes = [s.recorded_in_year for s in self.strata]
        return None if None in volumes else sum(v for v in volumes if v is not None)

    @property
    def population(self) -> dict[str, int] | None:
        """Return {stratum: records in the frame}, or None where one is not known."""
        sizes = {s.stratum: s.records_in_frame for s in self.strata}
        return None if None in sizes.values() else {name: size for name, size in sizes.items() if size is not None}

    @cached_property
    def crimes(self) -> pd.DataFrame:
        """Return the crimes due, each with its record's stratum, route and opening code."""
        crimes, records = self.tables["crimes"].reset_index(drop=True), self.tables["records"]
        places = self._places_of(crimes)
        of_record = ("stratum", "route", "opening_code")
        return crimes.assign(**{name: records[name].array.take(places, allow_fill=True) for name in of_record})

    def by_record(self, crimes: pd.DataFrame, hits: pd.Series[bool]) -> pd.DataFrame:
        """Return one row a sampled record: stratum, `reported` (its rows of `crimes`) and `recorded` (of these, hits).

        Records with no such crime stay, with zeros.
        """
        reported, recorded = self.cases(crimes, hits).by_record(len(self._record_places))
        return self.tables["records"][["record_id", "stratum"]].assign(reported=reported, recorded=recorded)

    @cached_property
    def crimes_by_record(self) -> pd.DataFrame:
        """Return by_record of all crimes and those of them that were recorded."""
        return self.by_record(self.crimes, self.crimes["recorded"].astype(bool))

    def cases(self, rows: pd.DataFrame, done: pd.Series[bool], *, sampled: bool = True) -> Cases:
        """Return rows of a sheet as cases; without `sampled` they are of no record."""
        places = self._places_of(rows) if sampled else np.full(len(rows), -1)
        return Cases(places, done.to_numpy(bool))

    def _places_of(self, rows: pd.DataFrame) -> NDArray[np.intp]:
        places: NDArray[np.intp] = self._record_places.get_indexer(pd.Index(rows["record_id"], dtype="object"))
        return places

    @cached_property
    def sampled_strata(self) -> pd.Categorical:
        """Return each sampled record's stratum."""
        return pd.Categorical(self.tables["records"]["stratum"].to_numpy())

    @cached_property
    def _record_places(self) -> pd.Index[str]:
        places: pd.Index[str] = pd.Index(self.tables["records"]["record_id"], dtype="object")
        return places


def _known(number: int | None) -> str:
    return NOT_APPLICABLE if number is None else count(number)
