"""Sentences on districts, teams and further crimes of a record, by rule from what they show."""

from __future__ import annotations

from collections.abc import Iterator

from cdi_stats.findings.further_crimes import FurtherCrimes
from cdi_stats.findings.groups import Groups
from cdi_stats.methods.monitoring import FEW_GROUPS
from cdi_stats.methods.proportion import Interval
from cdi_stats.methods.survey import RateEstimate
from cdi_stats.report.blocks import Text
from cdi_stats.report.numbers import in_words
from cdi_stats.report.series_tables import difference, provenance, share, span, whole, worded
from cdi_stats.report.wording import join_words, listed, say

NAMES = {"district": ("district", "districts"), "team": ("team", "teams")}
BEYOND = "{name}, {rate} ({level} interval {span}; {done} of {due} crimes examined)"
FAR = "Beyond the 99.8% limits {lie} {listed}."
NEAR = (
    "Beyond the 95% limits, but not the 99.8% ones, {lie} {listed}. Of {number} {groups} about one in twenty is to be "
    "expected there by chance."
)
NONE = (
    "No {group} lies beyond the 95% limits: the differences between {groups} are no larger than chance, and the "
    "spread usual among them, explain."
)
ALIKE = "The limits are not widened: apart from extremes, the {groups} differ no more than chance would have them."
WIDENED = "The {groups} differ by more than chance alone, and the limits are widened for it."
WHY_DRAWN = (
    "Small groups take the top and bottom of any table by chance, so each rate is also shown drawn towards that of "
    "all, the further the fewer crimes the group has."
)
DRAWN = "Drawn towards all {groups}, the lowest, {name}, is at {pooled} ({level} interval {span})."
MORE_OFTEN = {
    "improved": "were missed more often than the first ones",
    "worsened": "were missed less often than the first ones",
    "no clear change": "were not clearly missed more or less often than the first ones",
}
FURTHER = (
    "In the {records} records with more than one crime due, further crimes {verdict}: {further} ({level} interval "
    "{further_span}; {missed} of {due}) against {first} ({first_span}) of the first or only crimes of all records, a "
    "difference of {difference} points ({low} to {high})."
)


def groups_words(groups: Groups, level: str) -> Iterator[Text]:
    """Yield which groups lie beyond the funnel's limits, and what the limits are worth."""
    found, words = groups.funnel, NAMES[groups.column]
    if found is None:
        yield (
            f"Records name {in_words(len(groups.names))} {words[len(groups.names) != 1]} with a crime due: too few to "
            "show how they differ. Their rates stand in the table, each with its interval."
        )
    else:
        yield from _beyond(groups, level)
        few = (
            f" With fewer than {in_words(FEW_GROUPS)} {words[1]} their usual spread is hardly known."
            if len(groups.names) < FEW_GROUPS
            else ""
        )
        yield (WIDENED if found.tau_squared > 0 else ALIKE).format(groups=words[1]) + few
    yield from _unnamed(groups)


def _beyond(groups: Groups, level: str) -> Iterator[Text]:
    assert groups.funnel is not None
    words = NAMES[groups.column]
    far, near = (groups.funnel.outside[at] for at in (0.998, 0.95))
    sets = ([i for i in range(far.size) if far[i]], [i for i in range(far.size) if near[i] and not far[i]])
    for template, places in zip((FAR, NEAR), sets, strict=True):
        if places:
            yield say(
                template,
                lie="lies" if len(places) == 1 else "lie",
                listed=listed([_group(groups, i, level) for i in places]),
                number=worded(f"{groups.column}/number", len(groups.names)),
                groups=words[1],
            )
    if not any(sets):
        yield NONE.format(group=words[0], groups=words[1])


def _group(groups: Groups, place: int, level: str) -> Text:
    name, estimate = groups.names[place], groups.estimates[place]
    key, source = f"{groups.column}/{name}", provenance(estimate)
    return say(
        BEYOND,
        name=name,
        rate=share(f"{key}/rate", estimate.rate, source),
        level=level,
        span=span(key, estimate.interval, source),
        done=whole(f"{key}/recorded", estimate.recorded),
        due=whole(f"{key}/reported", estimate.reported),
    )


