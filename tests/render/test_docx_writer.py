"""The Word file: reopened by python-docx, it holds styles, fields, numbering and headers, and texts as they are."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from itertools import pairwise
from typing import Any

import docx
import pytest
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn
from docx.oxml.parser import OxmlElement
from docx.shared import Cm, Pt

from cdi_stats.errors import BadParameters
from cdi_stats.publishing.document import Document
from cdi_stats.publishing.docx import docx_words, read_template, render_docx
from cdi_stats.publishing.docx.widths import fitting_widths, text_width
from cdi_stats.report.blocks import Column, Json, Numbered, Paragraph, Table, figures, plain_json

HEADINGS = {f"Heading {level}": level for level in range(1, 5)}
ATTACHED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate"


@pytest.fixture(scope="module")
def content(sample: Document) -> bytes:
    return render_docx(sample)


@pytest.fixture(scope="module")
def file(content: bytes) -> Any:
    return docx.Document(io.BytesIO(content))


def blocks(document: Document, name: str) -> list[Json]:
    return [block for block in document.blocks if block["block"] == name]


def paragraphs(file: Any, style: str) -> list[Any]:
    return [paragraph for paragraph in file.paragraphs if paragraph.style.name == style]


def with_blocks(document: Document, *parts: Any) -> Document:
    """Return the document with these blocks alone, numbered as a notebook's are."""
    made = []
    for number, part in enumerate(parts, start=1):
        made.append(part.to_json() | ({} if part.name == "paragraph" else {"number": number}))
    return replace(document, blocks=tuple(made))


def reopened(document: Document, *parts: Any, template: bytes | None = None) -> Any:
    return docx.Document(io.BytesIO(render_docx(with_blocks(document, *parts), template)))


def saved(file: Any) -> bytes:
    out = io.BytesIO()
    file.save(out)
    return out.getvalue()


def fields(element: Any) -> list[str]:
    return [code.text.strip() for code in element.iter(qn("w:instrText"))]


# What the file says of itself.


def test_properties_come_from_the_document_and_not_from_the_clock(file: Any, sample: Document) -> None:
    properties = file.core_properties
    assert (properties.title, properties.subject, properties.author) == (sample.title, sample.subtitle, sample.author)
    assert properties.last_modified_by == sample.author
    assert properties.created.isoformat()[:10] == properties.modified.isoformat()[:10] == sample.date
    assert (properties.language, properties.comments, properties.revision) == ("en-GB", "", 1)


def test_a_document_without_a_date_or_author_claims_none(sample: Document) -> None:
    data = render_docx(replace(sample, date="", author=""))
    core = zipfile.ZipFile(io.BytesIO(data)).read("docProps/core.xml").decode()
    assert "created" not in core
    assert docx.Document(io.BytesIO(data)).core_properties.author == ""


def test_all_text_is_british_english(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".xml")}
    found = {lang for text in parts.values() for lang in re.findall(r'<w:lang [^>]*w:val="([^"]+)"', text)}
    assert found == {"en-GB"}
    assert '<w:themeFontLang w:val="en-GB"' in parts["word/settings.xml"]


def test_same_document_gives_the_same_bytes(content: bytes, sample: Document) -> None:
    assert render_docx(sample) == content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.namelist()[0] == "[Content_Types].xml"


