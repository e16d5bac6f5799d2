"""The same figures everywhere: read back from every file of a report and from its notebook, and held to the findings.

What the pages must say, and that they can be read by everyone, is held here too. Authority: the re-inspection report
of 15 January 2019 as the domain page gives it.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections import defaultdict
from html.parser import HTMLParser
from itertools import pairwise

import docx
import nbformat
import openpyxl
import pikepdf
import pytest
from odfdo import Document as Spreadsheet
from pypdf import PdfReader

from cdi_stats.findings.measures import ALL
from cdi_stats.publishing.docx import docx_words
from cdi_stats.report.blocks import MIME_TYPE, figures, plain_json, without_data

VOID = {"meta", "link", "br", "img", "hr", "input", "wbr"}
TABLE_COLUMNS = {
    "rate": "rate",
    "low": "low",
    "high": "high",
    "reported": "reported",
    "recorded": "recorded",
    "records": "records",
    "effective_sample_size": "effective_sample_size",
    "design_effect": "design_effect",
    "degrees_of_freedom": "degrees_of_freedom",
    "unrecorded_per_year": "unrecorded_per_year",
    "unrecorded_low": "unrecorded_low",
    "unrecorded_high": "unrecorded_high",
    "plain_low": "plain_low",
    "plain_high": "plain_high",
    "published_low": "published_low",
}


class Page(HTMLParser):
    """What a browser would find on the page."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.figures, self.words, self._open, self._figure = [], defaultdict(set), [], [], None
        self.headings, self.captions = [], []
        self.feed(text)
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.elements.append((tag, attributes, tuple(self._open)))
        if tag not in VOID:
            self._open.append(tag)
        if "data-figure" in attributes:
            self._figure = (attributes["data-figure"], float(attributes["data-value"]), [])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((int(tag[1]), []))
        if tag == "caption":
            self.captions.append([])

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), tuple(self._open)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag
        if tag == "span" and self._figure:
            key, value, words = self._figure
            self.figures[key].add((value, "".join(words)))
            self._figure = None

    def handle_data(self, data):
        if {"style", "script", "title"} & set(self._open):
            return
        self.words.append(data)
        if self._figure:
            self._figure[2].append(data)
        if self._open and re.fullmatch("h[1-6]", self._open[-1]):
            self.headings[-1][1].append(data)
        if "caption" in self._open:
            self.captions[-1].append(data)

    @property
    def text(self):
        return " ".join("".join(self.words).split())

    def all(self, tag):
        return [attributes for name, attributes, _ in self.elements if name == tag]


