"""Charts of how things spread: missed crimes over records, and the hours that recording took."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, cycle, islice
from typing import TYPE_CHECKING

import numpy as np

from cdi_stats.findings.concentration import Concentration
from cdi_stats.findings.examine import Finding
from cdi_stats.findings.timeliness import Delays
from cdi_stats.report.blocks import Chart, Column, Figure, Table, Text
from cdi_stats.report.canvas import (
    AXIS_NAME,
    BELOW,
    BESIDE,
    FAINT,
    GREY,
    INK,
    LINES,
    SAMPLE,
    fitted,
    locator,
    margin_for,
    name_beside,
    name_ticks,
    percent_heights,
    svg,
)
from cdi_stats.report.marks import make_chart
from cdi_stats.report.numbers import ConcentrationNumbers, FindingNumbers, count, in_words, percent
from cdi_stats.report.wording import capital

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT = 7.5
EVEN = "One missed crime a record,\nas even as can be"
TIMES = {1: "1 hour", 6: "6 hours", 24: "24 hours", 72: "3 days", 168: "1 week", 720: "30 days", 4320: "180 days"}


def concentration_chart(
    title: str, concentrations: Sequence[tuple[str, Concentration]], notes: tuple[Text, ...] = ()
) -> Chart:
    """Return the Lorenz curve of each stratum's missed crimes over its records, in counts, beside the even case.

    With fewer missed crimes than records, most records can hold none, so a line of equality over all records would
    call any sample concentrated. The even case is one missed crime a record instead (Bernasco and Steenbeek 2017,
    Journal of Quantitative Criminology 33, 451-467). In counts it is one line for all strata, and two records that
    hold half of the misses are seen as two records.
    """
    shown = [(label, c) for label, c in concentrations if c.missed]
    subtitle = (
        "Missed crimes (upwards) added up over the records that hold them, those with most first: the further above "
        "the dashed line, the more the misses lie together"
    )
    names = fitted(_lorenz_name(label, ConcentrationNumbers(c)) for label, c in shown)
    right = margin_for([*names, EVEN], SAMPLE + BESIDE)
    picture = svg(HEIGHT, lambda axes: _draw_lorenz(axes, shown, names), 0.08, right, BELOW + AXIS_NAME, grid="xy")
    rows = [_lorenz_rows(label, c) for label, c in shown]
    ends = list(accumulate(map(len, rows)))
    columns = (
        Column("Records that hold", width=2.4),
        Column("Records", numeric=True),
        Column("Of records examined", numeric=True),
        Column("Missed crimes in them", numeric=True),
        Column("Share of all missed", numeric=True),
    )
    data = Table(title, columns, tuple(row for part in rows for row in part))
    starts = [0, *ends[:-1]]
    return make_chart(title, subtitle, picture, data, notes, named=sorted({*starts, *(end - 1 for end in ends)}))


def _lorenz_name(label: str, n: ConcentrationNumbers) -> str:
    return f"{label}: {n.missed} missed\nin {n.records_with_misses} of {n.records} records"


def lorenz_curve(misses: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return records and the missed crimes in so many of them, from none to all, those with most misses first."""
    return list(range(len(misses) + 1)), [0, *accumulate(sorted(misses, reverse=True))]


def _draw_lorenz(axes: Axes, shown: Sequence[tuple[str, Concentration]], names: Sequence[str]) -> None:
    curves = [lorenz_curve(c.misses) for _, c in shown]
    most, widest = max(c.missed for _, c in shown), max(len(c.misses) for _, c in shown)
    for (records, missed), (colour, dash) in zip(curves, _lines(len(curves)), strict=True):
        axes.plot(records, missed, dash, color=colour, linewidth=2)
        axes.plot(records[-1], missed[-1], "o", color=colour, markersize=5, clip_on=False)
        axes.plot([records[-1], widest * 1.02], [missed[-1]] * 2, color=FAINT, linewidth=0.8, zorder=0)
    axes.plot([0, widest], [0, widest], "--", color=GREY, linewidth=1)
    axes.set_ylim(0, most * 1.04)
    axes.set_xlim(0, widest * 1.02)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(locator(6, integer=True))
        axis.set_major_formatter(lambda value, _: count(value))
    axes.set_xlabel("Records with a missed crime, those with most first")
    heights = [widest, *(c.missed for _, c in shown)]
    name_beside(axes, [EVEN, *names], heights, [(GREY, "--"), *_lines(len(shown))])


def _lines(number: int) -> list[tuple[str, str]]:
    """Return colour and dash of so many lines."""
    return list(islice(cycle(LINES), number))