def test_nothing_of_the_library_is_left_in_the_file(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert not [name for name in archive.namelist() if "thumbnail" in name or "customXml" in name]
        assert all(b"python-docx" not in archive.read(name) for name in archive.namelist())


# Structure.


def test_headings_are_real_and_skip_no_level(file: Any, sample: Document) -> None:
    assert [paragraph.text for paragraph in paragraphs(file, "Title")] == [sample.title]
    found = [(HEADINGS[p.style.name], p.text) for p in file.paragraphs if p.style.name in HEADINGS]
    assert found == [(block["level"] - 1, block["text"]) for block in blocks(sample, "heading")]
    levels = [level for level, _ in found]
    assert levels[0] == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_every_paragraph_and_cell_has_a_style_made_for_it(file: Any) -> None:
    used = {paragraph.style.name for paragraph in file.paragraphs}
    used |= {p.style.name for table in file.tables for row in table.rows for cell in row.cells for p in cell.paragraphs}
    assert "Normal" not in used
    assert {"Title", "Subtitle", "Body Text", "Caption", "List Bullet", "List Number", "Numbered Paragraph"} <= used


def test_no_run_is_formatted_by_hand(file: Any) -> None:
    """A run may name a character style, and say that it is read from right to left; all else is a style's to say."""
    said = {child.tag for run in file.element.body.iter(qn("w:rPr")) for child in run}
    assert said <= {qn("w:rStyle"), qn("w:rtl")}
    given = {child.tag for part in file.element.body.iter(qn("w:pPr")) for child in part}
    assert given <= {qn(f"w:{name}") for name in ("pStyle", "keepNext", "numPr")}


def test_contents_are_a_field_with_its_entries_already_there(file: Any, sample: Document) -> None:
    (block,) = file.element.body.xpath("./w:sdt")
    (gallery,) = block.iter(qn("w:docPartGallery"))
    assert gallery.get(qn("w:val")) == "Table of Contents"
    assert fields(block) == ['TOC \\o "1-2" \\h \\z']
    kinds = [mark.get(qn("w:fldCharType")) for mark in block.iter(qn("w:fldChar"))]
    assert kinds == ["begin", "separate", "end"]
    links = [
        ("".join(t.text for t in link.iter(qn("w:t"))), link.get(qn("w:anchor")))
        for link in block.iter(qn("w:hyperlink"))
    ]
    assert [text for text, _ in links] == [b["text"] for b in blocks(sample, "heading") if b["level"] <= 3]
    named = {mark.get(qn("w:name")) for mark in file.element.body.iter(qn("w:bookmarkStart"))}
    assert {anchor for _, anchor in links} <= named


def test_bookmarks_have_numbers_and_names_of_their_own(file: Any) -> None:
    starts = list(file.element.body.iter(qn("w:bookmarkStart")))
    ends = list(file.element.body.iter(qn("w:bookmarkEnd")))
    numbers = [start.get(qn("w:id")) for start in starts]
    assert len(set(numbers)) == len(numbers)
    assert sorted(numbers) == sorted(end.get(qn("w:id")) for end in ends)
    assert len({start.get(qn("w:name")) for start in starts}) == len(starts)


def test_a_short_document_has_no_contents(sample: Document) -> None:
    file = docx.Document(io.BytesIO(render_docx(replace(sample, blocks=sample.blocks[:4]))))
    assert file.element.body.xpath("./w:sdt") == []


def test_no_field_asks_readers_at_each_opening_to_be_updated(file: Any) -> None:
    assert file.settings.element.xpath("./w:updateFields") == []
    assert not [mark for mark in file.element.iter(qn("w:fldChar")) if mark.get(qn("w:dirty"))]


def test_captions_are_counted_by_word(file: Any, sample: Document) -> None:
    found = [(paragraph.text, fields(paragraph._p)) for paragraph in paragraphs(file, "Caption")]
    expected = [
        (f"Table {block['number']}: {block['caption']}", ["SEQ Table \\* ARABIC"])
        if block["block"] == "table"
        else (f"Figure {block['number']}: {block['title']}", ["SEQ Figure \\* ARABIC"])
        for block in sample.blocks
        if block["block"] in ("table", "chart")
    ]
    assert found == expected


def test_pages_are_numbered_in_the_footer(file: Any, sample: Document) -> None:
    section = file.sections[0]
    assert section.different_first_page_header_footer
    for footer in (section.footer, section.first_page_footer):
        (paragraph,) = footer.paragraphs
        assert fields(paragraph._p) == ["PAGE", "NUMPAGES"]
        assert paragraph.text.startswith("6 December 2017\tPage ")
    assert section.header.paragraphs[0].text == f"{sample.title}\t{sample.subtitle}"
    assert (section.page_width, section.page_height) == pytest.approx((Cm(21), Cm(29.7)), rel=1e-3)


# Tables.


def data_tables(file: Any) -> list[Any]:
    """Return the tables that are blocks: the judgements are one too, and come first."""
    return file.tables[1:]


def test_tables_hold_every_cell_as_printed(file: Any, sample: Document) -> None:
    for table, block in zip(data_tables(file), blocks(sample, "table"), strict=True):
        found = [[cell.text for cell in row.cells] for row in table.rows]
        heads = [column["header"] for column in block["columns"]]
        assert found == [heads, *([plain_json(cell) for cell in row] for row in block["rows"])]


def test_header_rows_repeat_and_headers_are_marked(file: Any) -> None:
    for table in file.tables:
        first, *others = table.rows
        assert first._tr.xpath("./w:trPr/w:tblHeader")
        assert not [row for row in others if row._tr.xpath("./w:trPr/w:tblHeader")]
        (look,) = table._tbl.tblPr.findall(qn("w:tblLook"))
        assert (look.get(qn("w:firstRow")), look.get(qn("w:firstColumn"))) == ("1", "1")
        assert table.style.name == "Report Table"
    style = file.styles["Report Table"].element
    assert {part.get(qn("w:type")) for part in style.iter(qn("w:tblStylePr"))} == {"firstRow", "firstCol"}


def test_tables_are_called_by_their_captions(file: Any, sample: Document) -> None:
    called = [table._tbl.tblPr.find(qn("w:tblCaption")).get(qn("w:val")) for table in file.tables]
    assert called == ["Judgements", *(block["caption"] for block in blocks(sample, "table"))]


def test_rows_stay_whole_unless_they_are_very_long(file: Any, sample: Document) -> None:
    assert all(row._tr.xpath("./w:trPr/w:cantSplit") for table in file.tables for row in table.rows)
    long = reopened(sample, Table("T", (Column("A"),), (("word " * 2000,), ("short",))))
    assert [bool(row._tr.xpath("./w:trPr/w:cantSplit")) for row in long.tables[0].rows] == [True, False, True]


def test_numeric_columns_are_right_aligned_by_their_style(file: Any, sample: Document) -> None:
    for table, block in zip(data_tables(file), blocks(sample, "table"), strict=True):
        for row in table.rows:
            for cell, column in zip(row.cells, block["columns"], strict=True):
                (paragraph,) = cell.paragraphs
                assert ("Number" in paragraph.style.name) == column["numeric"]
                right = paragraph.style.paragraph_format.alignment == WD_ALIGN_PARAGRAPH.RIGHT
                assert right == column["numeric"]


def test_no_cells_are_merged_and_columns_fill_the_line(file: Any) -> None:
    section = file.sections[0]
    line = section.page_width - section.left_margin - section.right_margin
    for table in file.tables:
        assert not list(table._tbl.iter(qn("w:gridSpan"), qn("w:vMerge")))
        width = sum(column.width for column in table.columns)
        assert width == pytest.approx(line, rel=0.01) or width == pytest.approx(0.65 * line, rel=0.01)


def test_a_text_that_ends_in_a_colon_stays_with_what_it_leads_to(sample: Document) -> None:
    said = reopened(sample, Paragraph("These:"), Paragraph("That."), Numbered("And these:")).paragraphs
    kept = {p.text: p.paragraph_format.keep_with_next for p in said if p.text in ("These:", "That.", "And these:")}
    assert kept == {"These:": True, "That.": None, "And these:": True}


def test_a_short_table_stays_on_a_page_with_its_notes(sample: Document) -> None:
    rows = (("a", "1"), ("b", "2"))
    columns = (Column("A"), Column("B", numeric=True))
    for notes in ((), ("A note.",)):
        (table,) = reopened(sample, Table("T", columns, rows, notes)).tables
        kept = [{p.paragraph_format.keep_with_next for c in row.cells for p in c.paragraphs} for row in table.rows]
        assert kept == [{True}, {True}, {True} if notes else {None}]


def test_notes_stand_beneath_their_table(file: Any) -> None:
    notes = [paragraph.text for paragraph in paragraphs(file, "Table Note")]
    assert "Districts with fewer than ten records are joined." in notes
    body = list(file.element.body)
    place = body.index(data_tables(file)[0]._tbl)
    assert (
        "".join(t.text for t in body[place + 1].iter(qn("w:t"))) == "Districts with fewer than ten records are joined."
    )


def test_a_number_is_given_the_width_it_needs() -> None:
    columns = [{"header": "Kind", "numeric": False, "width": 9.0}, {"header": "N", "numeric": True, "width": 1.0}]
    rows = [["a", "81.5% to 85.5%"], ["b", "1"]]
    size, (wide, narrow) = fitting_widths(columns, rows, 300.0, (10.0, 8.0))
    assert size == 10
    assert narrow > text_width("81.5% to 85.5%", 10.0)
    assert wide + narrow == pytest.approx(300)


def test_a_table_is_set_smaller_before_its_numbers_break_and_shares_what_there_is() -> None:
    column, number = {"header": "N", "numeric": True, "width": 1.0}, "83.6% (1,254 of 1,500)"
    line = text_width(number, 9.0) * 2 + 20
    assert fitting_widths([column] * 2, [[number] * 2], line, (10.0, 8.0))[0] == 8
    size, widths = fitting_widths([column] * 2, [[number] * 2], line * 0.7, (10.0, 8.0))
    assert size == 10
    assert min(widths) > text_width("(1,254", 10.0)
    size, widths = fitting_widths([column] * 9, [[number] * 9], 100.0, (10.0, 8.0))
    assert (size, sum(widths)) == (8, pytest.approx(100))


# Other blocks.


def test_charts_are_pictures_with_their_alternative_text(file: Any, sample: Document) -> None:
    told = [shape._inline.docPr.get("descr") for shape in file.inline_shapes]
    assert told == [block["alt"] for block in blocks(sample, "chart")]
    numbers = [shape._inline.docPr.get("id") for shape in file.inline_shapes]
    assert len(set(numbers)) == len(numbers)
    parts = [p for p in file.part.package.iter_parts() if p.content_type == "image/png"]
    assert parts
    assert all(part.blob.startswith(b"\x89PNG") for part in parts)
    section = file.sections[0]
    line = section.page_width - section.left_margin - section.right_margin
    assert {shape.width for shape in file.inline_shapes} == {line}


def test_numbered_paragraphs_are_one_list_that_word_counts(file: Any, sample: Document) -> None:
    found = paragraphs(file, "Numbered Paragraph")
    assert [p.text for p in found] == [plain_json(block["text"]) for block in blocks(sample, "numbered")]
    assert not [p for p in found if p._p.xpath("./w:pPr/w:numPr")]
    (number,) = file.styles["Numbered Paragraph"].element.xpath("./w:pPr/w:numPr/w:numId/@w:val")
    numbering = file.part.numbering_part.element
    (kind,) = numbering.xpath(f"./w:num[@w:numId='{number}']/w:abstractNumId/@w:val")
    (list_,) = numbering.xpath(f"./w:abstractNum[@w:abstractNumId='{kind}']")
    assert list_.find(f".//{qn('w:numFmt')}").get(qn("w:val")) == "decimal"
    assert list_.find(f".//{qn('w:pStyle')}").get(qn("w:val")) == file.styles["Numbered Paragraph"].style_id
    marks = [mark.get(qn("w:name")) for mark in file.element.body.iter(qn("w:bookmarkStart"))]
    assert {"paragraph_1", "paragraph_2", "paragraph_3"} <= set(marks)


def test_each_ordered_list_starts_again_at_one(sample: Document) -> None:
    from cdi_stats.report.blocks import Bullets

    made = replace(sample, blocks=tuple(Bullets(("a", "b"), ordered=True).to_json() for _ in range(2)))
    file = docx.Document(io.BytesIO(render_docx(made)))
    numbers = [p._p.xpath("./w:pPr/w:numPr/w:numId/@w:val")[0] for p in paragraphs(file, "List Number")]
    assert numbers[0] == numbers[1] != numbers[2] == numbers[3]
    numbering = file.part.numbering_part.element
    for number in set(numbers):
        assert numbering.xpath(f"./w:num[@w:numId='{number}']//w:startOverride/@w:val") == ["1"]


def test_lists_stand_in_the_order_that_word_wants(file: Any) -> None:
    tags = [child.tag for child in file.part.numbering_part.element]
    assert tags == sorted(tags, key=[qn("w:abstractNum"), qn("w:num")].index)


def test_statements_callouts_and_judgements_say_all_they_hold(file: Any) -> None:
    assert [p.text for p in paragraphs(file, "Statement Figure")] == ["83.6%", "79.2%", "90.2%", "10,600"]
    assert [p.text for p in paragraphs(file, "Callout Warning Heading")] == ["Warning: Two records weigh heavily"]
    assert [p.text for p in paragraphs(file, "Callout Note Heading")] == ["Note: How to read a range"]
    assert [p.text for p in paragraphs(file, "Judgement Grade")] == ["Inadequate"]
    grades = [[cell.text for cell in row.cells] for row in file.tables[0].rows]
    assert grades[0] == ["Question", "Judgement"]
    assert grades[2][1] == "Requires improvement"


def test_every_figure_and_every_word_is_in_the_file(content: bytes, sample: Document) -> None:
    words = docx_words(content)
    assert all(figure["text"] in words for figure in figures(sample.blocks))
    for block in sample.blocks:
        for name in ("text", "says", "detail", "given_by", "subtitle", "caption", "title"):
            if name in block and block["block"] != "title":
                assert plain_json(block[name]) in words


# Text is text.


def test_strings_stay_text(file: Any, hostile: tuple[str, ...], elsewhere: tuple[str, ...]) -> None:
    assert [row.cells[0].text for row in list(data_tables(file)[1].rows)[1:]] == [*hostile, *elsewhere]
    assert hostile[0] in [p.text for p in file.paragraphs if p.style.name == "Heading 2"]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<w:p><w:r><w:t>x</w:t></w:r></w:p>", "<w:p><w:r><w:t>x</w:t></w:r></w:p>"),
        ("{ TOC \\o } &amp; ]]> <!--", "{ TOC \\o } &amp; ]]> <!--"),
        ("nul\x00bell\x07esc\x1b", "nul\ufffdbell\ufffdesc\ufffd"),
        ("no\ud800pair, no\ufffecharacter", "no\ufffdpair, no\ufffdcharacter"),
        ("🚔 over the first plane 𝒳", "🚔 over the first plane 𝒳"),
        ("two\nlines, a\ttab", "two\nlines, a\ttab"),
        ("  spaces  kept  ", "  spaces  kept  "),
        ("long " * 2000, "long " * 2000),
    ],
)
def test_any_text_can_stand_anywhere(sample: Document, text: str, read: str) -> None:
    parts = (Paragraph(text), Numbered(text), Table(text, (Column(text),), ((text,),), (text,)))
    named = replace(sample, title=text, subtitle=text, author=text)
    file = reopened(named, *parts)
    assert [p.text for p in paragraphs(file, "Title")] == [read]
    assert [p.text for p in paragraphs(file, "Body Text")] == [read]
    assert [p.text for p in paragraphs(file, "Numbered Paragraph")] == [read]
    assert {cell.text for row in file.tables[0].rows for cell in row.cells} == {read}


