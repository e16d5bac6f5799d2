"""An audit looked at every month: its rate so far, with limits that stay valid however often one looks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdi_stats.audit.model import Audit
from cdi_stats.methods.proportion import Interval, proportion_interval
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
    """The looks at one stratum; `largest_record` is the most crimes that a record was taken to be able to hold."""

    stratum: str
    label: str
    largest_record: int
    looks: tuple[MonthlyLook, ...]


def examine_months(audit: Audit, *, confidence_level: float) -> MonthlyLooks | None:
    """Return the monthly looks at the first stratum opened over three months or more; None where there is none."""
    if not audit.has_records:
        return None
    found = audit.by_record(audit.crimes, audit.crimes["recorded"].astype(bool))
    found = found.assign(opened_at=audit.tables["records"]["opened_at"]).sort_values("opened_at", kind="stable")
    for stratum in audit.strata:
        rows = found[found["stratum"] == stratum.stratum]
        months = rows["opened_at"].dt.to_period("M")
        if months.isna().any() or months.nunique() < FEWEST_MONTHS:
            continue
        recorded, reported = rows["recorded"].to_numpy(), rows["reported"].to_numpy()
        largest = max(LARGEST_RECORD, int(reported.max()))
        ends = np.cumsum(months.value_counts(sort=False).sort_index().to_numpy())
        sequence = confidence_sequence(
            recorded,
            reported,
            largest_record=largest,
            population=stratum.records_in_frame,
            confidence_level=confidence_level,
            looks=ends.tolist(),
        )
        looks = tuple(
            MonthlyLook(
                label=f"{month:%B %Y}",
                records=int(end),
                rate=float(sequence.rate[i]),
                low=float(sequence.interval.low[i]),
                high=float(sequence.interval.high[i]),
                single=proportion_interval(
                    int(recorded[:end].sum()), int(reported[:end].sum()), confidence_level=confidence_level
                ),
            )
            for i, (month, end) in enumerate(zip(sorted(months.unique()), ends, strict=True))
        )
        return MonthlyLooks(stratum.stratum, stratum.label, largest, looks)
    return None
