"""A house style in every format, read back from the files as their readers open them; without one, nothing of it."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import docx
import matplotlib as mpl
import openpyxl
import pikepdf
import pytest
from bs4 import BeautifulSoup
from docx.oxml.ns import qn
from docx.oxml.parser import OxmlElement
from pypdf import PdfReader
from tests.render.conftest import changes_svg

from cdi_stats.publishing.document import Document
from cdi_stats.publishing.docx import render_docx
from cdi_stats.publishing.html import render_html
from cdi_stats.publishing.tables import render_tables
from cdi_stats.publishing.theme import PLAIN, Crest, Faces, Theme
from cdi_stats.publishing.theme.reading import read_theme
from cdi_stats.publishing.typst import render_pdf
from cdi_stats.report.blocks import Chart, Column, Table
from cdi_stats.report.fragments import html_fragment
from cdi_stats.report.palette import CHART_TONES, recoloured

FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"
MARKING, DRAFT = "OFFICIAL-SENSITIVE", "Draft for comment"
SQUARE = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0H9V9Z"/></svg>'
CREST = Crest(SQUARE, "svg+xml", 1, "A crest")
ODF = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
CHANGE = changes_svg()


@pytest.fixture(scope="module")
def theme() -> Theme:
    regular, bold = (FONTS / name for name in ("DejaVuSerif.ttf", "DejaVuSerif-Bold.ttf"))
    faces = Faces("DejaVu Serif", *(path.read_bytes() for path in (regular, bold, regular, bold)))
    given = read_theme("example-police")
    return replace(given, force="Avon & “Example” Police", marking=MARKING, draft=DRAFT, crest=CREST, faces=faces)


@pytest.fixture(scope="module")
def charted(sample: Document) -> Document:
    """The sample with a chart of the project's own in the place of its first."""
    place = next(place for place, block in enumerate(sample.blocks) if block["block"] == "chart")
    blocks = list(sample.blocks)
    blocks[place] = blocks[place] | {"svg": CHANGE}
    return replace(sample, blocks=tuple(blocks))


# HTML.


@pytest.fixture(scope="module")
def page(charted: Document, theme: Theme) -> str:
    return render_html(charted, theme)


@pytest.fixture(scope="module")
def soup(page: str) -> BeautifulSoup:
    return BeautifulSoup(page, "html.parser")


def test_html_shows_force_crest_marking_and_draft(soup: BeautifulSoup, theme: Theme) -> None:
    assert soup.select_one("header .letterhead p").text == theme.force
    assert soup.select_one("footer p").text.startswith(theme.force)
    crest = soup.select_one("header .letterhead img")
    assert crest["alt"] == "A crest"
    assert base64.b64decode(crest["src"].removeprefix("data:image/svg+xml;base64,")) == CREST.data
    assert soup.select_one("header .draft").text == DRAFT
    assert soup.title.text.startswith(f"{DRAFT} – ")


def test_html_says_the_marking_once_and_shows_it_twice(soup: BeautifulSoup) -> None:
    top, bottom = soup.select(".marking")
    assert top.text == f"Classification: {MARKING}"
    assert top.find_parent("header")
    assert (bottom.text, bottom["aria-hidden"]) == (MARKING, "true")
    assert bottom.find_parent("footer")


def test_html_prints_the_marking_on_every_page_and_keeps_the_draft_silent(page: str) -> None:
    escaped = MARKING.replace("-", r"\2d ")
    assert f'@top-center{{content:"{escaped}"' in page
    assert f'@bottom-center{{content:"{escaped}"' in page
    assert f'content:"{DRAFT}" / ""' in page


def test_html_lets_in_a_picture_only_with_a_crest(page: str, charted: Document, theme: Theme) -> None:
    policy = re.compile(r'Content-Security-Policy" content="([^"]+)"')
    assert "img-src data:" in policy.search(page)[1]
    assert "img-src" not in policy.search(render_html(charted, replace(theme, crest=None)))[1]
    assert "script-src" not in policy.search(page)[1]
    assert not re.search(r"https?://", page)
    assert "<script" not in page


def test_html_has_the_themes_colours_and_fonts(page: str, theme: Theme) -> None:
    for mode, rules in zip(("light", "dark"), re.findall(r":root\{([^}]+)\}", page), strict=True):
        found = dict(re.findall(r"--([\w-]+):(#\w{6})", rules))
        assert found["navy"] == getattr(theme.tones["band"], mode)
        assert found["chart-now"] == getattr(theme.tones["now"], mode)
    assert page.count('font-family:"House";font-weight') == 2
    assert 'format("truetype")' in page


