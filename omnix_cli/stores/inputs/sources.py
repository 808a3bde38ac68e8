"""Where inputs come from: files here and on S3, or stdin; CSV, NDJSON, JSON and Parquet, packed or not."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from omnix_cli.errors import DataError
from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.inputs import RawChunk
from omnix_cli.settings import S3Settings
from omnix_cli.stores.inputs.byte_streams import HashedStream, LineBlocks, explained, unpacked
from omnix_cli.stores.inputs.csv_rows import CsvRows
from omnix_cli.stores.inputs.dynamodb.exports import (
    STARTED,
    SUMMARY,
    ExportedFile,
    ExportRows,
    export_format,
    exported_files,
)
from omnix_cli.stores.inputs.dynamodb.item_chunks import ItemChunks
from omnix_cli.stores.inputs.json_rows import JsonRows
from omnix_cli.stores.inputs.local_files import InputFiles, LocalFiles
from omnix_cli.stores.inputs.parquet_rows import ParquetRows
from omnix_cli.stores.inputs.s3_files import S3Files
from omnix_cli.stores.s3.prefix import SCHEME

STDIN = "-"
SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".parquet")
"""What is taken from a folder, also with .gz or .zst behind."""


class Source:
    """One input, open. Implements `protocols.OpenSource`."""

    def __init__(
        self,
        name: str,
        stream: IO[bytes],
        mapping: ColumnMapping,
        *,
        exported: ExportedFile | None = None,
        now: datetime | None = None,
    ) -> None:
        self.name = name
        self._mapping = mapping
        self._exported = exported
        self._now = now
        self._hashed = HashedStream(stream, md5=exported is not None)
        self._findings: dict[str, str] = {}
        self._describe: CsvRows | None = None
        self._blocks: LineBlocks | None = None

    @property
    def findings(self) -> dict[str, str]:
        found = dict(self._findings)
        if self._blocks is not None:
            found["encoding"] = self._blocks.found
        if self._describe is not None:
            found["separator"] = {"\t": "tab"}.get(self._describe.separator, self._describe.separator)
            if self._describe.repeated:
                found["repeated columns"] = ", ".join(self._describe.repeated)
        return found

    def chunks(self) -> Iterator[RawChunk]:
        with explained(self.name):
            with ExitStack() as stack:
                rows = self._rows(stack)
                yield from rows
            self._hashed.rest()
        if self._exported is not None:
            self._exported.check(rows.count if isinstance(rows, ExportRows) else 0, self._hashed.md5())

    def fingerprint(self) -> str:
        return self._hashed.hexdigest()

    def _rows(self, stack: ExitStack) -> Iterable[RawChunk]:
        if self._hashed.peek(4) == b"PAR1":
            self._findings["format"] = "Parquet"
            return ParquetRows(stack.enter_context(self._hashed.anywhere()), self._mapping.items)
        stream, packing = unpacked(self._hashed)
        if packing:
            self._findings["compression"] = packing
        self._blocks = LineBlocks(stream, self._mapping.encoding, name=self.name)
        beginning = self._blocks.beginning()
        if (export := export_format(beginning)) is not None:
            self._findings["format"] = export
            items = ItemChunks(self._mapping, self._now)
            return ExportRows(self._blocks, items, is_incremental="incremental" in export)
        first = beginning[:1]
        if first in (b"{", b"[") and Path(self.name).suffix != ".csv":
            self._findings["format"] = "NDJSON" if first == b"{" else "JSON"
            return JsonRows(self._blocks, self.name, self._mapping.items, is_array=first == b"[")
        self._findings["format"] = "CSV"
        self._describe = CsvRows(self._blocks, self.name, self._mapping.separator)
        return self._describe


class FileSources:
    """Inputs on this machine and on S3. Implements `protocols.Sources`. Items of an export that have expired at `now`
    are left out."""

    def __init__(
        self, stdin: IO[bytes] | None = None, *, s3: S3Files | None = None, now: datetime | None = None
    ) -> None:
        self._stdin = stdin
        self._local = LocalFiles()
        self._s3 = s3 or S3Files(S3Settings())
        self._now = now
        self._exported: dict[str, ExportedFile] = {}

    def find(self, patterns: Sequence[str]) -> list[str]:
        found: dict[str, None] = {}
        for pattern in patterns:
            names = [pattern] if pattern == STDIN else self._matches(pattern)
            if not names:
                where = "" if pattern.startswith(SCHEME) else f"Relative to {Path.cwd()}. "
                raise DataError(f"nothing to import at {pattern}", hint=f"{where}Check the spelling.")
            found.update(dict.fromkeys(names))
        return list(found)

    def fingerprint(self, name: str) -> str | None:
        if name == STDIN:
            return None
        with explained(name):
            return self._files(name).fingerprint(name)

    @contextmanager
    def open(self, name: str, mapping: ColumnMapping) -> Iterator[Source]:
        if name == STDIN:
            yield Source("stdin", self._stdin or sys.stdin.buffer, mapping, now=self._now)
            return
        with ExitStack() as stack:
            with explained(name):
                file = stack.enter_context(self._files(name).open(name))
            yield Source(name, file, mapping, exported=self._exported.get(name), now=self._now)

    def _files(self, name: str) -> InputFiles:
        return self._s3 if name.startswith(SCHEME) else self._local

    def _matches(self, pattern: str) -> list[str]:
        files = self._files(pattern)
        below = files.below(pattern)
        if summaries := _export_summaries(below):
            with explained(pattern):
                exported = exported_files(summaries, lambda name: _content(files, name), files.exists)
            self._exported |= {file.name: file for file in exported}
            return [file.name for file in exported]
        return [name for name in below if _is_input(name)] or files.matching(pattern)


def _content(files: InputFiles, name: str) -> bytes:
    with files.open(name) as file:
        return file.read()


def _export_summaries(names: Sequence[str]) -> list[str]:
    """The summaries of the exports among these files. Raises `DataError` when one has begun and not ended."""
    summaries = [name for name in names if name.rpartition("/")[2] == SUMMARY]
    for name in names:
        folder, _, last = name.rpartition("/")
        if last == STARTED and f"{folder}/{SUMMARY}" not in summaries:
            raise DataError(f"{folder}: the export has not ended", hint="Wait for it, then copy it again.")
    return summaries


def _is_input(name: str) -> bool:
    last = name.rpartition("/")[2]
    return not last.startswith(".") and last.removesuffix(".gz").removesuffix(".zst").endswith(SUFFIXES)
