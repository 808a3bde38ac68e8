"""Items in Parquet files, with every type kept.

A file has the key of the item and the attributes that indexes use as text columns, to look items up by, and the whole
item in the column `item`: DynamoDB's own JSON, which writes the type of every value and the digits of every number. An
`item` of null means that there is no item with that key. Its metadata have a checksum of the rows, since Parquet itself
notices few flipped bits; files of omnix 0.1 have none.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson
import polars as pl

from omnix_cli.errors import DataError
from omnix_cli.stores.dynamodb.wire import from_wire, to_wire
from omnix_cli.stores.tables.specs import TableSpec

ITEM = "item"
_CHECKSUM = "omnix.sha256"
_READ_ROWS = 2_000


def items_frame(spec: TableSpec, items: Iterable[Mapping[str, Any]], absent: Iterable[str] = ()) -> pl.DataFrame:
    """The items in their order, then the keys without an item. Raises `DataError` for an item that DynamoDB cannot
    store."""
    columns = (spec.key, *spec.index_attributes)
    rows = [(*(item.get(name) for name in columns), _text(item, spec)) for item in items]
    rows += [(key, *[None] * len(columns)) for key in absent]
    return pl.DataFrame(rows, schema=dict.fromkeys((*columns, ITEM), pl.String), orient="row")


def as_parquet(frame: pl.DataFrame) -> bytes:
    """The content of a file; the same items give the same bytes."""
    content = io.BytesIO()
    metadata = {_CHECKSUM: _checksum(frame)}
    frame.write_parquet(content, compression="zstd", compression_level=1, metadata=metadata)
    return content.getvalue()


def item_rows(content: bytes, key: str) -> pl.DataFrame:
    """The rows of a file. Raises ValueError for one that is damaged or has no items."""
    try:
        rows, metadata = pl.read_parquet(content), pl.read_parquet_metadata(content)
        if {rows.schema.get(key), rows.schema.get(ITEM)} != {pl.String} or rows[key].null_count():
            raise ValueError(f"it lacks the texts `{key}` and `{ITEM}`")
        if rows.is_empty():
            raise ValueError("it has no items")
        checksum = _checksum(rows)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise ValueError(f"it is not a Parquet file: {str(error).partition(chr(10))[0]}") from error
    if metadata.get(_CHECKSUM, checksum) != checksum:
        raise ValueError("it differs from its checksum")
    return rows


def read_items(content: bytes, key: str, after: str | None = None) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """The keys of a file in their order, each with its item; only those that follow the key `after`, if it is there.
    Raises ValueError for a file that is damaged or has no items."""
    rows = item_rows(content, key)
    start = None if after is None else rows[key].index_of(after)
    for chunk in rows.slice(0 if start is None else start + 1).select(key, ITEM).iter_slices(_READ_ROWS):
        yield from ((name, None if text is None else item_of(text)) for name, text in chunk.iter_rows())


def item_of(text: str) -> dict[str, Any]:
    """The item of a cell. Raises ValueError when the cell has none."""
    try:
        return from_wire(orjson.loads(text))
    except (TypeError, AttributeError, KeyError, ArithmeticError) as error:
        raise ValueError(f"{text[:80]!r} is no item") from error


def _checksum(rows: pl.DataFrame) -> str:
    checksum = hashlib.sha256()
    for column in rows.cast(pl.String, strict=False).iter_columns():
        checksum.update("\n".join([column.name, *column.fill_null("\0")]).encode())
    return checksum.hexdigest()


def _text(item: Mapping[str, Any], spec: TableSpec) -> str:
    try:
        return orjson.dumps(to_wire(item), option=orjson.OPT_SORT_KEYS).decode()
    except (TypeError, ValueError) as error:
        message = f"{spec.name}: the item {item[spec.key]!r} cannot be stored: {error}"
        raise DataError(message, hint="Correct it in the source.") from error
