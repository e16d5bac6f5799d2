"""What the engines say differently: hashes, local time and fetching, each with the same answer on every one of them.

DuckDB, PostgreSQL and Spark order and count records themselves. From any other database the columns needed are read
into DuckDB first: engines hash and compare texts in ways of their own, and a draw must not depend on them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any
from uuid import uuid4

import pandas as pd

from cdi_stats.errors import BadParameters, CdiStatsError

TURN = 2**32
UK = "Europe/London"
# tabs, line ends and blanks that do not break: an id that holds one is told from its neighbour by no one's eye
BLANKS = r"[\x01-\x1f\x7f\xa0]"
SETTINGS = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "preserve_insertion_order": False,
    "memory_limit": "256MB",
}


def record_number(given: str) -> str:
    """Return a record's number as every engine reads it: control characters and hard blanks as blanks, none outside."""
    return re.sub(BLANKS, " ", given).strip(" ")


@contextmanager
def own_duckdb(folder: Path) -> Iterator[Any]:
    """Give a DuckDB of our own, in memory, that spills into `folder` and fetches nothing from outside."""
    import ibis

    connection = ibis.duckdb.connect(**SETTINGS, temp_directory=str(folder))
    try:
        yield connection
    finally:
        connection.disconnect()


@contextmanager
def own_folder() -> Iterator[Path]:
    """Give a folder that only this frame uses and only its owner can read; it is removed with all it holds."""
    folder = Path(mkdtemp(prefix="cdi-stats-"))
    try:
        yield folder
    finally:
        rmtree(folder, ignore_errors=True)


@contextmanager
def one_snapshot(connection: Any) -> Iterator[None]:
    """Let PostgreSQL show one state of the database, and write nothing, for as long as a frame is read."""
    from psycopg import IsolationLevel

    connection.con.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.con.read_only = True
    connection.con.execute("set client_encoding = 'UTF8'")
    with connection.con.transaction(force_rollback=True):
        yield


@contextmanager
def told(where: str) -> Iterator[None]:
    """Turn whatever an engine stumbles over into one line; its own first line has neither address nor password."""
    try:
        yield
    except CdiStatsError:
        raise
    except Exception as error:
        if type(error).__module__ == "builtins":
            raise
        raise BadParameters(f"{where}: cannot be read ({reason(error)}); expected a table that can be read") from None


def reason(error: BaseException) -> str:
    """Return the first line of an engine's first complaint; later ones come of closing what is broken."""
    while error.__context__ and type(error.__context__).__module__.partition(".")[0] not in ("builtins", "py4j"):
        error = error.__context__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:160] if lines else type(error).__name__


class Engine:
    """DuckDB, and what all engines share: `connection` is an Ibis backend."""

    trim = "trim"

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    @property
    def name(self) -> str:
        """Return the engine and its version."""
        return f"{self.connection.name} {self.connection.version}"

    def hold(self, rows: Any, stack: ExitStack) -> Any:
        """Return rows that are read three times more, set aside by the engine until the stack is closed."""
        name = f"cdi_stats_{uuid4().hex}"
        held = self.connection.create_table(name, rows, temp=True)
        stack.callback(self.connection.con.execute, f"drop table if exists temp.{name}")
        return held

    def alike(self, record_id: Any) -> Any:
        """Return what records of one number share: a hash groups in half the time; a clash fetches a row more."""
        return _function("hash", "uint64", "string")(record_id)

    def fetch(self, rows: Any) -> pd.DataFrame:
        """Return an expression's rows as a table, whole numbers as whole numbers."""
        table = rows.to_pyarrow()
        found: pd.DataFrame = table.to_pandas(integer_object_nulls=True)
        return found

    def number(self, text: Any) -> Any:
        """Return a text column as record numbers, as `record_number` gives them."""
        # DuckDB trims every blank of Unicode unless told which
        return _function(self.trim, "string", "string", "string")(text.re_replace(BLANKS, " "), " ")

    def md5(self, text: Any) -> Any:
        """Return the MD5 of a text column's UTF-8 as 32 hex digits."""
        return _function("md5", "string", "string")(text)

    def permanent(self, seed: str, record_id: Any) -> Any:
        """Return records' permanent random numbers for a seed."""
        import ibis

        return self.md5(ibis.literal(f"{seed}|") + record_id)

    def word(self, md5: Any, at: int) -> Any:
        """Return the 32 bits of an MD5 that begin at a hex digit, as a whole number."""
        import ibis

        return (ibis.literal("0x") + md5.substr(at, 8)).cast("int64")

    def within(self, prn: Any, low: int, width: int) -> Any:
        """Return which permanent numbers lie within `width` from `low` on, both in their first 32 bits, going round."""
        high = low + width
        if width >= TURN:
            return prn.notnull()
        above, below = prn >= f"{low:08x}", prn < f"{high % TURN:08x}"
        if high == TURN:
            return above
        return above & below if high < TURN else above | below

    def local(self, moment: Any) -> Any:
        """Return a column of points in time as UK time of day."""
        return _function("timezone", "timestamp", "string", moment.type())(UK, moment)


