"""The list of contents: a field that Word fills, with its entries in it before it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from docx.oxml.parser import OxmlElement

from cdi_stats.publishing.characters import xml_text
from cdi_stats.publishing.docx.fields import add_link, close_field, element, open_field

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

    from cdi_stats.report.blocks import Json

FEWEST = 3
MOST_LINES = 16


class Entry(NamedTuple):
    """A line of the contents: its level in Word, its words, the bookmark of its heading."""

    level: int
    text: str
    bookmark: str


def bookmark_of(place: int) -> str:
    """Return the name of a heading's bookmark, as Word itself names those of its contents."""
    return f"_Toc{place:08d}"


def contents_entries(blocks: Sequence[Json]) -> list[Entry]:
    """Return the lines of the contents: sections, and their parts where the list stays short; none for few sections."""
    headings = [(place, block) for place, block in enumerate(blocks) if block["block"] == "heading"]
    entries = [
        Entry(block["level"] - 1, block["text"], bookmark_of(place)) for place, block in headings if block["level"] <= 3
    ]
    main = [entry for entry in entries if entry.level == 1]
    if len(main) < FEWEST:
        return []
    return entries if len(entries) <= MOST_LINES else main


def end_of_lead(blocks: Sequence[Json]) -> int:
    """Return the place of the first block after what stands on the first page: the judgement, if it comes first."""
    kinds = [block["block"] for block in blocks]
    headings = [place for place, kind in enumerate(kinds) if kind == "heading"]
    judged = kinds.index("judgements") if "judgements" in kinds else None
    if judged is not None and sum(place < judged for place in headings) <= 1:
        headings = [place for place in headings if place > judged]
    return headings[0] if headings else len(blocks)


def add_contents(file: WordDocument, entries: Sequence[Entry], styles: dict[str, Any]) -> None:
    """Add the contents as the building block that Word itself makes, so that it offers to update them.

    Page numbers come with the first update: only Word knows them. To ask for it at once would make Word warn each
    reader, at each opening, of "fields that may refer to other files".
    """
    paragraphs = [file.add_paragraph("Contents", styles["TOCHeading"])]
    for entry in entries:
        paragraph = file.add_paragraph(style=styles[f"TOC{entry.level}"])
        if entry is entries[0]:
            deepest = max(entry.level for entry in entries)
            open_field(paragraph, f'TOC \\o "1-{deepest}" \\h \\z')
        paragraph.paragraph_format.keep_with_next = True if entry is not entries[-1] else None
        add_link(paragraph, entry.bookmark, xml_text(entry.text))
        paragraphs.append(paragraph)
    close_field(paragraphs[-1])
    block, content = _building_block()
    paragraphs[0]._p.addprevious(block)
    for paragraph in paragraphs:
        content.append(paragraph._p)


def _building_block() -> tuple[Any, Any]:
    block, properties, part, content = map(OxmlElement, ("w:sdt", "w:sdtPr", "w:docPartObj", "w:sdtContent"))
    part.append(element("w:docPartGallery", val="Table of Contents"))
    part.append(OxmlElement("w:docPartUnique"))
    properties.append(part)
    block.append(properties)
    block.append(content)
    return block, content
