"""Each report's page: one file that runs nothing and asks for nothing, in order for who reads, hears or prints it."""

from __future__ import annotations

import re
from itertools import pairwise

from tests.publications.read_back import dense

ONLY_WORDS = {"aria-label", "content", "data-figure"}  # attributes that may hold what an audit says


def test_page_is_one_file_without_script_or_address(read):
    assert not {"script", "link", "iframe", "object", "embed", "base", "form"} & {tag for tag, *_ in read.page.elements}
    (style,) = re.findall("<style>(.*?)</style>", read.source, re.DOTALL)
    assert "@import" not in style
    assert set(re.findall(r"url\(\"?(\w+:|[^d#])", style)) <= {"data:"}
    for _, attributes, _ in read.page.elements:
        assert not [name for name in attributes if name.startswith("on")]
        assert not [name for name in attributes if name not in ONLY_WORDS and "//" in (attributes[name] or "")]
        assert attributes.get("href", "#").startswith("#")
        assert attributes.get("src", "data:").startswith("data:")


def test_links_lead_somewhere_and_ids_are_unique(read):
    elements = read.page.elements
    ids = [attributes["id"] for _, attributes, _ in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    wanted = [attributes["href"][1:] for _, attributes, _ in elements if attributes.get("href", "#") != "#"]
    wanted += [a["aria-labelledby"] for _, a, _ in elements if "aria-labelledby" in a]
    assert wanted
    assert set(wanted) <= set(ids)


def test_headings_stand_in_order(read):
    levels = [level for level, _ in read.page.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    assert all(text.strip() for _, text in read.page.headings)


def test_tables_have_captions_and_scopes(read):
    page = read.page
    assert len(page.captions) == len(page.all("table")) == len(read.grids)
    assert all(caption.strip() for caption in page.captions)
    assert len(set(page.captions)) == len(page.captions)
    for tag, attributes, around in page.elements:
        if tag == "th":
            assert attributes["scope"] == ("col" if "thead" in around else "row")
    rows = sum(tag == "tr" and "tbody" in around for tag, _, around in page.elements)
    assert rows == sum(attributes.get("scope") == "row" for attributes in page.all("th"))


def test_charts_are_told_in_words_with_their_numbers(read):
    charts = read.of("chart")
    pictures = [picture for picture in read.page.all("svg") if picture.get("role") == "img"]
    assert [picture["aria-label"] for picture in pictures] == [chart["alt"] for chart in charts]
    for chart in charts:
        assert len(re.findall(r"\d", chart["alt"])) >= 4
        assert len(chart["alt"]) > 40
    assert len({chart["alt"] for chart in charts}) == len(charts)


def test_page_names_its_language_and_title(read):
    assert read.page.all("html")[0]["lang"] == "en-GB"
    (title,) = read.of("title")
    assert title["subtitle"] in re.search("<title>(.*)</title>", read.source)[1]


def test_no_source_of_the_notebook_reaches_a_reader(read):
    lines = {line for cell in read.notebook.cells if cell.cell_type == "code" for line in cell.source.splitlines()}
    assert len(lines) > 10
    told = [dense(read.page.text), dense(read.pdf.text_of(read.pdf.root)), read.word_words]
    for line in [*filter(None, lines), "open_report", "kernel", "ipykernel", "Traceback"]:
        assert all(dense(line) not in text for text in told), line
