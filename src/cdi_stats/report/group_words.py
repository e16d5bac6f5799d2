"""Sentences on districts, teams and further crimes of a record, by rule from what they show."""

from __future__ import annotations

from collections.abc import Iterator

from cdi_stats.findings.further_crimes import NOT_STATED, FurtherCrimes
from cdi_stats.findings.groups import Groups
from cdi_stats.methods.monitoring import FEW_GROUPS
from cdi_stats.methods.proportion import Interval
from cdi_stats.methods.survey import RateEstimate
from cdi_stats.report.blocks import Figure, Text
from cdi_stats.report.narrative import MOVED
from cdi_stats.report.numbers import FEW_CASES, in_words, percent
from cdi_stats.report.series_tables import GROUPED, difference, provenance, share, span, whole, worded
from cdi_stats.report.wording import capital, join, join_words, listed, tell, title

NAMES = {"district": ("district", "districts"), "team": ("team", "teams")}


def groups_words(groups: Groups, level: str) -> Iterator[Text]:
    """Yield which groups lie beyond the funnel's limits, and what the limits are worth."""
    found, names = groups.funnel, _names(groups)
    if found is None:
        number = len(groups.names)
        yield tell("groups.too_few", number=in_words(number), groups=names["group" if number == 1 else "groups"])
    else:
        yield from _beyond(groups, level)
        few = tell("groups.few", few=in_words(FEW_GROUPS), **names) if len(groups.names) < FEW_GROUPS else None
        yield join(tell("groups.widened" if found.tau_squared > 0 else "groups.alike", **names), few)
    yield from _unnamed(groups)


def _names(groups: Groups) -> dict[str, str]:
    one, many = NAMES[groups.column]
    return {"group": one, "groups": many}


def _beyond(groups: Groups, level: str) -> Iterator[Text]:
    assert groups.funnel is not None
    far, near = (groups.funnel.outside[at] for at in (0.998, 0.95))
    sets = {"far": far.nonzero()[0].tolist(), "near": (near & ~far).nonzero()[0].tolist()}
    for branch, places in sets.items():
        if places:
            yield tell(
                f"groups.beyond.{branch}",
                lying=len(places),
                listed=listed([_group(groups, i, level) for i in places]),
                number=worded(f"{groups.column}/number", len(groups.names), GROUPED),
                groups=_names(groups)["groups"],
            )
    if not any(sets.values()):
        yield tell("groups.none", **_names(groups))


def _group(groups: Groups, place: int, level: str) -> Text:
    name, estimate = groups.names[place], groups.estimates[place]
    key, source = f"{groups.column}/{name}", provenance(estimate)
    return tell(
        f"groups.{'each_few' if estimate.reported < FEW_CASES else 'each'}",
        name=name,
        rate=share(f"{key}/rate", estimate.rate, source),
        level=level,
        span=span(key, estimate.interval, source),
        done=whole(f"{key}/recorded", estimate.recorded, GROUPED),
        due=whole(f"{key}/reported", estimate.reported, GROUPED),
    )


def drawn_words(groups: Groups, level: str) -> Text | None:
    """Say where drawing the groups together puts the lowest; None where they are too few for it."""
    pooled = groups.pooled
    if pooled is None:
        return None
    place = int(pooled.rate.argmin())
    name, reported = groups.names[place], groups.estimates[place].reported
    key = f"{groups.column}/{name}/pooled"
    limits = Interval(float(pooled.interval.low[place]), float(pooled.interval.high[place]), 0.0, "pooled")
    alike = in_percent(pooled.rate.min()) == in_percent(pooled.rate.max())
    return tell(
        f"groups.{'drawn_same' if alike else 'drawn_few' if reported < FEW_CASES else 'drawn'}",
        groups=_names(groups)["groups"],
        name=name,
        pooled=share(key, float(pooled.rate[place]), "empirical Bayes"),
        level=level,
        span=span(key, limits, "hierarchical Beta"),
        due=whole(f"{groups.column}/{name}/reported", reported, GROUPED),
    )


def _unnamed(groups: Groups) -> Iterator[Text]:
    if groups.unnamed:
        yield tell(
            "groups.unnamed",
            unnamed=whole(f"{groups.column}/unnamed", groups.unnamed, GROUPED),
            records=whole(f"{groups.column}/records", groups.records, GROUPED),
            group=_names(groups)["group"],
        )
    if groups.silent:
        silent = Figure(
            f"{groups.column}/silent",
            groups.silent,
            capital(in_words(groups.silent)),
            "count",
            GROUPED,
        )
        yield tell("groups.silent", silent=silent, groups=NAMES[groups.column][groups.silent != 1])


def groups_title(groups: Groups) -> str:
    """Return the funnel's finding."""
    assert groups.funnel is not None
    for level, shown in ((0.998, "99.8%"), (0.95, "95%")):
        names = [name for name, beyond in zip(groups.names, groups.funnel.outside[level], strict=True) if beyond]
        if names:
            return title("title.groups.beyond", names=join_words(names), lying=len(names), shown=shown)
    return title("title.groups.none", **_names(groups))


def pooled_title(groups: Groups) -> str:
    """Return what drawing the groups together leaves of their range."""
    assert groups.pooled is not None
    low, high = (in_percent(bound) for bound in (groups.pooled.rate.min(), groups.pooled.rate.max()))
    return title(
        f"title.groups.{'drawn' if low != high else 'same'}", groups=_names(groups)["groups"], low=low, high=high
    )


def in_percent(value: float) -> str:
    """Return a share as it is shown."""
    return percent(float(value))


def further_words(found: FurtherCrimes, level: str) -> Iterator[Text]:
    """Yield whether further crimes of a record are missed more than the first, and which offences most."""
    further, first, change = found.further, found.first, found.change
    few = further.reported < FEW_CASES or first.reported < FEW_CASES
    yield tell(
        f"further.{'few' if few else 'some'}",
        records=whole("further/records", found.records, "records with more than one crime due"),
        verdict=tell(f"further.verdict.{MOVED.get(change.direction, 'unclear')}"),
        further=_missed_of("further/all", further, level),
        first=_missed_of("further/first", first, level),
        difference=difference("further/difference", change.value),
        low=difference("further/difference_low", change.interval.low),
        high=difference("further/difference_high", change.interval.high),
        level=level,
    )
    parts = [
        tell(
            "further.each",
            label=row.label,
            missed=whole(f"further/{row.offence}/missed", row.estimate.recorded, GROUPED),
            due=whole(f"further/{row.offence}/due", row.estimate.reported, GROUPED),
        )
        for row in found.offences
        if row.estimate.recorded and row.offence != NOT_STATED
    ]
    if parts:
        yield tell("further.most", parts=listed(parts[:3]))


def _missed_of(key: str, estimate: RateEstimate, level: str) -> Text:
    """Return the share missed with its interval and counts; counts and interval where crimes are few."""
    return tell(
        f"told.{'few' if estimate.reported < FEW_CASES else 'some'}",
        rate=share(f"{key}/share", estimate.rate, provenance(estimate)),
        level=level,
        low=share(f"{key}/low", estimate.interval.low, provenance(estimate)),
        high=share(f"{key}/high", estimate.interval.high, provenance(estimate)),
        done=whole(f"{key}/missed", estimate.recorded, GROUPED),
        due=whole(f"{key}/due", estimate.reported, GROUPED),
    )


def further_title(found: FurtherCrimes) -> str:
    """Return whether further crimes are missed more or less often than the first, where that is clear."""
    return title(f"title.further.{MOVED[found.change.direction]}")
