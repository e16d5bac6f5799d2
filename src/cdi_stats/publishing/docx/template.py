"""The Word file that a report is written into: ours, or a force's own with its body taken out."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docx
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.opc.exceptions import OpcError
from docx.oxml.ns import qn
from docx.oxml.parser import OxmlElement
from docx.shared import Cm, Mm
from lxml.etree import XMLSyntaxError

from cdi_stats.errors import BadParameters
from cdi_stats.publishing.characters import xml_text
from cdi_stats.publishing.docx.fields import add_field, element
from cdi_stats.publishing.docx.stylesheet import take_styles

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.section import Section, _Footer

    from cdi_stats.publishing.document import Document
    from cdi_stats.publishing.theme import Theme

EXPECTED = "expected a Word document (.docx) to take the styles, header and footer from"
MOST_BYTES = 200_000_000
OLD_OR_LOCKED = b"\xd0\xcf\x11\xe0"
KEPT = {RT.STYLES, RT.NUMBERING, RT.SETTINGS, RT.THEME, RT.FONT_TABLE}
RUN = {RT.OLE_OBJECT, RT.PACKAGE, RT.CONTROL}
FETCHING = re.compile(r"\b(DDE(AUTO)?|INCLUDE(TEXT|PICTURE)|IMPORT|LINK|DATABASE|MACROBUTTON)\b", re.IGNORECASE)
KEPT_OF_FILE = {RT.OFFICE_DOCUMENT, RT.CORE_PROPERTIES}
# what points to parts that are dropped, or tells of who worked on the template and where
DROPPED_SETTINGS = (
    *("w:attachedTemplate", "w:mailMerge", "w:saveThroughXslt", "w:footnotePr", "w:endnotePr", "w:docVars"),
    *("w:rsids", "w:documentProtection", "w:writeProtection", "w:trackRevisions", "w:savePreviewPicture"),
)  # fmt: skip
BROKEN = (OpcError, zipfile.BadZipFile, zipfile.LargeZipFile, XMLSyntaxError, KeyError, ValueError, AttributeError,
          RuntimeError, NotImplementedError, EOFError, OSError, TypeError)  # fmt: skip


def read_template(path: str | Path) -> bytes:
    """Return what a template's file holds. Raises BadParameters for anything that is no Word document."""
    try:
        data = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        found = getattr(error, "strerror", None) or error
        raise BadParameters(f"template {path}: cannot be read ({found}); {EXPECTED}") from None
    _open(data, str(path))
    return data


def _open(data: bytes, name: str = "") -> WordDocument:
    found = "no Word document"
    if data.startswith(OLD_OR_LOCKED):
        found = "an old Word document (.doc), or one protected by a password"
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(member.file_size for member in archive.infolist()) > MOST_BYTES:
                found = "a file that unpacks to more than 200 MB"
                raise zipfile.LargeZipFile
        file = docx.Document(io.BytesIO(data))
        # what is read only later shall be found broken now
        _ = [*file.styles, *file.sections, *file.element.body, *file.settings.element]
    except BROKEN:
        called = f"template {name}" if name else "template"
        raise BadParameters(f"{called}: found {found}; {EXPECTED}. To mend: save it as .docx in Word") from None
    if reaching := next(_reaching_out(file), ""):
        raise BadParameters(
            f"template {name}: found {reaching} in its header, footer or styles, which each reader's Word would fetch "
            "or run; expected all in the file itself. To mend: take it out in Word"
        )
    return file


def _reaching_out(file: WordDocument) -> Iterator[str]:
    """Yield what a reader's Word would fetch or run, of the parts that a report takes over."""
    # what the settings link to is dropped
    taken = {RT.HEADER, RT.FOOTER, *KEPT} - {RT.SETTINGS}
    for link in [link for link in file.part.rels.values() if link.reltype in taken]:
        part = None if link.is_external else link.target_part
        # with linked pictures on a server of his, the maker of a template would see who opens a report, and when
        for inner in (link, *(part.rels.values() if part else ())):
            if inner.reltype in RUN or (inner.is_external and inner.reltype != RT.HYPERLINK):
                yield f"a link of the kind {inner.reltype.rpartition('/')[2]}"
        told = getattr(part, "element", None)
        words = [] if told is None else told.xpath("//w:instrText/text() | //w:fldSimple/@w:instr")
        if field := FETCHING.search("".join(words)):
            yield f"a field {field[0].upper()}"


