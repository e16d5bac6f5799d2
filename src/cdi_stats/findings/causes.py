"""Why crimes were not recorded: the reasons given, with intervals for their shares taken together."""

from __future__ import annotations

from dataclasses import dataclass

from cdi_stats.audit.model import Audit
from cdi_stats.methods.proportion import Interval, proportion_interval
from cdi_stats.resources import code_list

NOT_GIVEN = "none given"


@dataclass(frozen=True)
class Cause:
    """One reason: crimes missed for it, and its share of all missed crimes (0-1)."""

    reason: str
    label: str
    crimes: int
    share: float
    interval: Interval[float]


def examine_causes(audit: Audit, *, stratum: str | None = None, confidence_level: float = 0.95) -> tuple[Cause, ...]:
    """Return the reasons for crimes not recorded, most frequent first; empty where no crime was missed.

    The shares' intervals hold together (Goodman 1965, multinomial).
    """
    crimes = audit.crimes
    if stratum is not None:
        crimes = crimes[crimes["stratum"] == stratum]
    reasons = crimes.loc[~crimes["recorded"].astype(bool), "reason"].fillna(NOT_GIVEN)
    counts = reasons.value_counts()
    if counts.empty:
        return ()
    order = list(code_list("reasons"))
    ranked = sorted(counts.index, key=lambda reason: (-counts[reason], order.index(reason)))
    sizes = [int(counts[reason]) for reason in ranked]
    limits = shares_together(sizes, confidence_level)
    labels = code_list("reasons")
    return tuple(
        Cause(reason, labels[reason], size, size / sum(sizes), Interval(low, high, confidence_level, "goodman"))
        for reason, size, (low, high) in zip(ranked, sizes, limits, strict=True)
    )


def shares_together(sizes: list[int], confidence_level: float) -> list[tuple[float, float]]:
    """Return Goodman's limits: Wilson's for each share, the doubt shared out evenly among them."""
    each = 1 - (1 - confidence_level) / len(sizes)
    limits = proportion_interval(sizes, [sum(sizes)] * len(sizes), confidence_level=each, method="wilson")
    return [(float(low), float(high)) for low, high in zip(limits.low, limits.high, strict=True)]
