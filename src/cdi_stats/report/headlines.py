"""Headlines: what a summary opens with and a chart is titled, each by rule from the findings."""

from __future__ import annotations

from collections.abc import Sequence

from cdi_stats.findings.causes import NOT_GIVEN, SEVERAL, Cause
from cdi_stats.findings.change import Comparison, FindingChange
from cdi_stats.findings.concentration import Concentration
from cdi_stats.findings.examine import Finding, Findings
from cdi_stats.findings.measures import ALL
from cdi_stats.methods.extrapolation import Total, annual_volume, extrapolate_unrecorded, sum_totals
from cdi_stats.methods.survey import RateEstimate
from cdi_stats.report.blocks import Figure, Text
from cdi_stats.report.narrative import (
    additional_sentence,
    capital,
    carried_by_two,
    change_sentence,
    in_sentence,
    join,
    period_words,
    rate_sentence,
    say,
)
from cdi_stats.report.numbers import FindingNumbers, in_words, percent, yearly, yearly_limit

Labelled = Sequence[tuple[str, Finding]]
OVERALL = "Overall"

OPENING = {
    "pooled": (
        "Of the {due} reported crimes audited, {force} had recorded {done}: {rate} ({level} interval {low} to {high})."
    ),
    "weighted": (
        "{force} recorded an estimated {rate} of the crimes reported to it ({level} interval {low} to {high}; "
        "{done} of {due} crimes audited, each stratum weighted by the crimes reported in it)."
    ),
}
PERIOD = "The crimes were reported in the audit period, {period}."
WEIGHTING = {
    "pooled": (
        "This overall rate pools the crimes audited, as they fell in the sample. Weighted by the crimes reported in "
        "each stratum it is {other} ({level} interval {low} to {high})."
    ),
    "weighted": (
        "This overall rate weights each stratum by the crimes reported in it. Pooled, as the crimes fell in the "
        "sample, it would be {other} ({level} interval {low} to {high})."
    ),
}
ALIKE = 1.02
WHY_DIFFERENT = (
    "The two differ because the strata were not sampled alike: {sample} of the crimes audited were {over}, but {frame} "
    "of those reported in the same time; for {under} the shares are {under_sample} and {under_frame}."
)
NO_WEIGHTS = (
    "The sizes of the frames are not known, so the strata cannot be weighted: the overall rate pools the crimes as "
    "they fell in the sample."
)
AUDITABLE_YEAR = (
    "These figures take the rate to hold for all recorded crime. For crime that came by an auditable route alone, "
    "{share} of what is recorded, over {value} a year are not recorded ({level} range {low} to {high})."
)
SUM_OF_STRATA = (
    "Added up, the strata's own estimates come to {value} ({level} range {low} to {high}); the overall figure differs "
    "because it follows from the pooled rate."
)


def opening(findings: Findings) -> Text:
    """Say the overall recording rate, or why there is none."""
    overall = findings.overall
    if overall.estimate is None:
        return rate_sentence(overall)
    n = FindingNumbers(overall)
    first = say(
        OPENING[overall.weighting or "pooled"],
        force=findings.audit.facts.force,
        rate=n.rate,
        level=n.level,
        low=n.low,
        high=n.high,
        done=n.done,
        due=n.due,
    )
    return join(first, say(PERIOD, period=period_words(findings)))


def lowest(findings: Findings) -> Text | None:
    """Say which stratum has the lowest rate in the sample."""
    rows = [(s.label, findings.stratum(s.stratum)) for s in findings.audit.strata]
    ranked = sorted((row.estimate.rate, label, row) for label, row in rows if row.estimate)
    if len(ranked) < 2 or ranked[0][0] == ranked[1][0]:
        return None
    _, label, row = ranked[0]
    n = FindingNumbers(row)
    return say(
        "The lowest rate of the strata in the sample is that of {label}: {rate} ({level} interval {low} to {high}; "
        "{done} of {due} crimes audited).",
        label=label, rate=n.rate, level=n.level, low=n.low, high=n.high, done=n.done, due=n.due,
    )  # fmt: skip


def other_weighting(findings: Findings) -> Text | None:
    """Say what the overall rate would be in the other weighting, or why it cannot be had."""
    overall = findings.overall
    if overall.estimate is None or len(findings.audit.strata) < 2:
        return None
    other = findings.get(f"recording_rate_{'weighted' if overall.weighting == 'pooled' else 'pooled'}")
    if other is None:
        return NO_WEIGHTS
    n = FindingNumbers(other)
    return say(WEIGHTING[overall.weighting], other=n.rate, level=n.level, low=n.low, high=n.high)


