"""The sample plan's chart: the margin to expect of more or fewer records."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from cdi_stats.findings.sample_plan import StratumPlan
from cdi_stats.report.blocks import Chart
from cdi_stats.report.charts import AXIS_NAME, BELOW, FAINT, INK, LINES, apart, svg
from cdi_stats.report.numbers import count, margin
from cdi_stats.report.wording import capital

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SPAN = 2.5
POINTS = 60
GAP = 0.09


def margins_chart(title: str, level: str, strata: Sequence[StratumPlan]) -> Chart:
    """Return the margin of each stratum by the records examined, the number planned marked."""
    subtitle = f"Expected margin of error in points ({level}) by records examined; dots: as planned"
    most = SPAN * float(np.median([found.records for found in strata]))
    curves = [(found, *_curve(found, max(most, 1.2 * found.records))) for found in strata]

    def draw(axes: Axes) -> None:
        top = _top(strata)
        for (found, sizes, margins), (colour, dash) in zip(curves, cycle(LINES), strict=False):
            axes.plot(sizes, margins, dash, color=colour, linewidth=1.6)
            dot = (found.records, 100 * found.expected_margin)
            axes.plot(*dot, "o", color=colour, markersize=6)
            axes.annotate(count(found.records), dot, xytext=(4, 6), textcoords="offset points", color=INK)
        widest = max(sizes[-1] for _, sizes, _ in curves)
        for (found, sizes, margins), height in zip(curves, apart([c[2][-1] for c in curves], top * GAP), strict=True):
            axes.annotate(
                f"{capital(found.label)}: ±{margin(found.expected_margin, 1)}",
                (sizes[-1], margins[-1]),
                xytext=(1.02 * widest, height),
                va="center",
                color=INK,
                annotation_clip=False,
                arrowprops={"arrowstyle": "-", "color": FAINT, "shrinkA": 0, "shrinkB": 2},
            )
        axes.set_ylim(0, top)
        axes.set_xlim(0, widest)
        axes.yaxis.set_major_formatter(lambda value, _: f"±{value:.0f}")
        axes.xaxis.set_major_formatter(lambda value, _: count(value))
        axes.set_xlabel("Records examined")
        axes.grid(True, axis="both")

    parts = [f"{capital(f.label)} ±{margin(f.expected_margin, 1)} with {count(f.records)} records" for f in strata]
    picture = svg(8, draw, left=0.08, right=0.3, below=BELOW + AXIS_NAME)
    return Chart(title, subtitle, picture, f"{subtitle}. {'; '.join(parts)}.")


def _top(strata: Sequence[StratumPlan]) -> float:
    return math.ceil(250 * max(max(f.expected_margin, f.size.margin_of_error) for f in strata))


def _curve(found: StratumPlan, most: float) -> tuple[list[float], list[float]]:
    """Return numbers of records up to `most` (or the frame), and the margin in points to expect of each."""
    last = min(most, (found.records_in_frame or math.inf) - 1)
    sizes = np.linspace(max(5.0, last / POINTS), max(last, 6.0), POINTS)
    return sizes.tolist(), [100 * found.margin_of(size) for size in sizes]
