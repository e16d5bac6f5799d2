"""Sentences of the benchmark: a place among forces, said with what the intervals leave of it."""

from __future__ import annotations

from collections.abc import Iterator

from cdi_stats.findings.benchmark import Benchmark, Field, PublishedResult, Standing
from cdi_stats.findings.examine import Finding
from cdi_stats.report.blocks import Figure, Text
from cdi_stats.report.numbers import FindingNumbers, count, in_words, margin, percent
from cdi_stats.report.series_tables import whole, worded
from cdi_stats.report.wording import capital, join, join_words, listed, tell, title

MANY = {"inspection": "full inspections", "re-inspection": "re-inspections"}
MEASURE_LABELS = {
    "overall": "all crime", "violence": "violent crime", "sexual": "sexual offences", "rape": "rape",
    "domestic_abuse": "domestic abuse",
}  # fmt: skip
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


def ordinal(place: int) -> str:
    """Return a place in words up to ninth, in figures beyond: 11th, 22nd."""
    if 1 <= place <= len(ORDINALS):
        return ORDINALS[place - 1]
    ending = "th" if place % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{count(place)}{ending}"


def own_words(found: Benchmark, finding: Finding, measure: str) -> Text:
    """Say the audit's own rate."""
    n = FindingNumbers(finding)
    every = finding.done == finding.due
    return tell(
        f"benchmark.own.{'few' if n.few else 'some'}",
        force=found.audit.facts.force,
        done=tell("benchmark.own.every", due=n.due) if every else tell("benchmark.own.part", done=n.done, due=n.due),
        crimes=n.due,
        of="" if measure == "overall" else tell("benchmark.own.of", measure=MEASURE_LABELS[measure]),
        rate=n.rate,
        level=n.level,
        low=n.low,
        high=n.high,
        how=tell("benchmark.own.records" if isinstance(n.records, Figure) else "line.totals"),
    )


def standing_words(field: Field) -> Text | None:
    """Say the place of the audit among other forces, and what its interval leaves of it."""
    standing = field.standing
    if standing is None:
        return None
    key = f"standing/{field.measure}"
    first = tell(
        "benchmark.place",
        kind=MANY[field.kind] if standing.others > 1 else field.kind,
        others=worded(f"{key}/others", standing.others, "published results of the same kind"),
        place=_place(f"{key}/place", standing.place),
        all=worded(f"{key}/all", standing.others + 1, "published results of the same kind"),
    )
    return join(first, _overlap(key, standing))


def _overlap(key: str, standing: Standing) -> Text:
    branch = "some" if standing.overlapping else "none"
    return tell(
        f"benchmark.overlap.{'all' if standing.overlapping == standing.others else branch}",
        **{
            name: worded(f"{key}/{name}", getattr(standing, name), "published results of the same kind")
            for name in ("overlapping", "above", "below")
        },
        best=_place(f"{key}/best", standing.best),
        worst=_place(f"{key}/worst", standing.worst),
    )


def _place(key: str, place: int) -> Figure:
    return Figure(key, place, ordinal(place), "place", "by the rate, the highest first")


def no_standing_words(found: Benchmark, field: Field) -> Text | None:
    """Say why the audit has no place in a field of its own kind."""
    if field.own is None:
        if field.measure != "overall":
            return None
        cautions = (str(caution) for caution in found.findings.overall.warnings)
        return join(tell("benchmark.no_rate"), *cautions)
    if all(found.is_own(result) for result in field.results):
        return tell("benchmark.alone", kind=field.kind, measure=MEASURE_LABELS[field.measure])
    return None


def published_words(found: Benchmark) -> Text:
    """Say what was published of this force, and whether the audit is one of these."""
    results = found.published
    if not results:
        return tell("benchmark.unpublished", force=found.force)
    parts = [
        tell(
            "benchmark.published.each",
            rate=Figure(f"published/{r.label}/rate", r.rate, percent(r.rate), "percent", "published"),
            spread=_spread(r),
            label=r.report.removeprefix("CDI "),
        )
        for r in results
    ]
    first = tell("benchmark.published.some", force=found.force, parts=listed(parts))
    return join(first, tell("benchmark.published.same") if any(found.is_same(r) for r in results) else None)


def _spread(result: PublishedResult) -> Text:
    """Return a published margin as printed, else the interval."""
    if result.from_margin:
        half = result.rate - result.low
        return (Figure(f"published/{result.label}/margin", half, f"±{margin(half)} points", "points", "published"),)
    return tell(
        "benchmark.published.limits",
        low=Figure(f"published/{result.label}/low", result.low, percent(result.low), "percent", "Wilson"),
        high=Figure(f"published/{result.label}/high", result.high, percent(result.high), "percent", "Wilson"),
    )


def cautions(found: Benchmark) -> Iterator[Text]:
    """Yield what makes the audit and the published results less than alike."""
    if found.is_internal:
        yield tell("benchmark.caution.internal")
    if found.under_later_rules:
        yield tell("benchmark.caution.later_rules")
    if found.kind == "re-inspection":
        yield tell("benchmark.caution.re_inspected")
    if found.audit.has_records:
        yield tell("benchmark.caution.widths")


def field_title(found: Benchmark, field: Field) -> str:
    """Return what a chart of intervals shows: how many forces the audit's own overlaps, or the range of all."""
    standing = field.standing
    if standing is None:
        low, high = (percent(f([r.rate for r in field.results])) for f in (min, max))
        branch = "range" if low != high else "one"
        return title(f"title.field.{branch}", measure=MEASURE_LABELS[field.measure], low=low, high=high)
    met = "some" if standing.overlapping else "none"
    return title(
        f"title.field.{'every' if standing.overlapping == standing.others else met}",
        force=found.force,
        overlapping=in_words(standing.overlapping),
        others=in_words(standing.others),
        number=standing.others,
    )


def funnel_words(found: Benchmark, field: Field) -> Text | None:
    """Say how far the forces differ beyond chance, and where this force's published result lies."""
    if field.forces is None:
        return None
    rates, outside = field.forces.rates, field.forces.funnel.outside[0.95]
    first = tell(
        "benchmark.funnel",
        outside=worded("benchmark/outside", int(outside.sum()), "published results beyond the 95% limits"),
        all=whole("benchmark/results", len(rates), "published results with a margin"),
        kind=MANY[field.kind],
    )
    own = [
        title(f"benchmark.{'beyond' if out else 'within'}", label=published.label)
        for published, out in zip(rates, outside, strict=True)
        if published.force == found.force
    ]
    return join(first, f"{join_words(own)}." if own else None)


def funnel_title(found: Benchmark, field: Field) -> str:
    """Return where this force's published result lies in the funnel, else how many lie beyond."""
    assert field.forces is not None
    rates, outside = field.forces.rates, field.forces.funnel.outside[0.95]
    for published, out in zip(rates, outside, strict=True):
        if published.force == found.force:
            return title(f"title.funnel.{'beyond' if out else 'within'}", label=published.label)
    number = int(outside.sum())
    return title("title.funnel.other", outside=capital(in_words(number)), number=number, all=len(rates))


def unbounded_words(field: Field) -> Text | None:
    """Say how many published rates are left out for want of a margin or a count."""
    if not field.unbounded:
        return None
    key, number = f"benchmark/{field.measure}/{field.kind}/unbounded", field.unbounded
    return tell(
        "benchmark.unbounded",
        number=Figure(
            key, number, capital(in_words(number)), "count", "published results with neither margin nor count"
        ),
        kind=field.kind if number == 1 else f"{field.kind}s",
    )