def page_of(publication):
    return Page(publication.files["html"].read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pages(inspection, reinspection):
    return {made.report: page_of(made) for made in (inspection, reinspection)}


@pytest.fixture(scope="module")
def pdfs(inspection, reinspection):
    """The words of each PDF, page by page."""
    return {
        made.report: [page.extract_text() for page in PdfReader(made.files["pdf"]).pages]
        for made in (inspection, reinspection)
    }


@pytest.fixture(scope="module")
def in_json(inspection, reinspection):
    return {
        made.report: json.loads((made.folder / "figures.json").read_text(encoding="utf-8"))["figures"]
        for made in (inspection, reinspection)
    }


def blocks_of(publication):
    notebook = nbformat.read(publication.folder / f"{publication.report}.ipynb", as_version=4)
    return [
        block
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        for block in output.data[MIME_TYPE]["blocks"]
    ]


def dense(text):
    """Return a text without white space, which a PDF breaks lines at."""
    return re.sub(r"[\s\u00ad]+", "", text)


def of_json(listed):
    return {figure["key"]: {(figure["value"], text) for text in figure["texts"]} for figure in listed}


# The same figures.


def test_page_notebook_and_json_hold_the_same_figures(publication, pages, in_json):
    known = of_json(in_json[publication.report])
    assert len(known) > 150
    shown = defaultdict(set)
    for figure in figures(blocks_of(publication)):
        shown[figure["figure"]].add((figure["value"], figure["text"]))
    assert shown == known
    assert dict(pages[publication.report].figures) == known
    assert {key: figure["value"] for key, figure in publication.figures.items()} == {
        key: next(iter(values))[0] for key, values in known.items()
    }


def test_every_text_of_every_figure_stands_in_the_pdf(publication, pdfs, in_json):
    words = dense("".join(pdfs[publication.report]))
    printed = on_paper(publication, in_json[publication.report])
    assert [text for _, text in printed if dense(text) not in words] == []


def on_paper(publication, listed):
    """Return key and text of every figure that stands elsewhere than in the data behind a chart."""
    printed = {(figure["figure"], figure["text"]) for figure in figures(without_data(blocks_of(publication)))}
    known = {(figure["key"], text) for figure in listed for text in figure["texts"]}
    assert printed <= known
    assert len(printed) > 150
    return sorted(printed)


def tables_of(publication):
    return [block for block in blocks_of(publication) if block["block"] == "table"]


def test_every_text_of_every_figure_stands_in_the_word_file(publication, in_json):
    words = dense(docx_words(publication.files["docx"].read_bytes()))
    printed = on_paper(publication, in_json[publication.report])
    assert [text for _, text in printed if dense(text) not in words] == []


def test_every_cell_of_the_word_file_is_the_notebooks(publication):
    file = docx.Document(str(publication.files["docx"]))
    captions = {block["caption"]: block for block in tables_of(publication)}
    called = [(table._tbl.tblPr.xpath("./w:tblCaption/@w:val")[0], table) for table in file.tables]
    found = {name: [[cell.text for cell in row.cells] for row in table.rows] for name, table in called}
    assert set(captions) <= set(found)
    for name, block in captions.items():
        assert found[name][1:] == [[plain_json(cell) for cell in row] for row in block["rows"]]


def figures_sheet(publication, ending):
    """Return the rows of the sheet of figures, without its header, as a reader of the file's own kind finds them."""
    path = publication.files["tables"] / f"{publication.report}.{ending}"
    if ending == "xlsx":
        rows = list(openpyxl.load_workbook(path)["Figures"].values)
    else:
        rows = [row.values for row in Spreadsheet(path).body.get_table(name="Figures").rows]
    top = next(place for place, row in enumerate(rows) if list(row[:2]) == ["Figure", "Value"])
    return rows[top + 1 :]


@pytest.mark.parametrize("ending", ["xlsx", "ods"])
def test_the_workbooks_hold_every_figure_of_figures_json(publication, in_json, ending):
    found = {row[0]: (float(row[1]), row[2], row[3]) for row in figures_sheet(publication, ending)}
    assert found == {
        figure["key"]: (figure["value"], figure["unit"], " or ".join(figure["texts"]))
        for figure in in_json[publication.report]
    }


def read_csv(publication, name):
    with (publication.files["tables"] / name).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_the_csv_of_figures_holds_every_figure_of_figures_json(publication, in_json):
    found = {row[0]: float(row[1]) for row in read_csv(publication, "figures.csv")[1:]}
    assert found == {figure["key"]: figure["value"] for figure in in_json[publication.report]}


def test_every_figure_of_a_table_stands_beside_its_text_in_csv(publication, in_json):
    known = {figure["key"]: figure for figure in in_json[publication.report]}
    checked = 0
    for number, block in enumerate(tables_of(publication), start=1):
        head, *rows = read_csv(publication, f"table-{number:02d}.csv")
        for read, row in zip(rows, block["rows"], strict=True):
            cells = dict(zip(head, read, strict=True))
            for column, cell in zip(block["columns"], row, strict=True):
                values = [
                    float(cells[name]) for name in head if name.startswith(f"{column['header']} (") and cells[name]
                ]
                shown = list(figures([{"cell": cell}]))
                assert values == [known[figure["figure"]]["value"] for figure in shown]
                assert all(figure["text"] in cells[column["header"]] for figure in shown)
                checked += len(values)
    assert checked > 100


@pytest.mark.parametrize("ending", ["xlsx", "ods"])
def test_every_figure_of_a_table_stands_in_its_sheet(publication, ending):
    path = publication.files["tables"] / f"{publication.report}.{ending}"
    if ending == "xlsx":
        book = openpyxl.load_workbook(path)
        rows = {name: list(book[name].values) for name in book.sheetnames}
    else:
        rows = {table.name: [row.values for row in table.rows] for table in Spreadsheet(path).body.tables}
    for number, block in enumerate(tables_of(publication), start=1):
        body = rows[f"Table_{number}"][-len(block["rows"]) :]
        for read, row in zip(body, block["rows"], strict=True):
            numbers = {float(value) for value in read if value is not None and not isinstance(value, str)}
            assert {figure["value"] for figure in figures([{"row": row}])} <= numbers


def test_sentences_of_the_notebook_stand_in_the_pdf(publication, pdfs):
    """A sentence cut by the end of a page has the running header in it; all others must be there as they are."""
    words = dense("".join(pdfs[publication.report]))
    sentences = [block["text"] for block in blocks_of(publication) if block["block"] == "paragraph"]
    read = [dense("".join(i if isinstance(i, str) else i.get("text", "") for i in text)) for text in sentences]
    cut = [text for text in read if text not in words]
    assert len(read) > 20
    assert len(cut) < len(pdfs[publication.report])


def test_figures_equal_the_findings(publication, findings, comparison, in_json):
    tables = {"": findings[publication.audit].table, "earlier/": findings["kent-2017"].table}
    rows = {
        f"{prefix}{row.measure}/{row.domain}/{row.stratum}": row
        for prefix, table in tables.items()
        for row in table.itertuples()
    }
    changes = {
        "/".join(("change", c.later.measure, c.later.domain, c.later.stratum)): row
        for c, row in zip(comparison.changes, comparison.table.itertuples(), strict=True)
    }
    in_change = {"difference_low": "low", "difference_high": "high"}
    checked = 0
    for figure in in_json[publication.report]:
        finding, _, name = figure["key"].rpartition("/")
        if finding in rows and name in TABLE_COLUMNS:
            wanted = getattr(rows[finding], TABLE_COLUMNS[name])
        elif finding in rows and name == "missed":
            wanted = rows[finding].reported - rows[finding].recorded
        elif finding in changes:
            wanted = getattr(changes[finding], in_change.get(name, name))
        else:
            continue
        assert figure["value"] == pytest.approx(wanted, rel=1e-11), figure["key"]
        checked += 1
    assert checked > 120
    assert any(figure["key"].startswith("change/") for figure in in_json[publication.report]) == (
        publication.report == "reinspection"
    )


def test_every_finding_is_on_the_page(publication, findings, in_json):
    """A measure as a whole may give way to its parts; every part, and every measure without parts, is there."""
    keys = {figure["key"] for figure in in_json[publication.report]}
    found = findings[publication.audit]
    for row in found.rows:
        own = {key.rpartition("/")[2] for key in keys if key.rpartition("/")[0] == row.key}
        if row.measure == "recording_rate_weighted":
            assert {"rate", "low", "high"} <= own
        elif (row.domain, row.stratum) != (ALL, ALL) or len(found.of(row.measure)) == 1:
            assert "reported" in own, row.key
            assert {"low", "high"} & own, row.key


def test_figures_say_how_they_came_about(publication, in_json):
    for figure in in_json[publication.report]:
        assert math.isfinite(figure["value"])
        assert figure["unit"] in {"percent", "points", "count", "ratio", "crimes a year", "hours"}
        assert figure["texts"]
        if figure["unit"] == "percent" and figure["key"].endswith(("/rate", "/low", "/high")):
            assert figure["source"], figure["key"]
            assert 0 <= figure["value"] <= 1


# What the pages say.


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ("inspection", ["83.6%", "24,300", "21,200 to 27,900", "79.2%", "10,600", "82.7%", "1.85", "3.26", "2.99"]),
        ("inspection", ["348 of 446", "102 of 112", "36 of 53", "5 of 18", "49 of 70", "Inadequate"]),
        ("reinspection", ["96.6%", "25,400", "95.7%", "more than 98.2%", "12,380", "660", "95.8%", "83.6%", "1.27"]),
        ("reinspection", ["62 of 63", "152 of 165", "6 of 13", "10 of 10", "Outstanding"]),
    ],
)
def test_published_figures_stand_on_the_page_and_in_the_pdf(pages, pdfs, report, said):
    for text in said:
        assert text in pages[report].text
        assert dense(text) in dense("".join(pdfs[report]))


