"""The records of several audits as one sample: each stratum of each audit a stratum of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cdi_stats.audit.model import Audit

APART = " | "


@dataclass(frozen=True)
class PooledRecords:
    """Sampled records, one a row, and their crimes; `frames` holds the records in the frame by cell, or None.

    Columns of `rows`: audit, record_id, key (both), stratum (of the audit), cell (audit and stratum), opened_at,
    district, team, reported, recorded. `crimes` have the key of their record.
    """

    rows: pd.DataFrame
    crimes: pd.DataFrame
    frames: dict[str, int] | None
    audits: tuple[Audit, ...]

    @property
    def design(self) -> dict[str, Any]:
        """Return strata, frames and weights as estimate_rate takes them: weighted where every frame is known."""
        cells = self.rows["cell"].to_numpy()
        weight = None if self.frames else np.ones(len(cells))
        return {"stratum": cells, "population": self.frames, "weight": weight}

    @property
    def weighted(self) -> bool:
        """Return whether each record stands for those of its frame."""
        return self.frames is not None

    def counts(self, crimes: pd.DataFrame, hits: pd.Series[bool]) -> tuple[np.ndarray, np.ndarray]:
        """Return, a record at a time, the crimes given and the hits among them."""
        sums = hits.astype(int).groupby(crimes["key"]).agg(["sum", "size"])
        aligned = sums.reindex(self.rows["key"], fill_value=0)
        return aligned["size"].to_numpy(), aligned["sum"].to_numpy()


def pool_records(audits: Sequence[Audit]) -> PooledRecords | None:
    """Return the records of the audits that hold any; None where none does."""
    held = [audit for audit in audits if audit.has_records]
    if not held:
        return None
    rows = pd.concat([_rows(audit) for audit in held], ignore_index=True)
    crimes = pd.concat([audit.crimes.assign(key=_keys(audit, audit.crimes)) for audit in held], ignore_index=True)
    frames: dict[str, int] | None = {}
    for audit in held:
        for stratum in audit.strata:
            size = stratum.records_in_frame
            frames = None if size is None or frames is None else frames | {f"{audit.id}{APART}{stratum.stratum}": size}
    if frames is not None:
        present = set(rows["cell"])
        frames = {cell: size for cell, size in frames.items() if cell in present}
    return PooledRecords(rows, crimes, frames, tuple(held))


def _rows(audit: Audit) -> pd.DataFrame:
    counts = audit.crimes_by_record
    extra = audit.tables["records"][["opened_at", "district", "team"]]
    found = counts.join(extra)
    return found.assign(audit=audit.id, key=_keys(audit, found), cell=f"{audit.id}{APART}" + found["stratum"])


def _keys(audit: Audit, rows: pd.DataFrame) -> pd.Series[str]:
    keys: pd.Series[str] = f"{audit.id}{APART}" + rows["record_id"].astype(str)
    return keys
