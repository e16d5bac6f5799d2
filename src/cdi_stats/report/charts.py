"""Charts of one audit: its rates, how they changed, why crimes were missed, and how many a year are not recorded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from cdi_stats.findings.causes import Cause
from cdi_stats.findings.change import FindingChange
from cdi_stats.findings.examine import Finding
from cdi_stats.report.blocks import Chart, Column, Figure, Table, Text
from cdi_stats.report.canvas import (
    AXIS_NAME,
    BAR,
    BEFORE,
    BELOW,
    INK,
    NOW,
    PAPER,
    axis_start,
    draw_spans,
    locator,
    percent_axis,
    write,
)
from cdi_stats.report.cause_numbers import CauseNumbers
from cdi_stats.report.marks import Mark, make_chart, marks_table, plot_lines, plot_marks
from cdi_stats.report.numbers import ChangeNumbers, FindingNumbers, count, percent, points
from cdi_stats.report.wording import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Labelled = Sequence[tuple[str, Finding]]
MOST_CAUSES = 10
OTHER_CAUSES = "Other reasons, {number} in all"
KIND = "Crime type"
RECORDED = "reported crimes that were recorded"
TALLER = 1.35  # a line that holds two intervals
APART = 0.2
LATE = 0.75  # from here on a number stands left of its point


def rates_chart(
    title: str,
    findings: Labelled,
    changes: Sequence[tuple[str, FindingChange]] = (),
    *,
    share: str = RECORDED,
    kind: str = KIND,
) -> Chart:
    """Return rates with their intervals, one line each; with `changes`, beside those of the earlier audit.

    `share` says what of what they are a share, `kind` what the lines are.
    """
    if changes:
        return _dumbbells(title, findings, dict(changes), share, kind)
    marks = [_rate_mark(label, finding) for label, finding in findings]
    level = FindingNumbers(findings[0][1]).level
    start = axis_start(mark.low.value for mark in marks)
    subtitle = f"Share of {share}, with {level} intervals; {_axis_from(start)}"
    picture = plot_marks(marks, lambda axes: percent_axis(axes, start, 1.0))
    return make_chart(title, subtitle, picture, marks_table(title, kind, "Rate", f"{level} interval", marks))


def _axis_from(start: float) -> str:
    return f"the axis starts at {percent(start, 0)}"


def _rate_mark(label: str, finding: Finding, prefix: str = "") -> Mark:
    n = FindingNumbers(finding, prefix)
    return Mark(label, n.rate, n.low, n.high, earlier=bool(prefix))


def _dumbbells(title: str, findings: Labelled, changes: dict[str, FindingChange], share: str, kind: str) -> Chart:
    """Return the earlier and the present rate on one line, joined, and in words which way it went."""
    now = [_rate_mark(label, finding) for label, finding in findings]
    before = [_rate_mark(m.label, changes[m.label].earlier, "earlier/") if m.label in changes else None for m in now]
    verdicts = [changes[m.label].change.direction if m.label in changes else "not audited before" for m in now]
    start = axis_start(mark.low.value for mark in (*now, *before) if mark)
    level = FindingNumbers(findings[0][1]).level
    subtitle = (
        f"Share of {share}, open squares: earlier audit, dots: this audit, "
        f"lines above and below: {level} intervals; {_axis_from(start)}"
    )

    def draw(axes: Axes) -> None:
        for place, (mark, earlier) in enumerate(zip(now, before, strict=True)):
            _draw_dumbbell(axes, place, mark, earlier)
        percent_axis(axes, start, 1.0)

    texts = [_then_and_now(*row) for row in zip(now, before, verdicts, strict=True)]
    picture = plot_lines([mark.label for mark in now], texts, draw, rows=TALLER * len(now))
    columns = (
        Column(kind, width=2.0),
        Column("Earlier", numeric=True),
        Column(f"Earlier {level} interval", numeric=True, width=1.5),
        Column("Present", numeric=True),
        Column(f"Present {level} interval", numeric=True, width=1.5),
        Column("Verdict", width=1.2),
    )
    rows = tuple(
        (mark.label, *(earlier.cells[1:] if earlier else ("", "")), *mark.cells[1:], verdict)
        for mark, earlier, verdict in zip(now, before, verdicts, strict=True)
    )
    return make_chart(title, subtitle, picture, Table(title, columns, rows))


def _then_and_now(mark: Mark, earlier: Mark | None, verdict: str) -> str:
    return f"{earlier.value}, now {mark.value}:\n{verdict}" if earlier else f"now {mark.value};\n{verdict}"


def _draw_dumbbell(axes: Axes, place: int, mark: Mark, earlier: Mark | None) -> None:
    axes.plot(mark.span, [place + APART] * 2, color=NOW, linewidth=1.8, solid_capstyle="butt")
    if earlier:
        axes.plot(earlier.span, [place - APART] * 2, color=BEFORE, linewidth=1.8, solid_capstyle="butt")
        axes.plot([earlier.value.value, mark.value.value], [place] * 2, color=INK, linewidth=1.2)
        axes.plot(earlier.value.value, place, "s", color=BEFORE, markerfacecolor=PAPER, markeredgewidth=1.6,
                  markersize=7, clip_on=False)  # fmt: skip
    axes.plot(mark.value.value, place, "o", color=NOW, markersize=7.5, clip_on=False)


def timeliness_chart(title: str, hours: int, findings: Labelled) -> Chart:
    """Return the share recorded in time, as bars from zero with intervals."""
    marks = [_rate_mark(label, finding) for label, finding in findings]
    level = FindingNumbers(findings[0][1]).level
    subtitle = f"Share of recorded crimes that were recorded within {hours} hours, with {level} intervals"

    def draw(axes: Axes) -> None:
        _draw_bars(axes, [(mark.value, mark.low, mark.high) for mark in marks])
        percent_axis(axes, 0.0, 1.0)

    picture = plot_lines([mark.label for mark in marks], [mark.text for mark in marks], draw)
    return make_chart(title, subtitle, picture, marks_table(title, KIND, "In time", f"{level} interval", marks))


def _draw_bars(axes: Axes, bars: Sequence[tuple[Figure, Figure | None, Figure | None]]) -> None:
    """Draw a bar a line, with its range where it has one."""
    lengths = [value.value for value, _, _ in bars]
    axes.barh(range(len(bars)), lengths, height=0.56, color=BAR, edgecolor=NOW, linewidth=0.8)
    spans = {place: (low.value, high.value) for place, (_, low, high) in enumerate(bars) if low and high}
    draw_spans(axes, list(spans.values()), list(spans), color=INK, linewidth=1.6)


def causes_chart(title: str, causes: Sequence[Cause], level: str, notes: tuple[Text, ...] = ()) -> Chart:
    """Return the reasons for missed crimes as a Pareto chart: the most frequent first, their shares added up.

    More than ten are drawn as the nine most frequent and all others together, last whatever their size.
    """
    numbers = _pareto(causes)
    running = [
        Figure(f"{n.key}/running_share", crimes / n.total, percent(crimes / n.total), "percent", n.source)
        for n, crimes in zip(numbers, accumulate(n.number for n in numbers), strict=True)
    ]

    def draw(axes: Axes) -> None:
        _draw_bars(axes, [(n.share, n.low, n.high) for n in numbers])
        _draw_added_up(axes, running)
        percent_axis(axes, 0.0, 1.0)

    texts = [f"{n.crimes} ({n.share})" for n in numbers]
    picture = plot_lines([n.label for n in numbers], texts, draw)
    subtitle = (
        f"Share of missed crimes by reason, with {level} intervals that hold for all reasons together; "
        "open diamonds: the shares added up"
    )
    columns = (
        Column("Reason", width=3.0),
        Column("Crimes", numeric=True),
        Column("Share", numeric=True),
        Column(f"{level} interval", numeric=True, width=1.5),
        Column("Added up", numeric=True),
    )
    rows = tuple(
        (n.label, (n.crimes,), (n.share,), say("{a} to {b}", a=n.low, b=n.high) if n.low and n.high else "", (added,))
        for n, added in zip(numbers, running, strict=True)
    )
    return make_chart(title, subtitle, picture, Table(title, columns, rows), notes)


def _draw_added_up(axes: Axes, running: Sequence[Figure]) -> None:
    """Draw shares added up, each but the first with its number: the first is its own bar's."""
    values = [figure.value for figure in running]
    axes.plot(values, range(len(values)), "D--", color=BEFORE, markerfacecolor=PAPER, markersize=4.5, linewidth=1.2,
              clip_on=False)  # fmt: skip
    for place, figure in enumerate(running[1:], start=1):
        late = figure.value > LATE
        write(axes, (figure.value, place), figure.text, moved=(-8 if late else 8, 0), ha="right" if late else "left",
              ground=True)  # fmt: skip