def test_each_headline_rate_carries_interval_counts_and_method(publication):
    statements = [block for block in blocks_of(publication) if block["block"] == "statement"]
    assert len(statements) > 10
    for block in statements:
        (headline, *others) = figures([{"headline": block["headline"]}])
        finding = headline["figure"].rpartition("/")[0]
        assert all(f["figure"].rpartition("/")[0] == finding for f in others)
        detail = {f["figure"].removeprefix(f"{finding}/"): f for f in figures([{"detail": block["detail"]}])}
        assert {"low", "high", "recorded", "reported"} <= set(detail)
        words = "".join(i if isinstance(i, str) else i["text"] for i in block["detail"])
        assert "95%" in words
        assert "Wilson" in words
        assert detail["low"]["value"] <= detail["recorded"]["value"] / detail["reported"]["value"] or "weight" in words


# The page.


def test_page_is_one_file_without_script_or_address(publication, pages):
    source = publication.files["html"].read_text(encoding="utf-8")
    page = pages[publication.report]
    assert "<script" not in source.lower()
    assert not re.search(r"https?:|//[a-z]", re.sub(r"url\(\"data:[^)]*\)", "", source), re.IGNORECASE)
    for tag, attributes, _ in page.elements:
        assert tag not in ("link", "iframe", "img", "object", "embed", "base", "form")
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("href", "src"):
            assert attributes.get(name, "#").startswith("#")


