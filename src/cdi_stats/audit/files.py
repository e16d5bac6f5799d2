"""The files an audit may come in, opened safely: xlsx, xlsm and ods workbooks, folders of CSV or Parquet files.

A file may come from anywhere, so nothing is opened before its true size is known: archives are unpacked against a limit
and the cells of a workbook are counted in its XML, because the reader keeps a sheet as one full rectangle.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.parsers import expat

from cdi_stats.errors import UnreadableAudit

Row = list[Any]
MOST_BYTES = 300_000_000
MOST_CELLS = 5_000_000
MOST_TEXT = 300_000_000
MOST_MEMBERS = 10_000
CSV_ENDINGS = (".csv", ".txt", ".tsv")
PARQUET = ".parquet"
ODS_TYPE = b"application/vnd.oasis.opendocument.spreadsheet"
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
STRING = re.compile(rb"<(?:\w+:)?si[\s/>]")


@dataclass(frozen=True)
class Flaw:
    """A cell that holds something, but no value: a formula never calculated, or one that ended in an error."""

    rule: str
    found: str

    def __str__(self) -> str:
        return self.found


@dataclass(frozen=True)
class Book:
    """The sheets of a file by the names it gives them, and the SHA-256 of all that was read.

    `read(name)` returns a sheet's rows from its first row on, each as long as its filled part; cells are text, numbers,
    dates, times, booleans, blanks ("" or None) or a Flaw.
    """

    names: tuple[str, ...]
    digest: str
    key: bytes
    read: Callable[[str], list[Row]]


def open_book(source: Path) -> Book:
    """Return the sheets of a workbook or folder. Raises UnreadableAudit where it cannot be opened, or not safely."""
    try:
        return _folder(source) if source.is_dir() else _workbook(source)
    except OSError as error:
        raise UnreadableAudit(f"{source.name}: cannot be read ({error.strerror or error})") from None
    except MemoryError:
        raise UnreadableAudit(f"{source.name}: is too large for this machine's memory") from None


def is_audit_file(path: Path) -> bool:
    """Return whether a path is a file, or a folder that holds a CSV or Parquet file."""
    return path.is_file() or (path.is_dir() and bool(_members(path)))


def _members(folder: Path) -> list[Path]:
    endings = (*CSV_ENDINGS, PARQUET)
    return [file for file in sorted(folder.iterdir()) if file.suffix.lower() in endings and file.is_file()]


def _digests(parts: Iterable[tuple[str, bytes]]) -> tuple[str, bytes]:
    """Return the SHA-256 that is published, and an unpublished key that only holders of the file can make."""
    digest, key = hashlib.sha256(), hashlib.blake2b(person=b"record aliases", digest_size=32)
    for name, data in parts:
        for sink in (digest, key):
            sink.update(name.encode() + b"\0" if name else b"")
            sink.update(data)
    return digest.hexdigest(), key.digest()


def _folder(source: Path) -> Book:
    files = _members(source)
    stems = [file.stem for file in files]
    repeated = sorted({stem for stem in stems if stems.count(stem) > 1})
    if repeated:
        raise UnreadableAudit(f"{source.name}: found {repeated[0]} as two files; expected each sheet once")
    if sum(file.stat().st_size for file in files) > MOST_BYTES:
        raise UnreadableAudit(f"{source.name}: holds more than {MOST_BYTES:,} bytes; expected an audit's own tables")
    contents = {file.stem: file.read_bytes() for file in files}
    endings = {file.stem: file for file in files}
    digest, key = _digests((endings[stem].name, data) for stem, data in contents.items())

    def read(name: str) -> list[Row]:
        file = endings[name]
        rows = _parquet_rows if file.suffix.lower() == PARQUET else _csv_rows
        return rows(file.name, contents[name])

    return Book(tuple(contents), digest, key, read)


def _csv_rows(name: str, data: bytes) -> list[Row]:
    """Return a CSV file's cells. Excel in the UK writes Windows-1252, UTF-8 with a mark, or UTF-16 with tabs."""
    text = _decoded(name, data)
    first, _, rest = text.partition("\n")
    declared = re.fullmatch(r"(?i)sep=(.)\s*", first)
    delimiter = declared.group(1) if declared else _delimiter(text)
    limit = csv.field_size_limit(2**31 - 1)
    try:
        rows: list[Row] = [
            list(row) for row in csv.reader(io.StringIO(rest if declared else text, newline=""), delimiter=delimiter)
        ]
    except csv.Error as error:
        raise UnreadableAudit(f"{name}: cannot be read as CSV ({error}); look for a quotation mark left open") from None
    finally:
        csv.field_size_limit(limit)
    _refuse_many(name, sum(map(len, rows)))
    return [[], *rows] if declared else rows


def _decoded(name: str, data: bytes) -> str:
    encodings = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            place = data[: error.start].count(b"\n") + 1
    raise UnreadableAudit(
        f"{name}: row {place} holds a byte of no known encoding; expected UTF-8, Windows-1252 or UTF-16 text "
        "(save it again as CSV UTF-8)"
    )


