"""Sentences of the monitoring report, by rule from what a series shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from cdi_stats.findings.calendar import Calendar, Month
from cdi_stats.findings.months import MonthlyLooks
from cdi_stats.findings.series import (
    ENOUGH_FOR_LIMITS,
    FEWEST_FOR_LIMITS,
    Segment,
    SeriesFindings,
    month_label,
)
from cdi_stats.methods.monitoring import RUN_LENGTH
from cdi_stats.report.blocks import Figure, Text
from cdi_stats.report.numbers import FindingNumbers, in_words, percent
from cdi_stats.report.series_tables import difference, share, whole, worded
from cdi_stats.report.wording import capital, join, join_words, listed, say

LATEST = {
    "pooled": (
        "In the latest audit, of {label}, {force} had recorded {done} of the {due} reported crimes examined: {rate} "
        "({level} interval {low} to {high})."
    ),
    "weighted": (
        "By the latest audit, of {label}, {force} recorded an estimated {rate} of the crimes reported to it ({level} "
        "interval {low} to {high}; {done} of {due} crimes examined, each stratum weighted by its frame)."
    ),
}
NO_LATEST = "The latest audit, of {label}, has no overall rate to set beside the others: {why}."
ONE = "There is one audit only. How its rate compares with others can be said once there is a second."
TOO_FEW = (
    "{number} {audits} under the present counting rules: too few for control limits, which need at least {needed} and "
    "are firm from about {enough} on."
)
BEYOND = (
    "{label} lay {side} the control limits: {rate} ({level} interval {low} to {high}), where {limits} was to be "
    "expected.{known}"
)
RUN = (
    "{number} audits in a row, from {first} to {last}, lay {side} the centre line: the rate appears to have moved, "
    "though no single audit shows it."
)
QUIET = (
    "No audit on the chart lies beyond its control limits, and no {run} in a row lie on one side of the centre: the "
    "rates vary as they have varied before. A small change could still go unseen."
)
PROVISIONAL = (
    "The present limits are set by {number} audits. Until about {enough} set them they are provisional, and will move "
    "with every audit."
)
UNLIMITED = "The rates under {rules} do not vary at all, so no limits can be set."
CHANGED_RULES = (
    "The counting rules changed before the audit of {label}. From there on the chart starts anew, with a centre and "
    "limits of its own: rates under different rules count different crimes, and are not compared."
)
NO_CHANGE = "The latest audit differs clearly from none of the {number} earlier ones under the same rules."
CHANGES = "The latest audit differs clearly from {changed} under the same rules{which}.{holm}"


def latest_words(found: SeriesFindings) -> Text:
    """Say the latest audit's overall rate, or why there is none."""
    latest = found.latest
    if latest.left_out or latest.estimate is None:
        return say(NO_LATEST, label=latest.label, why=latest.left_out or "it has none")
    n = FindingNumbers(latest.findings.overall)
    return say(
        LATEST[found.weighting or "pooled"],
        label=latest.label,
        force=found.series.force,
        rate=n.rate,
        low=n.low,
        high=n.high,
        done=n.done,
        due=n.due,
        level=found.level,
    )


def chart_words(found: SeriesFindings) -> Iterator[Text]:
    """Yield what the control chart shows: signals, or that there is none, and what the limits are worth."""
    if len(found.audits) == 1:
        yield ONE
        return
    if not found.segments:
        yield "No audit has an overall rate that could stand on a chart."
        return
    signals = [words for segment in found.segments for words in _signals(found, segment)]
    yield from signals
    if not signals and any(segment.chart for segment in found.segments):
        yield say(QUIET, run=in_words(RUN_LENGTH))
    yield from _worth(found.segments[-1])
    for segment in found.segments:
        if segment.chart is not None and segment.chart.warnings:
            yield say(UNLIMITED, rules=segment.rules)


def _worth(segment: Segment) -> Iterator[Text]:
    """Yield what the present limits are worth, where that is not much."""
    setting = segment.aside.count(False)
    key, enough = "monitoring/setting", in_words(ENOUGH_FOR_LIMITS)
    if segment.chart is None:
        yield say(
            TOO_FEW,
            number=_number(key, setting),
            audits="audit stands" if setting == 1 else "audits stand",
            needed=in_words(FEWEST_FOR_LIMITS),
            enough=enough,
        )
    elif setting < ENOUGH_FOR_LIMITS:
        yield say(PROVISIONAL, number=worded(key, setting), enough=enough)


def _number(key: str, value: int) -> Figure:
    return Figure(key, value, capital(in_words(value)), "count")


