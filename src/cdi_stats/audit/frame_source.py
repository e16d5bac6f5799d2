"""Where a population lies and how it is read: files through DuckDB, databases through Ibis, all under our names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, unquote_plus, urlsplit

from cdi_stats.audit import cells
from cdi_stats.audit.files import CSV_ENDINGS, PARQUET, Row, csv_rows, open_book
from cdi_stats.audit.frame_engines import (
    Engine,
    engine_of,
    one_snapshot,
    own_duckdb,
    own_folder,
    reason,
    record_number,
    told,
)
from cdi_stats.audit.frame_files import file_table
from cdi_stats.audit.sampling import Exclusion, FrameSource, without_password
from cdi_stats.errors import BadParameters, UnreadableAudit

# with two digits for the year first: %Y takes 18 for the year 18
DAYS = (
    *("%Y-%m-%d", "%d/%m/%y", "%d/%m/%Y", "%d-%m-%y", "%d-%m-%Y", "%d.%m.%y", "%d.%m.%Y"),
    *("%d %b %y", "%d %b %Y", "%d-%b-%y", "%d-%b-%Y", "%d %B %Y"),
)
CLOCKS = (
    *("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", "T%H:%M", "T%H:%M:%S", "T%H:%M:%S.%f"),
    *(" %I:%M %p", " %I:%M:%S %p"),
)
DATES = [day + clock for day in DAYS for clock in CLOCKS]
FEW = 1_000
OURS = ("record_id", "opened_at", "opening_code")
SECRET_OPTION = re.compile(r"(?i)[?&](?:pass\w*|pwd|\w*token|\w*secret|\w*key)=([^&]+)")
FROM_ENVIRONMENT = re.compile(r"\$\{(\w+)\}")


def open_source(source: FrameSource, base: Path, connection: Any, stack: ExitStack) -> tuple[Engine, Any, str]:
    """Return the engine, its rows under our names, and how the source is to be called (without any password).

    The rows hold OURS and the columns to keep: numbers of records as text, dates as UK time of day. What has to be
    closed goes on the stack. Raises BadParameters for a source that cannot be read so.
    """
    if connection is None and "://" not in source.source:
        engine, folder = _own_engine(stack)
        return (
            engine,
            _ours(engine, file_table(engine.connection, folder, base / source.source, source), source),
            (source.source),
        )
    shown = without_password(source.source)
    if not source.table:
        raise BadParameters(f"frame.table: missing; expected the table or view of {shown} that lists the records")
    if connection is None:
        connection = _connected(source.source, shown, stack)
    table = _table(connection, source.table, shown)
    known = engine_of(connection)
    with told(f"frame.source: {shown}, {source.table}"):
        if known is None:
            shown = f"{shown} ({connection.name} {connection.version})"
        engine, table = (known, table) if known else _brought(table, source, stack)
        return engine, _ours(engine, table, source), f"{shown}, {source.table}"


def _own_engine(stack: ExitStack) -> tuple[Engine, Path]:
    folder = stack.enter_context(own_folder())
    return Engine(stack.enter_context(own_duckdb(folder))), folder


def _connected(address: str, shown: str, stack: ExitStack) -> Any:
    """Return an Ibis backend that a frame opens, and closes, itself."""
    import ibis

    full = FROM_ENVIRONMENT.sub(_from_environment, address)
    try:
        connection = ibis.connect(full)
    except Exception as error:
        raise BadParameters(
            f"frame.source: {shown}: cannot be opened ({_without_secrets(error, full)}); expected a database that "
            "answers, and its driver installed"
        ) from None
    # a Spark session may be someone else's too: it ends with its process
    if connection.name != "pyspark":
        stack.callback(connection.disconnect)
    if connection.name == "postgres":
        stack.enter_context(one_snapshot(connection))
    return connection


def _from_environment(found: re.Match[str]) -> str:
    value = os.environ.get(found[1])
    if value is None:
        raise BadParameters(f"frame.source: found no environment variable {found[1]}; expected it to be set")
    return quote_plus(value)


def _without_secrets(error: BaseException, address: str) -> str:
    """Return an engine's complaint; only its kind where it repeats the address or a part that only we should know."""
    try:
        password = urlsplit(address).password or ""
    except ValueError:
        password = ""
    complaint = reason(error)
    secrets = {password, unquote_plus(password), *SECRET_OPTION.findall(address)}
    repeats = "://" in complaint or any(secret in complaint for secret in secrets if secret)
    # Python's own errors quote whatever they could not take apart
    return type(error).__name__ if repeats or type(error).__module__ == "builtins" else complaint


