"""Parquet tables as rows of cells, their true size known before they are taken into memory."""

from __future__ import annotations

import io
from typing import Any

from cdi_stats.audit.archive import MOST_BYTES, MOST_TEXT, Flaw, refuse_many
from cdi_stats.errors import UnreadableAudit

NESTED = Flaw("unreadable-cell", "a list or table within a cell")


def parquet_rows(name: str, data: bytes) -> list[list[Any]]:
    """Return a Parquet file's headings and rows. Raises UnreadableAudit for damage, and where it is too large."""
    import pyarrow

    try:
        return _rows(name, data)
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise UnreadableAudit(f"{name}: cannot be opened as Parquet ({reason})") from None


def _rows(name: str, data: bytes) -> list[list[Any]]:
    import pyarrow
    from pyarrow import parquet

    metadata = parquet.ParquetFile(io.BytesIO(data)).metadata
    groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
    rows = max(metadata.num_rows, sum(group.num_rows for group in groups))
    refuse_many(name, rows * metadata.num_columns)
    schema = metadata.schema.to_arrow_schema()
    flat = [field.name for field in schema if not pyarrow.types.is_nested(field.type)]
    fixed = sum(field.type.byte_width for field in schema if pyarrow.types.is_fixed_size_binary(field.type))
    if sum(group.total_byte_size for group in groups) > MOST_BYTES or fixed * rows > MOST_TEXT:
        raise UnreadableAudit(f"{name}: unpacks to more than {MOST_BYTES:,} bytes; expected an audit's own tables")
    # one long text may stand in every row of a small file: kept as a dictionary until its length is known
    texts = [field.name for field in schema if _is_text(field.type)]
    table = parquet.ParquetFile(io.BytesIO(data), read_dictionary=texts).read(columns=flat)
    length = sum(_length(column) for column in table.columns)
    if length > MOST_TEXT:
        raise UnreadableAudit(f"{name}: its texts come to {length:,} characters; expected at most {MOST_TEXT:,}")
    columns = dict(zip(table.column_names, map(_plain, table.columns), strict=True))
    filled = [columns.get(field.name, [NESTED] * table.num_rows) for field in schema]
    return [list(schema.names), *map(list, zip(*filled, strict=True))]


def _is_text(kind: Any) -> bool:
    import pyarrow

    tests = (pyarrow.types.is_string, pyarrow.types.is_large_string, pyarrow.types.is_binary)
    return any(test(kind) for test in (*tests, pyarrow.types.is_large_binary))


def _length(column: Any) -> int:
    """Return the bytes of all texts of a column, each as often as it stands there."""
    import pyarrow
    from pyarrow import compute

    if not pyarrow.types.is_dictionary(column.type) or not _is_text(column.type.value_type):
        return 0
    lengths = (compute.binary_length(chunk.dictionary).take(chunk.indices) for chunk in column.chunks)
    return sum(compute.sum(length.cast("int64")).as_py() or 0 for length in lengths)


def _plain(column: Any) -> list[Any]:
    """Return a column's values; not-a-number is how other tools write a missing one, and bytes how some write text."""
    import pyarrow

    values = column.to_pylist()
    if pyarrow.types.is_floating(column.type):
        return [None if value != value else value for value in values]
    if isinstance(next(filter(None, values), None), bytes):
        return [None if value is None else value.decode("utf-8", "replace") for value in values]
    return list(values)