def _pareto(causes: Sequence[Cause]) -> list[CauseNumbers]:
    total = sum(cause.crimes for cause in causes)
    shown = list(causes) if len(causes) <= MOST_CAUSES else list(causes[: MOST_CAUSES - 1])
    rest = causes[len(shown) :]
    numbers = [CauseNumbers.of(cause, total) for cause in shown]
    if rest:
        label = OTHER_CAUSES.format(number=len(rest))
        numbers.append(CauseNumbers("others together", label, sum(cause.crimes for cause in rest), total))
    return numbers


def annual_chart(title: str, findings: Labelled) -> Chart:
    """Return the crimes not recorded in a year with their ranges."""
    marks = []
    for label, finding in findings:
        n = FindingNumbers(finding)
        if finding.unrecorded and n.unrecorded:
            marks.append(Mark(label, n.unrecorded, *n.limits(finding.unrecorded)))
    level = FindingNumbers(findings[0][1]).level
    subtitle = f"Estimated crimes a year reported but not recorded, with {level} ranges"
    values = [mark.value.value for mark in marks] + [m.high.value for m in marks if math.isfinite(m.high.value)]

    def draw(axes: Axes) -> None:
        most = max([*values, 10])
        axes.set_xlim(-0.02 * most, 1.04 * most)
        axes.xaxis.set_major_locator(locator(4))
        axes.xaxis.set_major_formatter(lambda value, _: count(value))

    data = marks_table(title, KIND, "Not recorded a year", f"{level} range", marks)
    return make_chart(title, subtitle, plot_marks(marks, draw), data)


