"""Words in a picture, as the typeface's own measures place them.

matplotlib's Text measures each word before it draws it, and again for every picture. In SVG whoever shows the words
sets them, so that a place on the line is all they need.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

from matplotlib.artist import Artist
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, IdentityTransform

if TYPE_CHECKING:
    from matplotlib.backend_bases import RendererBase
    from matplotlib.transforms import Transform

ASCENT, DESCENT = 2728 / 2816, 680 / 2816  # of Inter, as shares of its size
PAD = 0.5  # points of ground around words
Point = tuple[float, float]


class Words(Artist):
    """Words at a place, moved from there by so many points, lines one under another; `ha` and `va` as of a Text.

    `ground` is how wide the words' own ground is in points, and its colour; without it they stand on what is there.
    """

    zorder = 3.0  # above lines and areas, as a Text

    def __init__(
        self, place: Point, words: str, moved: Point, ha: str, va: str, size: float, colour: str,
        ground: tuple[float, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.place, self.words, self.moved, self.ha, self.va = place, words, moved, ha, va
        self.size, self.colour, self.ground = size, colour, ground

    def draw(self, renderer: RendererBase) -> None:
        """Draw the words, a line after another; none that are nowhere, as beside a limit without end."""
        scale: Any = renderer.points_to_pixels(1.0)
        across, up = self.get_transform().transform(self.place)
        if not self.words or not math.isfinite(across) or not math.isfinite(up):
            return
        x, y = float(across) + scale * self.moved[0], float(up) + scale * self.moved[1]
        lines = self.words.split("\n")
        ascent, descent = ASCENT * self.size * scale, DESCENT * self.size * scale
        below = len(lines) * (ascent + descent)
        top = y + {"top": 0.0, "center": below / 2, "bottom": below, "baseline": below - descent,
                   "center_baseline": (below - descent) / 2}[self.va]  # fmt: skip
        renderer.open_group("text", self.get_gid())
        if self.ground:
            self._draw_ground(renderer, (x, top - below), below, scale)
        pen = renderer.new_gc()
        pen.set_foreground(self.colour)
        height = renderer.get_canvas_width_height()[1]
        for number, line in enumerate(lines):
            baseline = top - ascent - number * (ascent + descent)
            anchor: Any = _Anchor((x, baseline), self.ha)
            renderer.draw_text(pen, x, height - baseline, line, _font(self.size), 0, mtext=anchor)
        pen.restore()
        renderer.close_group("text")

    def _draw_ground(self, renderer: RendererBase, corner: Point, height: float, scale: float) -> None:
        assert self.ground is not None
        width, pad = self.ground[0] * scale, PAD * scale
        left = corner[0] - {"left": 0.0, "center": width / 2, "right": width}[self.ha]
        place = Affine2D().scale(width + 2 * pad, height + 2 * pad).translate(left - pad, corner[1] - pad)
        pen = renderer.new_gc()
        pen.set_linewidth(0)
        renderer.draw_path(pen, Path.unit_rectangle(), place, _rgb(self.ground[1]))
        pen.restore()


class _Anchor:
    """Where a line of words is held, asked by the SVG renderer as it would ask a Text."""

    def __init__(self, place: Point, ha: str) -> None:
        self._place, self._ha = place, ha

    def get_transform(self) -> Transform:
        return IdentityTransform()

    def get_unitless_position(self) -> Point:
        return self._place

    def get_ha(self) -> str:
        return self._ha


@cache
def _font(size: float) -> FontProperties:
    return FontProperties(family="Inter", size=size)


@cache
def _rgb(colour: str) -> Any:
    from matplotlib.colors import to_rgb

    return to_rgb(colour)