def test_words_from_right_to_left_are_marked_so(sample: Document, elsewhere: tuple[str, ...]) -> None:
    file = reopened(sample, *map(Paragraph, elsewhere))
    assert [p.runs[0].font.rtl for p in paragraphs(file, "Body Text")] == [True, True, None, None]


# A force's own template.


@pytest.fixture
def theirs() -> Any:
    """A force's template: its own Heading 1 and page, a header and a footer, a body with a comment and a picture."""
    file = docx.Document()
    file.styles["Heading 1"].font.size = Pt(31)
    file.styles["Normal"].font.name = "Verdana"
    section = file.sections[0]
    section.page_width, section.left_margin, section.right_margin = Cm(20), Cm(3), Cm(4)
    section.header.paragraphs[0].text = "Downshire Constabulary"
    section.footer.paragraphs[0].text = "OFFICIAL"
    paragraph = file.add_paragraph("Replace this text")
    file.add_comment(paragraph.runs, text="Ask J.", author="A. Nother")
    file.core_properties.title, file.core_properties.keywords = "Template 7", "draft"
    return file


def test_a_template_gives_styles_header_footer_and_page(sample: Document, theirs: Any) -> None:
    file = docx.Document(io.BytesIO(render_docx(sample, saved(theirs))))
    assert file.styles["Heading 1"].font.size == Pt(31)
    assert file.styles["Normal"].font.name == "Verdana"
    section = file.sections[0]
    assert (section.header.paragraphs[0].text, section.footer.paragraphs[0].text) == (
        "Downshire Constabulary",
        "OFFICIAL",
    )
    page = section.page_width, section.left_margin, section.right_margin
    assert page == pytest.approx((Cm(20), Cm(3), Cm(4)), rel=1e-3)
    assert {round(shape.width.cm, 1) for shape in file.inline_shapes} == {13.0}
    assert all(sum(column.width for column in table.columns) <= Cm(13.01) for table in file.tables)


