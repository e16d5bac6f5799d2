"""Sentences of the monitoring report, by rule from what a series shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from cdi_stats.findings.calendar import Calendar, Month
from cdi_stats.findings.months import MonthlyLooks
from cdi_stats.findings.series import (
    ENOUGH_FOR_LIMITS,
    FEWEST_FOR_LIMITS,
    EarlierRate,
    Segment,
    SeriesFindings,
    month_label,
)
from cdi_stats.methods.monitoring import RUN_LENGTH
from cdi_stats.report.blocks import Figure, Text
from cdi_stats.report.method_tables import LOOKED
from cdi_stats.report.narrative import told_rate
from cdi_stats.report.numbers import FindingNumbers, in_words, percent
from cdi_stats.report.series_tables import difference, share, whole, worded
from cdi_stats.report.wording import capital, join, join_words, listed, tell, title

CALENDAR = "months of the series, from the periods of its audits"


def latest_words(found: SeriesFindings) -> Text:
    """Say the latest audit's overall rate, or why there is none."""
    latest = found.latest
    if latest.left_out or latest.estimate is None:
        return tell("series.no_latest", label=latest.label, why=latest.left_out)
    n = FindingNumbers(latest.findings.overall)
    return tell(
        f"series.latest.{'few' if n.few else found.weighting or 'pooled'}",
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
        yield tell("series.chart.one")
        return
    if not found.segments:
        yield tell("series.chart.none")
        return
    signals = [words for segment in found.segments for words in _signals(segment)]
    yield from signals
    if not signals and any(segment.chart for segment in found.segments):
        yield tell("series.chart.quiet", run=in_words(RUN_LENGTH))
    yield from _worth(found.segments[-1])
    for segment in found.segments:
        if segment.steady:
            yield tell("series.chart.unlimited", rules=segment.rules)


def _worth(segment: Segment) -> Iterator[Text]:
    """Yield what the present limits are worth, where that is not much."""
    setting = segment.aside.count(False)
    key, enough = "monitoring/setting", in_words(ENOUGH_FOR_LIMITS)
    if segment.steady:
        return
    if segment.chart is None:
        needed = in_words(FEWEST_FOR_LIMITS)
        yield tell("series.chart.too_few", number=_number(key, setting), needed=needed, enough=enough)
    elif setting < ENOUGH_FOR_LIMITS:
        yield tell(
            "series.chart.provisional", number=worded(key, setting, "audits that set the chart's limits"), enough=enough
        )


def _number(key: str, value: int) -> Figure:
    return Figure(key, value, capital(in_words(value)), "count", "audits of the series")


def _signals(segment: Segment) -> Iterator[Text]:
    chart = segment.chart
    assert chart is not None or not segment.outside
    for audit in segment.outside:
        place = segment.audits.index(audit)
        assert chart is not None
        low, high = (
            share(f"{audit.prefix}limits/{n}", float(v[place]), "Laney's p-prime chart")
            for n, v in (("low", chart.low), ("high", chart.high))
        )
        below = bool(chart.rate[place] < chart.low[place])
        yield tell(
            "series.signal.beyond",
            label=audit.label,
            side="below" if below else "above",
            rate=told_rate(audit.findings.overall, audit.prefix),
            limits=tell("series.signal.or_more", low=low) if below else tell("series.signal.or_less", high=high),
            known=tell("series.signal.known") if segment.aside[place] else "",
        )
    for run in segment.runs:
        assert chart is not None
        place = segment.audits.index(run[0])
        yield tell(
            "series.signal.run",
            number=_number(f"{run[0].prefix}run", len(run)),
            first=run[0].label,
            last=run[-1].label,
            side="above" if chart.rate[place] > chart.centre[place] else "below",
        )


def chart_title(found: SeriesFindings) -> str:
    """Return the control chart's finding."""
    outside = [audit.label for segment in found.segments for audit in segment.outside]
    runs = [run for segment in found.segments for run in segment.runs]
    if outside:
        return title("title.control.beyond", labels=join_words(outside), audits=len(outside))
    if runs:
        return title("title.control.run", number=capital(in_words(len(runs[-1]))))
    if any(segment.chart for segment in found.segments):
        return title("title.control.quiet")
    return title(f"title.control.{'unlimited' if any(s.steady for s in found.segments) else 'too_few'}")


def signals_in_short(found: SeriesFindings) -> Text | None:
    """Say in a line, for the summary, how many audits on the chart signal."""
    outside = [audit for segment in found.segments for audit in segment.outside]
    charted = sum(len(segment.audits) for segment in found.segments if segment.chart)
    if not charted:
        return None
    runs = sum(len(segment.runs) for segment in found.segments)
    number = whole("monitoring/charted", charted, "audits on the chart")
    if not outside and not runs:
        return tell("series.short.none", number=number)
    trailing = tell("series.short.runs", number=in_words(runs), runs=runs) if runs else ""
    return tell(
        f"series.short.{'some' if outside else 'beyond_none'}",
        beyond=_number("monitoring/beyond", len(outside)),
        number=number,
        named=join_words([audit.label for audit in outside]) if outside else "",
        trailing=trailing,
    )


def alike_words(found: SeriesFindings) -> Iterator[Text]:
    """Yield what sets audits of the series apart: rules, strata, weighting, totals."""
    for segment in found.segments[1:]:
        yield tell("series.alike.rules", label=segment.audits[0].label)
    for audit in found.audits:
        if audit.left_out and len(found.audits) > 1:
            yield tell("series.alike.left_out", label=audit.label, why=audit.left_out)
    if found.reweighted:
        yield tell("series.alike.pooled")
    totals = [audit.label for audit in found.charted if not audit.audit.has_records]
    if totals:
        yield tell("series.alike.totals", labels=join_words(totals))


def trend_words(found: SeriesFindings) -> Iterator[Text]:
    """Yield how the latest audit stands beside earlier ones under the same rules."""
    trend = found.trend
    if not trend:
        yield _no_trend(found)
        return
    earlier = worded("monitoring/earlier", len(trend), "audits before the last")
    changed = [row for row in trend if row.change.direction != "no clear change"]
    if not changed:
        yield tell("series.trend.unclear_one") if len(trend) == 1 else tell("series.trend.unclear", earlier=earlier)
        return
    alpha = 1 - found.confidence_level
    lost = [row.earlier.label for row in changed if row.adjusted_p_value > alpha]
    holm: Text = ""
    if len(trend) > 1:
        holm = tell("series.trend.lost", labels=join_words(lost)) if lost else tell("series.trend.stand")
    which = tell(
        f"series.trend.{'of_one' if len(trend) == 1 else 'of_many'}",
        changed=worded("monitoring/changed", len(changed), "first against last audit, Holm's correction"),
        earlier=earlier,
    )
    parts = listed([_changed_since(found, row) for row in changed])
    yield join(tell("series.trend.clear", which=which, parts=parts), holm)


def _changed_since(found: SeriesFindings, row: EarlierRate) -> Text:
    """Return an earlier audit with the change since; its counts where either audit has few crimes."""
    before, key = FindingNumbers(row.earlier.findings.overall, row.earlier.prefix), f"{row.earlier.prefix}change"
    return tell(
        f"series.trend.{'few' if before.few or FindingNumbers(found.latest.findings.overall).few else 'each'}",
        label=row.earlier.label,
        level=found.level,
        done=before.done,
        due=before.due,
        difference=difference(f"{key}/difference", row.change.value),
        low=difference(f"{key}/low", row.change.interval.low),
        high=difference(f"{key}/high", row.change.interval.high),
    )


def _no_trend(found: SeriesFindings) -> Text:
    latest = found.latest
    if len(found.audits) == 1:
        return tell("series.trend.no_earlier")
    if latest.left_out or latest.estimate is None:
        return latest_words(found)
    return tell("series.trend.new_rules") if len(found.present) == 1 else tell("series.trend.no_rate")


def trend_title(found: SeriesFindings) -> str:
    """Return how many earlier audits the latest differs from."""
    changed, earlier = sum(row.change.direction != "no clear change" for row in found.trend), len(found.trend)
    which = "none" if not changed else "of_one" if earlier == 1 else "of_many"
    return title(f"title.trend.{which}", label=found.latest.label, changed=in_words(changed), earlier=in_words(earlier))


def calendar_words(calendar: Calendar) -> Iterator[Text]:
    """Yield how many months were audited, and the gaps."""
    empty, months = calendar.empty_months, len(calendar.months)
    first: Text = tell("series.calendar.every") if months > 1 else ""
    if empty:
        first = tell(
            "series.calendar.empty",
            audited=whole("calendar/audited", months - len(empty), CALENDAR),
            months=whole("calendar/months", months, CALENDAR),
            empty=_months(empty),
        )
    yield join(
        first,
        *(
            tell("series.calendar.left_out", label=label, months=_months(gaps))
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
        yield tell(
            f"series.looks.{'moved' if stratum.contradicted else 'span'}",
            label=capital(stratum.label),
            records=whole(f"{key}/records", look.records, LOOKED),
            month=look.label,
            low=share(f"{key}/low", look.low, LOOKED),
            high=share(f"{key}/high", look.high, LOOKED),
            level=level,
        )


def looks_title(found: MonthlyLooks) -> str:
    """Return what may be said of a stratum however often one looked."""
    look = found.looks[-1]
    return title("title.looks", label=capital(found.label), low=percent(look.low), high=percent(look.high))
