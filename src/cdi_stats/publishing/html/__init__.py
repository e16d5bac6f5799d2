"""A document as one self-contained HTML page: no script, no outside address, readable without its style."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import cdi_stats.report
from cdi_stats.publishing.document import Document
from cdi_stats.report.blocks import Json
from cdi_stats.report.fragments import environment, html_fragment

_HERE = Path(__file__).parent
_FONTS = Path(cdi_stats.report.__file__).parent / "fonts"
_WEIGHTS = {"Regular": 400, "SemiBold": 600}
_CONTENTS_FROM = 3


def render_html(document: Document) -> str:
    """Return the document as an HTML page, the same text each time."""
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
            style=Markup(page_style()),
            running=Markup(_css_string(document.title)),
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


@cache
def page_style() -> str:
    """Return the style sheet of every page, its fonts within."""
    faces = (
        f'@font-face{{font-family:"Inter";font-weight:{weight};font-display:swap;'
        f'src:url("data:font/woff2;base64,{b64encode(_font(name)).decode()}") format("woff2")}}'
        for name, weight in _WEIGHTS.items()
    )
    return "\n".join([*faces, (_HERE / "style.css").read_text(encoding="utf-8")])


def _font(name: str) -> bytes:
    return (_FONTS / f"Inter-{name}.woff2").read_bytes()


def _css_string(text: str) -> str:
    """Return the text as a CSS string in which nothing but letters, digits and spaces stands unescaped."""
    return '"' + "".join(c if c == " " or (c.isascii() and c.isalnum()) else f"\\{ord(c):x} " for c in text) + '"'