def test_captions_stay_with_what_they_name_in_a_template_too(sample: Document, theirs: Any) -> None:
    file = docx.Document(io.BytesIO(render_docx(sample, saved(theirs))))
    captions = paragraphs(file, "Caption")
    assert captions
    assert all(p.paragraph_format.keep_with_next or p.style.paragraph_format.keep_with_next for p in captions)


def test_a_templates_body_and_what_it_says_of_itself_are_dropped(sample: Document, theirs: Any) -> None:
    data = render_docx(sample, saved(theirs))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
        assert "word/comments.xml" not in archive.namelist()
    for told in (b"Replace this text", b"Ask J.", b"A. Nother", b"Template 7", b"draft"):
        assert told not in everything
    assert docx.Document(io.BytesIO(data)).core_properties.title == sample.title


def test_styles_that_a_template_lacks_are_added(sample: Document, theirs: Any) -> None:
    before = {style.name for style in theirs.styles}
    file = docx.Document(io.BytesIO(render_docx(sample, saved(theirs))))
    after = {style.name for style in file.styles}
    assert before <= after
    assert {"Numbered Paragraph", "Statement Figure", "Table Number", "Report Table"} <= after - before
    assert file.styles["Statement Figure"].font.name is None
    ids = [style.style_id for style in file.styles]
    assert len(set(ids)) == len(ids)
    named = {style.style_id for style in file.styles}
    references = file.styles.element.xpath("./w:style/w:basedOn/@w:val | ./w:style/w:next/@w:val")
    assert set(references) <= named
    numbers = set(file.part.numbering_part.element.xpath("./w:num/@w:numId"))
    assert set(file.styles.element.xpath("./w:style/w:pPr/w:numPr/w:numId/@w:val")) <= numbers


