"""Pages in a real browser: what axe-core finds, how wide they are, and whether charts can be seen on them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from tests.render.conftest import changes_svg, sample_document

from cdi_stats.publishing.html import render_html
from cdi_stats.publishing.theme import PLAIN
from cdi_stats.publishing.theme.reading import read_theme
from cdi_stats.publishing.theme.roles import contrast
from cdi_stats.report.palette import CHART_TONES

LOOKS = {
    "light": {},
    "dark": {"dark": True},
    "narrow": {"width": 320, "height": 640},
    "narrow and dark": {"width": 320, "height": 640, "dark": True},
    "print": {"width": 794, "media": "print"},
}
COLOURS = """
[...document.querySelectorAll("figure.chart")].map(chart => ({
  ground: getComputedStyle(chart.querySelector(".scroll")).backgroundColor,
  words: [...chart.querySelectorAll("text")].map(text => getComputedStyle(text).fill),
}))
"""


@pytest.fixture(scope="module", params=["plain", "themed"])
def file(request, tmp_path_factory):
    """The sample as a page, without a theme and in the bundled one."""
    sample = sample_document()
    svg = changes_svg()
    blocks = tuple(block | {"svg": svg} if block["block"] == "chart" else block for block in sample.blocks)
    theme = PLAIN if request.param == "plain" else read_theme("example-police")
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render_html(replace(sample, blocks=blocks), theme), encoding="utf-8")
    return path


@pytest.fixture(params=LOOKS)
def opened(request, chromium, file):
    """The page, looked at in each way."""
    chromium.open(file, **LOOKS[request.param])
    return chromium


def test_axe_finds_nothing(opened):
    assert opened.violations() == ()


def test_no_page_scrolls_sideways(opened):
    assert opened.run("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_browser_refuses_nothing_of_the_page(opened):
    assert opened.complaints() == []


def hexes(colour):
    return "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", colour)[:3])


@pytest.mark.parametrize("forced", [False, True])
@pytest.mark.parametrize("dark", [False, True])
def test_words_in_charts_stand_out_from_their_ground(chromium, file, dark, forced):
    """In forced colours too: there the browser would set the words, and not the lines, in colours of its own."""
    chromium.open(file, dark=dark, forced=forced)
    charts = chromium.run(COLOURS)
    assert len(charts) == 2
    for chart in charts:
        assert {hexes(chart["ground"])} == {"#10161d" if dark else "#ffffff"}
        assert min(contrast(hexes(words), hexes(chart["ground"])) for words in chart["words"]) >= 4.5


def test_printed_charts_are_light_for_readers_of_dark_pages_too(chromium, file):
    chromium.open(file, dark=True, media="print", width=794)
    for chart in chromium.run(COLOURS):
        assert hexes(chart["ground"]) == "#ffffff"
        assert {hexes(words) for words in chart["words"]} == {CHART_TONES["ink"].light}


def test_no_mark_of_a_draft_stands_behind_forced_colours(chromium, file):
    """Whoever needs a strong contrast gets none of it weakened; the title says that it is a draft."""
    behind = '(look => look.content !== "none" && look.display !== "none")(getComputedStyle(document.body, "::before"))'
    chromium.open(file)
    shown = chromium.run(behind)
    chromium.look(forced=True)
    draft = chromium.run('document.querySelector(".draft") !== null')
    assert (shown, chromium.run(behind)) == (draft, False)
