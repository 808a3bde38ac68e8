"""Rows of NDJSON (one object a line) and of JSON arrays. Nested objects become columns; of a list of items, each entry
becomes a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson
import polars as pl

from omnix_cli.errors import DataError
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER, RawChunk
from omnix_cli.stores.inputs.formats import InputFile
from omnix_cli.stores.inputs.line_blocks import LineBlocks, RejectedLine, as_frame

ARRAY_BYTES = 1 << 30
"""The largest JSON array; it is parsed at once."""


def rows(file: InputFile) -> JsonRows:
    """The objects of a file."""
    return JsonRows(file.content, file.name, file.mapping.items, is_array=file.format == "JSON")


class JsonRows:
    """The rows of one file. `items` names the list in a document whose entries are rows; their columns are named
    `<items>.<field>`. A column that was in a chunk is in every later chunk, too."""

    def __init__(
        self, blocks: LineBlocks, name: str, items: str | None, *, is_array: bool, array_bytes: int = ARRAY_BYTES
    ) -> None:
        self._blocks = blocks
        self._name = name
        self._items = items
        self._is_array = is_array
        self._array_bytes = array_bytes
        self._columns: dict[str, None] = {}

    def __iter__(self) -> Iterator[RawChunk]:
        if self._is_array:
            yield self._chunk(enumerate(self._array(), start=1), [])
            return
        for first, _, utf8, rejected in self._blocks.texts():
            documents: list[tuple[int, Any]] = []
            for number, text in enumerate(utf8.split(b"\n")[:-1], start=first):
                if text.strip():
                    _load(text, number, documents, rejected)
            yield self._chunk(documents, rejected)

    def _array(self) -> list[Any]:
        pieces: list[bytes] = []
        for block in self._blocks:
            pieces.append(block)
            if sum(map(len, pieces)) > self._array_bytes:
                raise DataError(
                    f"{self._name}: a JSON array of more than {self._array_bytes >> 20:,} MiB",
                    hint="Write it as NDJSON, one object a line.",
                )
        try:
            documents = orjson.loads(b"".join(pieces))
        except orjson.JSONDecodeError as error:
            raise DataError(f"{self._name}: not JSON: {error}", hint="Fix the file, or write NDJSON.") from error
        return list(documents)

    def _chunk(self, documents: Iterable[tuple[int, Any]], rejected: list[RejectedLine]) -> RawChunk:
        rows: list[dict[str, str | None]] = []
        numbers: list[int] = []
        items: list[int] = []
        for number, document in documents:
            if not isinstance(document, dict):
                rejected.append(RejectedLine(number, "not a JSON object", orjson.dumps(document).decode()))
                continue
            for item, row in self._rows(document):
                rows.append(row)
                numbers.append(number)
                items.append(item)
                self._columns.update(dict.fromkeys(row))
        frame = pl.DataFrame(rows, schema=dict.fromkeys(self._columns, pl.String), orient="row")
        positions = [pl.Series(ROW_NUMBER, numbers, dtype=pl.UInt64), pl.Series(ITEM, items, dtype=pl.UInt32)]
        return RawChunk(frame.with_columns(positions), as_frame(rejected))

    def _rows(self, document: dict[str, Any]) -> Iterator[tuple[int, dict[str, str | None]]]:
        entries = document.get(self._items) if self._items else None
        if not isinstance(entries, list) or not entries:
            yield 0, _flat(document)
            return
        shared = _flat({name: value for name, value in document.items() if name != self._items})
        for item, entry in enumerate(entries, start=1):
            yield item, {**shared, **_flat({str(self._items): entry})}


def _load(text: bytes, number: int, documents: list[tuple[int, Any]], rejected: list[RejectedLine]) -> None:
    try:
        documents.append((number, orjson.loads(text)))
    except orjson.JSONDecodeError:
        rejected.append(RejectedLine(number, "not JSON", text.decode()))


def _flat(document: dict[str, Any], prefix: str = "") -> dict[str, str | None]:
    flat: dict[str, str | None] = {}
    for name, value in document.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{name}."))
        elif value is None or isinstance(value, str):
            flat[prefix + name] = value
        elif isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            flat[prefix + name] = str(int(value))  # an id that went through a float
        else:
            flat[prefix + name] = orjson.dumps(value).decode()
    return flat
