"""The body of a Word file: each block in the styles that are made for it, texts never taken for anything but text."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, count
from typing import TYPE_CHECKING, Any

from docx.shared import Emu, Length, Mm

from cdi_stats.publishing.characters import xml_text
from cdi_stats.publishing.docx.contents import add_contents, bookmark_of, contents_entries, end_of_lead
from cdi_stats.publishing.docx.fields import add_bookmark, add_field
from cdi_stats.publishing.docx.house import add_letterhead
from cdi_stats.publishing.docx.stylesheet import add_styles, restart_list
from cdi_stats.publishing.docx.tables import fill_table, keep_together
from cdi_stats.publishing.typst.pictures import render_png

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.text.paragraph import Paragraph

    from cdi_stats.publishing.document import Document
    from cdi_stats.publishing.theme import Theme
    from cdi_stats.report.blocks import Json

TWIP = 635  # a twentieth of a point, in the unit of python-docx
DEEPEST = 4
TALLEST = 0.8  # of a page's text, for a chart: its title and notes stand on the same page
CALLOUTS = {"note": "CalloutNote", "warning": "CalloutWarning"}
GRADES: list[Json] = [
    {"header": "Question", "numeric": False, "width": 3.0},
    {"header": "Judgement", "numeric": False, "width": 1.0},
]


class Story:
    """A document on its way into a Word file."""

    def __init__(self, file: WordDocument, document: Document, theme: Theme) -> None:
        self.file, self.document, self.theme = file, document, theme
        section = file.sections[0]
        margins = sum(length or 0 for length in (section.left_margin, section.right_margin, section.gutter))
        self.width = Length((section.page_width or Mm(210)) - margins)
        tall = sum(length or 0 for length in (section.top_margin, section.bottom_margin))
        self.height = Length((section.page_height or Mm(297)) - tall)
        self.styles = add_styles(file, self.width // TWIP, theme)
        self._bookmarks = count(1)
        self._writers: dict[str, Callable[[Json], None]] = {
            "heading": self._heading,
            "paragraph": self._paragraph,
            "numbered": self._numbered,
            "bullets": self._bullets,
            "statement": self._statement,
            "judgements": self._judgements,
            "callout": self._callout,
            "table": self._table,
            "chart": self._chart,
        }

    def write(self) -> None:
        """Write the title, the lead, the contents, and all that follows."""
        titles = [block for block in self.document.blocks if block["block"] == "title"]
        body = [block for block in self.document.blocks if block["block"] != "title"]
        lead = end_of_lead(body)
        self._title(titles)
        self._blocks(body, range(lead))
        if entries := contents_entries(body):
            add_contents(self.file, entries, self.styles)
        self._blocks(body, range(lead, len(body)))

    def _blocks(self, blocks: Sequence[Json], places: range) -> None:
        for place in places:
            block = blocks[place]
            if block["block"] == "heading":
                block = block | {"bookmark": bookmark_of(place)}
            self._writers[block["block"]](block)

    def _add(self, style: str, text: Any) -> Paragraph:
        paragraph = self.file.add_paragraph(style=self.styles[style])
        self._text(paragraph, text)
        return paragraph

    def _text(self, paragraph: Paragraph, text: Any, style: str | None = None) -> None:
        """Add a text's words to a paragraph, those that stand out in a style of their own."""
        for words, strong in _words(text):
            if words:
                look = self.styles["Strong"] if strong else self.styles[style] if style else None
                run = paragraph.add_run(xml_text(words), look)
                if _from_right_to_left(words):
                    run.font.rtl = True

    def _name(self, paragraph: Paragraph, bookmark: str) -> None:
        add_bookmark(paragraph, bookmark, next(self._bookmarks))

    def _title(self, titles: Sequence[Json]) -> None:
        add_letterhead(self.file, self.theme)
        self._add("Title", self.document.title)
        if self.document.subtitle:
            self._add("Subtitle", self.document.subtitle)
        if byline := "  ·  ".join(part for part in (self.document.author, self.document.date_words) if part):
            self._add("Byline", byline)
        marking = [("Classification", self.theme.marking)] if self.theme.marking else []
        for label, text in chain(marking, (fact for title in titles for fact in title["facts"])):
            paragraph = self._add("Fact", "")
            self._text(paragraph, label, "FactLabel")
            paragraph.add_run("\t")
            self._text(paragraph, text)

    def _heading(self, block: Json) -> None:
        level = min(max(block["level"] - 1, 1), DEEPEST)
        self._name(self._add(f"Heading{level}", block["text"]), block["bookmark"])

    def _paragraph(self, block: Json) -> None:
        _lead(self._add("BodyText", block["text"]))

    def _numbered(self, block: Json) -> None:
        # the style holds the number, so Word counts, and counts anew when someone adds a paragraph
        paragraph = self._add("NumberedParagraph", block["text"])
        _lead(paragraph)
        self._name(paragraph, f"paragraph_{block['number']}")

    def _bullets(self, block: Json) -> None:
        style = "ListNumber" if block["ordered"] else "ListBullet"
        number = restart_list(self.file, self.styles[style]) if block["ordered"] else None
        for point in block["points"]:
            paragraph = self._add(style, point)
            if number is not None:
                numbering = paragraph._p.get_or_add_pPr().get_or_add_numPr()
                numbering.get_or_add_ilvl().val, numbering.get_or_add_numId().val = 0, number

    def _statement(self, block: Json) -> None:
        self._add("StatementFigure", block["headline"])
        self._add("StatementText", block["says"])
        self._add("StatementDetail", block["detail"])

    def _judgements(self, block: Json) -> None:
        (question, grade), *others = block["grades"]
        self._add("JudgementQuestion", question)
        self._add("JudgementGrade", grade)
        if others:
            self._fill({"columns": GRADES, "rows": others}, "Judgements", with_next=True)
        self._add("TableNote", block["given_by"])

    def _callout(self, block: Json) -> None:
        style, kind = CALLOUTS[block["kind"]], block["kind"].capitalize()
        heading = self.file.add_paragraph(style=self.styles[f"{style}Heading"])
        if block["heading"] != kind:
            self._text(heading, f"{kind}: ", "CalloutKind")
        self._text(heading, block["heading"])
        self._add(style, block["text"])

    def _table(self, block: Json) -> None:
        self._caption("Table", block["number"], block["caption"])
        self._fill(block, block["caption"], with_next=bool(block["notes"]))
        for note in block["notes"]:
            self._add("TableNote", note)

    def _fill(self, block: Json, caption: str, *, with_next: bool) -> None:
        table = self.file.add_table(len(block["rows"]) + 1, len(block["columns"]))
        fill_table(table, caption, block, self.styles, self.width, self._text)
        keep_together(table, with_next=with_next)

    def _caption(self, label: str, number: int, title: str) -> None:
        paragraph = self.file.add_paragraph(style=self.styles["Caption"])
        if not self.styles["Caption"].paragraph_format.keep_with_next:
            # Word's own caption stands beneath what it names, so a template's need not hold on to what follows
            paragraph.paragraph_format.keep_with_next = True
        quiet = self.styles["CaptionLabel"]
        paragraph.add_run(f"{label} ", quiet)
        add_field(paragraph, f"SEQ {label} \\* ARABIC", str(number), quiet)
        paragraph.add_run(": ", quiet)
        self._text(paragraph, title)

    def _chart(self, block: Json) -> None:
        self._caption("Figure", block["number"], block["title"])
        self._add("ChartSubtitle", block["subtitle"])
        picture = self.file.add_paragraph(style=self.styles["ChartPicture"])
        shape = picture.add_run().add_picture(io.BytesIO(render_png(self.theme.on_paper(block["svg"]))))
        scale = min(self.width / shape.width, TALLEST * self.height / shape.height)
        shape.width, shape.height = Emu(round(shape.width * scale)), Emu(round(shape.height * scale))
        shape._inline.docPr.set("name", f"Figure {block['number']}")
        shape._inline.docPr.set("descr", xml_text(block["alt"]))
        picture.paragraph_format.keep_with_next = True if block["notes"] else None
        for note in block["notes"]:
            self._add("TableNote", note)


def _words(text: Any, *, strong: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield the pieces of a text and whether they stand out."""
    if isinstance(text, str):
        yield text, strong
    elif isinstance(text, list | tuple):
        for item in text:
            yield from _words(item, strong=strong)
    elif "strong" in text:
        yield from _words(text["strong"], strong=True)
    else:
        yield text["text"], strong


def _from_right_to_left(text: str) -> bool:
    """Return whether the first letter with a direction is one of a script such as Arabic or Hebrew."""
    return next(
        (kind in ("R", "AL") for kind in map(unicodedata.bidirectional, text) if kind in ("L", "R", "AL")), False
    )


def _lead(paragraph: Paragraph) -> None:
    """Keep a text that ends in a colon with what it leads to."""
    if paragraph.text.endswith(":"):
        paragraph.paragraph_format.keep_with_next = True
