"""The figures of a reason for missed crimes as they read, the same in table and chart."""

from __future__ import annotations

from dataclasses import dataclass

from cdi_stats.findings.causes import Cause
from cdi_stats.methods.proportion import Interval
from cdi_stats.report.blocks import Figure
from cdi_stats.report.numbers import count, percent


@dataclass(frozen=True)
class CauseNumbers:
    """The figures of one reason for missed crimes as they read; reasons taken together have no interval."""

    reason: str
    label: str
    number: int
    total: int
    interval: Interval[float] | None = None

    @classmethod
    def of(cls, cause: Cause, total: int) -> CauseNumbers:
        """Return the figures of a reason, `total` crimes having been missed in all."""
        return cls(cause.reason, cause.label, cause.crimes, total, cause.interval)

    @property
    def key(self) -> str:
        """Return what the figures' keys begin with."""
        return f"causes/{self.reason}"

    @property
    def source(self) -> str:
        """Say in one line how the share came about."""
        return f"{self.number} of {self.total} missed crimes; Goodman intervals"

    @property
    def crimes(self) -> Figure:
        """Return the crimes missed for this reason."""
        return Figure(f"{self.key}/crimes", self.number, count(self.number), "count", f"of {self.total} missed")

    @property
    def share(self) -> Figure:
        """Return their share of all missed crimes."""
        return self._share("share", self.number / self.total)

    @property
    def low(self) -> Figure | None:
        """Return the lower limit of the share."""
        return self._share("low", self.interval.low) if self.interval else None

    @property
    def high(self) -> Figure | None:
        """Return its upper limit."""
        return self._share("high", self.interval.high) if self.interval else None

    def _share(self, name: str, value: float) -> Figure:
        return Figure(f"{self.key}/{name}", value, percent(value), "percent", self.source)
