"""A workbook written as an OpenDocument spreadsheet, with the sheets and cells of the one for Excel."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from cdi_stats.publishing.archive import undated
from cdi_stats.publishing.characters import xml_text
from cdi_stats.publishing.tables.book import Book, Sheet
from cdi_stats.publishing.tables.layout import column_widths, shown
from cdi_stats.publishing.tables.numbers import UNROUNDED, Number, decimals_of, spelt
from cdi_stats.publishing.tables.sheets import Cell, Data, Field, Link
from cdi_stats.publishing.theme.roles import PAGE_ROLES

if TYPE_CHECKING:
    from odfdo import Cell as OdfCell
    from odfdo import Document as Spreadsheet
    from odfdo import Element, Row, Table

_STYLES = Path(__file__).parent / "ods_styles.xml"
LETTER = 2.35  # millimetres
HEADING, LINK = (PAGE_ROLES[role].light.upper() for role in ("heading", "link"))
END_OF_LAYOUT = "</style:page-layout>"
ROOM_FOR_MARKING = "".join(
    f'<style:{place}-style><style:header-footer-properties fo:min-height="8mm"/></style:{place}-style>'
    for place in ("header", "footer")
)
MASTER_PAGE = '<style:master-page style:name="Default" style:page-layout-name="Landscape"/>'
COVER_WIDTH = 100
SETTINGS = (
    b'<?xml version="1.0" encoding="UTF-8"?><office:document-settings '
    b'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" office:version="1.4"/>'
)
KEPT = ("mimetype", "content.xml", "styles.xml", "meta.xml", "settings.xml", "META-INF/manifest.xml")


def write_ods(book: Book) -> bytes:
    """Return a workbook as ods, the same bytes each time."""
    file = _empty(book)
    _write_matter(file, book)
    styles = _AutomaticStyles(file)
    for sheet in book.sheets:
        file.body.append(_table(sheet, styles))
    file.body.append(_ranges(book))
    out = io.BytesIO()
    file.save(out)
    return undated(out.getvalue())


def _empty(book: Book) -> Spreadsheet:
    """Return a spreadsheet with our styles and without sheets, and nothing of where odfdo's own was made."""
    from odfdo import Document as Spreadsheet

    file = Spreadsheet("spreadsheet")
    for part in file.get_parts():
        if part not in KEPT:
            file.del_part(part)
    for path in file.manifest.get_paths():
        if path not in ("/", *KEPT):
            file.manifest.del_full_path(path)
    file.set_part("styles.xml", _styles(book))
    file.set_part("settings.xml", SETTINGS)
    file.body.clear()
    return file


def _styles(book: Book) -> bytes:
    """Return our styles in a book's colours, its marking at the top and bottom of each page that is printed."""
    styles = _STYLES.read_text(encoding="utf-8").replace(HEADING, book.heading).replace(LINK, book.link)
    if book.marking:
        words = f"<style:region-center><text:p>{escape(xml_text(book.marking))}</text:p></style:region-center>"
        whole = f"<style:header>{words}</style:header><style:footer>{words}</style:footer>"
        styles = styles.replace(MASTER_PAGE, f"{MASTER_PAGE[:-2]}>{whole}</style:master-page>")
        styles = styles.replace(END_OF_LAYOUT, ROOM_FOR_MARKING + END_OF_LAYOUT)
    return styles.encode("utf-8")


def _write_matter(file: Spreadsheet, book: Book) -> None:
    meta = file.meta
    meta.meta_body.clear()
    meta.title, meta.subject = xml_text(book.title), xml_text(book.subject)
    if book.author:
        meta.initial_creator = meta.creator = xml_text(book.author)
    if book.date:
        meta.creation_date = meta.date = datetime.fromisoformat(book.date)
    meta.language = book.language
    file.set_language(book.language)


class _AutomaticStyles:
    """The styles of a file that are made as they are needed: widths of columns, and formats of numbers."""

    def __init__(self, file: Spreadsheet) -> None:
        home = file.content.get_element("//office:automatic-styles")
        assert home is not None
        self._home = home
        self._home.clear()
        self._made: dict[str, str] = {}

    def width(self, letters: int) -> str:
        """Return the style of a column so many letters wide."""
        name = f"width-{letters}"
        if name not in self._made:
            style = _element("style:style", style_name=name, style_family="table-column")
            style.append(_element("style:table-column-properties", style_column_width=f"{letters * LETTER:.1f}mm"))
            self._add(name, style)
        return name

    def number(self, form: str) -> str:
        """Return the style of a cell that shows a number in a format."""
        if form not in self._made:
            number = len(self._made)
            data, name = f"number-{number}", f"cell-{number}"
            for element in _number_styles(data, form):
                self._home.append(element)
            style = _element("style:style", style_name=name, style_family="table-cell")
            style.set_attribute("style:parent-style-name", "AlignedRight")
            style.set_attribute("style:data-style-name", data)
            self._add(form, style, name)
        return self._made[form]

    def _add(self, key: str, style: Element, name: str | None = None) -> None:
        self._made[key] = name or key
        self._home.append(style)


