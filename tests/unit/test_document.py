"""The document read from an executed notebook: markdown and blocks taken, everything else refused."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from cdi_stats.errors import ReportFailed
from cdi_stats.publishing.document import markdown_blocks, read_document
from cdi_stats.report.blocks import (
    MIME_TYPE,
    Chart,
    Column,
    Heading,
    Numbered,
    Paragraph,
    Strong,
    Table,
    Title,
    section,
)
from cdi_stats.report.disclosure import Protection

SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>'
TABLE = Table("Rates", (Column("Crime"),), (("All",),))
PARAGRAPH = Numbered(("About ", Strong("rates")))
CHART = Chart("Rates", "Share recorded", SVG, "Overall 83.6%.", TABLE)
TITLE = Title("Kent Police", "2017-06-15", (), "The registrar")


def showing(*blocks):
    return new_code_cell(
        "report.part()", outputs=[new_output("execute_result", data=section(*blocks)._repr_mimebundle_())]
    )


def notebook(*cells):
    told = [new_markdown_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    return new_notebook(cells=[*told, showing(Protection("public"))])


def of(output_type, **fields):
    return new_code_cell("report.part()", outputs=[new_output(output_type, **fields)])


def test_matter_comes_from_the_title_and_body_in_the_cells_order():
    document = read_document(
        notebook("# Inspection", showing(TITLE), "## Summary\n\nWords.", showing(Paragraph("From data.")))
    )
    assert (document.title, document.subtitle) == ("Inspection", "Kent Police")
    assert (document.date, document.author, document.language) == ("2017-06-15", "The registrar", "en-GB")
    assert [block["block"] for block in document.blocks] == ["title", "heading", "paragraph", "paragraph"]
    assert document.blocks[-1] == Paragraph("From data.").to_json()


def test_source_of_cells_is_never_taken():
    document = read_document(notebook("# T", new_code_cell("secret = 1"), showing(Paragraph("x"))))
    assert "secret" not in str(document)
    assert "report.part" not in str(document)


def test_raw_cells_and_empty_results_are_passed_over():
    document = read_document(notebook("# T", new_raw_cell("raw"), new_code_cell("x = 1"), showing()))
    assert document.blocks == ()


# Markdown.


def test_headings_and_paragraphs():
    assert list(markdown_blocks("## A *b* c\n\nOne\ntwo **three** four.")) == [
        {"block": "heading", "level": 2, "text": "A b c"},
        {"block": "paragraph", "text": ["One", " ", "two ", {"strong": ["three"]}, " four."]},
    ]


def test_lists():
    one, two = markdown_blocks("- a\n- **b** c\n\n1. d\n2. e")
    assert one == {"block": "bullets", "points": [["a"], [{"strong": ["b"]}, " c"]], "ordered": False}
    assert two == {"block": "bullets", "points": [["d"], ["e"]], "ordered": True}


def test_quotation_is_a_note():
    (note,) = markdown_blocks("> Take **care**.")
    assert (note["block"], note["kind"]) == ("callout", "note")
    assert note["text"] == ["Take ", {"strong": ["care"]}, "."]


def test_rules_and_blank_lines_are_nothing():
    assert list(markdown_blocks("\n\n---\n\n")) == []
    assert list(markdown_blocks("")) == []


def test_markup_in_words_stays_words():
    (paragraph,) = markdown_blocks("a < b & `c` [d](https://example.org) 5 \\* 6")
    assert "".join(paragraph["text"]) == "a < b & c d 5 * 6"


@pytest.mark.parametrize(
    "source", ["```python\nprint(1)\n```", "    indented code", "<table><tr><td>1</td></tr></table>"]
)
def test_what_is_no_text_is_refused(source):
    with pytest.raises(ReportFailed, match="markdown cell"):
        list(markdown_blocks(source))


# Outputs.


def test_an_error_is_refused_and_named():
    failed = of("error", ename="ZeroDivisionError", evalue="division by zero", traceback=["secret path"])
    with pytest.raises(ReportFailed, match=r"cell 2 .*ZeroDivisionError: division by zero") as refused:
        read_document(notebook("# T", failed))
    assert "secret" not in str(refused.value)
    assert refused.value.exit_code == 1


def test_printed_text_is_refused_and_warnings_of_libraries_are_not():
    with pytest.raises(ReportFailed, match="cell 2 prints"):
        read_document(notebook("# T", of("stream", name="stdout", text="hello")))
    quiet = notebook("# T", of("stream", name="stderr", text="warn"), of("stream", name="stdout", text=" \n"))
    assert read_document(quiet).blocks == ()


@pytest.mark.parametrize("output_type", ["display_data", "execute_result"])
def test_a_foreign_display_is_refused(output_type):
    shown = of(output_type, data={"text/plain": "<Figure 640x480>", "image/png": "AAAA"})
    with pytest.raises(ReportFailed, match="cell 2 shows '<Figure 640x480>'"):
        read_document(notebook("# T", shown))


@pytest.mark.parametrize("cells", [[], ["## Only a section"], ["# One", "# Two"]])
def test_exactly_one_heading_of_level_one(cells):
    with pytest.raises(ReportFailed, match=f"{sum(c.startswith('# ') for c in cells)} headings of level 1"):
        read_document(notebook(*cells, showing(Paragraph("x"))))


# Numbers and ids.


def test_tables_and_charts_are_numbered_each_in_their_own_series():
    document = read_document(notebook("# T", showing(TABLE, CHART), showing(CHART, TABLE, TABLE)))
    numbers = [(block["block"], block["number"]) for block in document.blocks]
    assert numbers == [("table", 1), ("chart", 1), ("chart", 2), ("table", 2), ("table", 3)]


def test_numbered_paragraphs_are_one_series_through_all_sections():
    document = read_document(
        notebook(
            "# T", showing(PARAGRAPH), "## Two", showing(PARAGRAPH, TABLE, PARAGRAPH), "## Three", showing(PARAGRAPH)
        )
    )
    assert [block["number"] for block in document.blocks if block["block"] == "numbered"] == [1, 2, 3, 4]


def test_a_heading_does_not_take_the_id_of_a_numbered_paragraph():
    document = read_document(notebook("# T\n\n## Paragraph 1\n\n## Paragraph 1", showing(PARAGRAPH)))
    assert [block["id"] for block in document.blocks if "id" in block] == ["paragraph-1-2", "paragraph-1-3"]


def test_heading_ids_are_unique_and_made_of_the_words():
    document = read_document(
        notebook("# T", "## Rape & other", "## Rape, other!", showing(Heading(3, "Rape other")), "## ???", "## –")
    )
    ids = [block["id"] for block in document.blocks]
    assert ids[:3] == ["rape-other", "rape-other-2", "rape-other-3"]
    assert len(set(ids)) == len(ids)


def test_an_id_made_by_counting_never_meets_one_made_of_words():
    document = read_document(notebook("# T", "## Part", "## Part", "## Part 2"))
    ids = [block["id"] for block in document.blocks]
    assert len(set(ids)) == len(ids)


def test_figures_keep_their_place_in_the_json():
    blocks = [TITLE, TABLE, CHART]
    document = read_document(notebook("# T", showing(*blocks)))
    for block, read in zip(blocks, document.blocks, strict=True):
        assert {name: read[name] for name in block.to_json()} == block.to_json()
    assert MIME_TYPE in showing(TABLE).outputs[0].data
