"""A document as a Word file that people go on working in: real styles, fields and numbering, by python-docx."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cdi_stats.publishing.archive import undated
from cdi_stats.publishing.docx.house import mark_pages
from cdi_stats.publishing.docx.properties import write_properties
from cdi_stats.publishing.docx.story import Story
from cdi_stats.publishing.docx.template import open_template, read_template
from cdi_stats.publishing.theme import PLAIN, Theme

if TYPE_CHECKING:
    from cdi_stats.publishing.document import Document

__all__ = ["docx_words", "read_template", "render_docx"]


def render_docx(document: Document, template: bytes | str | Path | None = None, theme: Theme = PLAIN) -> bytes:
    """Return the document as a Word file (.docx) in a house style, the same bytes each time.

    `template` is a Word file, or where it lies, whose styles, header, footer and page set-up the document takes; what
    its body holds is dropped, and styles that it lacks are added. A theme's marking, draft words and crest go into it
    too; its font does not. Raises BadParameters if it is no such file.
    """
    data = read_template(template) if isinstance(template, str | Path) else template
    file = open_template(document, data, theme)
    Story(file, document, theme).write()
    mark_pages(file, theme)
    write_properties(file, replace(document, title=theme.titled(document.title)))
    made = io.BytesIO()
    file.save(made)
    return undated(made.getvalue())


def docx_words(data: bytes) -> str:
    """Return what a reader of a Word file's body sees, as one string: paragraphs and cells, in order."""
    import docx
    from docx.oxml.ns import qn

    words, gaps = qn("w:t"), (qn("w:br"), qn("w:cr"), qn("w:tab"))
    paragraphs = (
        "".join((part.text or "") if part.tag == words else " " for part in paragraph.iter(words, *gaps))
        for paragraph in docx.Document(io.BytesIO(data)).element.body.iter(qn("w:p"))
    )
    return "\n".join(paragraphs)
