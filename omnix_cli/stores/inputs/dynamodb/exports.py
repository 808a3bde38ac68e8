"""Exports of a DynamoDB table to S3, as they lie there or in a copy of that folder.

    <prefix>/AWSDynamoDB/<export>/manifest-summary.json   table, time, format, number of items
    <prefix>/AWSDynamoDB/<export>/manifest-files.json     a line for each data file: items, MD5, key
    <prefix>/AWSDynamoDB/<export>/data/*.json.gz          a full export: {"Item": ...} by line
    <prefix>/AWSDynamoDB/data/*.json.gz                   all incremental ones: {"Keys", "NewImage", "OldImage"} by line

Source: developer guide, "DynamoDB table export output format". A change without a new image is a deletion; old images
are there when the export was asked for them. Each item of an incremental export is there once, as it was at its end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
import polars as pl

from omnix_cli.errors import DataError
from omnix_cli.protocols.inputs import RawChunk
from omnix_cli.steps.imports.problems import ROW_NUMBER
from omnix_cli.stores.inputs.byte_streams import LineBlocks
from omnix_cli.stores.inputs.dynamodb.item_chunks import ItemChunks
from omnix_cli.stores.inputs.dynamodb.item_columns import Document, parsed
from omnix_cli.stores.inputs.json_rows import undecodable
from omnix_cli.stores.inputs.rejected_lines import RejectedLine, as_frame

SUMMARY = "manifest-summary.json"
STARTED = "_started"
"""An empty file that an export writes first."""
_FILES = "manifest-files.json"
_SHARED = "AWSDynamoDB/"
_VALUE = rb'\s*\{\s*"(?:[^"\\]|\\.)*"\s*:\s*\{\s*"(?:S|N|B|BOOL|NULL|M|L|SS|NS|BS)"\s*:'
_FULL = re.compile(rb'\s*\{\s*"Item"\s*:' + _VALUE)
_INCREMENTAL = re.compile(
    rb'\s*\{\s*(?:"Metadata"\s*:\s*\{\s*"WriteTimestampMicros"|"(?:Keys|NewImage|OldImage)"\s*:' + _VALUE + rb")"
)
_IMAGES = ("NewImage", "OldImage", "Keys")
_GET_AGAIN = "Copy the export again, whole; nothing of it was taken over."


@dataclass(frozen=True)
class ExportedFile:
    """A data file as the manifest of its export describes it."""

    name: str
    items: int
    md5: str | None
    """In base64, of the file as it is stored."""

    def check(self, items: int, md5: str) -> None:
        """Raises `DataError` when the file that was read is another one."""
        if items != self.items or (self.md5 is not None and md5 != self.md5):
            raise DataError(
                f"{self.name}: not the file that was exported: {items:,} items, the manifest says {self.items:,}"
                + (" (its checksum differs)" if self.md5 != md5 else ""),
                hint=_GET_AGAIN,
            )


def exported_files(
    summaries: Sequence[str], read: Callable[[str], bytes], exists: Callable[[str], bool]
) -> list[ExportedFile]:
    """The data files of the exports with these manifests (paths or addresses with `/`), the older export first, the
    empty ones left out.

    Raises `DataError` when a manifest or a file is missing or damaged, or when they are exports of several tables."""
    exports = sorted((_Export.of(name, read) for name in summaries), key=lambda export: (export.time, export.folder))
    tables = sorted({export.table for export in exports})
    if len(tables) > 1:
        raise DataError(f"exports of several tables: {', '.join(tables)}", hint="Name the folder of one of them.")
    return [file for export in exports for file in export.files(read, exists)]


@dataclass(frozen=True)
class _Export:
    """One export, from its summary."""

    folder: str
    table: str
    time: str
    items: int

    @classmethod
    def of(cls, name: str, read: Callable[[str], bytes]) -> _Export:
        summary = _parsed(read(name), name)
        if summary.get("outputFormat", "DYNAMODB_JSON") != "DYNAMODB_JSON":
            raise DataError(
                f"{name}: an export as {summary['outputFormat']}", hint="Export the table again as DYNAMODB_JSON."
            )
        time = summary.get("exportToTime") or summary.get("exportTime") or summary.get("endTime") or ""
        table = str(summary.get("tableArn", "")).rpartition("/")[2]
        return cls(name.rpartition("/")[0], table, str(time), int(summary.get("itemCount", 0)))

    def files(self, read: Callable[[str], bytes], exists: Callable[[str], bool]) -> Iterator[ExportedFile]:
        manifest = self._beside(_FILES)
        if not exists(manifest):
            raise DataError(f"{manifest} is missing", hint=_GET_AGAIN)
        lines = [_parsed(line, manifest) for line in read(manifest).splitlines() if line.strip()]
        total = sum(int(line["itemCount"]) for line in lines)
        if total != self.items:
            raise DataError(f"{manifest} has files of {total:,} items, the export has {self.items:,}", hint=_GET_AGAIN)
        for line in lines:
            key = str(line["dataFileS3Key"])
            places = self._places(key)
            found = next((place for place in places if exists(place)), None)
            if found is None:
                raise DataError(f"the data file {places[0]} of the export is missing", hint=_GET_AGAIN)
            if int(line["itemCount"]):
                yield ExportedFile(found, int(line["itemCount"]), line.get("md5Checksum"))

    def _beside(self, name: str) -> str:
        return f"{self.folder}/{name}" if self.folder else name

    def _places(self, key: str) -> list[str]:
        """Where the file of a key can be: in the folder as it was in S3, or in a copy of the export's own folder."""
        above = self.folder.rpartition("/")[0]
        _, shared, within = key.rpartition(_SHARED)
        copied = self._beside("data/" + key.rpartition("/")[2])
        return [f"{above}/{within}" if above else within, copied] if shared else [copied]


