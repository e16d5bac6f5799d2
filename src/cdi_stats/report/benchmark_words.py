"""Sentences of the benchmark: a place among forces, said with what the intervals leave of it."""

from __future__ import annotations

from collections.abc import Iterator

from cdi_stats.findings.benchmark import Benchmark, Field, PublishedResult, Standing
from cdi_stats.findings.examine import Finding
from cdi_stats.report.blocks import Figure, Text
from cdi_stats.report.numbers import FindingNumbers, count, in_words, margin, percent
from cdi_stats.report.series_tables import whole, worded
from cdi_stats.report.wording import join, join_words, listed, say

MANY = {"inspection": "full inspections", "re-inspection": "re-inspections"}
MEASURE_LABELS = {
    "overall": "all crime", "violence": "violent crime", "sexual": "sexual offences", "rape": "rape",
    "domestic_abuse": "domestic abuse",
}  # fmt: skip
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
OWN = "{force} had recorded {done} reported crimes{of} examined: {rate} (95% interval {low} to {high}{records})."
PLACE = (
    "Among the {kind} of {others} other {forces}, it stands {place} of {all} by the rate alone, counted from the "
    "highest."
)
ALL_OVERLAP = (
    "That place is not a finding: its interval overlaps that of every one of them, so that any place is possible."
)
SOME_OVERLAP = (
    "A place is not a finding: its interval overlaps those of {overlapping} of them; {above} {lie_above} clearly above "
    "it and {below} clearly below. Its place could be anything from {best} to {worst}."
)
NONE_OVERLAP = "Its interval overlaps none of theirs: {above} {lie_above} clearly above it and {below} clearly below."
INTERNAL = (
    "This is the force's own audit, not an inspection: the force chose its records and judged its crimes. It stands "
    "beside inspections for want of its like; a difference may come from the way it was made."
)
LATER_RULES = (
    "The published results are from 2015 to 2019. The counting rules have changed since (about 2023): crimes are not "
    "counted alike, and a difference may come from that alone."
)
RE_INSPECTED = (
    "Only some forces were re-inspected, most of them because their first result was poor: they are not a sample of "
    "all."
)
NOT_ALIKE_IN_WIDTH = (
    "The intervals of published results take each crime as independent; the audit's own allows for records that hold "
    "several, and is wider for the same number of crimes."
)


def ordinal(place: int) -> str:
    """Return a place in words up to ninth, in figures beyond: 11th, 22nd."""
    if 1 <= place <= len(ORDINALS):
        return ORDINALS[place - 1]
    ending = "th" if place % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{count(place)}{ending}"


def own_words(found: Benchmark, finding: Finding, measure: str) -> Text:
    """Say the audit's own rate."""
    n = FindingNumbers(finding)
    return say(
        OWN,
        force=found.audit.facts.force,
        done=say("all {due}", due=n.due) if finding.done == finding.due else say("{x} of the {y}", x=n.done, y=n.due),
        of="" if measure == "overall" else f" of {MEASURE_LABELS[measure]}",
        rate=n.rate,
        low=n.low,
        high=n.high,
        records=", records allowed for" if isinstance(n.records, Figure) else ", from totals",
    )


def standing_words(field: Field) -> Text | None:
    """Say the place of the audit among other forces, and what its interval leaves of it."""
    standing = field.standing
    if standing is None:
        return None
    key = f"standing/{field.measure}"
    first = say(
        PLACE,
        kind=MANY[field.kind] if standing.others > 1 else field.kind,
        others=worded(f"{key}/others", standing.others),
        forces="forces" if standing.others > 1 else "force",
        place=_place(f"{key}/place", standing.place),
        all=worded(f"{key}/all", standing.others + 1),
    )
    return join(first, _overlap(key, standing))


def _overlap(key: str, standing: Standing) -> Text:
    if standing.overlapping == standing.others:
        return ALL_OVERLAP
    counts = {name: worded(f"{key}/{name}", getattr(standing, name)) for name in ("overlapping", "above", "below")} | {
        "lie_above": "lies" if standing.above == 1 else "lie"
    }
    if not standing.overlapping:
        return say(NONE_OVERLAP, **counts)
    return say(
        SOME_OVERLAP,
        best=_place(f"{key}/best", standing.best),
        worst=_place(f"{key}/worst", standing.worst),
        **counts,
    )


def _place(key: str, place: int) -> Figure:
    return Figure(key, place, ordinal(place), "place", "by the rate, the highest first")


def no_standing_words(found: Benchmark, field: Field) -> Text | None:
    """Say why the audit has no place in a field of its own kind."""
    if field.own is None:
        if field.measure != "overall":
            return None
        cautions = " ".join(str(caution) for caution in found.findings.overall.warnings)
        return f"The audit has no overall rate to set beside the others. {cautions}".strip()
    if not any(not found.is_own(result) for result in field.results):
        return (
            f"No other force's {field.kind} has published a margin or a count for {MEASURE_LABELS[field.measure]}, so "
            "there is nothing to set it beside."
        )
    return None