def change_chart(title: str, level: str, changes: Sequence[tuple[str, FindingChange]]) -> Chart:
    """Return each change in percentage points with its interval, beside no change."""
    marks = []
    for label, change in changes:
        n = ChangeNumbers(change)
        marks.append(Mark(label, n.difference, n.low, n.high))
    return differences_chart(title, f"Change of the rate in percentage points, with {level} intervals", level, marks)


def differences_chart(title: str, subtitle: str, level: str, marks: Sequence[Mark]) -> Chart:
    """Return differences of rates in percentage points, a line each, beside no change."""

    def draw(axes: Axes) -> None:
        axes.axvline(0, color=INK, linewidth=1)
        axes.set_xlim(min(0.0, *(m.low.value for m in marks)) - 0.02, max(0.0, *(m.high.value for m in marks)) + 0.02)
        axes.xaxis.set_major_locator(locator(5))
        axes.xaxis.set_major_formatter(lambda value, _: points(value, 0))
        axes.set_xlabel("Percentage points: worse to the left of 0, better to the right")

    data = marks_table(title, "Rate", "Change, points", f"{level} interval", marks)
    clear = [place for place, mark in enumerate(marks) if not mark.low.value <= 0 <= mark.high.value]
    return make_chart(title, subtitle, plot_marks(marks, draw, below=BELOW + AXIS_NAME), data, named=clear)