def test_a_style_of_another_type_under_our_name_is_left_alone(sample: Document, theirs: Any) -> None:
    from docx.enum.style import WD_STYLE_TYPE

    theirs.styles.add_style("Statement Figure", WD_STYLE_TYPE.CHARACTER)
    file = docx.Document(io.BytesIO(render_docx(sample, saved(theirs))))
    assert file.styles["Statement Figure"].type == WD_STYLE_TYPE.CHARACTER
    assert "83.6%" in [p.text for p in paragraphs(file, "Statement Figure (report)")]


def test_headers_of_an_earlier_section_are_kept(sample: Document, theirs: Any) -> None:
    theirs.add_section()
    assert theirs.sections[1].header.is_linked_to_previous
    file = docx.Document(io.BytesIO(render_docx(sample, saved(theirs))))
    assert len(file.sections) == 1
    assert file.sections[0].header.paragraphs[0].text == "Downshire Constabulary"


def test_where_a_template_came_from_is_not_told(sample: Document, theirs: Any) -> None:
    settings = theirs.part._settings_part
    name = settings.relate_to("file:///C:/Registry/Force.dotx", ATTACHED, is_external=True)
    attached = OxmlElement("w:attachedTemplate")
    attached.set(qn("r:id"), name)
    settings.element.insert(0, attached)
    data = render_docx(sample, saved(theirs))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert all(b"Registry" not in archive.read(name) for name in archive.namelist())
        assert b"attachedTemplate" not in archive.read("word/settings.xml")


