"""The manifests of a DynamoDB table's export to S3: which data files it has, and whether they are complete.

    <prefix>/AWSDynamoDB/<export>/manifest-summary.json   table, time, format, number of items
    <prefix>/AWSDynamoDB/<export>/manifest-files.json     a line for each data file: items, MD5, key
    <prefix>/AWSDynamoDB/<export>/data/*.json.gz          the data of a full export
    <prefix>/AWSDynamoDB/data/*.json.gz                   the data of all incremental exports

The folder may be in the bucket or copied to another place. Source: developer guide, "DynamoDB table export output
format".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from omnix_cli.errors import DataError

_SUMMARY = "manifest-summary.json"
_STARTED = "_started"
"""An empty file that an export writes first."""
_FILES = "manifest-files.json"
_SHARED = "AWSDynamoDB/"
_COPY_AGAIN = "Copy the whole export again; nothing was imported."


def export_summaries(names: Sequence[str]) -> list[str]:
    """The summaries of exports among these files. Raises `DataError` when an export has started and not ended."""
    summaries = [name for name in names if name.rpartition("/")[2] == _SUMMARY]
    for name in names:
        folder, _, last = name.rpartition("/")
        if last == _STARTED and f"{folder}/{_SUMMARY}" not in summaries:
            raise DataError(f"{folder}: the export is incomplete", hint="Wait until it has ended, then copy it again.")
    return summaries


@dataclass(frozen=True)
class ExportedFile:
    """A data file of an export, as its manifest describes it."""

    name: str
    items: int
    md5: str | None
    """In base64, of the compressed file."""

    def check(self, items: int, md5: str) -> None:
        """Raises `DataError` when the file that was read differs from the manifest."""
        if items != self.items or (self.md5 is not None and md5 != self.md5):
            damage = " (its checksum differs)" if self.md5 != md5 else ""
            message = f"{self.name} differs from its manifest: {items:,} items instead of {self.items:,}{damage}"
            raise DataError(message, hint=_COPY_AGAIN)


def exported_files(
    summaries: Sequence[str], read: Callable[[str], bytes], exists: Callable[[str], bool]
) -> list[ExportedFile]:
    """The data files of the exports with these summaries, older exports first, without empty files. Raises `DataError`
    when a manifest or a file is missing or damaged, or when the exports are of several tables."""
    exports = sorted((_Export.of(name, read) for name in summaries), key=lambda export: (export.time, export.folder))
    tables = sorted({export.table for export in exports})
    if len(tables) > 1:
        raise DataError(f"exports of several tables: {', '.join(tables)}", hint="Name the folder of one of them only.")
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
            message = f"{name}: an export as {summary['outputFormat']}"
            raise DataError(message, hint="Export the table again as DYNAMODB_JSON.")
        time = summary.get("exportToTime") or summary.get("exportTime") or summary.get("endTime") or ""
        table = str(summary.get("tableArn", "")).rpartition("/")[2]
        return cls(name.rpartition("/")[0], table, str(time), int(summary.get("itemCount", 0)))

    def files(self, read: Callable[[str], bytes], exists: Callable[[str], bool]) -> Iterator[ExportedFile]:
        manifest = self._beside(_FILES)
        if not exists(manifest):
            raise DataError(f"{manifest} is missing", hint=_COPY_AGAIN)
        lines = [_parsed(line, manifest) for line in read(manifest).splitlines() if line.strip()]
        total = sum(int(line["itemCount"]) for line in lines)
        if total != self.items:
            raise DataError(f"{manifest} has files of {total:,} items, the export has {self.items:,}", hint=_COPY_AGAIN)
        for line in lines:
            key = str(line["dataFileS3Key"])
            if _leads_outside(key):
                raise DataError(f"{manifest} names a file outside of the export: {key}", hint=_COPY_AGAIN)
            places = self._places(key)
            if (found := next((place for place in places if exists(place)), None)) is None:
                raise DataError(f"the data file {places[0]} of the export is missing", hint=_COPY_AGAIN)
            if int(line["itemCount"]):
                yield ExportedFile(found, int(line["itemCount"]), line.get("md5Checksum"))

    def _beside(self, name: str) -> str:
        return f"{self.folder}/{name}" if self.folder else name

    def _places(self, key: str) -> list[str]:
        """Where the file with a key may be: in the folder as it was on S3, or in a copy of the export's folder."""
        above = self.folder.rpartition("/")[0]
        _, shared, within = key.rpartition(_SHARED)
        copied = self._beside("data/" + key.rpartition("/")[2])
        return [f"{above}/{within}" if above else within, copied] if shared else [copied]


def _leads_outside(key: str) -> bool:
    return "\0" in key or not {"", ".", ".."}.isdisjoint(key.rpartition(_SHARED)[2].split("/"))


def _parsed(content: bytes, name: str) -> dict[str, Any]:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise DataError(f"{name}: the manifest is damaged: {error}", hint=_COPY_AGAIN) from error
    if not isinstance(found, dict):
        raise DataError(f"{name} is not the manifest of an export", hint=_COPY_AGAIN)
    return found
