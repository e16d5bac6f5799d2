"""Icons for crimes: so many in so many not recorded, told apart by shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cdi_stats.report.blocks import Chart, Column, Table
from cdi_stats.report.canvas import BEFORE, NOW, PAPER, POINTS, ROW, WIDTH, svg, write
from cdi_stats.report.frequencies import Frequency, frequency_of_missed
from cdi_stats.report.marks import make_chart
from cdi_stats.report.numbers import FindingNumbers
from cdi_stats.report.wording import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cdi_stats.findings.examine import Finding

MOST_IN_A_ROW = 20
STEP, LARGE_STEP = 21.0, 34.0  # points from one icon to the next: in several rows, and where there are few
FEW = 12
ICON, CROSS = 0.58, 0.33  # an icon, and the cross in it, as shares of the step
TITLE = "About {words} reported crimes {verb} not recorded"
SUBTITLE = (
    "Estimated from {due} crimes audited: {share}, {level} interval {low} to {high}, so between {few} and {many}. "
    "Dots are crimes recorded, crossed squares those not recorded"
)
EDGE = 0.01


def icons_chart(finding: Finding) -> Chart | None:
    """Return how many of so many crimes were not recorded, an icon a crime; None where no crime was missed."""
    found = frequency_of_missed(finding)
    if found is None:
        return None
    n = FindingNumbers(finding)
    share, low, high = found.share
    title = TITLE.format(words=found.words, verb="was" if found.missed == 1 else "were")
    subtitle = SUBTITLE.format(
        due=n.due, share=share, level=n.level, low=low, high=high, few=found.low, many=found.high
    )
    columns = (
        Column("Crimes", width=1.6),
        Column("In words", numeric=True),
        Column("Range in words", numeric=True, width=1.6),
        Column("Share", numeric=True),
        Column(f"{n.level} interval", numeric=True, width=1.5),
    )
    cells = ((found.words,), say("{a} to {b}", a=found.low, b=found.high), (share,), say("{a} to {b}", a=low, b=high))
    rows, step = -(-found.of // MOST_IN_A_ROW), LARGE_STEP if found.of <= FEW else STEP
    picture = svg((rows * step) / (ROW * POINTS), lambda axes: _draw(axes, found, rows, step), EDGE, EDGE)
    return make_chart(title, subtitle, picture, Table(title, columns, (("Not recorded", *cells),)))


def _draw(axes: Axes, found: Frequency, rows: int, step: float) -> None:
    """Draw the icons in rows, those not recorded last, each kind named beneath its first in the last row."""
    across = min(found.of, MOST_IN_A_ROW)
    axes.set_xlim(-0.5, (1 - 2 * EDGE) * WIDTH * POINTS / step - 0.5)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.axis("off")
    places = [(place % across, place // across) for place in range(found.of)]
    recorded, missed = places[: -found.missed], places[-found.missed :]
    _draw_icons(axes, recorded, "o", color=NOW, markersize=ICON * step)
    edge = {"color": BEFORE, "markeredgewidth": 1.6}
    _draw_icons(axes, missed, "s", markerfacecolor=PAPER, markersize=ICON * step, **edge)
    _draw_icons(axes, missed, "x", markersize=CROSS * step, **edge)
    first = {"recorded": recorded[:1], "not recorded": missed[:1]}
    for words, x in ((words, x) for words, places in first.items() for x, _ in places):
        write(axes, (x - ICON / 2, rows - 0.5), words, moved=(0, -2), va="top")


def _draw_icons(axes: Axes, places: Sequence[tuple[int, int]], shape: str, **style: Any) -> None:
    axes.plot([x for x, _ in places], [y for _, y in places], shape, **style)