def open_template(document: Document, data: bytes | None, theme: Theme) -> WordDocument:
    """Return an empty Word file for a document: with a template's styles, header and footer, or with the theme's."""
    file = docx.Document() if data is None else _open(data)
    section = _emptied(file)
    _without_traces(file)
    if data is None:
        take_styles(file, theme)
        _set_up_page(section)
        _write_header(section, document)
        for footer in (section.footer, section.first_page_footer):
            _write_footer(footer, document, theme)
        _set_mode(file)
    return file


def _emptied(file: WordDocument) -> Section:
    """Take out the body, and leave one section with the headers and footers that its pages had."""
    body = file.element.body
    sections = [*body.xpath("./w:p/w:pPr/w:sectPr"), *body.xpath("./w:sectPr")]
    last = sections[-1] if sections else OxmlElement("w:sectPr")
    for change in last.xpath("./w:sectPrChange"):
        last.remove(change)
    references = ("w:headerReference", "w:footerReference")
    have = {(reference.tag, reference.get(qn("w:type"))) for tag in references for reference in last.xpath(f"./{tag}")}
    # a section without a header of its own takes that of the section before it, which goes
    for earlier in sections[-2::-1]:
        for reference in [found for tag in references for found in earlier.xpath(f"./{tag}")]:
            kind = reference.tag, reference.get(qn("w:type"))
            if kind not in have:
                have.add(kind)
                last.insert(0, reference)
    body[:] = [last]
    return file.sections[0]


def _without_traces(file: WordDocument) -> None:
    """Drop every part that only the body used, comments above all, and what tells where a template came from."""
    part, settings = file.part, file.part._settings_part
    used = set(file.element.xpath("//@r:id"))
    for name, relation in list(part.rels.items()):
        if relation.reltype not in KEPT and name not in used:
            part.rels.pop(name)
    for name, relation in list(part.package.rels.items()):
        if relation.reltype not in KEPT_OF_FILE:
            part.package.rels.pop(name)
    settings.rels.clear()
    for tag in DROPPED_SETTINGS:
        for found in settings.element.xpath(f"./{tag}"):
            settings.element.remove(found)


def _set_up_page(section: Section) -> None:
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Cm(2.3)
    section.top_margin, section.bottom_margin = Cm(2.5), Cm(2.2)
    section.header_distance = section.footer_distance = Cm(1.1)
    section.different_first_page_header_footer = True


def _write_header(section: Section, document: Document) -> None:
    """Name the report at the top of each page but the first, which does so itself."""
    section.header.paragraphs[0].text = xml_text(
        "\t".join(part for part in (document.title, document.subtitle) if part)
    )


def _write_footer(footer: _Footer, document: Document, theme: Theme) -> None:
    paragraph = footer.paragraphs[0]
    paragraph.style = "Footer"
    said = "  ·  ".join(part for part in (theme.force, document.date_words) if part)
    paragraph.add_run(f"{xml_text(said)}\tPage ")
    add_field(paragraph, "PAGE", "1")
    paragraph.add_run(" of ")
    add_field(paragraph, "NUMPAGES", "1")


def _set_mode(file: WordDocument) -> None:
    """Have Word take the file as one of its own day, not as one to be kept fit for a Word of long ago."""
    for setting in file.settings.element.xpath("./w:compat/w:compatSetting[@w:name='compatibilityMode']"):
        setting.set(qn("w:val"), "15")
    zoom: Any = file.settings.element.find(qn("w:zoom"))
    zoom.getparent().replace(zoom, element("w:zoom", percent="100"))
