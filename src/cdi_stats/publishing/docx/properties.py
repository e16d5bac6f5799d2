"""What a Word file says of itself: title, author, date and language, all from the document, never from the clock."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from docx.oxml.ns import qn
from docx.oxml.parser import OxmlElement

from cdi_stats.publishing.characters import xml_text

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

    from cdi_stats.publishing.document import Document

LONGEST = 255  # letters that a property may have


def write_properties(file: WordDocument, document: Document) -> None:
    """Write the properties and the language of a document; whatever a template says of itself goes."""
    properties = file.core_properties
    element = file.part.package._core_properties_part.element
    element[:] = []
    properties.title = _short(document.title)
    properties.subject = _short(document.subtitle)
    properties.author = _short(document.author)
    properties.last_modified_by = _short(document.author)
    properties.language = document.language
    properties.revision = 1
    if document.date:
        properties.created = properties.modified = datetime.fromisoformat(document.date)
    write_language(file, document.language)


def write_language(file: WordDocument, language: str) -> None:
    """Set the language of all text, which spelling and speech go by."""
    styles = file.styles.element
    defaults = _child(_child(_child(styles, "w:docDefaults", first=True), "w:rPrDefault", first=True), "w:rPr")
    _child(defaults, "w:lang").set(qn("w:val"), language)
    # a style of the template may have a language of its own, which would win over the default
    for lang in styles.xpath("./w:style[@w:default='1']/w:rPr/w:lang"):
        lang.set(qn("w:val"), language)
    for lang in file.settings.element.xpath("./w:themeFontLang"):
        lang.set(qn("w:val"), language)


def _child(parent: Any, tag: str, *, first: bool = False) -> Any:
    found = parent.find(qn(tag))
    if found is None:
        found = OxmlElement(tag)
        parent.insert(0, found) if first else parent.append(found)
    return found


def _short(text: str) -> str:
    return xml_text(text)[:LONGEST]