def _lorenz_rows(label: str, c: Concentration) -> list[tuple[Text, ...]]:
    """Return the curve as rows: records that hold so many missed crimes and more, and what these hold together."""
    n = ConcentrationNumbers(c)
    rows: list[tuple[Text, ...]] = []
    records = missed = 0
    for size, number in sorted(Counter(c.misses).items(), reverse=True):
        records, missed = records + number, missed + number * size
        key, source = f"concentration/{c.stratum or 'all'}/from_{size}", n.missed.source
        whole = records == len(c.misses)
        share = missed / c.missed
        rows.append(
            (
                f"{label}, {in_words(size)} or more missed each",
                (
                    n.records_with_misses
                    if whole
                    else Figure(f"{key}/records", records, count(records), "count", source),
                ),
                (n.records,),
                (n.missed if whole else Figure(f"{key}/missed", missed, count(missed), "count", source),),
                (Figure(f"{key}/share", share, percent(share, 0), "percent", source),),
            )
        )
    return rows


def delays_chart(
    title: str, limit: int, found: Sequence[Delays], timed: Sequence[Finding], notes: tuple[Text, ...] = ()
) -> Chart:
    """Return the share of recorded crimes recorded by each hour after their report, the limit of `limit` hours marked.

    `timed` are the findings of timeliness, a stratum each: where every crime in one is timed, its rate is the curve's
    height at the limit.
    """
    rates = {finding.stratum: finding for finding in timed}
    within = [_within(delays, limit, rates.get(delays.stratum), limit) for delays in found]
    subtitle = (
        "Share of recorded crimes that were recorded by so long after their report (logarithmic scale); "
        f"upright line: the {limit} hours allowed"
    )
    names = fitted(
        [f"{capital(delays.label)}:\n{share} within {limit} hours" for delays, share in zip(found, within, strict=True)]
    )
    right = margin_for(names, SAMPLE + BESIDE)
    last = max(float(delays.hours[-1]) for delays in found)
    picture = svg(
        HEIGHT, lambda axes: _draw_delays(axes, limit, found, names), 0.08, right, BELOW + AXIS_NAME, grid="xy"
    )
    edges = [hours for hours in sorted({*TIMES, limit}) if hours < last or hours == limit]
    columns = (Column("Recorded", width=1.6), *(Column(capital(delays.label), numeric=True) for delays in found))
    rows: list[tuple[Text, ...]] = [
        (f"within {_time(hours)}", *((_within(d, hours, rates.get(d.stratum), limit),) for d in found))
        for hours in edges
    ]
    rows.append(("at the longest, in hours", *((_longest(delays),) for delays in found)))
    return make_chart(title, subtitle, picture, Table(title, columns, tuple(rows)), notes)


def _within(delays: Delays, hours: int, finding: Finding | None, limit: int) -> Figure:
    """Return the share recorded within some hours; at the limit the finding's own figure, where it is the same."""
    if hours == limit and finding is not None and finding.estimate and not delays.untimed:
        return FindingNumbers(finding).rate
    share, source = delays.share_within(hours), f"{delays.hours.size} crimes timed"
    return Figure(f"delays/{delays.stratum}/within_{hours}", share, percent(share), "percent", source)


def _longest(delays: Delays) -> Figure:
    longest = float(delays.hours[-1])
    source = f"{delays.hours.size} crimes timed"
    return Figure(f"delays/{delays.stratum}/longest", longest, count(math.ceil(longest)), "hours", source)


def _time(hours: int) -> str:
    return TIMES.get(hours, f"{hours} hours")


def _draw_delays(axes: Axes, limit: int, found: Sequence[Delays], names: Sequence[str]) -> None:
    last = max(float(delays.hours[-1]) for delays in found)
    first = min(TIMES)
    for delays, (colour, dash) in zip(found, _lines(len(found)), strict=True):
        hours = np.concatenate(([first / 2], np.maximum(delays.hours, first / 2), [last]))
        shares = np.concatenate(([0.0], np.arange(1, delays.hours.size + 1) / delays.hours.size, [1.0]))
        axes.plot(hours, shares, dash, color=colour, linewidth=2, drawstyle="steps-post")
        axes.plot(limit, delays.share_within(limit), "o", color=colour, markersize=6)
    axes.axvline(limit, color=INK, linewidth=1.2)
    axes.set_xscale("log")
    axes.set_xlim(first / 2, max(last, 2.0 * limit))
    axes.set_ylim(0, 1.005)
    ticks = [hours for hours in sorted({*TIMES, limit}) if hours <= axes.get_xlim()[1]]
    name_ticks(axes.xaxis, ticks, [_time(hours) for hours in ticks])
    percent_heights(axes)
    axes.set_xlabel("Time from report to record")
    name_beside(axes, names, [d.share_within(limit) for d in found], _lines(len(found)))
