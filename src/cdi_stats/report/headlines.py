"""Headlines: what a summary opens with and a chart is titled, each by rule from the findings."""

from __future__ import annotations

from collections.abc import Sequence

from cdi_stats.findings.causes import NOT_GIVEN, SEVERAL, Cause
from cdi_stats.findings.change import Comparison, FindingChange
from cdi_stats.findings.concentration import Concentration
from cdi_stats.findings.examine import OTHER_WEIGHTING, Finding, Findings
from cdi_stats.findings.measures import ALL
from cdi_stats.methods.extrapolation import Total, annual_volume, extrapolate_unrecorded, sum_totals
from cdi_stats.methods.proportion import Interval
from cdi_stats.methods.survey import RateEstimate
from cdi_stats.report.blocks import Figure, Text
from cdi_stats.report.narrative import (
    additional_sentence,
    carried_by_two,
    change_sentence,
    few_carry,
    period_words,
    range_words,
    rate_sentence,
    short_rate,
    told_rate,
    year_branch,
)
from cdi_stats.report.numbers import FEW_CASES, FindingNumbers, in_words, percent, yearly, yearly_limit
from cdi_stats.report.wording import capital, in_sentence, join, join_words, separated, tell, title

Labelled = Sequence[tuple[str, Finding]]
OVERALL = "Overall"

ALIKE, MANY = 1.02, 5


def opening(findings: Findings) -> Text:
    """Say the overall recording rate, or why there is none."""
    overall = findings.overall
    if overall.estimate is None:
        return rate_sentence(overall)
    n = FindingNumbers(overall)
    first = tell(
        f"opening.{'few' if n.few else overall.weighting or 'pooled'}",
        force=findings.audit.facts.force,
        rate=n.rate,
        level=n.level,
        low=n.low,
        high=n.high,
        done=n.done,
        due=n.due,
    )
    return join(first, tell("front.period", period=period_words(findings)))


def lowest(findings: Findings) -> Text | None:
    """Say which stratum has the lowest rate in the sample, and whether another could be as low."""
    rows = [(s.label, findings.stratum(s.stratum)) for s in findings.audit.strata]
    ranked = sorted((row.estimate.rate, label, row) for label, row in rows if row.estimate)
    if len(ranked) < 2 or ranked[0][0] == ranked[1][0]:
        return None
    _, label, row = ranked[0]
    first = tell("lowest.some", label=label, rate=told_rate(row))
    as_low = [name for _, name, other in ranked[1:] if _interval(other).low <= _interval(row).high]
    return join(first, tell("lowest.unclear", number=len(as_low), others=join_words(as_low)) if as_low else None)


def _interval(row: Finding) -> Interval[float]:
    assert row.estimate is not None
    return row.estimate.interval


def other_weighting(findings: Findings) -> Text | None:
    """Say what the overall rate would be in the other weighting, or why it cannot be had."""
    overall = findings.overall
    if overall.estimate is None or len(findings.audit.strata) < 2:
        return None
    other = findings.get(f"recording_rate_{OTHER_WEIGHTING[overall.weighting]}")
    if other is None:
        return tell("weighting.unknown")
    n = FindingNumbers(other)
    return tell(f"weighting.other.{overall.weighting}", rate=n.rate, level=n.level, low=n.low, high=n.high, due=n.due)


def why_weightings_differ(findings: Findings) -> Text | None:
    """Name the strata that the sample holds most too much and most too little of."""
    rows = [findings.stratum(s.stratum) for s in findings.audit.strata]
    frames = [r.estimate.crimes_in_frame for r in rows if r.estimate]
    if len(rows) < 2 or len(frames) < len(rows) or None in frames or sum(row.due for row in rows) < FEW_CASES:
        return None
    a_day = [(frame or 0.0) / s.days for frame, s in zip(frames, findings.audit.strata, strict=True)]
    shares = [
        (row.due / sum(r.due for r in rows), frame / sum(a_day), stratum)
        for stratum, row, frame in zip(findings.audit.strata, rows, a_day, strict=True)
    ]
    over, under = (pick(shares, key=lambda share: share[0] / share[1]) for pick in (max, min))
    alike = over[0] / over[1] < ALIKE or len({row.estimate.rate for row in rows if row.estimate}) == 1
    if alike:
        return None
    return tell(
        "weighting.why",
        over=over[2].label,
        sample=_share(f"sample_share/{over[2].stratum}", over[0]),
        frame=_share(f"frame_share/{over[2].stratum}", over[1]),
        under=under[2].label,
        under_sample=_share(f"sample_share/{under[2].stratum}", under[0]),
        under_frame=_share(f"frame_share/{under[2].stratum}", under[1]),
    )


