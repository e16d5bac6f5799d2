"""Charts of the methods report: coverage by population, forces in a funnel, a sample looked at every month."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cdi_stats.findings.inspections import Forces
from cdi_stats.findings.months import MonthlyLook
from cdi_stats.methods.coverage import DEFAULT, Coverage
from cdi_stats.report.blocks import Chart
from cdi_stats.report.charts import (
    INK,
    Mark,
    axis_start,
    marks_alt,
    percent_axis,
    ranges,
    svg,
)
from cdi_stats.report.group_charts import funnel_of_groups
from cdi_stats.report.method_tables import POPULATION_LABELS
from cdi_stats.report.numbers import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def coverage_chart(title: str, found: Sequence[Coverage]) -> Chart:
    """Return the range of coverage over each population's cells: the default interval, and plain Wilson beneath."""
    subtitle = "Mean and range of coverage over the cells of each population; filled: allowing for records, open: not"
    marks = []
    for population in dict.fromkeys(coverage.cell.population for coverage in found):
        for method, open_mark in ((DEFAULT, False), ("Wilson, records unseen", True)):
            shares = [c.share for c in found if (c.method, c.cell.population) == (method, population)]
            mean = sum(shares) / len(shares)
            label = "ignoring records" if open_mark else POPULATION_LABELS[population]
            marks.append(Mark(label, mean, min(shares), max(shares), percent(mean), earlier=open_mark))

    def draw(axes: Axes) -> None:
        ranges(axes, marks)
        axes.axvline(0.95, color=INK, linewidth=1)
        percent_axis(axes, axis_start(mark.low for mark in marks), 1.0)

    return Chart(title, subtitle, svg(len(marks), draw, right=0.12), marks_alt(subtitle, marks))


def funnel_chart(title: str, forces: Forces) -> Chart:
    """Return every force by the crimes that its margin implies, within limits that allow for over-dispersion."""
    subtitle = "Published recording rate by the crimes its margin implies, with 95% (dashed) and 99.8% (solid) limits"
    labels = [published.label for published in forces.rates]
    return funnel_of_groups(title, subtitle, forces.funnel, labels, "Crimes implied by the published margin")


def months_chart(title: str, looks: Sequence[MonthlyLook]) -> Chart:
    """Return the rate after every month with limits that hold at all looks together, and Wilson's beneath."""
    subtitle = "Rate after each month, with limits that hold at all looks together (filled) and at one look (open)"
    marks = []
    for look in looks:
        text = f"{percent(look.rate)} ({percent(look.low)} to {percent(look.high)})"
        marks.append(Mark(look.label, look.rate, look.low, look.high, text))
        single = look.single
        text = f"{percent(look.rate)} ({percent(single.low)} to {percent(single.high)})"
        marks.append(Mark("at one look", look.rate, single.low, single.high, text, earlier=True))

    def draw(axes: Axes) -> None:
        ranges(axes, marks)
        percent_axis(axes, axis_start(mark.low - 0.03 for mark in marks), 1.0)

    return Chart(title, subtitle, svg(len(marks), draw), marks_alt(subtitle, marks))