def _signals(found: SeriesFindings, segment: Segment) -> Iterator[Text]:
    chart = segment.chart
    assert chart is not None or not segment.outside
    for audit in segment.outside:
        place = segment.audits.index(audit)
        assert chart is not None
        low, high = (
            share(f"{audit.prefix}limits/{n}", float(v[place])) for n, v in (("low", chart.low), ("high", chart.high))
        )
        below = bool(chart.rate[place] < chart.low[place])
        n = FindingNumbers(audit.findings.overall, audit.prefix)
        limits = say("{low} or more", low=low) if below else say("{high} or less", high=high)
        known = " Its cause is known, and it does not count in setting the limits." if segment.aside[place] else ""
        yield say(
            BEYOND, label=audit.label, side="below" if below else "above", rate=n.rate, low=n.low, high=n.high,
            level=found.level, limits=limits, known=known,
        )  # fmt: skip
    for run in segment.runs:
        assert chart is not None
        place = segment.audits.index(run[0])
        side = "above" if chart.rate[place] > chart.centre[place] else "below"
        yield say(
            RUN,
            number=_number(f"{run[0].prefix}run", len(run)),
            first=run[0].label,
            last=run[-1].label,
            side=side,
        )


def chart_title(found: SeriesFindings) -> str:
    """Return the control chart's finding."""
    outside = [audit.label for segment in found.segments for audit in segment.outside]
    runs = [run for segment in found.segments for run in segment.runs]
    if outside:
        lie = "lies" if len(outside) == 1 else "lie"
        return f"{join_words(outside)} {lie} beyond the control limits"
    if runs:
        return f"{capital(in_words(len(runs[-1])))} audits in a row lie on one side of the centre"
    if any(segment.chart for segment in found.segments):
        return "No audit lies beyond its control limits"
    return "Too few audits yet for control limits"


def signals_in_short(found: SeriesFindings) -> Text | None:
    """Say in a line, for the summary, how many audits on the chart signal."""
    outside = [audit for segment in found.segments for audit in segment.outside]
    charted = sum(len(segment.audits) for segment in found.segments if segment.chart)
    if not charted:
        return None
    runs = sum(len(segment.runs) for segment in found.segments)
    number = whole("monitoring/charted", charted)
    if not outside and not runs:
        return say("None of the {number} audits with control limits signals a change.", number=number)
    named = f" ({join_words([audit.label for audit in outside])})" if outside else ""
    beyond = say(
        "{beyond} of the {number} audits with control limits {lie} beyond them{named}",
        beyond=_number("monitoring/beyond", len(outside)),
        number=number,
        lie="lies" if len(outside) == 1 else "lie",
        named=named,
    )
    trailing = (
        f"; {in_words(runs)} {'run' if runs == 1 else 'runs'} of audits on one side of the centre" if runs else ""
    )
    return say("{beyond}{trailing}.", beyond=beyond, trailing=trailing)


def alike_words(found: SeriesFindings) -> Iterator[Text]:
    """Yield what sets audits of the series apart: rules, strata, weighting, totals."""
    for segment in found.segments[1:]:
        yield say(CHANGED_RULES, label=segment.audits[0].label)
    for audit in found.audits:
        if audit.left_out and len(found.audits) > 1:
            yield f"{audit.label} is not on the chart: {audit.left_out}."
    if found.reweighted:
        yield (
            "Not every audit can weight its strata, or says that it does, so all overall rates here are pooled: they "
            "may differ from those in the audits' own reports."
        )
    totals = [audit.label for audit in found.charted if not audit.audit.has_records]
    if totals:
        yield (
            f"Of {join_words(totals)} only totals are known: crimes are taken as independent there (hollow on the "
            "chart), so that limits may be too narrow."
        )


