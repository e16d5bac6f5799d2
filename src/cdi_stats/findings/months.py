"""Records looked at every month: the rate so far, with limits that stay valid however often one looks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cdi_stats.audit.model import Audit
from cdi_stats.findings.pooled_records import PooledRecords
from cdi_stats.methods.proportion import FloatArray, Interval, proportion_interval
from cdi_stats.methods.sequential import confidence_sequence

LARGEST_RECORD = 20
FEWEST_MONTHS = 3


@dataclass(frozen=True)
class MonthlyLook:
    """The rate of a stratum's records opened up to the end of a month (0-1).

    `low` and `high` hold at all looks together; `single` is plain Wilson, which holds at one look only.
    """

    label: str
    records: int
    rate: float
    low: float
    high: float
    single: Interval[float]


@dataclass(frozen=True)
class MonthlyLooks:
    """The looks at one stratum; `largest_record` is the most crimes that a record was taken to be able to hold.

    `contradicted` says that no single rate agrees with the records in their order, so that the last looks have no
    limits; `above_declared` that a record held more crimes than was declared beforehand.
    """

    stratum: str
    label: str
    largest_record: int
    looks: tuple[MonthlyLook, ...]
    contradicted: bool = False
    above_declared: bool = False


def examine_months(audit: Audit, *, confidence_level: float) -> MonthlyLooks | None:
    """Return the monthly looks at the first stratum opened over three months or more; None where there is none."""
    if not audit.has_records:
        return None
    found = audit.crimes_by_record
    found = found.assign(opened_at=audit.tables["records"]["opened_at"])
    for stratum in audit.strata:
        looks = _look(
            found[found["stratum"] == stratum.stratum],
            (stratum.stratum, stratum.label),
            population=stratum.records_in_frame,
            confidence_level=confidence_level,
            largest_record=LARGEST_RECORD,
        )
        if looks:
            return looks
    return None


def examine_months_of_series(
    pooled: PooledRecords, *, confidence_level: float, largest_record: int
) -> list[MonthlyLooks]:
    """Return the monthly looks at each stratum of several audits, their records in order of opening.

    The records come from a frame a month, so the frame of all is taken to be large: that errs on the side of width.
    Strata whose records are not all dated, or were opened in fewer than three months, are passed over.
    """
    labels = {s.stratum: s.label for audit in pooled.audits for s in audit.strata}
    options = {"confidence_level": confidence_level, "largest_record": largest_record}
    rows = pooled.rows
    looks = [_look(rows[rows["stratum"] == name], (name, label), **options) for name, label in labels.items()]  # type: ignore[arg-type]
    return [found for found in looks if found]


def _look(
    rows: pd.DataFrame,
    stratum: tuple[str, str],
    *,
    confidence_level: float,
    largest_record: int,
    population: int | None = None,
) -> MonthlyLooks | None:
    rows = rows.sort_values("opened_at", kind="stable")
    months = rows["opened_at"].dt.to_period("M")
    if months.isna().any() or months.nunique() < FEWEST_MONTHS:
        return None
    recorded, reported = rows["recorded"].to_numpy(), rows["reported"].to_numpy()
    largest = max(largest_record, int(reported.max()))
    counts = months.value_counts(sort=False).sort_index()
    ends, names = np.cumsum(counts.to_numpy()), [f"{month:%B %Y}" for month in counts.index]
    # a look needs a crime to look at
    kept = [place for place, end in enumerate(ends) if reported[:end].sum()]
    if not kept:
        return None
    sequence = confidence_sequence(
        recorded,
        reported,
        largest_record=largest,
        population=population,
        confidence_level=confidence_level,
        looks=[int(ends[place]) for place in kept],
    )
    looks = tuple(
        MonthlyLook(
            label=names[place],
            records=int(ends[place]),
            rate=float(sequence.rate[i]),
            low=float(sequence.interval.low[i]),
            high=float(sequence.interval.high[i]),
            single=_single(recorded[: ends[place]], reported[: ends[place]], confidence_level),
        )
        for i, place in enumerate(kept)
    )
    contradicted = any(caution.code == "contradiction" for caution in sequence.warnings)
    return MonthlyLooks(*stratum, largest, looks, contradicted, bool(reported.max() > largest_record))


def _single(recorded: FloatArray, reported: FloatArray, level: float) -> Interval[float]:
    return proportion_interval(int(np.sum(recorded)), int(np.sum(reported)), confidence_level=level)
