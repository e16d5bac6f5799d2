"""The files an audit may come in, opened safely: xlsx, xlsm and ods workbooks, folders of CSV or Parquet files.

A file may come from anywhere, so nothing is opened before its true size is known: `archive` unpacks it against a limit,
and `sheet_xml` counts its cells, because the reader keeps a sheet as one full rectangle.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdi_stats.audit.archive import MOST_BYTES, Archive, Since1904, refuse_many
from cdi_stats.audit.sheet_xml import counts_from_1904, inspect_ods, inspect_xlsx
from cdi_stats.errors import UnreadableAudit

Row = list[Any]
CSV_ENDINGS = (".csv", ".txt", ".tsv")
PARQUET = ".parquet"
NESTED = (bytes, list, dict, tuple)
QUOTED = re.compile(r'"[^"]*"')


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
    declared = re.fullmatch(r'(?i)"?sep=(.)"?[\s,;]*', first)
    delimiter = declared.group(1) if declared else _delimiter(text)
    limit = csv.field_size_limit(2**31 - 1)
    try:
        rows: list[Row] = [
            [_unwrapped(cell) for cell in row]
            for row in csv.reader(io.StringIO(rest if declared else text, newline=""), delimiter=delimiter)
        ]
    except csv.Error as error:
        raise UnreadableAudit(f"{name}: cannot be read as CSV ({error}); look for a quotation mark left open") from None
    finally:
        csv.field_size_limit(limit)
    refuse_many(name, sum(map(len, rows)))
    return [[], *rows] if declared else rows


def _decoded(name: str, data: bytes) -> str:
    encodings: tuple[str, ...] = ("utf-8-sig", "cp1252")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ("utf-16",)
    elif b"\0" in data[:2]:
        encodings = ("utf-16-be" if data[0] == 0 else "utf-16-le",)
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            place = data[: error.start].count(b"\n") + 1
    raise UnreadableAudit(
        f"{name}: row {place} holds a byte of no known encoding; expected UTF-8, Windows-1252 or UTF-16 text "
        "(save it again as CSV UTF-8)"
    )


def _unwrapped(cell: str) -> str:
    """Return a cell without the ="…" by which exports keep Excel from changing a number."""
    return cell[2:-1] if cell.startswith('="') and cell.endswith('"') and cell.count('"') == 2 else cell


def _delimiter(text: str) -> str:
    """Return the delimiter that splits most of the first filled lines into as many cells; a comma where none does."""
    lines = [line for line in QUOTED.sub("", text[:100_000]).splitlines() if line.strip()][:50]

    def evenness(mark: str) -> tuple[int, int]:
        times = Counter(line.count(mark) for line in lines)
        del times[0]
        return max(((number, count) for count, number in times.items()), default=(0, 0))

    return max(",;\t|", key=evenness)


def _parquet_rows(name: str, data: bytes) -> list[Row]:
    import pyarrow
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        refuse_many(name, file.metadata.num_rows * file.metadata.num_columns)
        sizes = (file.metadata.row_group(group).total_byte_size for group in range(file.metadata.num_row_groups))
        if sum(sizes) > MOST_BYTES:
            raise UnreadableAudit(f"{name}: unpacks to more than {MOST_BYTES:,} bytes; expected an audit's own tables")
        columns = [_plain(column) for column in file.read().columns]
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise UnreadableAudit(f"{name}: cannot be opened as Parquet ({reason})") from None
    return [list(file.schema_arrow.names), *map(list, zip(*columns, strict=True))]


def _plain(column: Any) -> list[Any]:
    """Return a Parquet column's values; not-a-number is how other tools write a missing one."""
    import pyarrow

    values = column.to_pylist()
    if pyarrow.types.is_floating(column.type):
        return [None if value != value else value for value in values]
    return [_written(value) for value in values] if isinstance(next(filter(None, values), 0), NESTED) else values


def _written(value: Any) -> Any:
    """Return a nested value as text; bytes are how older tools write texts."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return None if value is None else str(value)


def _workbook(source: Path) -> Book:
    from python_calamine import CalamineWorkbook

    if source.stat().st_size > MOST_BYTES:
        raise UnreadableAudit(f"{source.name}: is larger than {MOST_BYTES:,} bytes; expected an audit's own workbook")
    data = source.read_bytes()
    digest, key = _digests([("", data)])
    archive = Archive(source.name, data)
    flaws_of = inspect_ods(archive) if archive.is_ods else inspect_xlsx(archive)
    workbook = archive.guarded(lambda: CalamineWorkbook.from_filelike(io.BytesIO(data)))
    names, mac = tuple(workbook.sheet_names), counts_from_1904(archive)

    def read(name: str) -> list[Row]:
        flaws = flaws_of(name)
        sheet = archive.guarded(lambda: workbook.get_sheet_by_name(name))
        rows: list[Row] = archive.guarded(lambda: sheet.to_python(skip_empty_area=False))
        if mac:
            rows = [[Since1904(cell) if type(cell) in (int, float) else cell for cell in row] for row in rows]
        for (row, column), flaw in flaws.items():
            rows.extend([] for _ in range(row + 1 - len(rows)))
            rows[row].extend([""] * (column + 1 - len(rows[row])))
            rows[row][column] = flaw
        return rows

    return Book(names, digest, key, read)
