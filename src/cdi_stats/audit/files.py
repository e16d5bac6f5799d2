"""The files an audit may come in, opened safely: xlsx, xlsm and ods workbooks, folders of CSV or Parquet files.

A file may come from anywhere, so nothing is opened before its true size is known: `archive` unpacks it against a limit,
and `sheet_xml` counts its cells, because the reader keeps a sheet as one full rectangle.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from cdi_stats.audit.archive import MOST_BYTES, MOST_CELLS, MOST_TEXT, Archive, Since1904, refuse_many
from cdi_stats.audit.parquet import parquet_rows
from cdi_stats.audit.sheet_xml import counts_from_1904, inspect_ods, inspect_xlsx
from cdi_stats.errors import UnreadableAudit

Row = list[Any]
Read = TypeVar("Read")
CSV_ENDINGS = (".csv", ".txt", ".tsv")
PARQUET = ".parquet"
# Excel itself holds 32,767 characters in a cell
MOST_IN_FOLDER, MOST_IN_CELL = 100_000_000, 1_000_000
QUOTED = re.compile(r'"[^"]*"')


@dataclass(frozen=True)
class Book:
    """The sheets of a file by the names it gives them.

    `read(name)` returns a sheet's rows from its first row on, each as long as its filled part; cells are text, numbers,
    dates, times, booleans, blanks ("" or None) or a Flaw.
    """

    names: tuple[str, ...]
    read: Callable[[str], list[Row]]


@dataclass(frozen=True)
class Contents:
    """What a workbook or folder holds, read but not opened: its SHA-256 and its unpublished key.

    `open` gives its sheets, and raises UnreadableAudit where it cannot be opened, or not safely. Whoever asks only
    whether a file has changed need not open it, which takes ten times as long.
    """

    digest: str
    key: bytes
    open: Callable[[], Book]


def read_contents(source: Path) -> Contents:
    """Return what a workbook or folder holds. Raises UnreadableAudit where it cannot be read."""
    return _guarded(source, lambda: _folder(source) if source.is_dir() else _workbook(source))


def open_book(source: Path) -> Book:
    """Return the sheets of a workbook or folder. Raises UnreadableAudit where it cannot be opened, or not safely."""
    return read_contents(source).open()


def _guarded(source: Path, read: Callable[[], Read]) -> Read:
    try:
        return read()
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


def _folder(source: Path) -> Contents:
    files = _members(source)
    stems = [file.stem for file in files]
    repeated = sorted({stem for stem in stems if stems.count(stem) > 1})
    if repeated:
        raise UnreadableAudit(f"{source.name}: found {repeated[0]} as two files; expected each sheet once")
    if sum(file.stat().st_size for file in files) > MOST_IN_FOLDER:
        raise UnreadableAudit(
            f"{source.name}: holds more than {MOST_IN_FOLDER:,} bytes; expected an audit's own tables"
        )
    contents = {file.stem: file.read_bytes() for file in files}
    endings = {file.stem: file for file in files}
    digest, key = _digests((endings[stem].name, data) for stem, data in contents.items())

    def read(name: str) -> list[Row]:
        file = endings[name]
        rows = parquet_rows if file.suffix.lower() == PARQUET else csv_rows
        return rows(file.name, contents[name])

    return Contents(digest, key, lambda: Book(tuple(contents), read))


def csv_rows(name: str, data: bytes) -> list[Row]:
    """Return a CSV file's cells. Excel in the UK writes Windows-1252, UTF-8 with a mark, or UTF-16 with tabs."""
    encoding = _encoding(name, data)
    head = _text(data, encoding).read(100_000)
    stream = _text(data, encoding)
    declared = re.match(r'(?i)"?sep=(.)"?[\s,;]*(?:\r\n?|\n)', head)
    rows: list[Row] = []
    if declared:
        stream.readline()
        rows.append([])
    delimiter = declared.group(1) if declared else delimiter_of(head)
    limit, cells = csv.field_size_limit(MOST_IN_CELL), 0
    try:
        for row in csv.reader(_lines(name, stream), delimiter=delimiter):
            rows.append([_unwrapped(cell) for cell in row])
            cells += len(row) or 1
            refuse_many(name, cells)
    except csv.Error as error:
        raise UnreadableAudit(f"{name}: cannot be read as CSV ({error}); look for a quotation mark left open") from None
    finally:
        csv.field_size_limit(limit)
    return rows