def _number_styles(name: str, form: str) -> list[Element]:
    """Return the styles that show a number as an Excel format does: one, and one more for positive ones with a sign."""
    if form == UNROUNDED:
        style = _element("number:number-style", style_name=name)
        style.append(_element("number:number", number_min_integer_digits="1"))
        return [style]
    plain = form.split(";")[-1]
    style = _number_style(name, plain, "")
    if not form.startswith("+"):
        return [style]
    style.append(_element("style:map", style_condition="value()>0", style_apply_style_name=f"{name}-positive"))
    return [_number_style(f"{name}-positive", plain, "+"), style]


def _number_style(name: str, form: str, sign: str) -> Element:
    percent = "%" in form
    style = _element("number:percentage-style" if percent else "number:number-style", style_name=name)
    if sign:
        style.append(_text_element("number:text", sign))
    number = _element("number:number", number_min_integer_digits="1")
    for places in ("number:decimal-places", "number:min-decimal-places"):
        number.set_attribute(places, str(decimals_of(form)))
    if "," in form:
        number.set_attribute("number:grouping", "true")
    style.append(number)
    if percent:
        style.append(_text_element("number:text", "%"))
    return style


def _table(sheet: Sheet, styles: _AutomaticStyles) -> Table:
    from odfdo import Column, HeaderRows, Row, Table

    table = Table(sheet.name)
    widths = [COVER_WIDTH] if sheet.data is None else column_widths(sheet.data)
    for width in widths:
        table.append(Column(style=styles.width(width)))
    for place, line in enumerate((sheet.title, *sheet.lines)):
        row = Row()
        row.append(_string(line, "SheetTitle" if place == 0 else "Default" if sheet.data else "WrappedText"))
        table.append(row)
    if sheet.data is not None:
        # rows of headers are repeated on each page, and named by screen readers
        head = HeaderRows()
        head.append(_heads(sheet.data))
        table.append(head)
        for cells in sheet.data.rows:
            table.append(_row(cells, sheet.data.fields, styles))
    return table


def _heads(data: Data) -> Row:
    from odfdo import Row

    row = Row()
    for field in data.fields:
        row.append(_string(field.header, "NumberHeading" if field.numeric else "ColumnHeading"))
    return row


def _row(cells: tuple[Cell, ...], fields: tuple[Field, ...], styles: _AutomaticStyles) -> Row:
    from odfdo import Row

    row = Row()
    for cell, field in zip(cells, fields, strict=True):
        if isinstance(cell, Number):
            row.append(_number(cell, styles))
        elif isinstance(cell, Link):
            row.append(_link(cell))
        else:
            row.append(_string(cell or "", "AlignedRight" if field.numeric else "WrappedText"))
    return row


def _number(number: Number, styles: _AutomaticStyles) -> OdfCell:
    # odfdo itself would write whole percentages as the text of the cell, whatever the format
    kind = "percentage" if "%" in number.format else "float"
    cell = _cell(kind, styles.number(number.format), _text_element("text:p", shown(number)))
    cell.set_attribute("office:value", spelt(number.value))
    return cell


def _string(text: str, style: str) -> OdfCell:
    from odfdo import Paragraph

    return _cell("string", style, Paragraph(xml_text(text)))


def _link(link: Link) -> OdfCell:
    anchor = _text_element("text:a", xml_text(link.text))
    anchor.set_attribute("xlink:href", f"#{link.sheet}.A1")
    anchor.set_attribute("xlink:type", "simple")
    paragraph = _element("text:p")
    paragraph.append(anchor)
    return _cell("string", "SheetLink", paragraph)


def _cell(kind: str, style: str, paragraph: Element) -> OdfCell:
    from odfdo import Cell as OdfCell

    cell = OdfCell(style=style)
    cell.set_attribute("office:value-type", kind)
    cell.append(paragraph)
    return cell


def _ranges(book: Book) -> Element:
    """Return the range of each table, which says that its first row is its header, as Excel's tables do."""
    ranges = _element("table:database-ranges")
    for sheet in book.sheets:
        if sheet.data is not None:
            top = 2 + len(sheet.lines)
            end = f"{_letters(len(sheet.data.fields))}{top + len(sheet.data.rows)}"
            area = _element("table:database-range", table_name=f"{sheet.name.lower()}_data")
            area.set_attribute("table:target-range-address", f"{sheet.name}.A{top}:{sheet.name}.{end}")
            area.set_attribute("table:contains-header", "true")
            ranges.append(area)
    return ranges


def _letters(column: int) -> str:
    """Return what a spreadsheet calls its column of a number: 1 is A, 27 is AA."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _text_element(tag: str, text: str) -> Element:
    made = _element(tag)
    made.text = text
    return made


def _element(tag: str, **attributes: str) -> Element:
    """Return an element; in a name of an attribute the first underscore stands for the colon, others for hyphens."""
    from odfdo import Element

    made = Element.from_tag(tag)
    for name, value in attributes.items():
        space, _, local = name.partition("_")
        made.set_attribute(f"{space}:{local.replace('_', '-')}", value)
    return made
