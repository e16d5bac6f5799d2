"""A document as one self-contained HTML page: no script, no outside address, readable without its style."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import cdi_stats.report
from cdi_stats.publishing.document import Document
from cdi_stats.publishing.html.house import css_string, font_face, house_style
from cdi_stats.publishing.theme import PLAIN, Theme
from cdi_stats.report.blocks import Json
from cdi_stats.report.fragments import environment, html_fragment

_HERE = Path(__file__).parent
_FONTS = Path(cdi_stats.report.__file__).parent / "fonts"
_WEIGHTS = {"Regular": 400, "SemiBold": 600}
_CONTENTS_FROM = 3


def render_html(document: Document, theme: Theme = PLAIN) -> str:
    """Return the document as an HTML page in a house style, the same text each time."""
    from markupsafe import Markup

    titles = [block for block in document.blocks if block["block"] == "title"]
    body = [block for block in document.blocks if block["block"] != "title"]
    return (
        environment(_HERE)
        .get_template("page.html.j2")
        .render(
            document=document,
            date=document.date_words,
            facts=[fact for title in titles for fact in title["facts"]],
            contents=_contents(body),
            theme=theme,
            style=Markup(page_style(theme)),
            running=Markup(css_string(document.title)),
            body=Markup(html_fragment(body)),
        )
    )


def _contents(blocks: Iterable[Json]) -> list[tuple[Json, list[Json]]]:
    """Return each heading of level 2 with those of level 3 beneath it; nothing where a list would not help."""
    entries: list[tuple[Json, list[Json]]] = []
    for block in blocks:
        if block["block"] == "heading" and block["level"] == 2:
            entries.append((block, []))
        elif block["block"] == "heading" and block["level"] == 3 and entries:
            entries[-1][1].append(block)
    return entries if len(entries) >= _CONTENTS_FROM else []


def page_style(theme: Theme = PLAIN) -> str:
    """Return the style sheet of every page in a house style, its fonts within."""
    return "\n".join(part for part in (_base_style(), house_style(theme)) if part)


@cache
def _base_style() -> str:
    faces = (font_face("Inter", weight, _font(name), "woff2") for name, weight in _WEIGHTS.items())
    return "\n".join([*faces, (_HERE / "style.css").read_text(encoding="utf-8")])


def _font(name: str) -> bytes:
    return (_FONTS / f"Inter-{name}.woff2").read_bytes()
