"""A chart as a bitmap, for Word, which would set the letters of an SVG in fonts that its reader does not have."""

from __future__ import annotations

from pathlib import Path

from cdi_stats.errors import ReportFailed
from cdi_stats.publishing.typst import compiler, drawable

_TEMPLATE = Path(__file__).parent / "picture.typ"
PIXELS_PER_INCH = 220  # Word brings anything finer down to this


def render_png(svg: str, *, height: float | None = None) -> bytes:
    """Return an SVG drawn with the project's fonts as a PNG, the same bytes each time; `height` is in millimetres."""
    import typst

    inputs = {"svg": svg} | ({} if height is None else {"height": str(height)})
    try:
        drawn = compiler(_TEMPLATE).compile(sys_inputs=drawable(inputs), format="png", ppi=PIXELS_PER_INCH)
    except typst.TypstError as error:
        raise ReportFailed(f"a picture could not be drawn: {error.message}") from error
    return bytes(drawn)