def _delimiter(text: str) -> str:
    """Return the delimiter that most splits the first filled lines; a comma where none does."""
    lines = [line for line in text[:20_000].splitlines() if line.strip()][:20]
    counts = {mark: sum(line.count(mark) for line in lines) for mark in ",;\t|"}
    return max(counts, key=lambda mark: counts[mark])


def _parquet_rows(name: str, data: bytes) -> list[Row]:
    import pyarrow
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        _refuse_many(name, file.metadata.num_rows * file.metadata.num_columns)
        sizes = (file.metadata.row_group(group).total_byte_size for group in range(file.metadata.num_row_groups))
        if sum(sizes) > MOST_BYTES:
            raise UnreadableAudit(f"{name}: unpacks to more than {MOST_BYTES:,} bytes; expected an audit's own tables")
        columns = [_plain(column) for column in file.read().columns]
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise UnreadableAudit(f"{name}: cannot be opened as Parquet ({reason})") from None
    return [list(file.schema_arrow.names), *map(list, zip(*columns, strict=True))]


def _plain(column: Any) -> list[Any]:
    """Return a Parquet column's values; not-a-number is how other tools write a missing one."""
    import pyarrow

    values = column.to_pylist()
    if pyarrow.types.is_floating(column.type):
        return [None if value != value else value for value in values]
    return [str(value) for value in values] if pyarrow.types.is_nested(column.type) else values


def _workbook(source: Path) -> Book:
    from python_calamine import CalamineWorkbook

    if source.stat().st_size > MOST_BYTES:
        raise UnreadableAudit(f"{source.name}: is larger than {MOST_BYTES:,} bytes; expected an audit's own workbook")
    data = source.read_bytes()
    digest, key = _digests([("", data)])
    parts = _Parts(source.name, data)
    flaws_of: Callable[[str], dict[tuple[int, int], Flaw]] = parts.inspect_ods() if parts.is_ods else parts.inspect_xlsx
    workbook = parts.guarded(lambda: CalamineWorkbook.from_filelike(io.BytesIO(data)))
    names = tuple(workbook.sheet_names)

    def read(name: str) -> list[Row]:
        flaws = flaws_of(name)
        sheet = parts.guarded(lambda: workbook.get_sheet_by_name(name))
        rows: list[Row] = parts.guarded(lambda: sheet.to_python(skip_empty_area=False))
        for (row, column), flaw in flaws.items():
            rows.extend([] for _ in range(row + 1 - len(rows)))
            rows[row].extend([""] * (column + 1 - len(rows[row])))
            rows[row][column] = flaw
        return rows

    return Book(names, digest, key, read)