def test_a_force_cannot_leave_its_element(charted: Document) -> None:
    """The reader of a theme refuses markup; the writers would take it as text all the same."""
    page = render_html(charted, Theme(force="<b>x</b>", marking='"};</style>', draft="</style>draft"))
    soup = BeautifulSoup(page, "html.parser")
    assert soup.select_one(".letterhead p").text == "<b>x</b>"
    assert len(soup.find_all("style")) == 1
    assert soup.body.find("style") is None


# Charts.


def test_charts_take_their_colours_from_the_page_and_have_the_light_ones_without(soup: BeautifulSoup) -> None:
    chart = str(soup.find("svg"))
    assert set(re.findall(r"#[0-9a-f]{6}", chart)) == set(re.findall(r"var\(--chart-\w+, (#\w{6})\)", chart))
    data = Table("T", (Column("Rate"),), (("Overall",),))
    bare = html_fragment([Chart("T", "S", CHANGE, "A", data).to_json()])
    assert re.sub(r"var\(--chart-\w+, (#\w{6})\)", r"\1", bare).count(CHART_TONES["now"].light) == CHANGE.count(
        CHART_TONES["now"].light
    )
    assert 'style="fill: var(--chart-ink, #1d1d1f)"' in bare


def test_every_colour_of_our_charts_has_a_role() -> None:
    """A colour that has none would leave its chart light in the dark."""
    named = {tone.light for tone in CHART_TONES.values()}
    sources = Path(html_fragment.__code__.co_filename).parent.glob("*.py")
    charts = [path for path in sources if path.stem.endswith(("charts", "canvas", "marks"))]
    found = {name for path in charts for name in re.findall(r'"(#[0-9a-f]{6})"', path.read_text(encoding="utf-8"))}
    assert found
    assert found <= named


def test_a_chart_in_colours_of_its_own_keeps_them_and_its_ground() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><path style="fill: #ffffff"/><path style="fill: #123456"/></svg>'
    assert recoloured(svg, lambda role: role) == svg


def test_words_that_read_as_a_colour_stay_words() -> None:
    svg = '<svg><path style="fill: #12436d"/><text style="fill: #1d1d1f">fill: #12436d, #abcdef</text></svg>'
    assert recoloured(svg, lambda role: role) == (
        '<svg><path style="fill: now"/><text style="fill: ink">fill: #12436d, #abcdef</text></svg>'
    )


# PDF.


@pytest.fixture(scope="module")
def pdf(charted: Document, theme: Theme) -> bytes:
    return render_pdf(charted, theme)


def elements(node: Any) -> list[Any]:
    if isinstance(node, pikepdf.Array):
        return [found for item in node for found in elements(item)]
    if isinstance(node, pikepdf.Dictionary) and "/S" in node:
        return [node, *elements(node.get("/K", pikepdf.Array()))]
    return []


def test_pdf_shows_the_marking_on_every_page_and_tags_it_once(pdf: bytes, theme: Theme) -> None:
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]
    assert [text.count(MARKING) for text in pages] == [2] * len(pages)
    assert [DRAFT in text for text in pages] == [True] * len(pages)
    assert [f"{theme.force} · 6 December 2017" in " ".join(text.split()) for text in pages] == [True] * len(pages)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        tagged = [tagged_words(page) for page in opened.pages]
    assert "".join(tagged).count(glyphs(pdf, MARKING)) == 1


def tagged_words(page: pikepdf.Page) -> str:
    """Return the glyphs that a page shows outside artifacts, as hex."""
    depth, artifact, shown = 0, 0, []
    for operands, operator in pikepdf.parse_content_stream(page):
        name = str(operator)
        if name in ("BMC", "BDC"):
            depth += 1
            artifact = artifact or (depth if str(operands[0]) == "/Artifact" else 0)
        elif name == "EMC":
            artifact = 0 if artifact == depth else artifact
            depth -= 1
        elif name in ("Tj", "TJ") and not artifact:
            parts = operands[0] if name == "TJ" else [operands[0]]
            shown.append("".join(bytes(part).hex() for part in parts if isinstance(part, pikepdf.String)))
    return "".join(shown)


