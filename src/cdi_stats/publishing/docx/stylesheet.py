"""The styles and lists of a report put into a Word file: all of them, or those that a force's template lacks."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.oxml.ns import qn
from docx.oxml.parser import OxmlElement, parse_xml
from docx.parts.numbering import NumberingPart

from cdi_stats.publishing.theme.roles import PAGE_ROLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docx.document import Document as WordDocument

    from cdi_stats.publishing.theme import Theme

_HERE = Path(__file__).parent
_REFERENCES = ("w:basedOn", "w:next", "w:link")
_WIDTH = "9298"  # the width of text, in twentieths of a point, that the tab stops of styles.xml are set for
_ROLES = {PAGE_ROLES[role].light.removeprefix("#").upper(): role for role in ("heading", "accent", "note")}
_FILLS = {PAGE_ROLES["band"].light.removeprefix("#").upper(): "band"}

Key = tuple[str, str]
Styles = dict[str, Any]  # python-docx's styles by the ids that they have in styles.xml


def take_styles(file: WordDocument, theme: Theme) -> Styles:
    """Put our styles and lists in the place of all that a file has, and return the styles by our ids."""
    ours, styles = _themed_sheet(theme), file.styles.element
    if theme.faces:
        for fonts in ours.xpath("./w:docDefaults//w:rFonts"):
            for name in fonts.attrib:
                fonts.set(name, theme.faces.family)
    for old in [*styles.xpath("./w:docDefaults"), *styles.xpath("./w:style")]:
        styles.remove(old)
    for place, new in enumerate(ours.xpath("./w:docDefaults")):
        styles.insert(place, new)
    _numbering(file)[:] = []
    return add_styles(file, _WIDTH, theme)


def add_styles(file: WordDocument, width: int | str, theme: Theme) -> Styles:
    """Add each of our styles that a file lacks, with its list, and return the file's styles by our ids.

    A style is known by its type and name: the ids of a template written in another language differ. `width` is that of
    the file's text, in twentieths of a point.
    """
    styles, ours = file.styles.element, _themed_sheet(theme).xpath("./w:style")
    known = {_key(style): _id(style) for style in styles.xpath("./w:style")}
    names, taken = {name for _, name in known}, set(known.values())
    missing = [style for style in ours if _key(style) not in known]
    ids = {_id(style): known.get(_key(style)) or _free(_id(style), taken) for style in ours}
    kinds = {_id(style): style.type for style in ours}
    for style in missing:
        _adapt(style, ids, names, str(width))
        styles.append(style)
    for style in missing:
        for number in style.xpath("./w:pPr/w:numPr/w:numId"):
            number.set(qn("w:val"), str(_add_list(file, number.get(qn("w:val")), _id(style))))
    return {name: file.styles.get_by_id(ids[name], kind) for name, kind in kinds.items()}


def _adapt(style: Any, ids: Mapping[str, str], names: set[str], width: str) -> None:
    """Make a style of ours one of the file's: its ids, a name not taken by another type, its width of text."""
    style.set(qn("w:styleId"), ids[_id(style)])
    name = style.find(qn("w:name"))
    if name.get(qn("w:val")).lower() in names:
        name.set(qn("w:val"), f"{name.get(qn('w:val'))} (report)")
    for tag in _REFERENCES:
        for reference in style.xpath(f"./{tag}"):
            reference.set(qn("w:val"), ids[reference.get(qn("w:val"))])
    for tab in style.xpath(f".//w:tab[@w:pos='{_WIDTH}']"):
        tab.set(qn("w:pos"), width)


def restart_list(file: WordDocument, style: Any) -> int:
    """Return the number of a new list that looks as a paragraph style's own does, and starts at one."""
    numbering = _numbering(file)
    own = style.element.xpath("./w:pPr/w:numPr/w:numId/@w:val")
    kinds = numbering.xpath(f"./w:num[@w:numId='{own[0]}']/w:abstractNumId/@w:val") if own else []
    number = numbering.add_num(int(kinds[0] if kinds else _add_kind(numbering, "2", None)))
    number.add_lvlOverride(0).add_startOverride(1)
    return int(number.numId)


def _add_list(file: WordDocument, ours: str, style: str) -> int:
    numbering = _numbering(file)
    return int(numbering.add_num(int(_add_kind(numbering, ours, style))).numId)


def _add_kind(numbering: Any, ours: str, style: str | None) -> str:
    """Add one of our kinds of list for a paragraph style, and return its number in the file."""
    (kind,) = _sheet("numbering.xml").xpath(f"./w:abstractNum[@w:abstractNumId='{ours}']")
    used = {int(number) for number in numbering.xpath("./w:abstractNum/@w:abstractNumId")}
    kind.set(qn("w:abstractNumId"), number := str(max(used, default=0) + 1))
    for level in list(kind.iter(qn("w:pStyle"))):
        if style is None:
            level.getparent().remove(level)
        else:
            level.set(qn("w:val"), style)
    kinds = numbering.xpath("./w:abstractNum")
    kinds[-1].addnext(kind) if kinds else numbering.insert(0, kind)
    return number


def _numbering(file: WordDocument) -> Any:
    """Return the file's lists; python-docx makes no part for them where there is none."""
    part = file.part
    if RELATIONSHIP_TYPE.NUMBERING not in {relation.reltype for relation in part.rels.values()}:
        empty = OxmlElement("w:numbering")
        made = NumberingPart(PackURI("/word/numbering.xml"), CONTENT_TYPE.WML_NUMBERING, empty, part.package)
        part.relate_to(made, RELATIONSHIP_TYPE.NUMBERING)
    return part.numbering_part.element


def _themed_sheet(theme: Theme) -> Any:
    """Return our styles in a theme's colours: a fill in the colour of headings is the band's."""
    sheet = _sheet("styles.xml")
    for element in sheet.iter():
        for name, value in element.attrib.items():
            role = _FILLS.get(value) if name == qn("w:fill") else None
            if role := role or _ROLES.get(value):
                element.set(name, theme.tones[role].light.removeprefix("#").upper())
    return sheet


def _sheet(name: str) -> Any:
    return deepcopy(parse_xml((_HERE / name).read_bytes()))


def _key(style: Any) -> Key:
    return style.get(qn("w:type")) or "paragraph", style.find(qn("w:name")).get(qn("w:val")).lower()


def _id(style: Any) -> str:
    return str(style.get(qn("w:styleId")))


def _free(wanted: str, taken: set[str]) -> str:
    name, count = wanted, 1
    while name in taken:
        count += 1
        name = f"{wanted}{count}"
    taken.add(name)
    return name