def test_links_lead_somewhere_and_ids_are_unique(publication, pages):
    elements = pages[publication.report].elements
    ids = [attributes["id"] for _, attributes, _ in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    wanted = [attributes["href"][1:] for _, attributes, _ in elements if attributes.get("href", "#") != "#"]
    wanted += [a["aria-labelledby"] for _, a, _ in elements if "aria-labelledby" in a]
    assert wanted
    assert set(wanted) <= set(ids)


def test_headings_stand_in_order(publication, pages):
    levels = [level for level, _ in pages[publication.report].headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    assert all("".join(words).strip() for _, words in pages[publication.report].headings)


def test_headings_of_page_and_pdf_agree(publication, pages):
    reader = PdfReader(publication.files["pdf"])

    def titles(outline):
        for item in outline:
            yield from titles(item) if isinstance(item, list) else [" ".join(item.title.split())]

    on_page = [" ".join("".join(words).split()) for _, words in pages[publication.report].headings]
    in_outline = list(titles(reader.outline))
    assert [title for title in on_page if title not in ("Contents", *in_outline)] in ([], on_page[:1])


def test_tables_have_captions_and_scopes(publication, pages):
    page = pages[publication.report]
    assert len(page.captions) == len(page.all("table")) > 5
    assert all("".join(words).strip() for words in page.captions)
    assert len({"".join(words) for words in page.captions}) == len(page.captions)
    for tag, attributes, around in page.elements:
        if tag == "th":
            assert attributes["scope"] == ("col" if "thead" in around else "row")
    rows = sum(tag == "tr" and "tbody" in around for tag, _, around in page.elements)
    assert rows == sum(attributes.get("scope") == "row" for attributes in page.all("th"))


def test_the_data_of_each_chart_stand_on_the_page_in_the_workbook_and_as_csv(publication, pages):
    """The same cells in all three; the page names each table after its figure."""
    charts = [block for block in blocks_of(publication) if block["block"] == "chart"]
    summaries = [tag for tag, _, around in pages[publication.report].elements if tag == "summary"]
    assert len(summaries) == len(charts)
    book = openpyxl.load_workbook(publication.files["tables"] / f"{publication.report}.xlsx")
    for number, block in enumerate(charts, start=1):
        data = block["data"]
        caption = f"Data of figure {number}: {block['title']}"
        assert caption in [" ".join("".join(words).split()) for words in pages[publication.report].captions]
        head, *rows = read_csv(publication, f"figure-{number:02d}.csv")
        places = [head.index(column["header"]) for column in data["columns"]]
        read = [[row[place].removeprefix("'") for place in places] for row in rows]
        assert read == [[plain_json(cell) for cell in row] for row in data["rows"]]
        assert book[f"Figure_{number}"]["A1"].value.startswith(f"Figure {number}: {block['title']}")


def test_charts_are_told_in_words_with_their_numbers(publication, pages):
    charts = [block for block in blocks_of(publication) if block["block"] == "chart"]
    assert len(charts) >= 6
    pictures = pages[publication.report].all("svg")
    assert [picture["aria-label"] for picture in pictures] == [chart["alt"] for chart in charts]
    for picture in pictures:
        assert picture["role"] == "img"
        assert len(re.findall(r"\d", picture["aria-label"])) >= 4
        assert len(picture["aria-label"]) > 40
    assert len({chart["alt"] for chart in charts}) == len(charts)


def test_page_names_its_language_and_title(publication, pages):
    page = pages[publication.report]
    assert page.all("html")[0]["lang"] == "en-GB"
    source = publication.files["html"].read_text(encoding="utf-8")
    assert "Kent Police" in re.search("<title>(.*)</title>", source)[1]


# The PDF.


def test_pdf_is_tagged_named_and_of_sane_length(publication):
    data = publication.files["pdf"].read_bytes()
    reader = PdfReader(io.BytesIO(data))
    assert 8 <= len(reader.pages) <= 60
    assert "inspection" in reader.metadata.title
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert pdf.Root.MarkInfo.Marked
        assert "/StructTreeRoot" in pdf.Root
        assert str(pdf.Root.Lang) == "en-GB"
        assert pdf.Root.ViewerPreferences.DisplayDocTitle
        with pdf.open_metadata() as metadata:
            assert metadata["pdfuaid:part"] == "1"
            assert "inspection" in metadata["dc:title"]


def test_pdf_tells_each_chart_in_words(publication):
    charts = [block["alt"] for block in blocks_of(publication) if block["block"] == "chart"]
    with pikepdf.open(publication.files["pdf"]) as pdf:
        told = [str(item.Alt) for item in pdf.objects if isinstance(item, pikepdf.Dictionary) and "/Alt" in item]
    assert sorted(charts) == sorted(text for text in told if text in charts)


def test_no_page_of_the_pdf_is_empty(publication, pdfs):
    assert [number for number, text in enumerate(pdfs[publication.report], start=1) if len(text) < 150] == []


def test_no_source_of_the_notebook_reaches_a_reader(publication, pages, pdfs):
    notebook = nbformat.read(publication.folder / f"{publication.report}.ipynb", as_version=4)
    lines = {line for cell in notebook.cells if cell.cell_type == "code" for line in cell.source.splitlines() if line}
    assert len(lines) > 20
    word = docx_words(publication.files["docx"].read_bytes())
    read = [pages[publication.report].text, "".join(pdfs[publication.report]), word]
    for line in [*lines, "open_report", "kernel", "ipykernel", "Traceback"]:
        assert all(dense(line) not in dense(text) for text in read), line