def glyphs(pdf: bytes, words: str) -> str:
    """Return the glyphs of some words as the last page's footer shows them."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        streams = pikepdf.parse_content_stream(opened.pages[-1])
    runs = []
    for operands, operator in streams:
        if str(operator) in ("Tj", "TJ"):
            parts = operands[0] if str(operator) == "TJ" else [operands[0]]
            runs.append("".join(bytes(part).hex() for part in parts if isinstance(part, pikepdf.String)))
    whole = [run for run in runs if len(run) == 4 * len(words) and runs.count(run) >= 2]
    return whole[0]


def test_pdf_keeps_its_standards_with_crest_and_marks(pdf: bytes, charted: Document) -> None:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        with opened.open_metadata() as metadata:
            assert metadata["pdfuaid:part"] == "1"
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("2", "A")
            assert metadata["dc:title"] == f"{DRAFT} – {charted.title}"
        found = elements(opened.Root.StructTreeRoot.K)
        described = [str(element.get("/Alt", "")) for element in found if element.S == "/Figure"]
    assert described == ["A crest", *(block["alt"] for block in charted.blocks if block["block"] == "chart")]
    headings = [str(element.S) for element in found if re.fullmatch(r"/H\d", str(element.S))]
    assert headings[:2] == ["/H1", "/H2"]
    assert headings.count("/H1") == 1


def test_pdf_is_set_in_the_themes_fonts_and_colours(pdf: bytes, charted: Document, theme: Theme) -> None:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        fonts = [item for item in opened.objects if isinstance(item, pikepdf.Dictionary) and "/BaseFont" in item]
        names = {str(item["/BaseFont"]).partition("+")[2] for item in fonts}
    assert {"DejaVuSerif", "DejaVuSerif-Bold"} <= names
    wanted = {theme.tones[role].light for role in ("band", "heading", "accent", "note")}
    assert wanted <= colours(pdf)
    assert not wanted & colours(render_pdf(charted))


def colours(pdf: bytes) -> set[str]:
    """Return every colour that the pages of a PDF are filled or drawn with, as #rrggbb."""
    found = set()
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        for page in opened.pages:
            for operands, operator in pikepdf.parse_content_stream(page):
                if str(operator) in ("scn", "SCN", "rg", "RG") and len(operands) == 3:
                    found.add("#" + "".join(f"{round(255 * float(part)):02x}" for part in operands))
    return found


def test_pdf_charts_are_in_the_themes_colours(theme: Theme) -> None:
    drawn = theme.on_paper(CHANGE)
    assert theme.tones["now"].light in drawn
    assert CHART_TONES["now"].light not in drawn
    assert PLAIN.on_paper(CHANGE) == CHANGE


def test_pdf_takes_a_crest_that_is_a_png(charted: Document, theme: Theme) -> None:
    png = base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
    pdf = render_pdf(charted, replace(theme, crest=Crest(png, "png", 1.0, "A point")))
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert [str(item.get("/Alt", "")) for item in elements(opened.Root.StructTreeRoot.K)].count("A point") == 1


def test_same_theme_gives_the_same_bytes(pdf: bytes, page: str, charted: Document, theme: Theme) -> None:
    assert render_pdf(charted, theme) == pdf
    assert render_html(charted, theme) == page
    assert render_docx(charted, None, theme) == render_docx(charted, None, theme)
    assert render_tables(charted, "r", theme) == render_tables(charted, "r", theme)


# Word.


@pytest.fixture(scope="module")
def word(charted: Document, theme: Theme) -> Any:
    return docx.Document(io.BytesIO(render_docx(charted, None, theme)))


def test_word_begins_with_crest_force_and_draft(word: Any, theme: Theme) -> None:
    head, draft, title = word.paragraphs[:3]
    assert head.text.strip() == theme.force
    assert head._p.xpath(".//wp:docPr/@descr") == ["A crest"]
    assert draft.text == DRAFT
    assert title.style.name == "Title"
    assert word.core_properties.title == f"{DRAFT} – {title.text}"
    facts = [paragraph.text for paragraph in word.paragraphs if paragraph.style.name == "Fact"]
    assert facts[0] == f"Classification\t{MARKING}"


def parts(word: Any) -> list[Any]:
    section = word.sections[0]
    return [section.header, section.first_page_header, section.footer, section.first_page_footer]


def test_word_marks_the_top_and_bottom_of_every_page(word: Any, theme: Theme) -> None:
    for part in parts(word):
        assert [paragraph.text for paragraph in part.paragraphs].count(MARKING) == 1
    for footer in parts(word)[2:]:
        assert footer.paragraphs[0].text.startswith(f"{theme.force}  ·  6 December 2017\tPage ")


def test_word_holds_a_drafts_words_as_its_own_watermarks(word: Any) -> None:
    for header in parts(word)[:2]:
        (shape,) = header._element.xpath(".//*[local-name()='shape']")
        assert shape.get("id").startswith("PowerPlusWaterMarkObject")
        assert shape.xpath("./*[local-name()='textpath']/@string") == [DRAFT]


def test_word_has_the_themes_colours_and_names_its_font(word: Any, theme: Theme) -> None:
    styles = word.styles.element
    assert set(styles.xpath("./w:docDefaults//w:rFonts/@w:ascii")) == {"DejaVu Serif"}
    heading = theme.tones["heading"].light.removeprefix("#").upper()
    assert str(word.styles["Heading 1"].font.color.rgb) == heading
    assert "0F2A47" not in styles.xml
    fills = {element.get(qn("w:fill")) for element in styles.iter(qn("w:shd"))}
    assert theme.tones["band"].light.removeprefix("#").upper() in fills


