"""Records that hold several crimes: whether further ones are missed more than the first, and which offences most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cdi_stats.audit.model import Audit
from cdi_stats.findings.pooled_records import PooledRecords, pool_records
from cdi_stats.methods.comparison import Change
from cdi_stats.methods.domains import estimate_domain_rates
from cdi_stats.methods.survey import RateEstimate, estimate_rate
from cdi_stats.resources import code_list

FIRST, FURTHER = "first", "further"
# what a list does not hold may be anything, a name included, and is not printed
UNLISTED, NOT_STATED = "other offences, not in the list", "offence not stated"


@dataclass(frozen=True)
class OffenceMissed:
    """An offence as a further crime of a record: `estimate` is of the share missed, its `recorded` the crimes missed.

    `first` is the same offence's share missed as the first crime of a record; None where it never was one.
    """

    offence: str
    label: str
    estimate: RateEstimate
    first: RateEstimate | None


@dataclass(frozen=True)
class FurtherCrimes:
    """First and further crimes of records. Both rates are shares missed, as they fell in the sample.

    `change` is further less first, their correlation allowed for; `offences` have most missed further crimes first, and
    are none where the audit states no offence.
    """

    first: RateEstimate
    further: RateEstimate
    change: Change
    records: int
    offences: tuple[OffenceMissed, ...]
    audits: tuple[Audit, ...]


def examine_further_crimes(audits: Sequence[Audit], *, confidence_level: float) -> FurtherCrimes | None:
    """Return how crimes after the first of a record fare; None where no record holds a second one."""
    pooled = pool_records(audits)
    if pooled is None:
        return None
    crimes = pooled.crimes.sort_values(["key", "crime_number"], kind="stable")
    place = crimes.groupby("key").cumcount()
    if not (place > 0).any():
        return None
    missed = ~crimes["recorded"].astype(bool)
    counts = [pooled.counts(crimes[part], missed[part]) for part in (place == 0, place > 0)]
    due, gone = (np.column_stack(column) for column in zip(*counts, strict=True))
    rates = estimate_domain_rates(
        gone, due, domain=[FIRST, FURTHER], confidence_level=confidence_level, **_sample(pooled)
    )
    offences = sorted(
        _offences(pooled, crimes, place, confidence_level),
        key=lambda o: (-o.estimate.recorded, -o.estimate.rate, o.offence),
    )
    stated = offences if any(offence.offence != NOT_STATED for offence in offences) else []
    return FurtherCrimes(
        rates.rates[FIRST], rates.rates[FURTHER], rates.compare(FURTHER, FIRST), int((due[:, 1] > 0).sum()),
        tuple(stated), pooled.audits,
    )  # fmt: skip


def _sample(pooled: PooledRecords) -> dict[str, Any]:
    """Return the design with every record counted once: a table of offences must agree with its counts."""
    return pooled.design | {"weight": np.ones(len(pooled.rows))}


def _offences(
    pooled: PooledRecords, crimes: pd.DataFrame, place: pd.Series[int], level: float
) -> Iterator[OffenceMissed]:
    listed = code_list("offences")
    offence = crimes["offence"].where(crimes["offence"].isin(list(listed)) | crimes["offence"].isna(), UNLISTED)
    offence = offence.fillna(NOT_STATED)
    for code in dict.fromkeys(offence[place > 0]):
        further = _missed(pooled, crimes[(offence == code) & (place > 0)], level)
        first = _missed(pooled, crimes[(offence == code) & (place == 0)], level)
        if further:
            label = listed.get(code, code)
            yield OffenceMissed(code, label[:1].lower() + label[1:], further, first)


def _missed(pooled: PooledRecords, crimes: pd.DataFrame, level: float) -> RateEstimate | None:
    """Return the share of some crimes that was missed, allowing for the records they share."""
    if crimes.empty:
        return None
    due, gone = pooled.counts(crimes, ~crimes["recorded"].astype(bool))
    estimate: RateEstimate = estimate_rate(gone, due, domain=due > 0, confidence_level=level, **_sample(pooled))
    return estimate
