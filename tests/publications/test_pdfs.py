"""Each report's PDF: tagged for who hears it, and set so that nothing runs off the page, over other words or apart.

Authority: PDF/UA-1 (ISO 14289-1) for what is declared and tagged; the rest is what a reader of a printed paper expects.
"""

from __future__ import annotations

from itertools import combinations, pairwise

from tests.publications.read_back import dense

HEADINGS = {f"H{level}": level for level in range(1, 7)}
CONTENTS = (2, "Contents")
MARGIN, EDGE = 42.5, 20  # points: 15 mm at the sides, and 7 mm above and below, where printers reach no further
ASIDE = ("TOC", "Table", "L", "Figure", "H1", "H2", "H3", "H4", "P", "Caption")


def test_pdf_declares_what_it_is(read):
    root, title = read.pdf.pdf.Root, read.page.headings[0][1]
    assert root.MarkInfo.Marked
    assert str(root.Lang) == "en-GB"
    assert root.ViewerPreferences.DisplayDocTitle
    with read.pdf.pdf.open_metadata() as metadata:
        assert metadata["pdfuaid:part"] == "1"
        assert metadata["dc:title"] == title


def test_pdf_is_of_sane_length_and_no_page_is_empty(read):
    words = [0] * len(read.pdf.pdf.pages)
    for run in read.pdf.runs:
        words[run.page] += len(run.text)
    assert 2 <= len(words) <= 40
    assert [number for number, length in enumerate(words, start=1) if length < 150] == []


def test_all_but_page_furniture_is_in_the_tag_tree(read):
    """What is not tagged is not heard: only what repeats on each page, and the dots of the contents."""
    tagged = list(read.pdf.root.marks())
    assert len(tagged) == len(set(tagged)) > 100
    assert set(read.pdf.by_mark) <= set(tagged)


def test_headings_are_read_in_the_order_of_the_page(read):
    """But for the contents, which the first page of a PDF gives after the judgement."""
    found = read.pdf.root.all(*HEADINGS)
    levels = [HEADINGS[element.tag] for element in found]
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    told = [(level, dense(element.title)) for level, element in zip(levels, found, strict=True)]
    wanted = [(level, dense(text)) for level, text in read.page.headings]
    assert [one for one in told if one != CONTENTS] == [one for one in wanted if one != CONTENTS]
    assert [dense(read.pdf.text_of(element)) for element in found] == [text for _, text in told]


def test_bookmarks_lead_to_the_headings(read):
    with read.pdf.pdf.open_outline() as outline:
        found = [dense(item.title) for item in flat(outline.root)]
    assert found == [dense(text) for _, text in read.page.headings[1:] if text != "Contents"]


def flat(items):
    for item in items:
        yield item
        yield from flat(item.children)


def test_charts_are_told_in_words(read):
    assert [element.alt for element in read.pdf.root.all("Figure")] == [chart["alt"] for chart in read.of("chart")]


def test_tables_are_tagged_with_caption_and_column_headers(read):
    tables = read.pdf.root.all("Table")
    assert len(tables) == len(read.of("table")) > 2
    for table, block in zip(tables, read.of("table"), strict=True):
        headers = table.all("TH")
        assert [header.attributes["/Scope"] for header in headers][: len(block["columns"])] == ["/Column"] * len(
            block["columns"]
        )
        assert len(table.all("TR")) == 1 + len(block["rows"])
    captions = [dense(read.pdf.text_of(caption)) for caption in read.pdf.root.all("Caption")]
    assert captions == [
        dense(f"Table {number}: {block['caption']}") for number, block in enumerate(read.of("table"), start=1)
    ]


# How it looks.


def test_no_words_run_off_the_page(read):
    """Page headers may grow upwards; what charts hold is looked at by itself."""
    drawn = {mark for element in read.pdf.root.all("Figure") for mark in element.marks()}
    assert [run for run in outside(read.pdf, MARGIN, EDGE) if (run.page, run.mark) not in drawn] == []


def test_no_words_of_a_chart_run_off_the_page(read):
    assert list(outside(read.pdf, MARGIN, EDGE)) == []


def outside(pdf, across, up):
    """Yield the runs that are not wholly within the margins of their page."""
    _, _, width, height = (float(side) for side in pdf.pdf.pages[0].MediaBox)
    for run in pdf.runs:
        if run.text.strip() and not within(run, (across, up, width - across, height - up)):
            yield run


def within(run, box):
    left, foot, right, head = box
    return left <= run.left and foot <= run.foot and run.right <= right and run.head <= head


def test_no_words_stand_over_others(read):
    """Words of a table's cell that run into the next, a heading over a paragraph, two labels of a chart."""
    assert list(overlaps(read.pdf.runs)) == []


def overlaps(runs, slack=1.0):
    """Yield the pairs of texts on one page that cover each other by more than `slack` points each way."""
    by_page = {}
    for run in runs:
        if run.text.strip():
            by_page.setdefault(run.page, []).append(run)
    for page in by_page.values():
        for one, other in combinations(page, 2):
            across = min(one.right, other.right) - max(one.left, other.left)
            up = min(one.head, other.head) - max(one.foot, other.foot)
            kerned = one.foot == other.foot and one.right - other.left < 2 * slack
            if across > slack and up > slack and not kerned:
                yield one.page + 1, one.text, other.text


def test_no_heading_stands_alone_at_the_foot_of_a_page(read):
    """What a heading is over begins on its page."""
    parts = [element for element in read.pdf.root.walk() if element.tag in ASIDE]
    for place, part in enumerate(parts):
        if part.tag in HEADINGS:
            page = list(part.marks())[-1][0]
            following = next(list(other.marks()) for other in parts[place + 1 :] if other.tag not in HEADINGS)
            assert following[0][0] == page, part.title


def test_a_chart_stands_on_one_page_with_its_title(read):
    paragraphs = {dense(read.pdf.text_of(element)): element for element in read.pdf.root.all("P")}
    for number, (element, chart) in enumerate(zip(read.pdf.root.all("Figure"), read.of("chart"), strict=True), start=1):
        title = paragraphs[dense(f"Figure {number}: {chart['title']}")]
        assert len({page for page, _ in [*element.marks(), *title.marks()]}) == 1, chart["title"]


def test_a_caption_stands_on_the_page_where_its_table_begins(read):
    for caption, table in zip(read.pdf.root.all("Caption"), read.pdf.root.all("Table"), strict=True):
        first = table.all("TR")[1]
        assert {page for page, _ in caption.marks()} == {next(first.marks())[0]}, read.pdf.text_of(caption)


def test_a_table_that_runs_on_has_its_header_again(read):
    """The header that is set again is no part of the tag tree, as a listener has heard it."""
    for table, block in zip(read.pdf.root.all("Table"), read.of("table"), strict=True):
        pages = sorted({page for page, _ in table.marks()})
        for page in pages[1:]:
            again = [run.text for run in read.pdf.runs if run.page == page and run.mark is None]
            wanted = dense("".join(column["header"] for column in block["columns"]))
            assert wanted.replace("-", "") in dense("".join(again)).replace("-", ""), block["caption"]
