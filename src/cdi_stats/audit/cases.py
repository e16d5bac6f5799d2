"""Cases as counts see them: each by the place of its record in the sample, and whether what was due was done."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Cases:
    """Cases, an entry each: the place of its record among those sampled, -1 for none, and whether it was done."""

    records: NDArray[np.intp]
    done: NDArray[np.bool_]

    def __len__(self) -> int:
        return self.done.size

    def among(self, part: NDArray[np.bool_]) -> Cases:
        """Return those that are marked."""
        return Cases(self.records[part], self.done[part])

    def by_record(self, sampled: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return for each of so many sampled records its cases, and those of them that were done."""
        held = self.records >= 0
        every = np.bincount(self.records[held], minlength=sampled)
        return every, np.bincount(self.records[held & self.done], minlength=sampled)
