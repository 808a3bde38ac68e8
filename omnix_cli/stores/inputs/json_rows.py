"""Rows of NDJSON (one object a line) and of JSON arrays. Nested objects become columns; of a list of items, each entry
becomes a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
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


@dataclass
class JsonRows:
    """The rows of one file. `items` names the list in a document whose entries are rows; their columns are named
    `<items>.<field>`. A column that was in a chunk is in every later chunk, too."""

    blocks: LineBlocks
    name: str
    items: str | None
    is_array: bool
    array_bytes: int = ARRAY_BYTES
    _columns: dict[str, None] = field(default_factory=dict)

    def __iter__(self) -> Iterator[RawChunk]:
        if self.is_array:
            yield self._chunk(enumerate(self._array(), start=1), [])
            return
        for first, _, utf8, rejected in self.blocks.texts():
            documents: list[tuple[int, Any]] = []
            for number, text in enumerate(utf8.split(b"\n")[:-1], start=first):
                if not text.strip():
                    continue
                try:
                    documents.append((number, orjson.loads(text)))
                except orjson.JSONDecodeError:
                    rejected.append(RejectedLine(number, "not JSON", text.decode()))
            yield self._chunk(documents, rejected)

    def _array(self) -> list[Any]:
        pieces: list[bytes] = []
        for block in self.blocks:
            pieces.append(block)
            if sum(map(len, pieces)) > self.array_bytes:
                message = f"{self.name}: a JSON array of more than {self.array_bytes >> 20:,} MiB"
                raise DataError(message, hint="Write it as NDJSON, one object a line.")
        try:
            documents = orjson.loads(b"".join(pieces))
        except orjson.JSONDecodeError as error:
            raise DataError(f"{self.name}: not JSON: {error}", hint="Fix the file, or write NDJSON.") from error
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
        entries = document.get(self.items) if self.items else None
        if not isinstance(entries, list) or not entries:
            yield 0, _flat(document)
            return
        shared = _flat({name: value for name, value in document.items() if name != self.items})
        for item, entry in enumerate(entries, start=1):
            yield item, {**shared, **_flat({str(self.items): entry})}


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