def published_words(found: Benchmark) -> Text:
    """Say what was published of this force, and whether the audit is one of these."""
    results = found.published
    if not results:
        return f"No overall result of {found.force} was published with a margin or a count."
    parts = [
        say(
            "{rate} {spread} ({label})",
            rate=Figure(f"published/{r.label}/rate", r.rate, percent(r.rate), "percent"),
            spread=_spread(r),
            label=f"{r.report.removeprefix('CDI ')}",
        )
        for r in results
    ]
    first = say("Published of {force}: {parts}.", force=found.force, parts=listed(list(parts)))
    if any(found.is_same(r) for r in results):
        return join(first, "This audit is one of these, estimated anew from its records.")
    return first


def _spread(result: PublishedResult) -> Text:
    """Return a published margin as printed, else the interval."""
    if result.from_margin:
        half = result.rate - result.low
        return (Figure(f"published/{result.label}/margin", half, f"±{margin(half)} points", "points", "published"),)
    return say(
        "({low} to {high})",
        low=Figure(f"published/{result.label}/low", result.low, percent(result.low), "percent", "Wilson"),
        high=Figure(f"published/{result.label}/high", result.high, percent(result.high), "percent", "Wilson"),
    )


def cautions(found: Benchmark) -> Iterator[str]:
    """Yield what makes the audit and the published results less than alike."""
    if found.is_internal:
        yield INTERNAL
    if found.under_later_rules:
        yield LATER_RULES
    if found.kind == "re-inspection":
        yield RE_INSPECTED
    if found.audit.has_records:
        yield NOT_ALIKE_IN_WIDTH


def field_title(found: Benchmark, field: Field) -> str:
    """Return what a chart of intervals shows: how many forces the audit's own overlaps, or the range of all."""
    standing = field.standing
    if standing is None:
        low, high = (percent(f([r.rate for r in field.results])) for f in (min, max))
        what = MEASURE_LABELS[field.measure]
        return f"Published rates of {what} range from {low} to {high}" if low != high else f"One published rate: {low}"
    name = found.force
    if not standing.overlapping:
        return f"{name}'s interval overlaps that of no other force"
    return (
        f"{name}'s interval overlaps those of {in_words(standing.overlapping)} of {in_words(standing.others)} other "
        f"{'forces' if standing.others > 1 else 'force'}"
    )


def funnel_words(found: Benchmark, field: Field) -> Text | None:
    """Say how far the forces differ beyond chance, and where this force's published result lies."""
    if field.forces is None:
        return None
    funnel = field.forces.funnel
    outside = int(funnel.outside[0.95].sum())
    first = say(
        "The forces differ by far more than the error of their samples, so the limits allow for that: {outside} of "
        "{all} {kind} {lie} beyond the 95% limits even so.",
        lie="lies" if outside == 1 else "lie",
        outside=worded("benchmark/outside", outside),
        all=whole("benchmark/results", len(field.forces.rates)),
        kind=MANY[field.kind],
    )
    places = [i for i, p in enumerate(field.forces.rates) if found.force == p.force]
    if not places:
        return first
    labels = [
        f"{field.forces.rates[i].label} lies {'beyond' if funnel.outside[0.95][i] else 'within'} them" for i in places
    ]
    return join(first, f"{join_words(labels)}.")


def funnel_title(found: Benchmark, field: Field) -> str:
    """Return where this force's published result lies in the funnel, else how many lie beyond."""
    assert field.forces is not None
    funnel = field.forces.funnel
    for i, published in enumerate(field.forces.rates):
        if published.force == found.force:
            side = "beyond" if funnel.outside[0.95][i] else "within"
            return f"{published.label} lies {side} the 95% limits that all forces are held to"
    outside = int(funnel.outside[0.95].sum())
    lie = "lies" if outside == 1 else "lie"
    return f"{in_words(outside).capitalize()} of {len(field.forces.rates)} forces {lie} beyond the 95% limits"


def unbounded_words(field: Field) -> Text | None:
    """Say how many published rates are left out for want of a margin or a count."""
    if not field.unbounded:
        return None
    one = field.unbounded == 1
    return say(
        "{number} more {kind} published a rate with neither a margin nor a count{and_left}.",
        number=Figure(
            f"benchmark/{field.measure}/{field.kind}/unbounded", field.unbounded,
            in_words(field.unbounded).capitalize(), "count",
        ),
        kind=field.kind if one else f"{field.kind}s",
        and_left=", and is left out" if one else ", and are left out",
    )  # fmt: skip
