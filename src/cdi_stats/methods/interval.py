"""A confidence interval, scalar or array: what every method returns its limits as."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from cdi_stats.rounding import READS, as_level
from cdi_stats.showing import Grid, Shown, counted

FloatArray = NDArray[np.float64]
Number = TypeVar("Number", float, FloatArray)


@dataclass(frozen=True, init=False)
class Interval(Shown, Generic[Number]):
    """A confidence interval: `low` and `high` are shares in 0-1, or counts for a total.

    `side` is "both", or "lower" or "upper" for a limit on one side alone; the other end is then 0 or 1. `unit` says
    what the limits are of: a "share", a "difference" or "ratio" of two shares, "crimes", or another "number".
    """

    low: Number
    high: Number
    confidence_level: float
    method: str
    side: str = "both"
    unit: str = "share"

    def __init__(
        self, low: Number, high: Number, confidence_level: float, method: str, side: str = "both", unit: str = "share"
    ) -> None:
        # a frozen class's own __init__ takes longer than Wilson's formula
        fields = self.__dict__
        fields["low"], fields["high"] = low, high
        fields["confidence_level"], fields["method"] = confidence_level, method
        fields["side"], fields["unit"] = side, unit

    def __str__(self) -> str:
        pairs = list(self._pairs())
        kind = "interval" if self.side == "both" else f"{self.side} limit"
        if not isinstance(self.low, np.ndarray):
            return f"{self._words(*pairs[0])} ({self.level} {kind}, {self.method})"
        first = f", the first {self._words(*pairs[0])}" if pairs else ""
        return f"{counted(len(pairs), kind)}{first} ({self.level}, {self.method})"

    @property
    def level(self) -> str:
        """Return the confidence level as it reads: 95%."""
        return as_level(self.confidence_level)

    @property
    def span(self) -> str:
        """Return both limits of a single interval as they read: 81.6% to 85.3%."""
        return self._words(*next(iter(self._pairs())))

    def _pairs(self) -> Iterator[tuple[float, float]]:
        return zip(np.ravel(self.low).tolist(), np.ravel(self.high).tolist(), strict=True)

    def _words(self, low: float, high: float) -> str:
        read = READS[self.unit]
        if self.side != "both":
            return f"at least {read(low)}" if self.side == "lower" else f"at most {read(high)}"
        return f"{read(low)} or more" if math.isinf(high) else f"{read(low)} to {read(high)}"

    def _grid(self) -> Grid:
        if not isinstance(self.low, np.ndarray):
            return Grid()
        read = READS[self.unit]
        rows = [(str(place), read(low), read(high)) for place, (low, high) in enumerate(self._pairs())]
        return Grid(rows, ("Place", "Lower limit", "Upper limit"))
