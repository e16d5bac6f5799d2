"""What a theme's file may hold, checked as it is read: nothing unknown, nothing of another type, no markup."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints

from cdi_stats.errors import did_you_mean

MOST_DRAFT = 24  # letters


def _plain(text: str) -> str:
    if not text.isprintable() or re.search("[<>]", text) or text != text.strip():
        raise ValueError("words without <, >, line ends or spaces around them")
    return text


def _beside(name: str) -> str:
    if name != Path(name).name or re.search(r'[\\/:*?"<>|\x00-\x1f]', name) or name.startswith("."):
        raise ValueError("the name of a file that lies beside the theme, without a folder")
    return name


def _draft(words: object) -> object:
    if isinstance(words, str) and ("draft" not in words.lower() or len(words) > MOST_DRAFT):
        raise ValueError(f"true, false or up to {MOST_DRAFT} letters with “draft” in them")
    if not isinstance(words, bool | str):
        raise ValueError("true, false or words with “draft” in them")
    return _plain(words) if isinstance(words, str) else words


Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$", to_lower=True)]
FileName = Annotated[str, StringConstraints(min_length=1, max_length=120), AfterValidator(_beside)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=80), AfterValidator(_plain)]
Mark = Annotated[str, StringConstraints(min_length=1, max_length=40), AfterValidator(_plain)]
Description = Annotated[str, StringConstraints(min_length=1, max_length=300), AfterValidator(_plain)]


class Part(BaseModel):
    """A part of a theme: nothing unknown in it, nothing of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class CrestPart(Part):
    """A crest: `file` is an SVG or PNG beside the theme, `description` says what it shows to who cannot see it."""

    file: FileName
    description: Description


class WebFonts(Part):
    """The same faces for web pages, as woff2."""

    regular: FileName
    bold: FileName


class FontsPart(Part):
    """A family of fonts, as its files name it, with its regular and its bold face (otf or ttf)."""

    family: Name
    regular: FileName
    bold: FileName
    web: WebFonts | None = None


class PageColours(Part):
    """Colours of a page, as #rrggbb."""

    band: Colour = ""
    heading: Colour = ""
    accent: Colour = ""
    link: Colour = ""
    note: Colour = ""


class LightPage(PageColours):
    """Colours of a light page and of paper; those of a dark page are derived where they are not given."""

    dark: PageColours = PageColours()


class ChartColours(Part):
    """Colours of charts, as #rrggbb."""

    now: Colour = ""
    before: Colour = ""
    third: Colour = ""
    fourth: Colour = ""
    bar: Colour = ""
    shade: Colour = ""


class LightCharts(ChartColours):
    """Colours of charts on a light page and on paper; those on a dark page are derived where they are not given."""

    dark: ChartColours = ChartColours()


class ThemeFile(Part):
    """A theme's file."""

    force: Name
    marking: Mark | None = None
    draft: Annotated[bool | str, BeforeValidator(_draft)] = False
    crest: CrestPart | None = None
    fonts: FontsPart | None = None
    colours: LightPage = LightPage()
    charts: LightCharts = LightCharts()


PARTS: Mapping[tuple[str, ...], type[Part]] = {
    (): ThemeFile,
    ("crest",): CrestPart,
    ("fonts",): FontsPart,
    ("fonts", "web"): WebFonts,
    ("colours",): LightPage,
    ("colours", "dark"): PageColours,
    ("charts",): LightCharts,
    ("charts", "dark"): ChartColours,
}


def problem_line(detail: Any) -> str:
    """Return one of pydantic's complaints as a line: where, what was found, what was expected."""
    place = tuple(str(part) for part in detail["loc"])
    part = PARTS.get(place[:-1], ThemeFile)
    name = ".".join(place)[:100]
    if detail["type"] == "extra_forbidden":
        fields = part.model_fields
        return f"{name}: unknown; expected one of {', '.join(fields)}{did_you_mean(place[-1], fields)}"
    if detail["type"] == "missing":
        return f"{name}: missing; expected a value"
    expected = detail["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    if detail["type"] == "string_pattern_mismatch":
        expected = "a colour such as #0f2a47"
    found = "" if isinstance(detail["input"], dict | list) else f"found {str(detail['input'])[:60]!r}; "
    return f"{name}: {found}expected {expected}"
