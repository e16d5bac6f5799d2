"""The PDF report: declared standards, tag tree, text, page furniture, and what it refuses."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pikepdf
import pytest
from pypdf import PdfReader

from cdi_stats.errors import ReportFailed
from cdi_stats.publishing.document import Document
from cdi_stats.publishing.typst import render_pdf
from cdi_stats.report.blocks import Json, figures

HEADINGS = {f"/H{level}": level for level in range(1, 7)}


@pytest.fixture(scope="module")
def content(sample: Document) -> bytes:
    return render_pdf(sample)


@pytest.fixture(scope="module")
def pdf(content: bytes) -> Iterator[pikepdf.Pdf]:
    with pikepdf.open(io.BytesIO(content)) as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(content: bytes) -> list[str]:
    return [words(page.extract_text()) for page in PdfReader(io.BytesIO(content)).pages]


@pytest.fixture(scope="module")
def elements(pdf: pikepdf.Pdf) -> list[Any]:
    return list(walk(pdf.Root.StructTreeRoot.K))


def words(text: str) -> str:
    return " ".join(text.split())


def walk(node: Any) -> Iterator[Any]:
    if isinstance(node, pikepdf.Array):
        for item in node:
            yield from walk(item)
    elif isinstance(node, pikepdf.Dictionary) and "/S" in node:
        yield node
        yield from walk(node.get("/K", pikepdf.Array()))


def children(element: Any, tag: str) -> list[Any]:
    return [item for item in walk(element.K) if str(item.S) == tag]


def attribute(element: Any, name: str) -> str:
    groups = element.get("/A", pikepdf.Array())
    return next((str(group[name]) for group in groups if name in group), "")


def blocks(document: Document, name: str) -> list[Json]:
    return [block for block in document.blocks if block["block"] == name]


def test_file_declares_its_standards_language_and_title(pdf: pikepdf.Pdf, sample: Document) -> None:
    with pdf.open_metadata() as metadata:
        assert metadata["pdfuaid:part"] == "1"
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("2", "A")
        assert metadata["dc:title"] == sample.title
    assert pdf.Root.MarkInfo.Marked
    assert str(pdf.Root.Lang) == "en-GB"
    assert pdf.Root.ViewerPreferences.DisplayDocTitle
    assert str(pdf.docinfo["/Author"]) == sample.author


def test_headings_start_at_one_and_skip_no_level(elements: list[Any], sample: Document) -> None:
    levels = [HEADINGS[str(element.S)] for element in elements if str(element.S) in HEADINGS]
    assert levels[:2] == [1, 2]
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    assert len(levels) == 2 + len(blocks(sample, "heading"))


def test_every_figure_element_has_its_alternative_text(elements: list[Any], sample: Document) -> None:
    alternatives = [str(element.get("/Alt", "")) for element in elements if element.S == "/Figure"]
    assert alternatives == [block["alt"] for block in blocks(sample, "chart")]


def test_tables_are_tagged_with_caption_and_column_headers(elements: list[Any], sample: Document) -> None:
    tables = [element for element in elements if element.S == "/Table"]
    assert len(tables) == len(blocks(sample, "table"))
    for table, block in zip(tables, blocks(sample, "table"), strict=True):
        headers = children(table, "/TH")
        assert len(headers) == len(block["columns"])
        assert {attribute(header, "/Scope") for header in headers} == {"/Column"}
        assert len(children(table, "/TR")) == 1 + len(block["rows"])
        assert len(children(table, "/Caption")) == 1


def test_lists_and_contents_are_tagged(elements: list[Any], sample: Document) -> None:
    tags = [str(element.S) for element in elements]
    assert tags.count("/L") == 2
    assert tags.count("/LI") == 6
    assert tags.count("/TOCI") == len([block for block in blocks(sample, "heading") if block["level"] <= 3])


def test_numbered_paragraphs_are_read_with_their_numbers(pages: list[str]) -> None:
    text = " ".join(pages)
    assert "1. The board is asked to note" in text
    assert text.index("2. The next audit") < text.index("3. Its sample will be larger.")


def test_text_stands_in_paragraphs(pdf: pikepdf.Pdf) -> None:
    assert "/Span" not in {
        str(item.S) for item in pdf.Root.StructTreeRoot.K[0].K if isinstance(item, pikepdf.Dictionary)
    }


def test_contents_give_the_page_of_each_heading(pages: list[str], sample: Document) -> None:
    listed = pages[0][pages[0].index("Contents") :]
    for block in blocks(sample, "heading"):
        if block["level"] <= 3:
            after = listed[listed.index(block["text"]) + len(block["text"]) :].lstrip(" .")
            number = int(after.split()[0])
            assert block["text"] in pages[number - 1]


def test_bookmarks_follow_the_headings(content: bytes, sample: Document) -> None:
    outline = PdfReader(io.BytesIO(content)).outline
    top = [str(item.title) for item in outline if not isinstance(item, list)]
    assert top == [block["text"] for block in blocks(sample, "heading") if block["level"] == 2]


def test_every_page_says_which_it_is(pages: list[str], sample: Document) -> None:
    assert len(pages) > 4
    for number, text in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in text
        assert "6 December 2017" in text
        assert sample.title in text


def test_every_figure_can_be_read_from_the_pages(pages: list[str], sample: Document) -> None:
    whole = " ".join(pages)
    assert [item["text"] for item in figures(sample.blocks) if item["text"] not in whole] == []
    assert all(f"District {number:02d}" in whole for number in range(1, 61))
    assert "Recorded, per cent of reported" in whole


def test_header_row_stands_again_on_each_page_of_a_table(pages: list[str]) -> None:
    assert [text.count("District Reported Recorded") for text in pages if "District " in text and "%" in text].count(
        1
    ) >= 2


def test_strings_stay_text(pages: list[str], hostile: tuple[str, ...], elsewhere: tuple[str, ...]) -> None:
    whole = " ".join(pages)
    assert [string for string in hostile if words(string) not in whole] == []
    assert [word for phrase in elsewhere[:2] for word in phrase.split() if word not in whole] == []
    assert "[oncoming police car]" in whole


def test_in_a_chart_it_is_a_square(sample: Document) -> None:
    """Its name would run over the chart's edge, and is in the alternative text."""
    chart = blocks(sample, "chart")[0]
    drawn = chart | {"svg": chart["svg"].replace("Sexual offences", "🚔"), "alt": "🚔 1 of 2", "title": "T"}
    content = render_pdf(replace(sample, blocks=(drawn,)))
    assert "\u25a1" in PdfReader(io.BytesIO(content)).pages[0].extract_text()
    with pikepdf.open(io.BytesIO(content)) as opened:
        assert "[oncoming police car] 1 of 2" in [str(e.Alt) for e in walk(opened.Root.StructTreeRoot.K) if "/Alt" in e]


