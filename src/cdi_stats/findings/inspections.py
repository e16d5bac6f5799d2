"""The published overall recording rates of all forces: how each margin came about, and the forces side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from cdi_stats.findings.replication import published_figures
from cdi_stats.methods.monitoring import ControlChart, Funnel, funnel, p_prime_chart
from cdi_stats.methods.pooling import PooledRates, pool_rates
from cdi_stats.methods.proportion import normal_quantile
from cdi_stats.methods.reconciliation import Reconciliation, reconcile_margin

LEVEL = 0.95


@dataclass(frozen=True)
class PublishedRate:
    """A force's published overall rate and margin (shares), explained; `ended` is the audit period's last day.

    `effective_sample_size` is the crimes that Wald's margin implies, whatever the sample: p (1 - p) (z / margin)^2.
    """

    force: str
    report: str
    ended: date
    rate: float
    margin_of_error: float
    reported: int | None
    reconciliation: Reconciliation

    @property
    def effective_sample_size(self) -> float:
        """Return the crimes of a simple random sample that would have this margin by Wald's method."""
        return self.rate * (1 - self.rate) * (normal_quantile(LEVEL) / self.margin_of_error) ** 2

    @property
    def label(self) -> str:
        """Return the force and the year of its report."""
        return f"{self.force} {self.report[-4:]}"

    @property
    def kind(self) -> str:
        """Return "inspection" or "re-inspection"."""
        return kind_of(self.report)


@dataclass(frozen=True)
class Forces:
    """Published rates side by side, all arrays in the order of `rates`: in a funnel, in time, and drawn together."""

    rates: tuple[PublishedRate, ...]
    funnel: Funnel
    chart: ControlChart
    pooled: PooledRates


def examine_forces() -> Forces:
    """Return every published overall rate with a margin, each on the crimes that its margin implies."""
    return compare_forces(published_rates())


def compare_forces(rates: Sequence[PublishedRate]) -> Forces:
    """Return published rates side by side, each on the crimes that its margin implies."""
    rate, size = (np.array([getattr(p, name) for p in rates]) for name in ("rate", "effective_sample_size"))
    return Forces(tuple(rates), funnel(rate, size), p_prime_chart(rate, size), pool_rates(rate * size, size))


def kind_of(report: str) -> str:
    """Return whether a crime data integrity report was a full "inspection", a "re-inspection", or neither ("")."""
    name = report.removeprefix("CDI ")
    return "" if name == report else name.rsplit(" ", 1)[0]


def published_rates() -> list[PublishedRate]:
    """Return every published overall rate that has a margin, by the end of its audit period."""
    table = published_figures()
    chosen = table[(table["measure"] == "overall") & table["ci_plus_minus_pct"].notna() & table["audit_end"].notna()]
    return [_published(row) for _, row in chosen.sort_values(["audit_end", "force"]).iterrows()]


def _published(row: pd.Series[float]) -> PublishedRate:
    reported = None if pd.isna(row["n_reported"]) else int(row["n_reported"])
    rate, margin = round(float(row["rate_pct"]) / 100, 4), round(float(row["ci_plus_minus_pct"]) / 100, 4)
    frame = _crimes_in_frame(row, rate) if reported else None
    return PublishedRate(
        force=str(row["force"]),
        report=str(row["report"]),
        ended=date.fromisoformat(str(row["audit_end"])),
        rate=rate,
        margin_of_error=margin,
        reported=reported,
        reconciliation=reconcile_margin(
            rate,
            margin,
            reported=reported,
            population=frame,
            confidence_level=LEVEL,
            rate_decimals=3 if rate == round(rate, 3) else 4,
        ),
    )


def _crimes_in_frame(row: pd.Series[float], rate: float) -> float | None:
    """Return the crimes reported in the audit period, from those said not to be recorded in a year."""
    if pd.isna(row["annual_unrecorded"]) or pd.isna(row["audit_start"]):
        return None
    first, last = date.fromisoformat(str(row["audit_start"])), date.fromisoformat(str(row["audit_end"]))
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    return float(row["annual_unrecorded"]) / (1 - rate) * months / 12