def _table(connection: Any, name: str, shown: str) -> Any:
    """Return a table by its name, or by schema and name with a dot between."""
    *place, last = name.split(".")
    # Spark finds a whole name with dots, and then cannot read it
    ways: list[tuple[str, Any]] = [(last, tuple(place) if len(place) > 1 else place[0])] if place else []
    for title, database in [*ways, (name, None)]:
        try:
            return connection.table(title, database=database)
        except Exception as error:
            missing = type(error).__name__
    raise BadParameters(
        f"frame.table: {name}: cannot be read from {shown} ({missing}); expected a table or view that is there and may "
        "be read, as name or schema.name"
    )


def _brought(table: Any, source: FrameSource, stack: ExitStack) -> tuple[Engine, Any]:
    """Return a DuckDB of our own, and in it the columns wanted of a table in a database that only lists records."""
    engine, _ = _own_engine(stack)
    names = dict.fromkeys(_named(table, source).values())
    batches = table.select(*names).to_pyarrow_batches(chunk_size=100_000)
    engine.connection.con.register("brought", batches)
    engine.connection.con.execute("create temp table frame as from brought")
    return engine, engine.connection.table("frame")


def _named(table: Any, source: FrameSource) -> dict[str, str]:
    """Return the source's names by ours. Raises BadParameters for columns that are not there."""
    given = {"record_id": source.record_id, "opened_at": source.opened_at, "opening_code": source.opening_code}
    given |= source.keep
    lacking = [theirs for theirs in dict.fromkeys(given.values()) if theirs not in table.columns]
    if lacking:
        raise BadParameters(
            f"frame: found no column {', '.join(lacking)}; expected one of {', '.join(table.columns)[:300]}"
        )
    return given


def _ours(engine: Engine, table: Any, source: FrameSource) -> Any:
    """Return the source's columns under our names: numbers of records as text, dates as moments."""
    _named(table, source)
    number = table[source.record_id]
    kind = number.type()
    if not (kind.is_string() or kind.is_integer() or kind.is_uuid() or (kind.is_decimal() and kind.scale == 0)):
        raise BadParameters(
            f"frame.record_id: {source.record_id} holds {kind}; expected text or whole numbers, which every engine "
            "writes alike (make a view that writes it as text)"
        )
    return table.select(
        record_id=number.cast("string"),
        opened_at=_moments(engine, table, source.opened_at),
        opening_code=_plain(engine, table[source.opening_code].cast("string")),
        **{name: _plain(engine, table[theirs]) for name, theirs in source.keep.items()},
    )


def _plain(engine: Engine, column: Any) -> Any:
    """Return a column without what only some sources tell apart: empty text, blanks that fill it up, zones of time."""
    kind = column.type()
    if kind.is_string():
        return column.cast("string").nullif("")
    return _clock(engine, column) if kind.is_timestamp() else column


def _clock(engine: Engine, column: Any) -> Any:
    """Return a column of moments by the clock in the UK."""
    has_clock = column.type().timezone is None and engine.connection.name != "pyspark"
    return column if has_clock else engine.local(column)


def _moments(engine: Engine, table: Any, column: str) -> Any:
    """Return a column of dates as moments of UK time. Raises BadParameters for what is neither date nor moment."""
    given = table[column]
    kind = given.type()
    if kind.is_string() and engine.connection.name == "duckdb":
        return _from_text(engine, table, column)
    if kind.is_date():
        return given.cast("timestamp")
    if not kind.is_timestamp():
        raise BadParameters(
            f"frame.opened_at: {column} holds {kind}; expected dates, or dates with times (make a view that casts it)"
        )
    return _clock(engine, given)