def test_chart_and_text_share_one_family(pdf: pikepdf.Pdf) -> None:
    names = {
        str(item["/BaseFont"]) for item in pdf.objects if isinstance(item, pikepdf.Dictionary) and "/BaseFont" in item
    }
    families = {name.partition("+")[2].partition("-")[0] for name in names}
    assert families == {"Inter", "DejaVuSans"}


def test_same_document_gives_the_same_bytes(sample: Document, content: bytes) -> None:
    render_pdf(replace(sample, title="Another report in between"))
    assert render_pdf(sample) == content


def test_date_may_be_missing(sample: Document) -> None:
    undated = replace(sample, date="", author="", subtitle="", blocks=sample.blocks[1:5])
    with pikepdf.open(io.BytesIO(render_pdf(undated))) as opened:
        assert "/Author" not in opened.docinfo
        assert opened.Root.MarkInfo.Marked
        with opened.open_metadata() as metadata:
            assert metadata["pdfuaid:part"] == "1"
            assert "pdfaid:part" not in metadata


def test_chart_without_alternative_text_is_refused(sample: Document) -> None:
    silent = tuple(block | {"alt": None} if block["block"] == "chart" else block for block in sample.blocks)
    with pytest.raises(ReportFailed, match=r"Crime data integrity inspection.*\n.*alt"):
        render_pdf(replace(sample, blocks=silent))


def test_unknown_block_is_refused(sample: Document) -> None:
    with pytest.raises(ReportFailed, match="poem"):
        render_pdf(replace(sample, blocks=(*sample.blocks, {"block": "poem"})))


def test_words_longer_than_a_line_are_broken(content: bytes, long_word: str) -> None:
    lines = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    assert long_word * 2 not in lines
    assert long_word * 2 in lines.replace("\n", "")


def test_cell_longer_than_a_page_runs_on_to_the_next(sample: Document) -> None:
    table = blocks(sample, "table")[0] | {"rows": [["word " * 3000, "1", "2", "3", "4"]]}
    pages = PdfReader(io.BytesIO(render_pdf(replace(sample, blocks=(table,))))).pages
    held = [page.extract_text().count("word") for page in pages]
    assert sum(held) == 3000
    assert max(held) < 600


def table_of(sample: Document, rows: list[list[str]]) -> Json:
    columns = [{"header": f"{place}", "numeric": False, "width": 1.0} for place in range(len(rows[0]))]
    return blocks(sample, "table")[0] | {"columns": columns, "rows": rows, "notes": []}