def why_weightings_differ(findings: Findings) -> Text | None:
    """Name the strata that the sample holds most too much and most too little of."""
    rows = [findings.stratum(s.stratum) for s in findings.audit.strata]
    frames = [r.estimate.crimes_in_frame for r in rows if r.estimate]
    if len(rows) < 2 or len(frames) < len(rows) or None in frames:
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
    return say(
        WHY_DIFFERENT,
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
    return say(
        AUDITABLE_YEAR,
        share=Figure("auditable_share", share, percent(share), "percent", "stated by the force"),
        value=_total("value", total.value, yearly(total.value), total, "auditable"),
        low=_total("low", total.interval.low, yearly_limit(total.interval.low), total, "auditable"),
        high=_total("high", total.interval.high, yearly_limit(total.interval.high), total, "auditable"),
        level=findings.level,
    )


def _auditable(estimate: RateEstimate, recorded: float, share: float, level: float) -> Total:
    return extrapolate_unrecorded(estimate, recorded=annual_volume(recorded, share=share, confidence_level=level))


def sum_of_strata(findings: Findings) -> Text | None:
    """Say what the strata's yearly figures add up to, where the overall figure is not their sum."""
    rows = [findings.stratum(s.stratum) for s in findings.audit.strata]
    totals = [row.unrecorded for row in rows if row.unrecorded]
    if findings.overall.weighting != "pooled" or len(totals) < len(rows) or not findings.overall.unrecorded:
        return None
    total = sum_totals(totals)
    return say(
        SUM_OF_STRATA,
        value=_total("value", total.value, yearly(total.value), total),
        low=_total("low", total.interval.low, yearly_limit(total.interval.low), total),
        high=_total("high", total.interval.high, yearly_limit(total.interval.high), total),
        level=findings.level,
    )


def _total(name: str, value: float, text: str, total: Total, of: str = "sum_of_strata") -> Figure:
    return Figure(
        f"{of}/unrecorded_{name}", value, text, "crimes a year", f"{total.basis}, {total.interval.method} limits"
    )


def change_words(comparison: Comparison | None, what: str, stratum: str = ALL) -> Text | None:
    """Say how a recording rate changed, and how many more crimes a year that is."""
    change = comparison.get("recording_rate", ALL, stratum) if comparison else None
    return join(change_sentence(change), additional_sentence(change, what)) if change else None


def worsened_words(changes: Sequence[tuple[str, FindingChange]]) -> Text | None:
    """Name every rate that clearly fell, so that no summary passes over it."""
    fallen = [(label, change) for label, change in changes if change.change.direction == "worsened"]
    if not fallen:
        return None
    parts = [
        say("{label}, from {before} to {after}", label=in_sentence(label),
            before=FindingNumbers(change.earlier, "earlier/").rate, after=FindingNumbers(change.later).rate)
        for label, change in fallen
    ]  # fmt: skip
    return join(
        "What clearly fell:", *(say("{part};", part=part) for part in parts[:-1]), say("{part}.", part=parts[-1])
    )


def changes_title(changes: Sequence[FindingChange]) -> str:
    """Return how many rates clearly improved and fell."""
    verdicts = [change.change.direction for change in changes]
    better, worse = verdicts.count("improved"), verdicts.count("worsened")
    return f"Of {in_words(len(verdicts))} rates, {in_words(better)} clearly improved and {in_words(worse)} clearly fell"


def rates_title(rates: Labelled) -> str:
    """Return the lowest rate of the strata, or the only one."""
    strata = [row for row in rates if row[0] != OVERALL] or rates
    label, low = min(strata, key=_rate)
    if len({_rate(row) for row in strata}) == 1:
        return f"{FindingNumbers(low).rate} of the crimes audited had been recorded"
    return f"The lowest rate in the sample is that of {in_sentence(label)}, {FindingNumbers(low).rate}"


def timeliness_title(rows: Labelled) -> str:
    """Return the part least often recorded in time."""
    label, worst = min(rows, key=_rate)
    return f"{FindingNumbers(worst).rate} of {in_sentence(label)} was recorded in time" + (
        ", the least of all" if len(rows) > 1 else ""
    )


def domains_title(rows: Labelled) -> str:
    """Return each part's rate."""
    return capital("; ".join(f"{in_sentence(label)}: {FindingNumbers(row).rate} recorded" for label, row in rows))


def annual_title(label: str, finding: Finding) -> str:
    """Return the crimes not recorded in a year."""
    where = "" if label == OVERALL else f" ({in_sentence(label)})"
    if finding.done == finding.due:
        return f"No sampled crime was missed, so few a year can be{where}"
    return f"An estimated {FindingNumbers(finding).unrecorded} reported crimes a year are not recorded{where}"


def causes_title(causes: Sequence[Cause]) -> str:
    """Return the reason most often given."""
    given = [cause for cause in causes if cause.reason not in (NOT_GIVEN, SEVERAL)]
    return f"“{given[0].label}” is the reason most often given" if given else "No reason was given"


def concentration_title(rows: Sequence[tuple[str, Concentration]]) -> str:
    """Return where two records carry the misses, or that they are spread."""
    label, worst = max(rows, key=lambda row: row[1].share(2))
    if carried_by_two(worst):
        return f"Two records hold {percent(worst.share(2), 0)} of the misses in {in_sentence(label)}"
    return capital("the misses are spread over many records")


def _rate(row: tuple[str, Finding]) -> float:
    return row[1].estimate.rate if row[1].estimate else 1.0