def trend_words(found: SeriesFindings) -> Iterator[Text]:
    """Yield how the latest audit stands beside earlier ones under the same rules."""
    trend = found.trend
    if not trend:
        yield _no_trend(found)
        return
    number = worded("monitoring/earlier", len(trend))
    changed = [row for row in trend if row.change.direction != "no clear change"]
    if not changed:
        one = len(trend) == 1
        yield (
            say("The latest audit does not differ clearly from the one earlier audit under the same rules.")
            if one
            else say(NO_CHANGE, number=number)
        )
        return
    alpha = 1 - found.confidence_level
    lost = [row.earlier.label for row in changed if row.adjusted_p_value > alpha]
    holm = ""
    if len(trend) > 1:
        holm = (
            " Allowing for so many comparisons (Holm 1979) all of these still stand."
            if not lost
            else f" Allowing for so many comparisons (Holm 1979) these no longer stand: {join_words(lost)}."
        )
    parts = [
        say(
            "{label} ({difference} points, {level} interval {low} to {high})",
            label=row.earlier.label,
            level=found.level,
            difference=difference(f"{row.earlier.prefix}change/difference", row.change.value),
            low=difference(f"{row.earlier.prefix}change/low", row.change.interval.low),
            high=difference(f"{row.earlier.prefix}change/high", row.change.interval.high),
        )
        for row in changed
    ]
    yield say(
        CHANGES, changed=_changed(len(changed), len(trend)),
        which=say(": {parts}", parts=listed(list(parts))), holm=holm,
    )  # fmt: skip


def _changed(changed: int, earlier: int) -> Text:
    if earlier == 1:
        return "the one earlier audit"
    return say(
        "{changed} of the {number} earlier ones",
        changed=worded("monitoring/changed", changed),
        number=worded("monitoring/earlier", earlier),
    )


def _no_trend(found: SeriesFindings) -> Text:
    latest = found.latest
    if len(found.audits) == 1:
        return "There is no earlier audit."
    if latest.left_out or latest.estimate is None:
        return say(NO_LATEST, label=latest.label, why=latest.left_out or "it has none")
    if len(found.present) == 1:
        return "No earlier audit was made under the present counting rules: there is none to compare with."
    return "No earlier audit under the present counting rules has an overall rate to compare with."


def trend_title(found: SeriesFindings) -> str:
    """Return how many earlier audits the latest differs from."""
    changed = sum(row.change.direction != "no clear change" for row in found.trend)
    if not changed:
        return f"{found.latest.label} does not differ clearly from any earlier audit"
    earlier = len(found.trend)
    which = "the one earlier audit" if earlier == 1 else f"{in_words(changed)} of {in_words(earlier)} earlier audits"
    return f"{found.latest.label} differs clearly from {which}"


def calendar_words(calendar: Calendar) -> Iterator[Text]:
    """Yield how many months were audited, and the gaps."""
    empty, months = calendar.empty_months, len(calendar.months)
    audited = months - len(empty)
    first: Text = "Something was audited in every month of the series." if months > 1 else ""
    if empty:
        first = say(
            "Something was audited in {audited} of {months} months. Months without an audit: {empty}.",
            audited=whole("calendar/audited", audited),
            months=whole("calendar/months", months),
            empty=_months(empty),
        )
    yield join(
        first,
        *(
            f"Months in which {label} {'were' if label.endswith('s') else 'was'} left out: {_months(gaps)}."
            for name, label in calendar.strata
            if (gaps := calendar.gaps(name))
        ),
    )


def _months(months: Sequence[Month]) -> str:
    """Return months in words, runs of them as from-to."""
    runs: list[list[Month]] = []
    for month in months:
        number = month[0] * 12 + month[1]
        if runs and runs[-1][-1][0] * 12 + runs[-1][-1][1] == number - 1:
            runs[-1].append(month)
        else:
            runs.append([month])
    return join_words([month_label(date(*run[0], 1), date(*run[-1], 1)) for run in runs])


def looks_words(found: Sequence[MonthlyLooks], level: str) -> Iterator[Text]:
    """Yield each stratum's rate so far with limits that hold at every look."""
    for stratum in found:
        look, key = stratum.looks[-1], f"looks/{stratum.stratum}"
        if stratum.contradicted:
            yield (
                f"{capital(stratum.label)}: no single rate agrees with the records in the order in which they were "
                "opened. The rate moved in this time, and limits for one rate would mislead."
            )
            continue
        yield say(
            "{label}: after {records} records opened up to {month}, the rate lies {span} at {level} confidence, "
            "however often one has looked.",
            label=capital(stratum.label),
            records=whole(f"{key}/records", look.records),
            month=look.label,
            span=say("between {s}", s=_between(key, look.low, look.high)),
            level=level,
        )


def _between(key: str, low: float, high: float) -> Text:
    return say("{low} and {high}", low=share(f"{key}/low", low), high=share(f"{key}/high", high))


def looks_title(found: MonthlyLooks) -> str:
    """Return what may be said of a stratum however often one looked."""
    if found.contradicted:
        return f"{capital(found.label)}: the rate did not stay the same"
    look = found.looks[-1]
    return f"{capital(found.label)}: between {percent(look.low)} and {percent(look.high)}, however often one looked"
