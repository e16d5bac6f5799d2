"""What the XML of a workbook's sheets says before a reader takes them into memory: their true size, and flawed cells.

A reader keeps a sheet as one full rectangle, and gives a formula without a value as a blank.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from cdi_stats.audit.archive import MOST_CELLS, MOST_MEMBERS, MOST_TEXT, Archive, Flaw, refuse_many
from cdi_stats.errors import UnreadableAudit

Flaws = Mapping[tuple[int, int], Flaw]
TABLE, OFFICE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0", "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
CALCEXT = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"

CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c\s*>)", re.DOTALL)
TAG = re.compile(rb"<(?:\w+:)?c[\s/>]")
ADDRESSED = re.compile(rb"""<(?:\w+:)?c\s(?:[^>]*?\s)?r\s*=\s*["'][A-Za-z]{1,3}\d""")
PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{1,3})(\d{1,20})["']""")
WIDE = re.compile(rb"""<c r="([A-Za-z]{2,3})\d""")
TALL = re.compile(rb"""<c r="[A-Za-z]{1,3}(\d+)""")
FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
ERROR = re.compile(rb"""\bt\s*=\s*["']e["']""")
TEXT_RESULT = re.compile(rb"""\bt\s*=\s*["']str["']""")
VALUE = re.compile(rb"<(?:\w+:)?v\b[^>]*>([^<]+)<")
SHARED = re.compile(rb"""\bt\s*=\s*["']s["'][^>]*>\s*<(?:\w+:)?v[^>]*>\s*(\d+)""")
CLAIM = re.compile(rb"""\buniqueCount\s*=\s*["']([^"']*)""")
STRINGS = "xl/sharedStrings.xml"
STRING = re.compile(rb"<(?:\w+:)?si[\s/>]")


def inspect_xlsx(archive: Archive) -> Callable[[str], Flaws]:
    """Return a function that gives a sheet's flawed cells by place, from 0, and refuses a sheet too large to hold."""
    _refuse_claims(archive)
    parts, texts = _worksheet_parts(archive), _text_lengths(archive)
    return lambda sheet: _inspected(archive, sheet, parts.get(sheet, ""), texts)


def counts_from_1904(archive: Archive) -> bool:
    """Return whether a workbook's days are counted from 1904, as on an old Macintosh (ECMA-376 part 1, 18.2.28)."""
    if archive.is_ods:
        return False
    given = [given for tag, given in archive.elements("xl/workbook.xml") if tag.rpartition(":")[2] == "workbookPr"]
    return any(attributes.get("date1904") in ("1", "true", "on") for attributes in given)


def _inspected(archive: Archive, sheet: str, part: str, texts: Sequence[int]) -> Flaws:
    if not archive.holds(part):
        raise UnreadableAudit(
            f"{archive.name}, sheet {sheet[:60]}: its part is not where the workbook says; expected a whole workbook "
            "(open it in a spreadsheet program and save it again)"
        )
    xml = _cells_of(archive.read(part))
    plain = xml.count(b"<c") == xml.count(b'<c r="') and b":c" not in xml
    if not plain or _area(xml) > MOST_CELLS:
        _refuse_area(archive, sheet, xml)
    _refuse_text(archive, sheet, xml, texts)
    if plain and b"<f" not in xml and b'"e"' not in xml and b"'e'" not in xml:
        return {}
    return dict(filter(None, (_flaw(match) for match in CELL.finditer(xml))))


def _worksheet_parts(archive: Archive) -> Mapping[str, str]:
    """Return the archive's part of each worksheet by the sheet's name."""
    targets: dict[str, str] = {}
    relations = "xl/_rels/workbook.xml.rels"
    if archive.holds(relations):
        for _, given in archive.elements(relations):
            targets[given.get("Id", "")] = _part(given.get("Target", ""))
    sheets = {}
    for tag, given in archive.elements("xl/workbook.xml"):
        if tag.rpartition(":")[2] == "sheet":
            relation = next((value for key, value in given.items() if key.rpartition(":")[2] == "id"), "")
            sheets[given.get("name", "")] = targets.get(relation, "")
    return sheets


def _part(target: str) -> str:
    """Return the part that a relation means, as readers take it: from the folder xl on, unless it starts there."""
    path = target.replace("\\", "/")
    return posixpath.normpath(path if path.startswith(("/", "xl/")) else f"xl/{path}").lstrip("/")


def _refuse_claims(archive: Archive) -> None:
    """Refuse a workbook that claims more texts than it can have: the reader makes room for as many as are claimed."""
    claims = CLAIM.findall(archive.read(STRINGS)) if archive.holds(STRINGS) else []
    wrong = [claim for claim in claims if not claim.isdigit() or int(claim[:20]) > MOST_CELLS]
    if wrong:
        raise UnreadableAudit(
            f"{archive.name}: claims to hold {wrong[0][:30].decode('ascii', 'replace')} texts; expected at most "
            f"{MOST_CELLS:,} (open it in a spreadsheet program and save it again)"
        )


