"""The pictures of the reports that the documentation shows: the first page of each committed example.

`python -m tests.structure.pictures` makes them again, with poppler's pdftoppm. Each says of which words it is a
picture, so that a test can tell when an example has gone on without it.
"""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pypdf import PdfReader

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "pictures"
EXAMPLES = {path.stem: path for path in sorted((ROOT / "reports" / "examples").rglob("*.pdf"))}


def words_of(pdf):
    """Return a print of the words on a file's first page."""
    return hashlib.sha256(" ".join(PdfReader(pdf).pages[0].extract_text().split()).encode()).hexdigest()


def picture(pdf, to):
    """Write a picture of a file's first page, 80 dots an inch in 64 colours."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page"
        subprocess.run(["pdftoppm", "-singlefile", "-r", "80", "-png", pdf, page], check=True)
        made_of = PngInfo()
        made_of.add_text("words", words_of(pdf))
        drawn = Image.open(page.with_suffix(".png")).convert("RGB").quantize(64, dither=Image.Dither.NONE)
        drawn.save(to, optimize=True, pnginfo=made_of)


if __name__ == "__main__":
    for report, example in EXAMPLES.items():
        picture(example, FOLDER / f"{report}.png")