class _Parts:
    """The members of a workbook's archive, each known to unpack to the size it claims."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
            members = self._archive.infolist()
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError):
            raise UnreadableAudit(self._not_a_workbook(data)) from None
        self._check(members)
        self.names = {member.filename for member in members}
        self.is_ods = "content.xml" in self.names and "xl/workbook.xml" not in self.names
        if not self.is_ods and "xl/workbook.xml" not in self.names:
            kind = "a binary workbook (.xlsb)" if "xl/workbook.bin" in self.names else "no workbook"
            raise UnreadableAudit(f"{name}: found {kind}; expected a workbook saved as .xlsx, .xlsm or .ods")

    def _not_a_workbook(self, data: bytes) -> str:
        found = "no workbook that can be opened"
        if data.startswith(b"\xd0\xcf\x11\xe0"):
            found = "an old .xls workbook, or one protected by a password"
        elif not data:
            found = "an empty file"
        elif data.startswith(b"PK"):
            found = "a workbook that is cut short or damaged"
        elif not re.search(rb"[\x00-\x08]", data[:1000]):
            found = "text"
        return (
            f"{self.name}: cannot be opened as a workbook: found {found}; expected one saved as .xlsx, .xlsm or .ods "
            "by a spreadsheet program, without a password"
        )

    def _check(self, members: list[zipfile.ZipInfo]) -> None:
        """Unpack every member once, so that no claim of size is taken on trust."""
        names = [member.filename.lower() for member in members]
        total = sum(member.file_size for member in members)
        if len(members) > MOST_MEMBERS or len(set(names)) < len(names):
            raise UnreadableAudit(f"{self.name}: found an archive with repeated or too many parts; expected a workbook")
        if any(member.flag_bits & 1 for member in members):
            raise UnreadableAudit(f"{self.name}: is protected by a password; expected a workbook without one")
        if total > MOST_BYTES:
            raise UnreadableAudit(
                f"{self.name}: unpacks to {total:,} bytes; expected at most {MOST_BYTES:,} "
                "(delete pictures and sheets that the audit does not need)"
            )
        for member in members:
            try:
                with self._archive.open(member) as stream:
                    while stream.read(1 << 20):
                        pass
            except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError, zlib.error):
                raise UnreadableAudit(
                    f"{self.name}: the part {member.filename[:60]!r} is damaged; expected a whole workbook "
                    "(open it in a spreadsheet program and save it again)"
                ) from None

    def guarded(self, read: Callable[[], Any]) -> Any:
        """Return what the reader reads; whatever it stumbles over becomes one clear message."""
        try:
            return read()
        except MemoryError:
            raise
        except BaseException as error:
            # the reader is Rust: its panics do not descend from Exception
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
            raise UnreadableAudit(
                f"{self.name}: cannot be opened as a workbook ({reason}); expected one saved by a spreadsheet program"
            ) from None

    def inspect_xlsx(self, sheet: str) -> dict[tuple[int, int], Flaw]:
        """Return a sheet's flawed cells by place, from 0; refuse one too large to hold."""
        part = self._xlsx_parts().get(sheet)
        if part is None or part not in self.names:
            return {}
        xml = _cells_of(self._archive.read(part))
        plain = xml.count(b"<c") == xml.count(b'<c r="') and b":c" not in xml
        if not plain or _area(xml) > MOST_CELLS:
            self._refuse_area(sheet, xml)
        self._refuse_text(sheet, xml)
        if plain and b"<f" not in xml and b'"e"' not in xml and b"'e'" not in xml:
            return {}
        return dict(filter(None, (_flaw(match) for match in CELL.finditer(xml))))

    def _xlsx_parts(self) -> Mapping[str, str]:
        """Return the archive's part of each worksheet by the sheet's name."""
        targets: dict[str, str] = {}
        relations = "xl/_rels/workbook.xml.rels"
        if relations in self.names:
            for _, given in self._elements(relations):
                target = given.get("Target", "")
                targets[given.get("Id", "")] = target[1:] if target.startswith("/") else f"xl/{target}"
        sheets = {}
        for tag, given in self._elements("xl/workbook.xml"):
            if tag.rpartition(":")[2] == "sheet":
                relation = next((value for key, value in given.items() if key.rpartition(":")[2] == "id"), "")
                sheets[given.get("name", "")] = targets.get(relation, "")
        return sheets

    def _elements(self, part: str) -> list[tuple[str, dict[str, str]]]:
        found: list[tuple[str, dict[str, str]]] = []
        self._parse(part, lambda tag, given: found.append((tag, given)))
        return found

    def _parse(self, part: str, start: Callable[[str, dict[str, str]], object], *, namespaces: bool = False) -> None:
        parser = expat.ParserCreate(namespace_separator=" ") if namespaces else expat.ParserCreate()
        parser.StartElementHandler = start

        def refuse(*_: object) -> None:
            raise UnreadableAudit(f"{self.name}: declares XML entities; expected a workbook without them")

        parser.EntityDeclHandler = refuse
        try:
            parser.Parse(self._archive.read(part), True)
        except expat.ExpatError as error:
            raise UnreadableAudit(
                f"{self.name}: the part {part!r} is damaged ({error}); expected a whole workbook"
            ) from None

    def _refuse_area(self, sheet: str, xml: bytes) -> None:
        """Refuse a sheet whose filled cells span a rectangle too large to hold, or do not say where they are."""
        if sum(1 for _ in TAG.finditer(xml)) > sum(1 for _ in ADDRESSED.finditer(xml)):
            raise UnreadableAudit(
                f"{self.name}, sheet {sheet[:60]}: holds cells without an address; expected a workbook saved by a "
                "spreadsheet program (open it in one and save it again)"
            )
        filled = [_place(match.group(1)) for match in CELL.finditer(xml) if match.group(2)]
        rows, columns = (max((place[axis] for place in filled), default=0) for axis in (0, 1))
        _refuse_many(f"{self.name}, sheet {sheet[:60]}", (rows + 1) * (columns + 1))

    def _refuse_text(self, sheet: str, xml: bytes) -> None:
        """Refuse a sheet whose shared texts, written out cell by cell, would not fit."""
        strings = "xl/sharedStrings.xml"
        if strings not in self.names:
            return
        shared = self._archive.read(strings)
        starts = [match.start() for match in STRING.finditer(shared)] + [len(shared)]
        lengths = [after - before for before, after in pairwise(starts)]
        if max(lengths, default=0) * xml.count(b"<") <= MOST_TEXT:
            return
        used = (int(number) for number in SHARED.findall(xml))
        total = sum(lengths[number] for number in used if number < len(lengths))
        if total > MOST_TEXT:
            raise UnreadableAudit(
                f"{self.name}, sheet {sheet[:60]}: its texts come to {total:,} characters; "
                f"expected at most {MOST_TEXT:,}"
            )

    def inspect_ods(self) -> Callable[[str], dict[tuple[int, int], Flaw]]:
        """Return a lookup of each sheet's flawed cells; refuse a sheet too large to hold, all counted in one pass."""
        counter = _OdsCounter(self.name)
        self._parse("content.xml", counter.start, namespaces=True)
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
            _refuse_many(f"{self.name}, sheet {self._sheet[:60]}", (self._row + self._rows) * self._widest)

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


def _refuse_many(where: str, cells: int) -> None:
    if cells > MOST_CELLS:
        raise UnreadableAudit(
            f"{where}: reaches over {cells:,} cells; expected at most {MOST_CELLS:,} "
            "(look for a filled cell far below or to the right of the rest)"
        )
