"""How long crimes took to be recorded: the hours from report to record, stratum by stratum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cdi_stats.audit.model import Audit
from cdi_stats.findings.measures import MEASURES, delay
from cdi_stats.methods.proportion import FloatArray


@dataclass(frozen=True, eq=False)
class Delays:
    """The hours from report to record of a stratum's recorded crimes, shortest first.

    `untimed` counts recorded crimes that an auditor judged to be in time or late without both times being held.
    """

    stratum: str
    label: str
    hours: FloatArray
    untimed: int

    def share_within(self, hours: float) -> float:
        """Return the share (0-1) of the crimes timed that were recorded within so many hours of their report."""
        return float(np.searchsorted(self.hours, hours, side="right") / self.hours.size)


def examine_delays(audit: Audit) -> tuple[Delays, ...]:
    """Return the delays of each stratum that has any; empty where the audit holds no times."""
    crimes = audit.crimes
    timed = crimes[MEASURES["timeliness"].due(audit, crimes)]
    hours = delay(timed) / pd.Timedelta(hours=1)
    found = (
        _delays(stratum.stratum, stratum.label, hours[timed["stratum"] == stratum.stratum]) for stratum in audit.strata
    )
    return tuple(delays for delays in found if delays.hours.size)


def _delays(stratum: str, label: str, hours: pd.Series[float]) -> Delays:
    known = hours.dropna().to_numpy(dtype=float)
    return Delays(stratum, label, np.sort(known), len(hours) - known.size)
