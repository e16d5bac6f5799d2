"""The files a frame may lie in, as tables of a DuckDB of our own: CSV in any dress, Parquet, workbooks."""

from __future__ import annotations

import codecs
import csv
import glob
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from cdi_stats.audit import cells
from cdi_stats.audit.files import CSV_ENDINGS, PARQUET, Row, delimiter_of, open_book
from cdi_stats.audit.frame_engines import reason
from cdi_stats.audit.sampling import FrameSource
from cdi_stats.errors import BadParameters, CdiStatsError

HEAD = 1 << 18
BLOCK = 1 << 22
MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be", b"\xef\xbb": "utf-8"}
GUARDED = '^="([^"]*)"$'


def file_table(connection: Any, folder: Path, path: Path, source: FrameSource) -> Any:
    """Return the rows of a file, of all files that a pattern names, or of all in a folder, as a table of DuckDB.

    CSV is rewritten to `folder` as Parquet, only the columns wanted. Raises BadParameters or UnreadableAudit for files
    that cannot be read so.
    """
    files = _files(path)
    endings = {file.suffix.lower() for file in files}
    try:
        if endings == {PARQUET}:
            return _parquet(connection, files)
        if endings <= set(CSV_ENDINGS):
            tidied = [_tidied(file, source, folder / f"{place}.parquet") for place, file in enumerate(files)]
            return _parquet(connection, tidied)
        if len(files) == 1:
            return _workbook(connection, files[0], source)
    except CdiStatsError:
        raise
    except Exception as error:
        raise BadParameters(f"frame.source: {path.name}: cannot be read ({reason(error)})") from None
    raise BadParameters(f"frame.source: {path.name}: found files of several kinds; expected one kind")


def _files(path: Path) -> list[Path]:
    endings = (*CSV_ENDINGS, PARQUET)
    if path.is_dir():
        found = [file for file in sorted(path.rglob("*")) if file.suffix.lower() in endings]
        # Spark and others keep what is not yet, or not data under names like these
        files = [file for file in found if not file.relative_to(path).as_posix().startswith((".", "_"))]
    elif path.exists() or not glob.has_magic(str(path)):
        files = [path] if path.is_file() else []
    else:
        first = next(place for place, part in enumerate(path.parts) if glob.has_magic(part))
        files = sorted(Path(*path.parts[:first]).glob("/".join(path.parts[first:])))
    if not files:
        raise BadParameters(f"frame.source: {path.name}: found no such file; expected CSV, Parquet or a workbook")
    return files


def _parquet(connection: Any, files: Sequence[Path]) -> Any:
    names = [glob.escape(str(file)) for file in files]
    return connection.read_parquet(names, table_name="frame", union_by_name=True)


def _unguarded(batch: Any) -> Any:
    """Return rows of a CSV file without those that are blank, and cells without the ="…" that guards a number."""
    import pyarrow as pa
    from pyarrow import compute

    columns = [
        compute.replace_substring_regex(column, GUARDED, r"\1")
        if compute.any(compute.starts_with(column, '="')).as_py()
        else column
        for column in batch.columns
    ]
    filled = compute.greater(compute.binary_length(compute.binary_join_element_wise(*columns, "")), 0)
    return pa.record_batch(columns, schema=batch.schema).filter(filled)


def _tidied(file: Path, source: FrameSource, target: Path) -> Path:
    """Write the wanted columns of a CSV file as Parquet, block by block, and return where.

    Arrow reads CSV as Python does (DuckDB skips rows without a word where line ends differ), in the file's encoding.
    """
    with file.open("rb") as stream:
        head = stream.read(HEAD)
        if not head.strip(b"\0 \r\n\t\xff\xfe\xef\xbb\xbf"):
            raise BadParameters(f"frame.source: {file.name}: is empty; expected a row of headings, and records below")
        for encoding in _encodings(head):
            try:
                _rewrite(file, stream, encoding, source, target)
            except UnicodeError:
                continue
            return target
    raise BadParameters(
        f"frame.source: {file.name}: holds a byte of no known encoding; expected UTF-8, Windows-1252 or UTF-16 text "
        "(save it again as CSV UTF-8)"
    )


def _encodings(head: bytes) -> tuple[str, ...]:
    if head[:2] in MARKS and MARKS[head[:2]] != "utf-8":
        return (MARKS[head[:2]],)
    if b"\0" in head[:2]:
        return ("utf-16-be" if head[0] == 0 else "utf-16-le",)
    return ("utf-8", "cp1252")


def _rewrite(file: Path, stream: BinaryIO, encoding: str, source: FrameSource, target: Path) -> None:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv
    from pyarrow import parquet

    delimiter, names, start = _heading(file.name, stream, encoding, source)
    wanted = [name for name in names if name in _wanted(source)]
    # names may be blank or repeated, but not those wanted
    columns = [name if name in wanted else f"{place}: {name}" for place, name in enumerate(names)]
    strings = pa.schema([(name, pa.string()) for name in wanted])
    stream.seek(start)
    with parquet.ParquetWriter(target, strings, compression="lz4") as writer:
        if not stream.read(1):
            return
        stream.seek(start)
        try:
            for batch in arrow_csv.open_csv(
                pa.PythonFile(stream, "r"),
                read_options=arrow_csv.ReadOptions(column_names=columns, encoding=encoding, block_size=BLOCK),
                parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
                convert_options=arrow_csv.ConvertOptions(
                    include_columns=wanted, column_types=strings, strings_can_be_null=False
                ),
            ):
                writer.write_batch(_unguarded(batch))
        except pa.ArrowInvalid as error:
            if "invalid UTF8" in str(error):
                raise UnicodeError from None
            raise BadParameters(
                f"frame.source: {file.name}: cannot be read as CSV ({_place(reason(error))}); look there for a "
                "quotation mark left open, or a cell too many or too few"
            ) from None