def test_a_short_table_stands_on_one_page(sample: Document) -> None:
    """Wherever on the page it falls: a line more before each moves the next one down."""
    line = {"block": "paragraph", "text": "A line."}
    tables = [table_of(sample, [[f"t{number}r{row}.", "1"] for row in range(8)]) for number in range(12)]
    made = [block for number, table in enumerate(tables) for block in (*[line] * number, table)]
    content = render_pdf(replace(sample, blocks=tuple(made)))
    texts = [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]
    assert len(texts) > 4
    for number in range(len(tables)):
        held = [sum(f"t{number}r{row}." in text for row in range(8)) for text in texts]
        assert sorted(held)[-2:] == [0, 8], number


@pytest.mark.parametrize("letters", [3, 4, 7, 12])
@pytest.mark.parametrize("columns", [4, 8])
def test_no_table_runs_off_its_page(sample: Document, columns: int, letters: int) -> None:
    """Its height is reckoned by mean letters in full lines: here of the widest, whose lines are half empty."""
    low, high = 22 / 25.4 * 72 - 1, 842 - 24 / 25.4 * 72 + 1  # the margins of report.typ, in points
    tables = [table_of(sample, [[" ".join(["W" * letters] * most)] * columns]) for most in (15, 30, 60, 120)]
    found: list[tuple[int, float]] = []

    def note(text: str, cm: list[float], tm: list[float], *_: Any) -> None:
        if "W" in text:
            found.append((text.count("W"), tm[4] * cm[1] + tm[5] * cm[3] + cm[5]))

    for page in PdfReader(io.BytesIO(render_pdf(replace(sample, blocks=tuple(tables))))).pages:
        page.extract_text(visitor_text=note)
    assert sum(many for many, _ in found) == columns * letters * (15 + 30 + 60 + 120)
    assert all(low < height < high for _, height in found)


def test_a_list_may_be_empty(sample: Document) -> None:
    assert render_pdf(replace(sample, blocks=({"block": "bullets", "ordered": False, "points": []},)))


def test_a_formula_breaks_within_its_cell(sample: Document) -> None:
    columns = [{"header": str(place), "numeric": False, "width": 1.0} for place in range(6)]
    formula = "@SUM(1+1)*cmd|' /C=calc\\\\con"
    table = blocks(sample, "table")[0] | {"columns": columns, "rows": [["a", formula, "2", "3", "4", "5"]]}
    text = PdfReader(io.BytesIO(render_pdf(replace(sample, blocks=(table,))))).pages[0].extract_text()
    assert formula not in text
    assert formula.replace(" ", "") in "".join(text.split())


def test_numbers_are_not_broken_to_fit_their_column(sample: Document) -> None:
    number = "83.6% (1,254 of 1,500)"
    columns = [{"header": str(place), "numeric": place > 0, "width": 1.0} for place in range(6)]
    table = blocks(sample, "table")[0] | {"columns": columns, "rows": [["a", number, "2", "3", "4", "5"]]}
    content = render_pdf(replace(sample, blocks=(table,)))
    assert number in PdfReader(io.BytesIO(content)).pages[0].extract_text()


def test_a_text_that_ends_in_a_colon_stays_with_what_it_leads_to(sample: Document) -> None:
    """Wherever on the page it falls: of so many paragraphs before it, some leave room for it alone."""
    lead, line = {"block": "paragraph", "text": "These were sampled:"}, {"block": "paragraph", "text": "A line."}
    points = {"block": "bullets", "ordered": False, "points": ["The first.", *["Another."] * 5]}
    for before in range(24, 32):
        made = replace(sample, blocks=(*[line] * before, lead, points))
        texts = [page.extract_text() for page in PdfReader(io.BytesIO(render_pdf(made))).pages]
        assert [lead["text"] in text for text in texts] == ["The first." in text for text in texts]


def test_a_hash_stands_on_one_line(sample: Document) -> None:
    digest = "0123456789abcdef" * 4
    columns = [{"header": name, "numeric": False, "width": width} for name, width in (("Item", 1.4), ("Value", 3.2))]
    table = blocks(sample, "table")[0] | {"columns": columns, "rows": [["SHA-256", digest]]}
    page = PdfReader(io.BytesIO(render_pdf(replace(sample, blocks=(table,))))).pages[0]
    assert any(digest in line for line in page.extract_text().splitlines())


def test_character_without_a_shape_is_spelt_out(sample: Document) -> None:
    content = render_pdf(replace(sample, blocks=({"block": "paragraph", "text": ["a\x00b", {"strong": "🚔"}]},)))
    assert "a[U+0000]b[oncoming police car]" in PdfReader(io.BytesIO(content)).pages[0].extract_text()
