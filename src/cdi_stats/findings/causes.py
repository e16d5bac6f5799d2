"""Why crimes were not recorded: the reasons given, with intervals for their shares taken together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cdi_stats.audit.model import Audit
from cdi_stats.methods.proportion import Interval, proportion_interval
from cdi_stats.resources import code_list

NOT_GIVEN = "none given"
SEVERAL = "several"


@dataclass(frozen=True)
class Cause:
    """One reason: crimes missed for it, and its share of all missed crimes (0-1)."""

    reason: str
    label: str
    crimes: int
    share: float
    interval: Interval[float]


def examine_causes(
    audit: Audit, *, stratum: str | None = None, confidence_level: float = 0.95, fewest: int = 1
) -> tuple[Cause, ...]:
    """Return the reasons for crimes not recorded, most frequent first; empty where no crime was missed.

    Reasons for fewer than `fewest` crimes are told as one, with as many of the rarest others as make it large enough.
    The shares' intervals hold together (Goodman 1965, multinomial).
    """
    crimes = audit.crimes
    if stratum is not None:
        crimes = crimes[crimes["stratum"] == stratum]
    reasons = crimes.loc[~crimes["recorded"].astype(bool), "reason"].fillna(NOT_GIVEN)
    counts = reasons.value_counts()
    if counts.empty:
        return ()
    labels = dict(code_list("reasons")) | {SEVERAL: "Reasons each given seldom"}
    order = list(labels)
    grouped = _grouped({str(reason): int(size) for reason, size in counts.items()}, fewest)
    ranked = sorted(grouped, key=lambda reason: (reason == SEVERAL, -grouped[reason], order.index(reason)))
    sizes = [grouped[reason] for reason in ranked]
    limits = shares_together(sizes, confidence_level)
    return tuple(
        Cause(reason, labels[reason], size, size / sum(sizes), Interval(low, high, confidence_level, "goodman"))
        for reason, size, (low, high) in zip(ranked, sizes, limits, strict=True)
    )


def _grouped(counts: Mapping[str, int], fewest: int) -> dict[str, int]:
    """Return the counts with those below `fewest` taken together, never one alone."""
    rising = sorted(counts, key=lambda reason: (counts[reason], reason))
    seldom = [reason for reason in rising if counts[reason] < fewest]
    if not seldom:
        return dict(counts)
    while len(seldom) < len(rising) and (len(seldom) == 1 or sum(counts[reason] for reason in seldom) < fewest):
        seldom.append(rising[len(seldom)])
    kept = {reason: size for reason, size in counts.items() if reason not in seldom}
    return kept | {SEVERAL: sum(counts[reason] for reason in seldom)}


def shares_together(sizes: list[int], confidence_level: float) -> list[tuple[float, float]]:
    """Return Goodman's limits: Wilson's for each share, the doubt shared out evenly among them."""
    each = 1 - (1 - confidence_level) / len(sizes)
    limits = proportion_interval(sizes, [sum(sizes)] * len(sizes), confidence_level=each, method="wilson")
    return [(float(low), float(high)) for low, high in zip(limits.low, limits.high, strict=True)]
