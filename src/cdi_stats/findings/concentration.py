"""How the missed crimes lie over the records: whether a few records carry the result."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdi_stats.audit.model import Audit

TOP = (1, 2, 5)


@dataclass(frozen=True)
class Concentration:
    """Missed crimes over the records of a stratum (or of all).

    `misses` holds the missed crimes of each record that has any, most first; `top` the misses in the first 1, 2 and 5
    records; `rate_without_top` the recording rate of the sample as it stands without them (0-1, pooled, no weights).
    """

    stratum: str | None
    records: int
    misses: tuple[int, ...]
    top: dict[int, int]
    rate_without_top: dict[int, float]

    @property
    def missed(self) -> int:
        """Return the crimes missed in all."""
        return sum(self.misses)

    def share(self, records: int) -> float:
        """Return the share (0-1) of all misses that lie in the first 1, 2 or 5 records; 0 where none was missed."""
        return self.top[records] / self.missed if self.missed else 0.0


def examine_concentration(audit: Audit, *, stratum: str | None = None) -> Concentration:
    """Return how an audit's missed crimes lie over its records."""
    records = audit.by_record(audit.crimes, audit.crimes["recorded"].astype(bool))
    if stratum is not None:
        records = records[records["stratum"] == stratum]
    reported, recorded = records["reported"].to_numpy(), records["recorded"].to_numpy()
    missed = (reported - recorded).astype(int)
    order = np.argsort(-missed, kind="stable")
    without = {}
    for top in TOP:
        rest = order[top:]
        without[top] = float(recorded[rest].sum() / reported[rest].sum()) if reported[rest].sum() else float("nan")
    ranked = missed[order]
    return Concentration(
        stratum,
        len(records),
        tuple(int(size) for size in ranked[ranked > 0]),
        {top: int(ranked[:top].sum()) for top in TOP},
        without,
    )
