"""A house style in a Word file: letterhead, marking at the top and bottom of each page, the mark of a draft."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.parser import parse_xml
from docx.shared import Cm, Pt, RGBColor

from cdi_stats.publishing.characters import xml_text
from cdi_stats.publishing.docx.fields import element
from cdi_stats.publishing.typst.pictures import render_png

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.section import _Footer, _Header
    from docx.text.paragraph import Paragraph

    from cdi_stats.publishing.theme import Theme

CREST_HEIGHT = Cm(1.8)
LONGEST, LETTER = 460, 0.62  # points: the width of a draft's words, and how wide a letter is for its height
_SHAPE = (
    '<w:r xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    ' xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office">'
    "<w:rPr><w:noProof/></w:rPr><w:pict>"
    '<v:shapetype id="_x0000_t136" coordsize="21600,21600" o:spt="136" adj="10800"'
    ' path="m@7,l@8,m@5,21600l@6,21600e"><v:formulas><v:f eqn="sum #0 0 10800"/><v:f eqn="prod #0 2 1"/>'
    '<v:f eqn="sum 21600 0 @1"/><v:f eqn="sum 0 0 @2"/><v:f eqn="sum 21600 0 @3"/><v:f eqn="if @0 @3 0"/>'
    '<v:f eqn="if @0 21600 @1"/><v:f eqn="if @0 0 @2"/><v:f eqn="if @0 @4 21600"/></v:formulas>'
    '<v:path textpathok="t" o:connecttype="rect"/><v:textpath on="t" fitshape="t"/></v:shapetype>'
    '<v:shape type="#_x0000_t136" alt="" fillcolor="#d5d9de" stroked="f" o:allowincell="f"><v:fill opacity=".6"/>'
    "<v:textpath/></v:shape></w:pict></w:r>"
)


def add_letterhead(file: WordDocument, theme: Theme) -> None:
    """Add what stands above the title: crest and force, and whether it is a draft."""
    if not theme.force:
        return
    head = file.add_paragraph()
    head.paragraph_format.space_after = Pt(18)
    head._p.get_or_add_pPr().append(element("w:textAlignment", val="center"))  # the name at half the crest's height
    if theme.crest:
        picture = render_png(theme.crest.svg, height=CREST_HEIGHT.mm)
        shape = head.add_run().add_picture(io.BytesIO(picture), height=CREST_HEIGHT)
        shape._inline.docPr.set("name", "Crest")
        shape._inline.docPr.set("descr", xml_text(theme.crest.description))
        head.add_run("   ")
    _stand_out(head.add_run(xml_text(theme.force)), Pt(15), theme)
    if theme.draft:
        draft = file.add_paragraph()
        draft.paragraph_format.space_after = Pt(6)
        _stand_out(draft.add_run(xml_text(theme.draft)), Pt(12), theme)


def _stand_out(run: Any, size: Pt, theme: Theme) -> None:
    run.font.bold, run.font.size = True, size
    run.font.color.rgb = RGBColor.from_string(theme.tones["heading"].light.removeprefix("#").upper())


def mark_pages(file: WordDocument, theme: Theme) -> None:
    """Put the marking into each header and footer, and the words of a draft behind each page.

    Screen readers pass over headers and footers: the title matter says the marking once more.
    """
    if not theme.marking and not theme.draft:
        return  # python-docx makes a header where one is looked at
    section = file.sections[0]
    pairs = [(section.header, section.footer)]
    if section.different_first_page_header_footer:
        pairs.append((section.first_page_header, section.first_page_footer))
    if file.settings.odd_and_even_pages_header_footer:
        pairs.append((section.even_page_header, section.even_page_footer))
    for number, (header, footer) in enumerate(pairs, start=1):
        top = _paragraph(header, first=True) if theme.marking or not header.paragraphs else header.paragraphs[0]
        if theme.marking:
            _mark(top, theme)
            _mark(_paragraph(footer, first=False), theme)
        if theme.draft:
            top._p.append(_watermark(theme.draft, number))


def _paragraph(part: _Header | _Footer, *, first: bool) -> Paragraph:
    """Return a new paragraph at the top or the bottom of a header or footer, in the style of what stands there."""
    styles = [paragraph.style for paragraph in part.paragraphs]  # none, where all stands in fields or tables
    made = part.add_paragraph(style=styles[0 if first else -1] if styles else None)
    if first:
        part._element.insert(0, made._p)
    return made


def _mark(paragraph: Paragraph, theme: Theme) -> None:
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = paragraph.add_run(xml_text(theme.marking))
    run.font.bold, run.font.size = True, Pt(10)


def _watermark(words: str, number: int) -> Any:
    """Return a run that holds the words as Word's own watermarks are held, so that Word can take them out."""
    height = min(round(LONGEST / (LETTER * len(words))), 150)
    width = min(LONGEST, round(height * LETTER * len(words)))
    run = parse_xml(_SHAPE)
    (shape,) = run.xpath(".//*[local-name()='shape']")
    (path,) = shape.xpath("./*[local-name()='textpath']")
    shape.set("id", f"PowerPlusWaterMarkObject{number}")
    shape.set(
        "style",
        f"position:absolute;margin-left:0;margin-top:0;width:{width}pt;height:{height}pt;rotation:315;z-index:-251658752;"
        "mso-position-horizontal:center;mso-position-horizontal-relative:margin;"
        "mso-position-vertical:center;mso-position-vertical-relative:margin",
    )
    path.set("style", 'font-family:"Arial";font-size:1pt;font-weight:bold')
    path.set("string", xml_text(words))
    return run
