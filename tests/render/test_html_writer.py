"""The HTML report: structure, self-containment, escaping, contrast."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

import cdi_stats.publishing.html
from cdi_stats.publishing.document import Document
from cdi_stats.publishing.html import render_html
from cdi_stats.report.blocks import Figure, Json, Numbered, Paragraph, figures, plain_json
from cdi_stats.report.fragments import html_fragment, text_fragment

STYLE = (Path(cdi_stats.publishing.html.__file__).parent / "style.css").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(sample: Document) -> str:
    return render_html(sample)


@pytest.fixture(scope="module")
def soup(page: str) -> BeautifulSoup:
    return BeautifulSoup(page, "html.parser")


def blocks(document: Document, name: str) -> list[Json]:
    return [block for block in document.blocks if block["block"] == name]


def test_page_names_itself_and_its_language(soup: BeautifulSoup) -> None:
    assert soup.html["lang"] == "en-GB"
    assert soup.title.text == "Crime data integrity inspection – Kent Police"
    assert soup.select_one("header time[datetime='2017-12-06']").text == "6 December 2017"
    assert [element.name for element in soup.body.find_all(["header", "nav", "main", "footer"], recursive=False)] == [
        "header",
        "nav",
        "main",
        "footer",
    ]


def test_headings_start_at_one_and_skip_no_level(soup: BeautifulSoup, sample: Document) -> None:
    levels = [int(heading.name[1]) for heading in soup.find_all(re.compile("^h[1-6]$"))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    assert soup.h1.text == sample.title


def test_ids_are_unique_and_every_reference_leads_somewhere(soup: BeautifulSoup, page: str) -> None:
    ids = [element["id"] for element in soup.find_all(id=True)]
    assert len(ids) == len(set(ids))
    wanted = {element["href"].removeprefix("#") for element in soup.find_all(href=True)}
    wanted |= {element["aria-labelledby"] for element in soup.find_all(attrs={"aria-labelledby": True})}
    wanted |= set(re.findall(r"url\(#([^)]+)\)", page))
    assert any(name.startswith("chart2-") for name in wanted)
    assert wanted <= set(ids)


def test_contents_lists_the_headings_of_level_two_and_three(soup: BeautifulSoup, sample: Document) -> None:
    expected = [(f"#{block['id']}", block["text"]) for block in blocks(sample, "heading") if block["level"] <= 3]
    assert [(link["href"], link.text) for link in soup.select("nav a")] == expected


def test_a_short_document_has_no_contents(sample: Document) -> None:
    short = render_html(replace(sample, blocks=sample.blocks[:4]))
    assert "<nav" not in short


def test_tables_have_caption_and_scoped_headers(soup: BeautifulSoup, sample: Document) -> None:
    tables = soup.select(".table table")
    assert len(tables) == len(blocks(sample, "table"))
    for table, block in zip(tables, blocks(sample, "table"), strict=True):
        assert table.caption.text == f"Table {block['number']}: {block['caption']}"
        assert [cell["scope"] for cell in table.select("thead th")] == ["col"] * len(block["columns"])
        rows = table.select("tbody tr")
        assert len(rows) == len(block["rows"])
        for row in rows:
            first, *others = row.find_all(["th", "td"])
            assert (first.name, first["scope"]) == ("th", "row")
            assert {cell.name for cell in others} == {"td"}


def test_numeric_columns_are_marked_in_head_and_body(soup: BeautifulSoup, sample: Document) -> None:
    for table, block in zip(soup.select(".table table"), blocks(sample, "table"), strict=True):
        numeric = [column["numeric"] for column in block["columns"]]
        for row in table.find_all("tr"):
            assert ["numeric" in cell.get("class", []) for cell in row.find_all(["th", "td"])] == numeric


def test_tables_scroll_in_named_regions_that_the_keyboard_reaches(soup: BeautifulSoup) -> None:
    regions = [table.parent for table in soup.find_all("table")]
    assert all(region["role"] == "region" and region["tabindex"] == "0" for region in regions)
    names = [soup.find(id=region["aria-labelledby"]).text for region in regions]
    assert len(names) == len(set(names))


def test_each_chart_offers_its_data_under_a_name_of_its_own(soup: BeautifulSoup, sample: Document) -> None:
    """Closed at first, a table like any other once open: named, with headers, reached by the keyboard."""
    offered = soup.select("figure > details")
    charts = blocks(sample, "chart")
    assert [details.summary.text for details in offered] == [f"Data of figure {block['number']}" for block in charts]
    for details, block in zip(offered, charts, strict=True):
        assert "open" not in details.attrs
        assert details.caption.text == f"{details.summary.text}: {block['title']}"
        headers = [column["header"] for column in block["data"]["columns"]]
        assert [head.text for head in details.select("thead th[scope=col]")] == headers
        read = [[cell.text for cell in row.find_all(["th", "td"])] for row in details.select("tbody tr")]
        assert read == [[plain_json(cell) for cell in row] for row in block["data"]["rows"]]


def test_charts_are_inline_with_their_alternative_text(soup: BeautifulSoup, sample: Document) -> None:
    drawn = soup.select("figure svg")
    assert [svg["aria-label"] for svg in drawn] == [block["alt"] for block in blocks(sample, "chart")]
    assert {svg["role"] for svg in drawn} == {"img"}
    assert "Figure 1: Violence is recorded" in soup.figure.figcaption.text
    assert "Sexual offences" in drawn[0].text
    assert not soup.select("svg style, svg metadata")


def test_page_needs_nothing_from_outside(soup: BeautifulSoup, page: str) -> None:
    assert "<script" not in page
    assert not re.search(r"https?://", page)
    assert not soup.find_all(src=True)
    assert all(link["href"].startswith("#") for link in soup.find_all(href=True))
    assert not [name for element in soup.find_all(True) for name in element.attrs if name.startswith("on")]
    assert set(re.findall(r'url\("?([a-z]+:[a-z/0-9]+)', page)) == {"data:font/woff2"}
    assert page.count("@font-face") == 2


def test_strings_stay_text(soup: BeautifulSoup, hostile: tuple[str, ...], elsewhere: tuple[str, ...]) -> None:
    cells = [cell.text for cell in soup.select(".table table")[1].select("tbody th")]
    assert cells == [*hostile, *elsewhere]
    assert hostile[0] in soup.nav.text


def test_title_cannot_leave_the_style_sheet(sample: Document) -> None:
    title = 'A";}</style><script>alert(1)</script>\\'
    page = render_html(replace(sample, title=title))
    soup = BeautifulSoup(page, "html.parser")
    assert soup.h1.text == title
    assert soup.script is None
    assert '@page { @top-left { content: "A\\22 \\3b \\7d \\3c \\2f style' in soup.style.text


def test_every_figure_is_in_the_page_with_its_value(soup: BeautifulSoup, sample: Document) -> None:
    shown = [(span["data-figure"], float(span["data-value"]), span.text) for span in soup.select("span[data-figure]")]
    expected = [(item["figure"], item["value"], item["text"]) for item in figures(sample.blocks)]
    assert len(expected) > 60
    assert sorted(shown) == sorted(expected)


def test_an_open_limit_has_no_value() -> None:
    limit = Figure("a/high", float("inf"), "no upper limit", "crimes a year", "crimes sheet")
    span = BeautifulSoup(html_fragment([Paragraph((limit,)).to_json()]), "html.parser").span
    assert (span.text, span.attrs) == ("no upper limit", {"data-figure": "a/high"})


def test_consecutive_statements_share_a_row(soup: BeautifulSoup) -> None:
    assert [len(row.select(".statement")) for row in soup.select(".statements")] == [3, 1]
    assert soup.select_one(".statement .headline").text == "83.6%"


def test_overall_judgement_comes_first_in_words(soup: BeautifulSoup) -> None:
    grades = [(group.dt.text, group.dd.text) for group in soup.select(".judgements dl > div")]
    assert grades[0] == ("Overall judgement", "Inadequate")
    assert [group["class"] for group in soup.select(".judgements dl > div")] == [["overall"], *[["question"]] * 3]


def test_numbered_paragraphs_say_their_number_and_can_be_linked_to(soup: BeautifulSoup, sample: Document) -> None:
    said = [(element["id"], element.text) for element in soup.select("p.numbered")]
    assert [name for name, _ in said] == ["paragraph-1", "paragraph-2", "paragraph-3"]
    assert said[2][1] == "3. Its sample will be larger."
    assert html_fragment([Numbered("x").to_json()]).strip() == '<p class="numbered">x</p>'
    assert "2. The next audit is planned for June." in text_fragment(sample.blocks)


def test_callouts_say_their_kind(soup: BeautifulSoup) -> None:
    assert [callout.p.text for callout in soup.select(".callout")] == [
        "Warning: Two records weigh heavily",
        "Note: How to read a range",
    ]


def test_same_document_gives_the_same_page(sample: Document, page: str) -> None:
    assert render_html(sample) == page


def test_unknown_block_is_refused() -> None:
    with pytest.raises(ValueError, match="'poem'"):
        html_fragment([{"block": "poem"}])


def test_fragment_stands_alone_without_numbers(sample: Document) -> None:
    table, chart = ({**blocks(sample, name)[0]} for name in ("table", "chart"))
    del table["number"], chart["number"]
    soup = BeautifulSoup(html_fragment([table, chart]), "html.parser")
    assert soup.caption.text == "Recording by district"
    assert soup.select_one("[role=region]")["aria-label"] == "Recording by district"
    assert all(element["id"].startswith("chart-") for element in soup.find_all(id=True))


def test_block_shows_itself_in_jupyterlab() -> None:
    bundle = Paragraph("1 < 2")._repr_mimebundle_()
    assert bundle["text/html"].strip() == "<p>1 &lt; 2</p>"
    assert bundle["text/plain"] == "1 < 2"


def test_plain_text_says_all_that_the_page_says(sample: Document, hostile: tuple[str, ...]) -> None:
    text = text_fragment(sample.blocks)
    assert all(item["text"] in text for item in figures(sample.blocks))
    assert all(string in text for string in hostile)
    assert "Warning: Two records weigh heavily" in text
    assert "Question         Answer\n---------------  ------\nRecords sampled   2,310" in text
    assert "1. Listen to the call." in text


def test_importing_the_fragments_does_not_import_jinja() -> None:
    asked = "import sys, cdi_stats.report.fragments; print('jinja2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def palettes() -> dict[str, dict[str, str]]:
    light, dark, printed = (
        dict(re.findall(r"--([\w-]+): (#\w{6})", rule)) for rule in re.findall(r":root \{[^}]+", STYLE)
    )
    return {"light": light, "dark": light | dark, "print": light | printed}


@pytest.mark.parametrize("palette", ["light", "dark", "print"])
def test_colours_meet_wcag_aa(palette: str) -> None:
    colours = palettes()[palette]
    texts = [("ink", ground) for ground in ("page", "panel", "note", "warning")]
    texts += [("quiet", ground) for ground in ("page", "panel", "note", "warning")]
    texts += [("link", "page"), ("link", "panel"), ("heading", "page"), ("heading", "panel")]
    texts += [("on-navy", "navy"), ("on-navy-quiet", "navy")]
    assert {pair: ratio for pair in texts if (ratio := contrast(*(colours[name] for name in pair))) < 4.5} == {}
    marks = [("accent", "page"), ("warning-line", "page")]
    assert {pair: ratio for pair in marks if (ratio := contrast(*(colours[name] for name in pair))) < 3} == {}