def _place(complaint: str) -> str:
    """Return Arrow's complaint up to the row's own text, which may name people."""
    return ":".join(complaint.split(":")[:2]).removeprefix("CSV parse error: ")


def _heading(name: str, stream: BinaryIO, encoding: str, source: FrameSource) -> tuple[str, list[str], int]:
    """Return a CSV file's delimiter, its headings, and the byte at which its records begin."""
    stream.seek(0)
    whole = stream.read(HEAD)
    decoder = codecs.getincrementaldecoder(encoding)()
    mark = next((len(mark) for mark in (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff") if whole.startswith(mark)), 0)
    text = decoder.decode(whole[mark:], final=len(whole) < HEAD)
    first = text.partition("\n")[0].strip('"\r ,;\t')
    delimiter = first[4] if first.lower().startswith("sep=") and len(first) == 5 else delimiter_of(text)
    lines, first_row = _Counted(text), list[str]()
    limit = csv.field_size_limit(2**31 - 1)
    try:
        for row in csv.reader(lines, delimiter=delimiter):
            names = [cells.text(cell) for cell in row]
            if _is_heading(names, source):
                _check_heading(name, names, source)
                return delimiter, names, mark + len(text[: lines.read].encode(encoding))
            first_row = first_row or names
    finally:
        csv.field_size_limit(limit)
    raise BadParameters(_no_heading(name, first_row, source))


class _Counted:
    """The lines of a text, and how many characters have been read."""

    def __init__(self, text: str) -> None:
        self.read = 0
        self._lines = io.StringIO(text, newline="")

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.read += len(line)
            yield line


def _wanted(source: FrameSource) -> set[str]:
    return {source.record_id, source.opened_at, source.opening_code, *source.keep.values()}


def _is_heading(names: Sequence[str], source: FrameSource) -> bool:
    return source.record_id in names and len(set(names) & _wanted(source)) > 1


def _check_heading(where: str, names: Sequence[str], source: FrameSource) -> None:
    lacking = sorted(name for name in _wanted(source) if name not in names)
    if lacking:
        found = ", ".join(filter(None, names))[:300]
        raise BadParameters(f"frame: {where}: found no column {', '.join(lacking)}; expected it among {found}")
    repeated = sorted(name for name in _wanted(source) if names.count(name) > 1)
    if repeated:
        raise BadParameters(f"frame: {where}: found column {', '.join(repeated)} more than once; expected it once")


def _no_heading(where: str, first: Sequence[str], source: FrameSource) -> str:
    found = ", ".join(filter(None, first))[:200] or "nothing"
    return (
        f"frame: {where}: found no row of headings with {source.record_id} in it (its first row is {found}); expected "
        f"columns {', '.join(sorted(_wanted(source)))}"
    )


def _workbook(connection: Any, path: Path, source: FrameSource) -> Any:
    """Return a sheet of a workbook: that named as the table, or the first."""
    import pyarrow as pa

    book = open_book(path)
    title = source.table or book.names[0]
    if title not in book.names:
        raise BadParameters(f"frame.table: {title}: found no such sheet; expected one of {', '.join(book.names)}")
    where, rows = f"{path.name}, sheet {title}", book.read(title)
    body = iter(enumerate(rows, start=1))
    for _, row in body:
        names = [cells.text(cell) for cell in row]
        if _is_heading(names, source):
            break
    else:
        raise BadParameters(_no_heading(where, [cells.text(cell) for cell in rows[0]] if rows else [], source))
    _check_heading(where, names, source)
    columns = _columns(where, names, list(body), source)
    connection.con.register("frame", pa.table(columns))
    return connection.table("frame")


def _columns(where: str, names: Sequence[str], body: Sequence[tuple[int, Row]], source: FrameSource) -> dict[str, Any]:
    """Return the wanted columns of a sheet, its dates as moments, without the rows that are blank in all of them."""
    import pyarrow as pa

    places = {name: place for place, name in enumerate(names) if name in _wanted(source)}
    taken = [(number, [row[at] if at < len(row) else "" for at in places.values()]) for number, row in body]
    taken = [(number, row) for number, row in taken if not all(map(cells.is_blank, row))]
    columns = {}
    for at, name in enumerate(places):
        kind, arrow = ("moment", pa.timestamp("us")) if name == source.opened_at else ("text", pa.string())
        given = [row[at] for _, row in taken]
        values, wrong = cells.parse_column(kind, given)
        if wrong:
            expected = "a date such as 30/06/2018 14:05" if kind == "moment" else "text or a number"
            raise BadParameters(
                f"frame: {where}: {len(wrong):,} cells in {name} are no {kind}, such as row {taken[wrong[0]][0]} with "
                f"{str(given[wrong[0]])[:40]!r}; expected {expected}"
            )
        # a number's inner blanks are for record_number to judge, as in every other source
        texts = [cell if isinstance(cell, str) else value for cell, value in zip(given, values, strict=True)]
        columns[name] = pa.array(values if kind == "moment" else texts, arrow)
    return columns
