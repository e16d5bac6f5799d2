"""Font files, read with care, and put where Typst finds them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

PRINTED = {b"OTTO": "otf", b"\0\1\0\0": "ttf", b"true": "ttf"}
WEB = b"wOF2"
BOLD_FROM = 500


def font_kind(data: bytes) -> str:
    """Return "otf", "ttf" or "woff2". Raises ValueError for anything else."""
    kind = "woff2" if data.startswith(WEB) else PRINTED.get(data[:4])
    if kind is None:
        raise ValueError("found no font")
    return kind


def check_face(data: bytes, family: str, *, bold: bool) -> None:
    """Raise ValueError, saying what was found, for a font that is not of this name and weight in the PDF's eyes."""
    if font_kind(data) == "woff2":
        raise ValueError("found woff2, which the PDF cannot take")
    with font_folder([data]) as folder:
        found = typst_fonts([folder]).fonts()
    if len(found) != 1:
        raise ValueError("found a broken font")
    if found[0].family != family:
        raise ValueError(f"found the family {found[0].family!r}")
    if (found[0].weight >= BOLD_FROM) != bold:
        raise ValueError(f"found a face of weight {found[0].weight}")


def typst_fonts(folders: Sequence[Path]) -> Any:
    """Return the fonts of these folders and no others, as Typst takes them."""
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=list(folders))


@contextmanager
def font_folder(fonts: Sequence[bytes]) -> Iterator[Path]:
    """Give a folder that holds these fonts."""
    with TemporaryDirectory(prefix="cdi-fonts-", ignore_cleanup_errors=True) as name:
        for number, data in enumerate(fonts):
            (Path(name) / f"{number}.{font_kind(data)}").write_bytes(data)
        yield Path(name)