def drawn_words(groups: Groups, level: str) -> Text | None:
    """Say where drawing the groups together puts the lowest; None where they are too few for it."""
    pooled = groups.pooled
    if pooled is None:
        return None
    place = int(pooled.rate.argmin())
    name = groups.names[place]
    key = f"{groups.column}/{name}/pooled"
    limits = Interval(float(pooled.interval.low[place]), float(pooled.interval.high[place]), 0.0, "pooled")
    return say(
        DRAWN,
        groups=NAMES[groups.column][1],
        name=name,
        pooled=share(key, float(pooled.rate[place]), "empirical Bayes"),
        level=level,
        span=span(key, limits, "hierarchical Beta"),
    )


def _unnamed(groups: Groups) -> Iterator[Text]:
    if groups.unnamed:
        yield say(
            "{unnamed} of {records} records name no {group} and are left out.",
            unnamed=whole(f"{groups.column}/unnamed", groups.unnamed),
            records=whole(f"{groups.column}/records", groups.records),
            group=NAMES[groups.column][0],
        )
    if groups.silent:
        one = groups.silent == 1
        yield say(
            "{silent} {groups} had no crime due in any record examined.",
            silent=worded(f"{groups.column}/silent", groups.silent),
            groups=NAMES[groups.column][not one],
        )


def groups_title(groups: Groups) -> str:
    """Return the funnel's finding."""
    found, (one, many) = groups.funnel, NAMES[groups.column]
    assert found is not None
    for level, shown in ((0.998, "99.8%"), (0.95, "95%")):
        names = [name for name, beyond in zip(groups.names, found.outside[level], strict=True) if beyond]
        if names:
            return f"{join_words(names)} {'lies' if len(names) == 1 else 'lie'} beyond the {shown} limits"
    return f"No {one} lies beyond the limits that {many} are held to"


def pooled_title(groups: Groups) -> str:
    """Return what drawing the groups together leaves of their range."""
    assert groups.pooled is not None
    low, high = (in_percent(bound) for bound in (groups.pooled.rate.min(), groups.pooled.rate.max()))
    return f"Drawn towards all, {NAMES[groups.column][1]} range from {low} to {high}"


def in_percent(value: float) -> str:
    """Return a share as it is shown."""
    return str(share("", float(value)))


def further_words(found: FurtherCrimes, level: str) -> Iterator[Text]:
    """Yield whether further crimes of a record are missed more than the first, and which offences most."""
    further, first, change = found.further, found.first, found.change
    yield say(
        FURTHER,
        records=whole("further/records", found.records),
        verdict=MORE_OFTEN[change.direction],
        further=share("further/all/share", further.rate, provenance(further)),
        further_span=span("further/all", further.interval, provenance(further)),
        missed=whole("further/all/missed", further.recorded),
        due=whole("further/all/due", further.reported),
        first=share("further/first/share", first.rate, provenance(first)),
        first_span=_missed_of("further/first", first),
        difference=difference("further/difference", change.value),
        low=difference("further/difference_low", change.interval.low),
        high=difference("further/difference_high", change.interval.high),
        level=level,
    )
    worst = [row for row in found.offences if row.estimate.recorded][:3]
    if worst:
        parts = [
            say(
                "{label} ({missed} of {due})",
                label=row.label,
                missed=whole(f"further/{row.offence}/missed", row.estimate.recorded),
                due=whole(f"further/{row.offence}/due", row.estimate.reported),
            )
            for row in worst
        ]
        yield say("Missed most often as a further crime: {parts}.", parts=listed(list(parts)))


def _missed_of(key: str, estimate: RateEstimate) -> Text:
    return say(
        "{span}; {missed} of {due}",
        span=span(key, estimate.interval, provenance(estimate)),
        missed=whole(f"{key}/missed", estimate.recorded),
        due=whole(f"{key}/due", estimate.reported),
    )


def further_title(found: FurtherCrimes) -> str:
    """Return the offence missed most often as a further crime, or that none was."""
    return {
        "improved": "Further crimes of a record are missed more often than the first",
        "worsened": "Further crimes of a record are missed less often than the first",
        "no clear change": "Further crimes of a record are not clearly missed more often than the first",
    }[found.change.direction]
