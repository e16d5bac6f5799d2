"""Charts of the methods report: coverage by population, forces in a funnel, a sample looked at every month."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cdi_stats.findings.inspections import Forces
from cdi_stats.findings.months import MonthlyLooks
from cdi_stats.methods.coverage import DEFAULT, Coverage
from cdi_stats.report.blocks import Chart, Column, Table, Text
from cdi_stats.report.canvas import INK, axis_start, percent_axis
from cdi_stats.report.group_charts import funnel_of_groups, places_of_forces
from cdi_stats.report.marks import Mark, draw_ranges, make_chart, plot_lines, plot_marks
from cdi_stats.report.method_tables import LOOKED, POPULATION_LABELS
from cdi_stats.report.series_tables import share

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PLAIN = "Wilson, records unseen"


def coverage_chart(title: str, found: Sequence[Coverage]) -> Chart:
    """Return the range of coverage over each population's cells: the default interval, and plain Wilson beneath."""
    subtitle = "Mean and range of coverage over the cells of each population; filled: allowing for records, open: not"
    marks = [
        _coverage_mark([c for c in found if (c.method, c.cell.population) == (method, population)])
        for population in dict.fromkeys(coverage.cell.population for coverage in found)
        for method in (DEFAULT, PLAIN)
    ]

    def draw(axes: Axes) -> None:
        draw_ranges(axes, marks)
        axes.axvline(0.95, color=INK, linewidth=1)
        percent_axis(axes, axis_start(mark.low.value for mark in marks), 1.0)

    columns = (
        Column("Population", width=2.0),
        Column("Mean", numeric=True),
        Column("Range over its cells", numeric=True, width=1.5),
    )
    data = Table(title, columns, tuple(mark.cells for mark in marks))
    picture = plot_lines([mark.label for mark in marks], [mark.value.text for mark in marks], draw)
    return make_chart(title, subtitle, picture, data)


def _coverage_mark(cells: Sequence[Coverage]) -> Mark:
    """Return the coverage of one interval over the cells of one population: the mean, the worst, the best."""
    population, method, shares = cells[0].cell.population, cells[0].method, [c.share for c in cells]
    source = f"{sum(c.audits for c in cells)} simulated audits in {len(cells)} cells"
    ends = {"mean": sum(shares) / len(shares), "worst": min(shares), "best": max(shares)}
    mean, worst, best = (share(f"coverage/{population}/{method}/{n}", value, source) for n, value in ends.items())
    label = f"{POPULATION_LABELS[population]}{', ignoring records' if method == PLAIN else ''}"
    return Mark(label, mean, worst, best, earlier=method == PLAIN)


def funnel_chart(title: str, forces: Forces) -> Chart:
    """Return every force by the crimes that its margin implies, within limits that allow for over-dispersion."""
    subtitle = "Published recording rate by the crimes its margin implies, with 95% (dashed) and 99.8% (solid) limits"
    x_name = "Crimes implied by the published margin"
    return funnel_of_groups(title, subtitle, forces.funnel, places_of_forces(forces), x_name)


def months_chart(title: str, found: MonthlyLooks) -> Chart:
    """Return the rate after every month with limits that hold at all looks together, and Wilson's beneath."""
    subtitle = "Rate after each month, with limits that hold at all looks together (filled) and at one look (open)"
    marks: list[Mark] = []
    rows: list[tuple[Text, ...]] = []
    for look in found.looks:
        key = f"months/{found.stratum}/{look.label}"
        rate = share(f"{key}/rate", look.rate, LOOKED)
        every = Mark(look.label, rate, share(f"{key}/low", look.low, LOOKED), share(f"{key}/high", look.high, LOOKED))
        low, high = (
            share(f"{key}/single/{end}", getattr(look.single, end), look.single.method) for end in ("low", "high")
        )
        single = Mark("at one look", rate, low, high, earlier=True)
        marks += [every, single]
        rows.append((*every.cells, single.cells[2]))
    columns = (
        Column("Up to the end of", width=1.4),
        Column("Rate", numeric=True),
        Column("Limits at every look", numeric=True, width=1.5),
        Column("Limits at one look", numeric=True, width=1.5),
    )
    start = axis_start(mark.low.value - 0.03 for mark in marks)
    picture = plot_marks(marks, lambda axes: percent_axis(axes, start, 1.0))
    return make_chart(title, subtitle, picture, Table(title, columns, tuple(rows)))