def _parsed(content: bytes, name: str) -> dict[str, Any]:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise DataError(f"{name}: the manifest is damaged: {error}", hint=_GET_AGAIN) from error
    if not isinstance(found, dict):
        raise DataError(f"{name}: not the manifest of an export", hint=_GET_AGAIN)
    return found


def export_format(beginning: bytes) -> str | None:
    """What kind of export a file is of, by how it begins."""
    if _FULL.match(beginning):
        return "DynamoDB export"
    return "DynamoDB incremental export" if _INCREMENTAL.match(beginning) else None


class ExportRows:
    """The items of one data file, numbered by line."""

    def __init__(self, blocks: LineBlocks, items: ItemChunks, *, is_incremental: bool) -> None:
        self._blocks = blocks
        self._items = items
        self._images = _IMAGES if is_incremental else ("Item",)
        self.count = 0
        """The items so far."""

    def __iter__(self) -> Iterator[RawChunk]:
        first = 1
        for block in self._blocks:
            utf8, broken = self._blocks.as_utf8(block)
            rejected = [undecodable(block, number, first) for number in broken]
            text = pl.Series("line", [utf8[:-1]], dtype=pl.Binary).cast(pl.String)
            lines = text.str.split("\n").explode().to_frame()
            numbers = pl.int_range(first, first + pl.len(), dtype=pl.UInt64).alias(ROW_NUMBER)
            yield self._chunk(lines.with_columns(numbers).filter(pl.col("line").str.strip_chars() != ""), rejected)
            first += lines.height

    def _chunk(self, lines: pl.DataFrame, rejected: list[RejectedLine]) -> RawChunk:
        self.count += lines.height
        dtype = pl.Struct(dict.fromkeys(self._images, self._items.items.dtype))
        try:
            read = parsed(lines["line"], dtype)
        except pl.exceptions.PolarsError:
            lines = lines.filter(_readable(lines, dtype, rejected))
            read = parsed(lines["line"], dtype)
        images = read.struct.unnest()
        item = images.select(pl.coalesce(self._images)).to_series()
        lacking = item.is_null()
        for line, number in lines.filter(lacking).iter_rows():
            rejected.append(RejectedLine(number, "no item of a table", line))
        there = lines.filter(~lacking)
        deleted = images["NewImage"].is_null().filter(~lacking) if "NewImage" in images.columns else None
        documents = partial(self._documents, there["line"])
        chunk = self._items.chunk(item.filter(~lacking), there[ROW_NUMBER], documents, deleted)
        return RawChunk(chunk.rows, pl.concat([as_frame(rejected), chunk.rejected]).sort("row_number"))

    def _documents(self, lines: pl.Series, rows: Sequence[int]) -> list[Document]:
        read = (orjson.loads(lines[row]) for row in rows)
        return [next(line[image] for image in self._images if line.get(image) is not None) for line in read]


def _readable(lines: pl.DataFrame, dtype: pl.Struct, rejected: list[RejectedLine]) -> pl.Series:
    """Which lines are in DynamoDB's JSON; the others are rejected."""
    readable = []
    for line, number in lines.iter_rows():
        try:
            pl.Series([line]).str.json_decode(dtype)
        except pl.exceptions.PolarsError:
            rejected.append(RejectedLine(number, "not DynamoDB JSON", line))
            readable.append(False)
        else:
            readable.append(True)
    return pl.Series(readable, dtype=pl.Boolean)
