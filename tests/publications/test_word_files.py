"""Each report's Word file, reopened: a document to work on, with real headings, captions, numbering and header rows."""

from __future__ import annotations

import re
import zipfile
from itertools import pairwise

from docx.oxml.ns import qn
from tests.publications.read_back import dense

from cdi_stats.report.blocks import plain_json

HEADINGS = {f"Heading {level}": level for level in range(1, 5)}


def test_headings_are_real_ones_in_the_order_of_the_page(read):
    titles = [p.text for p in read.word.paragraphs if p.style.name == "Title"]
    found = [(HEADINGS[p.style.name], p.text) for p in read.word.paragraphs if p.style.name in HEADINGS]
    assert titles == [text for _, text in read.page.headings[:1]]
    assert found == [(level - 1, text) for level, text in read.page.headings[1:] if text != "Contents"]
    levels = [level for level, _ in found]
    assert levels[0] == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_file_says_what_it_is_and_in_what_language(read):
    (title,) = read.of("title")
    properties = read.word.core_properties
    assert (properties.title, properties.subject) == (read.page.headings[0][1], title["subtitle"])
    assert properties.language == "en-GB"
    with zipfile.ZipFile(read.files["docx"]) as archive:
        assert '<w:lang w:val="en-GB"' in archive.read("word/styles.xml").decode()


def test_every_picture_is_told_in_words(read):
    pictures = [picture.get("descr") for picture in read.word.element.body.iter(qn("wp:docPr"))]
    assert pictures == [chart["alt"] for chart in read.of("chart")]


def test_tables_have_captions_and_header_rows_that_repeat(read):
    named = [table._tbl.tblPr.xpath("./w:tblCaption/@w:val")[0] for table in read.word.tables]
    assert [name for name in named if name != "Judgements"] == [block["caption"] for block in read.of("table")]
    for table in read.word.tables:
        headers = [bool(row._tr.xpath("./w:trPr/w:tblHeader")) for row in table.rows]
        assert headers == [True] + [False] * (len(headers) - 1)
        assert not list(table._tbl.iter(qn("w:gridSpan"), qn("w:vMerge")))


def test_captions_stand_over_tables_and_charts_and_stay_with_them(read):
    captions = [p for p in read.word.paragraphs if p.style.name == "Caption"]
    wanted = [
        f"Table {block['number']}: {block['caption']}"
        if block["block"] == "table"
        else f"Figure {block['number']}: {block['title']}"
        for block in numbered(read)
    ]
    assert [caption.text for caption in captions] == wanted
    for caption in captions:
        assert caption.paragraph_format.keep_with_next or caption.style.paragraph_format.keep_with_next
        assert caption._p.xpath(".//w:instrText[contains(., 'SEQ')]")


def numbered(read):
    """Yield the tables and charts in the order of the report, each with its number among its kind."""
    seen = {"table": 0, "chart": 0}
    for block in read.blocks:
        if block["block"] in seen:
            seen[block["block"]] += 1
            yield block | {"number": seen[block["block"]]}


def test_numbered_paragraphs_are_counted_by_word(read):
    found = [p for p in read.word.paragraphs if p.style.name == "Numbered Paragraph"]
    assert [p.text for p in found] == [plain_json(block["text"]) for block in read.of("numbered")]
    assert bool(found) == (read.report == "board_paper")
    styled = read.word.styles.element.xpath(
        "./w:style[w:name/@w:val='Numbered Paragraph']/w:pPr/w:numPr/w:numId/@w:val"
    )
    assert not found or len(styled) == 1
    assert not [p for p in found if re.match(r"\s*\d+\.", p.text)]


def test_lists_are_real_ones(read):
    styles = {True: "List Number", False: "List Bullet"}
    found = [(p.style.name, dense(p.text)) for p in read.word.paragraphs if p.style.name in styles.values()]
    points = [
        (styles[block["ordered"]], dense(plain_json(point)))
        for block in read.of("bullets")
        for point in block["points"]
    ]
    assert [point for point in points if point not in found] == []