def test_word_template_keeps_its_styles_and_is_marked_all_the_same(charted: Document, theme: Theme) -> None:
    theirs = docx.Document()
    theirs.sections[0].header.paragraphs[0].text = "Their header"
    theirs.styles["Heading 1"].font.name = "Georgia"
    data = io.BytesIO()
    theirs.save(data)
    made = docx.Document(io.BytesIO(render_docx(charted, data.getvalue(), theme)))
    assert made.styles["Heading 1"].font.name == "Georgia"
    header = made.sections[0].header
    assert [paragraph.text for paragraph in header.paragraphs] == [MARKING, "Their header"]
    assert header._element.xpath(".//*[local-name()='textpath']/@string") == [DRAFT]
    assert MARKING in [paragraph.text for paragraph in made.sections[0].footer.paragraphs]


def test_word_template_whose_header_holds_no_plain_paragraph_is_marked_too(charted: Document, theme: Theme) -> None:
    """Word's own gallery of headers keeps all that it puts in within a content control."""
    theirs = docx.Document()
    header = theirs.sections[0].header
    control = OxmlElement("w:sdt")
    control.append(OxmlElement("w:sdtContent"))
    header._element.append(control)
    control[0].append(header.paragraphs[0]._p)
    data = io.BytesIO()
    theirs.save(data)
    for given in (theme, replace(theme, marking="")):
        made = docx.Document(io.BytesIO(render_docx(charted, data.getvalue(), given))).sections[0].header
        assert [paragraph.text for paragraph in made.paragraphs] == [given.marking]
        assert made._element.xpath(".//*[local-name()='textpath']/@string") == [DRAFT]


# Tables.


@pytest.fixture(scope="module")
def tables(charted: Document, theme: Theme) -> dict[str, bytes]:
    return render_tables(charted, "report", theme)


def test_workbook_cover_says_force_marking_and_draft(tables: dict[str, bytes], theme: Theme) -> None:
    book = openpyxl.load_workbook(io.BytesIO(tables["report.xlsx"]))
    cover = [row[0] for row in book["Cover"].iter_rows(values_only=True)]
    assert cover[1:4] == [f"Classification: {MARKING}", DRAFT, theme.force]
    assert book.properties.title.startswith(f"{DRAFT} – ")
    for sheet in book.worksheets:
        assert (sheet.oddHeader.center.text, sheet.oddFooter.center.text) == (MARKING, MARKING)
    assert book["Cover"]["A1"].font.color.rgb[2:] == theme.tones["heading"].light.removeprefix("#").upper()


def test_opendocument_says_the_same(tables: dict[str, bytes], theme: Theme) -> None:
    with zipfile.ZipFile(io.BytesIO(tables["report.ods"])) as file:
        content, styles = (ElementTree.fromstring(file.read(name)) for name in ("content.xml", "styles.xml"))
        meta = file.read("meta.xml").decode()
    words = ["".join(paragraph.itertext()) for paragraph in content.iter(f"{ODF}p")]
    assert words[1:4] == [f"Classification: {MARKING}", DRAFT, theme.force]
    assert ["".join(paragraph.itertext()) for paragraph in styles.iter(f"{ODF}p")] == [MARKING, MARKING]
    assert f"{DRAFT} – " in meta


def test_csv_schema_names_force_and_marking(tables: dict[str, bytes], theme: Theme) -> None:
    schema = json.loads(tables["csv-metadata.json"])
    assert (schema["dc:publisher"], schema["dc:accessRights"]) == (theme.force, MARKING)
    assert schema["dc:title"].startswith(f"{DRAFT} – ")


def test_a_marking_with_an_ampersand_is_no_code_of_excels(charted: Document) -> None:
    """In headers Excel takes & for the start of a code; two of them are one."""
    data = render_tables(charted, "r", Theme(force="F", marking="A&P")).get("r.xlsx", b"")
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        sheet = file.read("xl/worksheets/sheet1.xml").decode()
    assert "<oddHeader>&amp;CA&amp;&amp;P</oddHeader>" in sheet


# Without a theme.


def test_without_a_theme_there_is_nothing_of_one(charted: Document) -> None:
    page = render_html(charted)
    assert not re.search(r'class="(marking|letterhead|draft)"|img-src|body::before', page)
    word = docx.Document(io.BytesIO(render_docx(charted)))
    assert word.paragraphs[0].style.name == "Title"
    assert "textpath" not in word.sections[0].header._element.xml
    assert word.sections[0]._sectPr.xpath("./w:headerReference/@w:type") == ["default"]
    book = openpyxl.load_workbook(io.BytesIO(render_tables(charted, "r")["r.xlsx"]))
    assert book["Cover"].oddHeader.center.text is None