def _share(key: str, share: float) -> Figure:
    return Figure(key, share, percent(share, 0), "percent", "crimes audited, and crimes in the frame, by stratum")


def auditable_year(findings: Findings) -> Text | None:
    """Say what the overall yearly figure is for crime from auditable routes alone, which the rate was seen on."""
    shares = {s.auditable_share for s in findings.audit.strata}
    share = shares.pop() if len(shares) == 1 else None
    overall, volume = findings.overall, findings.audit.recorded_in_year
    if share is None or share == 1 or not volume or overall.estimate is None or not overall.unrecorded:
        return None
    level = findings.confidence_level
    if overall.weighting == "weighted":
        rows = [(findings.stratum(s.stratum).estimate, s.recorded_in_year) for s in findings.audit.strata]
        parts = [_auditable(estimate, recorded, share, level) for estimate, recorded in rows if estimate and recorded]
        total = sum_totals(parts)
    else:
        total = _auditable(overall.estimate, volume, share, level)
    figure = Figure("auditable_share", share, percent(share), "percent", "stated by the force")
    return _yearly("auditable", total, findings.level, share=figure)


def _auditable(estimate: RateEstimate, recorded: float, share: float, level: float) -> Total:
    return extrapolate_unrecorded(estimate, recorded=annual_volume(recorded, share=share, confidence_level=level))


def sum_of_strata(findings: Findings) -> Text | None:
    """Say what the strata's yearly figures add up to, where the overall figure is not their sum."""
    rows = [findings.stratum(s.stratum) for s in findings.audit.strata]
    totals = [row.unrecorded for row in rows if row.unrecorded]
    if findings.overall.weighting != "pooled" or len(totals) < len(rows) or not findings.overall.unrecorded:
        return None
    return _yearly("sum_of_strata", sum_totals(totals), findings.level)


def _yearly(branch: str, total: Total, level: str, **values: Figure) -> Text | None:
    """Return what is said of a yearly total that stands beside the overall one; nothing of one below ten."""
    if total.value < 10:
        return None
    source = f"{total.basis}, {total.interval.method} limits"
    value, low, high = (
        Figure(f"{branch}/unrecorded_{name}", number, text, "crimes a year", source)
        for name, number, text in (
            ("value", total.value, yearly(total.value)),
            ("low", total.interval.low, yearly_limit(total.interval.low)),
            ("high", total.interval.high, yearly_limit(total.interval.high)),
        )
    )
    return tell(f"year.beside.{branch}", value=value, range=range_words(low, high), level=level, **values)


def change_words(comparison: Comparison | None, what: str, stratum: str = ALL) -> Text | None:
    """Say how a recording rate changed, and how many more crimes a year that is."""
    change = comparison.get("recording_rate", ALL, stratum) if comparison else None
    return join(change_sentence(change), additional_sentence(change, what)) if change else None


def worsened_words(changes: Sequence[tuple[str, FindingChange]]) -> Text | None:
    """Name every rate that clearly fell, so that no summary passes over it."""
    fallen = [
        tell(
            "fallen.each",
            label=in_sentence(label).replace(":", ","),
            before=told_rate(change.earlier, "earlier/"),
            after=told_rate(change.later),
        )
        for label, change in changes
        if change.change.direction == "worsened"
    ]
    return tell("fallen.some", fallen=separated("; ", fallen)) if fallen else None


