"""What Word works out itself: fields such as a page's number, the bookmarks that they lead to, and links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docx.oxml.ns import qn
from docx.oxml.parser import OxmlElement

if TYPE_CHECKING:
    from docx.styles.style import CharacterStyle
    from docx.text.paragraph import Paragraph


def add_field(paragraph: Paragraph, instruction: str, result: str, style: CharacterStyle | None = None) -> None:
    """Add a field to a paragraph, with the result it shows until Word works it out anew."""
    open_field(paragraph, instruction)
    paragraph.add_run(result, style)
    close_field(paragraph)


def open_field(paragraph: Paragraph, instruction: str) -> None:
    """Begin a field whose result follows, in this paragraph and perhaps in more."""
    _mark(paragraph, "begin")
    code = OxmlElement("w:instrText")
    code.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    code.text = f" {instruction} "
    paragraph.add_run()._r.append(code)
    _mark(paragraph, "separate")


def close_field(paragraph: Paragraph) -> None:
    """End a field."""
    _mark(paragraph, "end")


def _mark(paragraph: Paragraph, kind: str) -> None:
    paragraph.add_run()._r.append(element("w:fldChar", fldCharType=kind))


def add_bookmark(paragraph: Paragraph, name: str, number: int) -> None:
    """Name all that a paragraph holds; `number` is the bookmark's own in the file."""
    first = next((child for child in paragraph._p if child.tag != qn("w:pPr")), None)
    start = element("w:bookmarkStart", id=str(number), name=name)
    if first is None:
        paragraph._p.append(start)
    else:
        first.addprevious(start)
    paragraph._p.append(element("w:bookmarkEnd", id=str(number)))


def add_link(paragraph: Paragraph, bookmark: str, text: str) -> None:
    """Add a link to a bookmark of this file."""
    link = element("w:hyperlink", anchor=bookmark, history="1")
    link.append(paragraph.add_run(text)._r)
    paragraph._p.append(link)


def element(tag: str, **attributes: str) -> Any:
    """Return an element of WordprocessingML with its attributes."""
    made = OxmlElement(tag)
    for name, value in attributes.items():
        made.set(qn(f"w:{name}"), value)
    return made
