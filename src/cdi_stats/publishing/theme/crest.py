"""A crest's file, read with care: a picture and nothing else."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from contextlib import suppress
from xml.etree import ElementTree

from cdi_stats.errors import ReportFailed
from cdi_stats.publishing.svg import read_svg
from cdi_stats.publishing.theme import Crest
from cdi_stats.publishing.typst.pictures import render_png

PNG = b"\x89PNG\r\n\x1a\n"
MOST_PIXELS = 2000  # a side
MOST_UNPACKED = MOST_PIXELS * (8 * MOST_PIXELS + 1)  # bytes: eight a pixel, and one a row
LONGEST = 6.0  # times as wide as high, or as high as wide


def read_crest(data: bytes, description: str) -> Crest:
    """Return the crest that a file holds. Raises ValueError, saying what was found, for all but a plain picture."""
    png = data.startswith(PNG)
    width, height = _png_sides(data) if png else _svg_sides(read_svg(data))
    if not 1 / LONGEST <= width / height <= LONGEST:
        raise ValueError(f"found a picture of {width:g} by {height:g}")
    crest = Crest(data, "png" if png else "svg+xml", width / height, description)
    try:
        render_png(crest.svg, height=1)
    except (ReportFailed, UnicodeDecodeError):
        raise ValueError("found a picture that cannot be drawn") from None
    return crest


def _png_sides(data: bytes) -> tuple[float, float]:
    width, height = (int.from_bytes(data[place : place + 4], "big") for place in (16, 20))
    if not all(0 < side <= MOST_PIXELS for side in (width, height)):
        raise ValueError(f"found a PNG that is broken, or more than {MOST_PIXELS:,} pixels a side")
    # Typst leaves out a picture within a picture that it cannot read, and says nothing
    chunks = list(_png_chunks(data))
    unpacking = zlib.decompressobj()
    with suppress(zlib.error):
        unpacking.decompress(b"".join(held for kind, held in chunks if kind == b"IDAT"), MOST_UNPACKED)
    if not unpacking.eof or chunks[0][0] != b"IHDR" or chunks[-1][0] != b"IEND":
        raise ValueError("found a PNG that is broken")
    return width, height


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the parts of a PNG, kind and contents, as far as they are whole."""
    place = len(PNG)
    while place < len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        named, check = data[place + 4 : place + 8 + size], data[place + 8 + size : place + 12 + size]
        if zlib.crc32(named) != int.from_bytes(check, "big"):
            return
        yield named[:4], named[4:]
        place += 12 + size


def _svg_sides(root: ElementTree.Element) -> tuple[float, float]:
    given = [root.get("width", ""), root.get("height", "")]
    box = root.get("viewBox", "").replace(",", " ").split()
    try:
        width, height = (float(side) for side in (box[2:] if box else [side.removesuffix("px") for side in given]))
    except ValueError:
        width = height = 0.0
    if not (0 < width < math.inf and 0 < height < math.inf):
        raise ValueError("found an SVG without a size")
    return width, height