def changes_title(changes: Sequence[FindingChange]) -> str:
    """Return how many rates clearly improved and fell."""
    verdicts = [change.change.direction for change in changes]
    better, worse = verdicts.count("improved"), verdicts.count("worsened")
    return title(
        "title.changes",
        all=in_words(len(verdicts)),
        number=len(verdicts),
        better=in_words(better),
        worse=in_words(worse),
    )


def rates_title(rates: Labelled) -> str:
    """Return the lowest rate of the strata, or the only one."""
    strata = [row for row in rates if row[0] != OVERALL] or rates
    labels, low = lowest_rows(strata)
    branch = "lowest" if len(labels) < len(strata) else "alike"
    return title(f"title.rates.{branch}", label=join_words(labels), rate=rate_of(labels, low))


def lowest_rows(rows: Labelled) -> tuple[list[str], Finding]:
    """Return the labels of the lowest rate, several where it is shared, and the first of their findings."""
    least = min(_rate(row) for row in rows)
    found = [(in_sentence(label), row) for label, row in rows if _rate((label, row)) == least]
    return [label for label, _ in found], found[0][1]


def rate_of(labels: Sequence[str], finding: Finding) -> str:
    """Return a rate as a title has room for it; several labels share it, but not its counts."""
    return short_rate(finding) if len(labels) == 1 else str(FindingNumbers(finding).rate)


def timeliness_title(rows: Labelled) -> str:
    """Return the part least often recorded in time."""
    labels, worst = lowest_rows(rows)
    branch = "one" if len(labels) == len(rows) else "least"
    number = len(labels) if len(labels) > 1 else worst.done if FindingNumbers(worst).few else labels[0]
    label, rate = join_words(labels), rate_of(labels, worst)
    return title(f"title.timeliness.{branch}", label=label, rate=rate, number=number)


def domains_title(rows: Labelled) -> str:
    """Return each part's rate."""
    parts = [title("title.domains.each", label=in_sentence(label), rate=short_rate(row)) for label, row in rows]
    return capital("; ".join(parts))


def annual_title(label: str, finding: Finding) -> str:
    """Return the crimes not recorded in a year."""
    where = "" if label == OVERALL else title("title.of", label=in_sentence(label))
    n = FindingNumbers(finding)
    assert finding.unrecorded is not None
    assert n.unrecorded is not None
    branch = "every" if finding.done == finding.due else year_branch(n.unrecorded)
    return title(f"title.annual.{branch}", value=n.unrecorded, high=n.limits(finding.unrecorded)[1], where=where)


def causes_title(causes: Sequence[Cause]) -> str:
    """Return the reason most often given, or why none is named."""
    given = [cause for cause in causes if cause.reason not in (NOT_GIVEN, SEVERAL)]
    if not given:
        seldom = any(cause.reason == SEVERAL for cause in causes)
        return title(f"title.causes.{'seldom' if seldom else 'none'}")
    tied = len(given) > 1 and given[0].crimes == given[1].crimes
    return title(f"title.causes.{'tied' if tied else 'some'}", label=given[0].label)


def concentration_title(rows: Sequence[tuple[str, Concentration]]) -> str:
    """Return where a few records carry the misses, or that they are spread."""
    label, worst = max(rows, key=lambda row: row[1].share(2))
    few = few_carry(worst)
    if not few and not carried_by_two(worst):
        lying = len(worst.misses)
        return title(f"title.spread.{'many' if lying >= MANY else 'some'}", number=in_words(lying), records=lying)
    records, held = (worst.carrying, worst.carried) if few else (2, worst.top[2])
    share = f"{held} of the {worst.missed}" if worst.missed < FEW_CASES else f"{percent(held / worst.missed, 0)} of the"
    number = capital(in_words(records))
    return title("title.spread.few", number=number, records=records, held=share, label=in_sentence(label))


def _rate(row: tuple[str, Finding]) -> float:
    return row[1].estimate.rate if row[1].estimate else 1.0
