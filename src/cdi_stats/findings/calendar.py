"""The calendar of a series: which stratum was audited in which month, on how many records, and where the gaps are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from cdi_stats.audit.model import Audit, Stratum

Month = tuple[int, int]


@dataclass(frozen=True)
class Covered:
    """A month of a stratum that an audit covers; `records` opened in it were examined (None: not known)."""

    records: int | None


@dataclass(frozen=True)
class Calendar:
    """Which months of which stratum were audited. `strata` are (name, label) pairs in order of their first audit."""

    strata: tuple[tuple[str, str], ...]
    months: tuple[Month, ...]
    covered: dict[tuple[str, Month], Covered]

    @property
    def years(self) -> tuple[int, ...]:
        """Return the years that the series touches."""
        return tuple(dict.fromkeys(year for year, _ in self.months))

    @property
    def empty_months(self) -> tuple[Month, ...]:
        """Return the months of the series in which nothing was audited."""
        return tuple(m for m in self.months if not any((name, m) in self.covered for name, _ in self.strata))

    def gaps(self, stratum: str) -> tuple[Month, ...]:
        """Return the months in which this stratum was not audited although another one was."""
        empty = self.empty_months
        return tuple(m for m in self.months if m not in empty and (stratum, m) not in self.covered)


def examine_calendar(audits: Sequence[Audit]) -> Calendar:
    """Return the calendar of audits, from the first month of the first to the last month of the last."""
    strata = {s.stratum: s.label for audit in audits for s in audit.strata}
    found: dict[tuple[str, Month], Covered] = {}
    for audit in audits:
        for stratum in audit.strata:
            for month, covered in _covered(audit, stratum):
                before = found.get((stratum.stratum, month))
                found[stratum.stratum, month] = _together(before, covered) if before else covered
    first, last = min(a.period[0] for a in audits), max(a.period[1] for a in audits)
    return Calendar(tuple(strata.items()), tuple(_months(first, last)), found)


def _covered(audit: Audit, stratum: Stratum) -> Iterator[tuple[Month, Covered]]:
    """Yield the months of a stratum's period; a stratum of which nothing was sampled covers none."""
    if not stratum.records_sampled:
        return
    records = audit.tables["records"]
    opened = records.loc[records["stratum"] == stratum.stratum, "opened_at"]
    known = len(opened) > 0 and bool(opened.notna().all())
    counts = (opened.dt.year * 100 + opened.dt.month).value_counts() if known else pd.Series(dtype=int)
    months = list(_months(stratum.period_start, stratum.period_end))
    for month in months:
        at = int(counts.get(month[0] * 100 + month[1], 0))
        alone = stratum.records_sampled if len(months) == 1 else None
        yield month, Covered(alone or (at if known else None))


def _together(first: Covered, second: Covered) -> Covered:
    known = first.records is not None and second.records is not None
    return Covered((first.records or 0) + (second.records or 0) if known else None)


def _months(first: date, last: date) -> Iterator[Month]:
    number = first.year * 12 + first.month - 1
    while number <= last.year * 12 + last.month - 1:
        yield number // 12, number % 12 + 1
        number += 1
