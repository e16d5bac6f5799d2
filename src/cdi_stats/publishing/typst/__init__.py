"""A document as a tagged PDF: PDF/UA-1 and, if dated, PDF/A-2a, set by a fixed Typst template that reads it as data."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cdi_stats.report
from cdi_stats.errors import ReportFailed
from cdi_stats.publishing.document import Document
from cdi_stats.publishing.theme import PLAIN, Theme
from cdi_stats.publishing.theme.faces import font_folder, typst_fonts
from cdi_stats.report.blocks import Json

_TEMPLATE = Path(__file__).parent / "report.typ"
_FONTS = Path(cdi_stats.report.__file__).parent / "fonts"


def render_pdf(document: Document, theme: Theme = PLAIN) -> bytes:
    """Return the document as a PDF in a house style, the same bytes each time.

    A character that no font here can draw is spelt out by its Unicode name in brackets. Raises ReportFailed when Typst
    refuses, for example a chart without alternative text.
    """
    import typst

    charts = tuple(
        block | {"svg": theme.on_paper(block["svg"])} if "svg" in block else block for block in document.blocks
    )
    said = {"doc": vars(replace(document, blocks=charts)), "house": _house(document, theme)}
    inputs = {name: json.dumps(drawable(value), ensure_ascii=False) for name, value in said.items()}
    try:
        with _compiler_for(theme) as typesetter:
            pdf, warnings = typesetter.compile_with_warnings(
                sys_inputs=inputs, format="pdf", pdf_standards=_standards(document), timestamp=_timestamp(document)
            )
    except typst.TypstError as error:
        raise ReportFailed(_explain(document, [error])) from error
    # A warning is a page gone wrong: a missing font leaves it without words, an unsettled layout with wrong numbers.
    if warnings:
        raise ReportFailed(_explain(document, warnings))
    return bytes(pdf)


def _house(document: Document, theme: Theme) -> Json:
    """Return a house style as the template reads it."""
    tones = {role: theme.tones[role].light for role in ("heading", "band", "accent", "note")}
    crest = theme.crest and {"svg": theme.crest.svg, "description": theme.crest.description}
    return tones | {
        "on-band-quiet": theme.on_band.light,
        "force": theme.force,
        "marking": theme.marking,
        "draft": theme.draft,
        "title": theme.titled(document.title),
        "fonts": [*([theme.faces.family] if theme.faces else []), "Inter", "DejaVu Sans"],
        "crest": crest,
    }


def make_ready() -> None:
    """Read template and fonts, which every PDF needs. Starts no thread, as a compilation does."""
    compiler(_TEMPLATE)
    _letters()


@cache
def compiler(template: Path) -> Any:
    """Return the compiler of a template, which knows the project's fonts and no others."""
    return _compiler(template, sorted({face.parent for face in _faces()}))


@contextmanager
def _compiler_for(theme: Theme) -> Iterator[Any]:
    """Give a compiler that knows a theme's fonts before the project's own."""
    if theme.faces is None:
        yield compiler(_TEMPLATE)
        return
    with font_folder([theme.faces.regular, theme.faces.bold]) as folder:
        yield _compiler(_TEMPLATE, [folder, *sorted({face.parent for face in _faces()})])


def _compiler(template: Path, folders: Sequence[Path]) -> Any:
    import typst

    fonts = typst_fonts(folders)
    return typst.Compiler(template, root=template.parent, font_paths=fonts, ignore_system_fonts=True)


def _faces() -> list[Path]:
    """Return Inter, and for other scripts the DejaVu Sans that comes with matplotlib."""
    matplotlib = find_spec("matplotlib")
    assert matplotlib is not None
    assert matplotlib.origin is not None
    other = Path(matplotlib.origin).parent / "mpl-data" / "fonts" / "ttf"
    return [*sorted(_FONTS.glob("*.otf")), other / "DejaVuSans.ttf", other / "DejaVuSans-Bold.ttf"]


@cache
def _letters() -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(map(ord, "\n\t")).union(*(FT2Font(face).get_charmap() for face in _faces()))


class _Spelling(dict[int, str]):
    """A table for str.translate that fills itself: each letter as it is, or spelt out where no font has it."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        self[code] = letter if code in _letters() else self.spelt(letter)
        return self[code]

    def spelt(self, letter: str) -> str:
        """Return the letter's name in brackets."""
        return f"[{unicodedata.name(letter, '').lower() or f'U+{ord(letter):04X}'}]"


class _Squares(_Spelling):
    """The same for a picture, where a name is longer than its place: the alternative text spells it out."""

    def spelt(self, _: str) -> str:
        """Return a square, as browsers draw what they cannot."""
        return "\u25a1"


def drawable(value: Any) -> Any:
    """Return some JSON with each character that no font here can draw spelt out by its name; in an "svg" a square."""
    return _drawable(value, _Spelling())


def _drawable(value: Any, spelling: _Spelling) -> Any:
    if isinstance(value, str):
        return value.translate(spelling)
    if isinstance(value, dict):
        return {key: _drawable(item, _Squares() if key == "svg" else spelling) for key, item in value.items()}
    return [_drawable(item, spelling) for item in value] if isinstance(value, list | tuple) else value


def _standards(document: Document) -> list[str]:
    # PDF/A wants a date, and the clock's would differ each time.
    return ["ua-1", "a-2a"] if document.date else ["ua-1"]


def _timestamp(document: Document) -> datetime:
    return datetime.fromisoformat(document.date or "1970-01-01").replace(tzinfo=UTC)


def _explain(document: Document, troubles: Sequence[Any]) -> str:
    said = [line for trouble in troubles for line in (trouble.message, *(f"hint: {hint}" for hint in trouble.hints))]
    return "\n  ".join([f"The PDF of “{document.title}” could not be made:", *said])