class Postgres(Engine):
    """PostgreSQL: hashes the bytes of the database's own encoding, and orders texts by its own collation."""

    trim = "btrim"

    def hold(self, rows: Any, stack: ExitStack) -> Any:  # noqa: ARG002
        """Return the rows as they are: nothing is written to a database."""
        return rows

    def alike(self, record_id: Any) -> Any:
        """Return the record's number."""
        return record_id

    def md5(self, text: Any) -> Any:
        """Return the MD5 of the UTF-8, whatever the database's encoding."""
        return self._md5(self._utf8(text))

    def permanent(self, seed: str, record_id: Any) -> Any:
        """Return records' permanent random numbers for a seed, of which the database's encoding may lack a letter."""
        salt = _function("decode", "binary", "string", "string")(f"{seed}|".encode().hex(), "hex")
        return self._md5(_function("byteacat", "binary", "binary", "binary")(salt, self._utf8(record_id)))

    def word(self, md5: Any, at: int) -> Any:
        """Return the 32 bits from the four bytes that the digits stand for."""
        digits = _function("decode", "binary", "string", "string")(md5.substr(at, 8), "hex")
        byte = _function("get_byte", "int32", "binary", "int32")
        return sum(byte(digits, place).cast("int64") * 256 ** (3 - place) for place in range(4))

    def within(self, prn: Any, low: int, width: int) -> Any:
        """Return the same by arithmetic: a collation may put ff before fa, as the Welsh alphabet does."""
        return (self.word(prn, 0) + (TURN - low)) % TURN < width

    def _utf8(self, text: Any) -> Any:
        return _function("convert_to", "binary", "string", "string")(text, "UTF8")

    def _md5(self, data: Any) -> Any:
        return _function("md5", "string", "binary")(data)


class Spark(Engine):
    """Spark: its plain timestamp is a point in time, which Ibis does not tell from one without a zone."""

    trim = "btrim"

    def hold(self, rows: Any, stack: ExitStack) -> Any:  # noqa: ARG002
        """Return the rows as they are: nothing is written to a database."""
        return rows

    def alike(self, record_id: Any) -> Any:
        """Return the record's number."""
        return record_id

    def fetch(self, rows: Any) -> pd.DataFrame:
        """Return the rows by way of Arrow; Spark's own way to pandas warns in pandas 3."""
        import pyarrow as pa

        table = self.connection.raw_sql(self.connection.compile(rows)).toArrow()
        # a day cast to a timestamp is a point in time again, of a session in UTC
        kinds = [pa.timestamp("us") if pa.types.is_timestamp(field.type) else field.type for field in table.schema]
        table = table.cast(pa.schema(zip(table.column_names, kinds, strict=True)))
        found: pd.DataFrame = table.to_pandas(integer_object_nulls=True)
        return found

    def word(self, md5: Any, at: int) -> Any:
        """Return the 32 bits by Spark's conversion between bases."""
        return _function("conv", "string", "string", "int32", "int32")(md5.substr(at, 8), 16, 10).cast("int64")

    def local(self, moment: Any) -> Any:
        """Return UK time of day; a timestamp_ntz holds it already."""
        kind = self.fetch(_function("typeof", "string", "timestamp")(moment).name("kind").as_table().limit(1))
        if kind.empty or kind["kind"][0] != "timestamp":
            return moment
        # Ibis has set the session to UTC, where the shifted moment reads as the time on a UK clock
        shifted = _function("from_utc_timestamp", "timestamp", "timestamp", "string")(moment, UK)
        return _function("to_timestamp_ntz", "timestamp", "timestamp")(shifted)


ENGINES = {"duckdb": Engine, "postgres": Postgres, "pyspark": Spark}


def engine_of(connection: Any) -> Engine | None:
    """Return what an Ibis backend is to us; None for one that is only read from."""
    kind = ENGINES.get(connection.name)
    return kind(connection) if kind else None


def closed_quietly(stack: ExitStack) -> None:
    """Close what a frame has open; an engine that is gone already needs no closing."""
    with suppress(Exception):
        stack.close()


# Ibis takes a function's arguments by their names
ARGUMENTS: dict[int, Callable[..., Any]] = {1: lambda a: a, 2: lambda a, b: (a, b), 3: lambda a, b, c: (a, b, c)}


def _function(name: str, returns: str, *takes: Any) -> Any:
    """Return a function that the engine knows by this name."""
    import ibis

    return ibis.udf.scalar.builtin(ARGUMENTS[len(takes)], name=name, signature=(takes, returns))