def _refuse_area(archive: Archive, sheet: str, xml: bytes) -> None:
    """Refuse a sheet whose filled cells span a rectangle too large to hold, or do not say where they are."""
    if sum(1 for _ in TAG.finditer(xml)) > sum(1 for _ in ADDRESSED.finditer(xml)):
        raise UnreadableAudit(
            f"{archive.name}, sheet {sheet[:60]}: holds cells without an address; expected a workbook saved by a "
            "spreadsheet program (open it in one and save it again)"
        )
    filled = [_place(match.group(1)) for match in CELL.finditer(xml) if match.group(2)]
    rows, columns = (max((place[axis] for place in filled), default=0) for axis in (0, 1))
    refuse_many(f"{archive.name}, sheet {sheet[:60]}", (rows + 1) * (columns + 1))


def _text_lengths(archive: Archive) -> list[int]:
    """Return how long each text is that the sheets of a workbook share."""
    shared = archive.read(STRINGS) if archive.holds(STRINGS) else b""
    starts = [match.start() for match in STRING.finditer(shared)] + [len(shared)]
    return [after - before for before, after in pairwise(starts)]


def _refuse_text(archive: Archive, sheet: str, xml: bytes, lengths: Sequence[int]) -> None:
    """Refuse a sheet whose shared texts, written out cell by cell, would not fit."""
    if max(lengths, default=0) * xml.count(b"<") <= MOST_TEXT:
        return
    used = (int(number) for number in SHARED.findall(xml))
    total = sum(lengths[number] for number in used if number < len(lengths))
    if total > MOST_TEXT:
        raise UnreadableAudit(
            f"{archive.name}, sheet {sheet[:60]}: its texts come to {total:,} characters; "
            f"expected at most {MOST_TEXT:,}"
        )


def inspect_ods(archive: Archive) -> Callable[[str], Flaws]:
    """Return the same for an ods file, whose sheets lie in one part: all are counted, and refused, in one pass."""
    counter = _OdsCounter(archive.name)
    archive.parse("content.xml", counter.start, namespaces=True)
    return lambda sheet: counter.flaws.get(sheet, {})


class _OdsCounter:
    """Counts the filled area of every table of an ods file, where cells and rows may be repeated a million times."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.flaws: dict[str, dict[tuple[int, int], Flaw]] = {}
        self._sheet, self._row, self._column, self._rows, self._widest = "", 0, 0, 0, 0

    def start(self, tag: str, given: dict[str, str]) -> None:
        if tag == f"{TABLE} table":
            self._sheet, self._row, self._rows, self._widest = given.get(f"{TABLE} name", ""), 0, 0, 0
        elif tag == f"{TABLE} table-row":
            self._row, self._column = self._row + self._rows, 0
            self._rows = _repeats(given, "rows")
        elif tag in (f"{TABLE} table-cell", f"{TABLE} covered-table-cell"):
            self._cell(given)

    def _cell(self, given: dict[str, str]) -> None:
        repeats = _repeats(given, "columns")
        value = f"{OFFICE} value-type" in given
        if f"{TABLE} formula" in given and not value:
            self._add(Flaw("formula-without-value", "a formula without a saved value"))
        elif given.get(f"{CALCEXT} value-type") == "error":
            self._add(Flaw("error-value", "the error of a formula"))
        self._column += repeats
        if value:
            self._widest = max(self._widest, self._column)
            refuse_many(f"{self.name}, sheet {self._sheet[:60]}", (self._row + self._rows) * self._widest)

    def _add(self, flaw: Flaw) -> None:
        if len(self.flaws) < MOST_MEMBERS:
            self.flaws.setdefault(self._sheet, {})[(self._row, self._column)] = flaw


def _repeats(given: dict[str, str], what: str) -> int:
    text = given.get(f"{TABLE} number-{what}-repeated", "1")
    if not re.fullmatch("[0-9]+", text):
        return 1
    return max(1, int(text)) if len(text) < 12 else MOST_CELLS


def _cells_of(xml: bytes) -> bytes:
    """Return the part of a worksheet's XML that holds its cells."""
    start, end = xml.find(b"<sheetData"), xml.rfind(b"</sheetData")
    return xml[start:end] if 0 <= start < end else xml


def _area(xml: bytes) -> int:
    """Return the cells of the rectangle that all cells span, blank ones among them."""
    return max(map(int, TALL.findall(xml)), default=0) * max(map(_column, set(WIDE.findall(xml))), default=26)


def _flaw(match: re.Match[bytes]) -> tuple[tuple[int, int], Flaw] | None:
    attributes, content = match.group(1), match.group(2) or b""
    value = VALUE.search(content)
    if ERROR.search(attributes):
        text = value.group(1).decode("ascii", "replace")[:20] if value else "of a formula"
        return _place(attributes), Flaw("error-value", f"the error {text}")
    if FORMULA.search(content) and not value and not TEXT_RESULT.search(attributes):
        return _place(attributes), Flaw("formula-without-value", "a formula without a saved value")
    return None


def _place(attributes: bytes) -> tuple[int, int]:
    found = PLACE.search(attributes)
    return (int(found.group(2)) - 1, _column(found.group(1)) - 1) if found else (0, 0)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
