"""Districts and teams: each one's rate, its place in a funnel, and the rate drawn towards all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cdi_stats.audit.model import Audit
from cdi_stats.findings.pooled_records import PooledRecords, pool_records
from cdi_stats.methods.monitoring import FEWEST_GROUPS, Funnel, funnel
from cdi_stats.methods.pooling import PooledRates, pool_rates
from cdi_stats.methods.survey import RateEstimate, estimate_rate


@dataclass(frozen=True)
class Groups:
    """The groups of one column (district or team) in the order of their rates, lowest first.

    `unnamed` counts records that name none, `silent` groups whose records held no crime. `funnel` and `pooled` have an
    entry a group; they are None where there are fewer than three groups.
    """

    column: str
    names: tuple[str, ...]
    estimates: tuple[RateEstimate, ...]
    records: int
    unnamed: int
    silent: int
    weighted: bool
    funnel: Funnel | None
    pooled: PooledRates | None
    audits: tuple[Audit, ...]

    @property
    def sizes(self) -> list[float]:
        """Return each group's effective crimes."""
        return [_size(estimate) for estimate in self.estimates]


def examine_groups(audits: Sequence[Audit], column: str, *, confidence_level: float) -> Groups | None:
    """Return the groups that the records of some audits name in a column; None where no record names one."""
    pooled = pool_records(audits)
    if pooled is None:
        return None
    labels = pooled.rows[column].fillna("").astype(str).str.strip()
    if not labels.any():
        return None
    found = _estimates(pooled, labels.to_numpy(), confidence_level)
    silent = sum(estimate is None for name, estimate in found.items() if name)
    known = [(name, estimate) for name, estimate in found.items() if name and estimate]
    ranked = sorted(known, key=lambda row: (row[1].rate, -row[1].reported, row[0]))
    names, estimates = tuple(name for name, _ in ranked), tuple(estimate for _, estimate in ranked)
    enough = len(ranked) >= FEWEST_GROUPS
    rate, size = np.array([e.rate for e in estimates]), np.array([_size(e) for e in estimates])
    return Groups(
        column, names, estimates, len(labels), int((labels == "").sum()), silent, pooled.weighted,
        funnel(rate, size) if enough else None,
        pool_rates(rate * size, size, confidence_level=confidence_level) if enough else None,
        pooled.audits,
    )  # fmt: skip


def _estimates(pooled: PooledRecords, labels: Any, level: float) -> dict[str, RateEstimate | None]:
    rows = pooled.rows
    found: dict[str, RateEstimate | None] = estimate_rate(
        rows["recorded"].to_numpy(),
        rows["reported"].to_numpy(),
        domain=labels,
        confidence_level=level,
        **pooled.design,
    )
    return found


def _size(estimate: RateEstimate) -> float:
    return min(estimate.effective_sample_size, estimate.reported)
