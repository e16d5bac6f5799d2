"""The sample plan's chart: the margin to expect of more or fewer records."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from cdi_stats.findings.sample_plan import StratumPlan
from cdi_stats.report.blocks import Chart, Column, Table
from cdi_stats.report.canvas import AXIS_NAME, BELOW, BESIDE, LINES, SAMPLE, fitted, margin_for, name_beside, svg
from cdi_stats.report.marks import make_chart
from cdi_stats.report.numbers import count
from cdi_stats.report.plan_tables import margin_figure, records_figure
from cdi_stats.report.wording import capital

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SPAN = 2.5
POINTS = 60


def margins_chart(title: str, level: str, strata: Sequence[StratumPlan]) -> Chart:
    """Return the margin of each stratum by the records examined, the number planned marked."""
    subtitle = f"Expected margin of error in points ({level}) by records examined; dots: as planned"
    most = SPAN * float(np.median([found.records for found in strata]))
    curves = [(found, *_curve(found, max(most, 1.2 * found.records))) for found in strata]
    names = fitted(
        [f"{capital(found.label)}: {margin_figure(found)}\nwith {records_figure(found)} records" for found in strata]
    )

    def draw(axes: Axes) -> None:
        for (found, sizes, margins), (colour, dash) in zip(curves, cycle(LINES), strict=False):
            axes.plot(sizes, margins, dash, color=colour, linewidth=1.6)
            axes.plot(found.records, 100 * found.expected_margin, "o", color=colour, markersize=6)
        axes.set_ylim(0, _top(strata))
        axes.set_xlim(0, max(sizes[-1] for _, sizes, _ in curves))
        axes.yaxis.set_major_formatter(lambda value, _: f"±{value:.0f}")
        axes.xaxis.set_major_formatter(lambda value, _: count(value))
        axes.set_xlabel("Records examined")
        name_beside(axes, names, [margins[-1] for *_, margins in curves], list(LINES) * (1 + len(strata) // len(LINES)))

    columns = (
        Column("Stratum", width=1.6),
        Column("Records planned", numeric=True),
        Column("Expected margin, points", numeric=True),
        Column("With half the records", numeric=True),
        Column("With twice the records", numeric=True),
    )
    rows = tuple(
        (capital(f.label), (records_figure(f),), (margin_figure(f),), (margin_figure(f, 0.5),), (margin_figure(f, 2),))
        for f in strata
    )
    picture = svg(8, draw, left=0.08, right=margin_for(names, SAMPLE + BESIDE), below=BELOW + AXIS_NAME, grid="xy")
    return make_chart(title, subtitle, picture, Table(title, columns, rows))


def _top(strata: Sequence[StratumPlan]) -> float:
    return math.ceil(250 * max(max(f.expected_margin, f.size.margin_of_error) for f in strata))


def _curve(found: StratumPlan, most: float) -> tuple[list[float], list[float]]:
    """Return numbers of records up to `most` (or the frame), and the margin in points to expect of each."""
    last = min(most, (found.records_in_frame or math.inf) - 1)
    sizes = np.linspace(max(5.0, last / POINTS), max(last, 6.0), POINTS)
    return sizes.tolist(), [100 * found.margin_of(size) for size in sizes]
