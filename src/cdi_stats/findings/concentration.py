"""How the missed crimes lie over the records: whether a few records carry the result, and what it is without them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cdi_stats.audit.model import Audit
from cdi_stats.methods.influence import Influence, estimate_without, measure_influence
from cdi_stats.methods.survey import RateEstimate

TOP = (1, 2, 5)
FEW = 5


@dataclass(frozen=True)
class HeavyRecord:
    """A record that carries the result: its own number, the crimes due in it and those of them missed."""

    record_id: str
    reported: int
    missed: int


@dataclass(frozen=True)
class Concentration:
    """Missed crimes over the records of a stratum (or of all).

    `misses` holds the missed crimes of each record that has any, most first; `top` the misses in the first 1, 2 and 5
    records and `top_variance` the share (0-1) of the sampling variance in the 1, 2 and 5 records that have most of it;
    `rate_without_top` the recording rate of the sample as it stands without them (0-1, pooled, no weights).
    `carrying` records hold more than half of all misses, `carried` of them, and `carried_variance` of the variance;
    `without` is the estimate had these not been drawn (None where no crime is left, or none was missed), and `heavy`
    are these records where they are few.
    """

    stratum: str | None
    records: int
    misses: tuple[int, ...]
    top: dict[int, int]
    top_variance: dict[int, float]
    rate_without_top: dict[int, float]
    carrying: int
    carried_variance: float
    without: RateEstimate | None
    heavy: tuple[HeavyRecord, ...] = ()

    @property
    def missed(self) -> int:
        """Return the crimes missed in all."""
        return sum(self.misses)

    @property
    def carried(self) -> int:
        """Return the misses in the records that carry the result."""
        return sum(self.misses[: self.carrying])

    def share(self, records: int) -> float:
        """Return the share (0-1) of all misses that lie in the first 1, 2 or 5 records; 0 where none was missed."""
        return self.top[records] / self.missed if self.missed else 0.0


def examine_concentration(audit: Audit, *, stratum: str | None = None, **options: Any) -> Concentration:
    """Return how an audit's missed crimes lie over its records; options (level, method) as estimate_rate takes them."""
    strata = audit.sampled_strata
    here = np.ones(len(strata), bool) if stratum is None else strata == stratum
    rows = audit.crimes_by_record
    recorded, reported, ids = (rows[name].to_numpy()[here] for name in ("recorded", "reported", "record_id"))
    design: dict[str, Any] = {"stratum": strata[here], "population": _frames(audit, stratum)}
    influence = measure_influence(recorded, reported, **design)
    ranked, missed = influence.ranked, influence.missed
    carrying = ranked[: influence.carrying]
    rest = {top: ranked[top:] for top in TOP}
    return Concentration(
        stratum=stratum,
        records=ids.size,
        misses=tuple(int(size) for size in missed[ranked] if size),
        top={top: int(missed[ranked[:top]].sum()) for top in TOP},
        top_variance={top: influence.top_variance_share(top) for top in TOP},
        rate_without_top={
            top: float(recorded[kept].sum() / reported[kept].sum()) if reported[kept].sum() else float("nan")
            for top, kept in rest.items()
        },
        carrying=influence.carrying,
        carried_variance=float(influence.variance_share[carrying].sum()),
        without=_without(recorded, reported, influence, design | options) if influence.carrying else None,
        heavy=tuple(
            HeavyRecord(str(ids[place]), int(reported[place]), int(missed[place]))
            for place in carrying
            if len(carrying) <= FEW
        ),
    )


def _frames(audit: Audit, stratum: str | None) -> dict[str, int] | None:
    frames = audit.population
    return frames if frames is None or stratum is None else {stratum: frames[stratum]}


def _without(recorded: Any, reported: Any, influence: Influence, options: dict[str, Any]) -> RateEstimate | None:
    """Return the estimate without the carrying records, unless these leave a stratum with fewer than two records."""
    kept = influence.ranked[influence.carrying :]
    strata = options["stratum"]
    left = [int((strata[kept] == name).sum()) for name in set(strata.tolist())]
    if not reported[kept].any() or min(left) < 2:
        return None
    return estimate_without(recorded, reported, influence.ranked[: influence.carrying], **options)