def _from_text(engine: Engine, table: Any, column: str) -> Any:
    import ibis

    written = table[column].strip().nullif("")
    few = table.select(written=written).filter(lambda rows: rows.written.notnull()).limit(FEW)
    forms = _forms(engine, few.to_pyarrow()["written"].to_pylist())
    parse = ibis.udf.scalar.builtin(
        lambda text, forms: (text, forms), name="try_strptime", signature=(("string", "array<string>"), "timestamp")
    )
    moments = parse(written, ibis.array(forms))
    known = moments.between(cells.FIRST_DAY, cells.LAST_DAY)
    # counting takes a third of the time of looking for what is wrong
    counts = table.agg(filled=written.count(), known=known.sum().fill_null(0)).to_pyarrow().to_pylist()[0]
    if counts["known"] < counts["filled"]:
        wrong = written.notnull() & ~known.fill_null(False)
        first = table.agg(first=written.min(where=wrong)).to_pyarrow().to_pylist()[0]["first"]
        raise BadParameters(
            f"frame.opened_at: {counts['filled'] - counts['known']:,} texts in {column} are no date, such as "
            f"{first[:40]!r}; expected dates such as 30/06/2018 14:05 or 2018-06-30"
        )
    return moments


def _forms(engine: Engine, few: Sequence[str]) -> list[str]:
    """Return the ways to write a date, those seen first: DuckDB tries them in turn, and the last costs 50 times."""
    count = "select count(try_strptime(written, [?])) from (select unnest(?) as written)"
    query = engine.connection.con.execute
    seen = [form for form in DATES if query(count, [form, few]).fetchall()[0][0]]
    return [*seen, *(form for form in DATES if form not in seen)]


def listed_numbers(exclusions: Sequence[Exclusion], base: Path) -> dict[str, set[str]]:
    """Return the record numbers that are not to be drawn by the list or audit they are in."""
    return {exclusion.source: set(_numbers(base / exclusion.source, exclusion)) for exclusion in exclusions}


def _numbers(path: Path, exclusion: Exclusion) -> Iterator[str]:
    wanted = cells.name(exclusion.record_id)
    for rows in _sheets(path, exclusion.source, wanted):
        for place, row in enumerate(rows):
            names = [cells.name(cell) for cell in row]
            if wanted in names:
                column = names.index(wanted)
                given = (row[column] for row in rows[place + 1 :] if column < len(row))
                found = (record_number(cell if isinstance(cell, str) else cells.text(cell)) for cell in given)
                yield from filter(None, found)
                return
    raise BadParameters(
        f"exclude.source: {path.name}: found no column {exclusion.record_id}; expected the records' numbers"
    )


def _parquet_column(path: Path, wanted: str) -> list[Row]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
        names = [name for name in file.schema_arrow.names if cells.name(name) == wanted]
        return [names, *([value] for name in names[:1] for value in file.read([name])[name].to_pylist())]
    except (pa.ArrowException, OSError) as error:
        raise UnreadableAudit(f"{path.name}: cannot be opened as Parquet ({reason(error)})") from None


def _sheets(path: Path, shown: str, wanted: str) -> Iterator[list[Row]]:
    """Return the sheets that may list records: those of an audit or of a draw first, then any other."""
    if not path.exists():
        raise BadParameters(f"exclude.source: {shown}: found no such file; expected a list or an audit")
    if path.is_file() and path.suffix.lower() in CSV_ENDINGS:
        yield csv_rows(path.name, path.read_bytes())
    elif path.is_file() and path.suffix.lower() == PARQUET:
        yield _parquet_column(path, wanted)
    else:
        book = open_book(path)
        order: Mapping[str, int] = {"records": 0, "selection": 1}
        for name in sorted(book.names, key=lambda name: order.get(cells.name(name), 2)):
            yield book.read(name)