def _text(data: bytes, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data), encoding, newline="")


def _lines(name: str, stream: io.TextIOWrapper) -> Iterator[str]:
    """Yield the lines of a text, none of them so long that its cells could fill the memory."""
    number, size = 1, 0
    while line := stream.readline(MOST_CELLS + 1):
        if len(line) > MOST_CELLS:
            raise UnreadableAudit(f"{name}: line {number} is longer than {MOST_CELLS:,} characters; expected a table")
        size += sys.getsizeof(line)
        if size > 2 * MOST_TEXT:
            raise UnreadableAudit(f"{name}: takes more than {2 * MOST_TEXT:,} bytes; expected an audit's own tables")
        yield line
        number += 1


def _encoding(name: str, data: bytes) -> str:
    encodings: tuple[str, ...] = ("utf-8-sig", "cp1252")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ("utf-16",)
    elif b"\0" in data[:2]:
        encodings = ("utf-16-be" if data[0] == 0 else "utf-16-le",)
    place = 0
    for encoding in encodings:
        wrong = _undecodable(data, encoding)
        if wrong is None:
            return encoding
        place = data.count(b"\n", 0, wrong) + 1
    raise UnreadableAudit(
        f"{name}: row {place} holds a byte of no known encoding; expected UTF-8, Windows-1252 or UTF-16 text "
        "(save it again as CSV UTF-8)"
    )


def _undecodable(data: bytes, encoding: str) -> int | None:
    """Return the place of the first byte that an encoding does not have, looking at a part at a time."""
    decoder, step = codecs.getincrementaldecoder(encoding)(), 1 << 20
    for start in range(0, len(data) + 1, step):
        try:
            decoder.decode(data[start : start + step], start + step > len(data))
        except UnicodeDecodeError as error:
            return start + error.start
    return None


def _unwrapped(cell: str) -> str:
    """Return a cell without the ="…" by which exports keep Excel from changing a number."""
    return cell[2:-1] if cell.startswith('="') and cell.endswith('"') and cell.count('"') == 2 else cell


def delimiter_of(text: str) -> str:
    """Return the delimiter that splits most of the first filled lines into as many cells; a comma where none does."""
    lines = [line for line in QUOTED.sub("", text).splitlines() if line.strip()][:50]

    def evenness(mark: str) -> tuple[int, int]:
        times = Counter(line.count(mark) for line in lines)
        del times[0]
        return max(((number, count) for count, number in times.items()), default=(0, 0))

    return max(",;\t|", key=evenness)


def _workbook(source: Path) -> Contents:
    if source.stat().st_size > MOST_BYTES:
        raise UnreadableAudit(f"{source.name}: is larger than {MOST_BYTES:,} bytes; expected an audit's own workbook")
    data = source.read_bytes()
    return Contents(*_digests([("", data)]), lambda: _guarded(source, lambda: _opened(source.name, data)))


def _opened(name: str, data: bytes) -> Book:
    from python_calamine import CalamineWorkbook

    archive = Archive(name, data)
    flaws_of = inspect_ods(archive) if archive.is_ods else inspect_xlsx(archive)
    workbook = archive.guarded(lambda: CalamineWorkbook.from_filelike(io.BytesIO(data)))
    names, mac = tuple(workbook.sheet_names), counts_from_1904(archive)

    def read(title: str) -> list[Row]:
        flaws = flaws_of(title)
        sheet = archive.guarded(lambda: workbook.get_sheet_by_name(title))
        rows: list[Row] = archive.guarded(lambda: sheet.to_python(skip_empty_area=False))
        if mac:
            rows = [[Since1904(cell) if type(cell) in (int, float) else cell for cell in row] for row in rows]
        for (row, column), flaw in flaws.items():
            rows.extend([] for _ in range(row + 1 - len(rows)))
            rows[row].extend([""] * (column + 1 - len(rows[row])))
            rows[row][column] = flaw
        return rows

    return Book(names, read)