def test_a_template_without_lists_or_sections_will_do(sample: Document) -> None:
    bare = docx.Document()
    for name, relation in list(bare.part.rels.items()):
        if relation.reltype == RELATIONSHIP_TYPE.NUMBERING:
            bare.part.rels.pop(name)
    for style in list(bare.styles):
        if style.name not in ("Normal", "Default Paragraph Font", "Normal Table", "No List"):
            style.delete()
    bare.element.body[:] = []
    file = docx.Document(io.BytesIO(render_docx(sample, saved(bare))))
    assert len(paragraphs(file, "Numbered Paragraph")) == 3
    assert len(file.tables) == 1 + len(blocks(sample, "table"))


def test_a_template_gives_the_same_bytes_twice(sample: Document, theirs: Any) -> None:
    data = saved(theirs)
    assert render_docx(sample, data) == render_docx(sample, data)


def refused() -> list[Any]:
    empty = io.BytesIO()
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("readme.txt", "no Word")
    word = saved(docx.Document())
    broken = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(word)) as given, zipfile.ZipFile(broken, "w") as archive:
        for name in given.namelist():
            archive.writestr(name, b"<cut" if name == "word/styles.xml" else given.read(name))
    return [
        pytest.param(b"", id="empty"),
        pytest.param(b"hello", id="text"),
        pytest.param(b"\xd0\xcf\x11\xe0" + bytes(600), id="old or locked"),
        pytest.param(empty.getvalue(), id="zip"),
        pytest.param(word[:-200], id="cut off"),
        pytest.param(broken.getvalue(), id="broken styles"),
    ]


@pytest.mark.parametrize("data", refused())
def test_what_is_no_word_document_is_refused_in_one_line(sample: Document, tmp_path: Any, data: bytes) -> None:
    path = tmp_path / "force.docx"
    path.write_bytes(data)
    with pytest.raises(BadParameters, match=r"template .*force\.docx: found .*; expected a Word document") as refusal:
        read_template(path)
    assert len(str(refusal.value).splitlines()) == 1
    with pytest.raises(BadParameters):
        render_docx(sample, data)


def test_a_template_that_is_not_there_is_refused(tmp_path: Any) -> None:
    for path in (tmp_path / "none.docx", tmp_path, "nul\x00.docx"):
        with pytest.raises(BadParameters, match="cannot be read"):
            read_template(path)


def test_a_spreadsheet_is_no_template(tmp_path: Any) -> None:
    import xlsxwriter

    path = tmp_path / "book.xlsx"
    xlsxwriter.Workbook(str(path)).close()
    with pytest.raises(BadParameters, match="found no Word document"):
        read_template(path)
