"""Where a population lies and how it is read: files through DuckDB, workbooks by our reader, databases through Ibis."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pandas as pd

from cdi_stats.audit import cells
from cdi_stats.audit.files import CSV_ENDINGS, PARQUET, open_book
from cdi_stats.audit.sampling import Exclusion, FrameSource
from cdi_stats.errors import BadParameters, UnreadableAudit

DATES = [
    f"{day}{clock}"
    for day in ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d %b %Y", "%d-%b-%Y", "%d %B %Y")
    for clock in ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", "T%H:%M", "T%H:%M:%S", "T%H:%M:%S.%f")
]
SETTINGS = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "preserve_insertion_order": False,
    "memory_limit": "256MB",
    "temp_directory": str(Path(gettempdir()) / "cdi-stats"),
}
OURS = ("record_id", "opened_at", "opening_code")


def open_source(source: FrameSource, base: Path, connection: Any = None) -> tuple[Any, Any, str]:
    """Return the engine, its rows under our names, and how the source is to be called (without any password).

    The rows hold OURS and the columns to keep: numbers of records as text, dates as moments. Raises BadParameters for
    a source that cannot be read so.
    """
    connection, table, shown = _table(source, base, connection)
    return connection, _ours(table, source, shown), shown


def listed_numbers(exclusions: Sequence[Exclusion], base: Path) -> set[str]:
    """Return the record numbers that are not to be drawn, from audits (their records sheet) or lists."""
    found: set[str] = set()
    for exclusion in exclusions:
        path = base / exclusion.source
        if not path.exists():
            raise BadParameters(f"exclude.source: {exclusion.source}: found no such file; expected a list or an audit")
        found |= set(_numbers(path, exclusion))
    return found


def _numbers(path: Path, exclusion: Exclusion) -> Iterator[str]:
    from cdi_stats.audit.files import _csv_rows

    if path.suffix.lower() in CSV_ENDINGS:
        rows = _csv_rows(path.name, path.read_bytes())
    else:
        book = open_book(path)
        sheets = {cells.name(name): name for name in book.names}
        rows = book.read(sheets.get("records", book.names[0]))
    wanted = cells.name(exclusion.record_id)
    for place, row in enumerate(rows):
        names = [cells.name(cell) for cell in row]
        if wanted in names:
            column = names.index(wanted)
            yield from filter(None, (cells.text(row[column]) for row in rows[place + 1 :] if column < len(row)))
            return
    raise BadParameters(f"exclude: {path.name}: found no column {exclusion.record_id}; expected the records' numbers")


def _table(source: FrameSource, base: Path, connection: Any) -> tuple[Any, Any, str]:
    """Return the connection, its table and how the source is to be called, without any password."""
    import ibis

    if connection is not None or "://" in source.source:
        shown = re.sub(r"//[^@/]*@", "//", source.source.partition("?")[0])
        if not source.table:
            raise BadParameters(f"frame.table: missing; expected the table or view of {shown} that lists the records")
        try:
            opened = connection if connection is not None else ibis.connect(source.source)
            return opened, opened.table(source.table), f"{shown}, {source.table}"
        except Exception as error:
            raise BadParameters(
                f"frame.source: {shown}, {source.table}: cannot be read ({type(error).__name__}); expected a database "
                "that answers, its driver installed, and the table there"
            ) from None
    opened = ibis.duckdb.connect(**SETTINGS)
    return opened, _file(opened, base / source.source, source), source.source


def _file(connection: Any, path: Path, source: FrameSource) -> Any:
    files = _files(path)
    endings = {file.suffix.lower() for file in files}
    names = [str(file) for file in files]
    try:
        if endings == {PARQUET}:
            return connection.read_parquet(names)
        if endings <= set(CSV_ENDINGS):
            return connection.read_csv(names, all_varchar=True, header=True, union_by_name=True)
    except Exception as error:
        reason = str(error).splitlines()[0][:160]
        raise BadParameters(
            f"frame.source: {path.name}: cannot be read ({reason}); expected UTF-8 CSV or Parquet"
        ) from None
    if len(files) > 1:
        raise BadParameters(f"frame.source: {path.name}: found {len(files)} files of several kinds; expected one kind")
    return connection.create_table("frame", _workbook(files[0], source))


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in (*CSV_ENDINGS, PARQUET))
    elif any(mark in path.name for mark in "*?["):
        files = sorted(path.parent.glob(path.name))
    else:
        files = [path] if path.is_file() else []
    if not files:
        raise BadParameters(f"frame.source: {path.name}: found no such file; expected CSV, Parquet or a workbook")
    return files


def _workbook(path: Path, source: FrameSource) -> pd.DataFrame:
    """Return a sheet of a workbook: that named as the table, or the first."""
    book = open_book(path)
    title = source.table or book.names[0]
    if title not in book.names:
        raise BadParameters(f"frame.table: {title}: found no such sheet; expected one of {', '.join(book.names)}")
    rows = book.read(title)
    wanted = {source.record_id, source.opened_at, source.opening_code, *source.keep.values()}
    header = next((i for i, row in enumerate(rows) if len({cells.text(cell) for cell in row} & wanted) > 1), None)
    if header is None:
        raise UnreadableAudit(f"{path.name}, sheet {title}: no row with {', '.join(sorted(wanted))}")
    names = [cells.text(cell) for cell in rows[header]]
    body = [row + [""] * (len(names) - len(row)) for row in rows[header + 1 :]]
    body = [row for row in body if not all(map(cells.is_blank, row))]
    columns = {name: [cells.text(row[place]) for row in body] for place, name in enumerate(names) if name in wanted}
    return pd.DataFrame(columns, dtype="str")


def _ours(table: Any, source: FrameSource, shown: str) -> Any:
    """Return the source's columns under our names: numbers of records as text, dates as moments."""
    given = {"record_id": source.record_id, "opened_at": source.opened_at, "opening_code": source.opening_code}
    given |= {name: theirs for name, theirs in source.keep.items() if name not in OURS}
    lacking = [theirs for theirs in given.values() if theirs not in table.columns]
    if lacking:
        raise BadParameters(
            f"frame: found no column {', '.join(lacking)} in {shown}; expected one of {', '.join(table.columns)[:300]}"
        )
    number = table[source.record_id]
    if number.type().is_floating() or number.type().is_decimal():
        raise BadParameters(
            f"frame.record_id: {source.record_id} holds decimal numbers; expected text or whole numbers, which every "
            "engine writes alike"
        )
    chosen = {name: table[theirs] for name, theirs in given.items()}
    chosen["record_id"] = number.cast("string")
    chosen["opening_code"] = table[source.opening_code].cast("string")
    chosen["opened_at"] = _moments(table, source.opened_at)
    return table.select(**chosen)


def _moments(table: Any, column: str) -> Any:
    """Return a column of dates as moments. Raises BadParameters where text in it is none, with the first such."""
    import ibis

    given = table[column]
    if not given.type().is_string():
        return given.cast("timestamp")
    if ibis.get_backend(table).name != "duckdb":
        raise BadParameters(f"frame.opened_at: {column} is text; expected a date column (make a view that casts it)")

    @ibis.udf.scalar.builtin(  # type: ignore[untyped-decorator, unused-ignore]
        name="try_strptime", signature=(("string", "array<string>"), "timestamp")
    )
    def try_strptime(text: Any, forms: Any) -> Any: ...

    written = given.strip().nullif("")
    moments = try_strptime(written, ibis.array(DATES))
    wrong = table.filter(written.notnull() & moments.isnull())
    found = wrong.select(found=written.name("found")).limit(1).to_pandas()
    if not found.empty:
        raise BadParameters(
            f"frame.opened_at: {wrong.count().to_pandas():,} rows hold no date in {column}, such as "
            f"{found['found'][0]!r}; expected dates such as 30/06/2018 14:05 or 2018-06-30"
        )
    return moments
