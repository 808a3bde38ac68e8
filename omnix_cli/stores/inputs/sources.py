"""Opening inputs: files on disk, on S3 and from stdin, compressed or not, in any of the formats; and tables of a store,
whose items are read as lines of JSON."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import IO

from omnix_cli.errors import DataError
from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.inputs import RawChunk
from omnix_cli.protocols.tables import TableStore
from omnix_cli.settings import S3Settings
from omnix_cli.stores.inputs.byte_streams import HashedStream, input_errors, unpacked
from omnix_cli.stores.inputs.dynamodb.manifests import ExportedFile, export_summaries, exported_files
from omnix_cli.stores.inputs.formats import SUFFIXES, Format, InputFile, recognised
from omnix_cli.stores.inputs.input_files import LocalFiles, S3Files
from omnix_cli.stores.inputs.line_blocks import BLOCK_BYTES, LineBlocks
from omnix_cli.stores.s3.prefix import SCHEME
from omnix_cli.stores.sqlite.documents import encode
from omnix_cli.stores.tables.specs import TableSpec

STDIN = "-"


@dataclass
class Source:
    """One open input. Implements `protocols.OpenSource`. Expired items of an export are left out if `now` is given."""

    name: str
    stream: IO[bytes]
    mapping: ColumnMapping
    exported: ExportedFile | None = None
    now: datetime | None = None
    block_bytes: int = BLOCK_BYTES

    def __post_init__(self) -> None:
        self._hashed = HashedStream(self.stream, md5=self.exported is not None)
        self._findings: dict[str, str] = {}
        self._row_findings: dict[str, str] = {}
        self._rows: Iterable[RawChunk] = ()
        self._blocks: LineBlocks | None = None

    @property
    def findings(self) -> dict[str, str]:
        found = dict(self._findings)
        if self._blocks is not None:
            found["encoding"] = self._blocks.encoding_name
        return found | self._row_findings

    def chunks(self) -> Iterator[RawChunk]:
        with input_errors(self.name):
            with ExitStack() as stack:
                self._rows = self._open(stack)
                yield from self._rows
            self._hashed.rest()
        if self.exported is not None:
            self.exported.check(getattr(self._rows, "count", 0), self._hashed.md5())

    def fingerprint(self) -> str:
        return self._hashed.hexdigest()

    def _open(self, stack: ExitStack) -> Iterable[RawChunk]:
        if (binary := recognised(self.name, self._hashed.peek(4), is_binary=True)) is not None:
            return self._read(binary, stack.enter_context(self._hashed.anywhere()))
        stream, compression = unpacked(self._hashed)
        if compression:
            self._findings["compression"] = compression
        self._blocks = LineBlocks(stream, self.mapping.encoding, name=self.name, block_bytes=self.block_bytes)
        text = recognised(self.name, self._blocks.beginning(), is_binary=False)
        assert text is not None  # anything may be CSV
        return self._read(text, self._blocks)

    def _read(self, found: Format, content: IO[bytes] | LineBlocks) -> Iterable[RawChunk]:
        self._findings["format"] = found.name
        return found.open(InputFile(self.name, found.name, content, self.mapping, self.now, self._row_findings))


@dataclass
class FileSources:
    """Inputs on this machine and on S3. Implements `protocols.Sources`. Items of an export that have expired at `now`
    are left out."""

    stdin: IO[bytes] | None = None
    s3: S3Files = field(default_factory=lambda: S3Files(S3Settings()))
    now: datetime | None = None
    block_bytes: int = BLOCK_BYTES
    _exported: dict[str, ExportedFile] = field(default_factory=dict)

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
        with input_errors(name):
            return self._files(name).fingerprint(name)

    @contextmanager
    def open(self, name: str, mapping: ColumnMapping) -> Iterator[Source]:
        if name == STDIN:
            yield Source("stdin", self.stdin or sys.stdin.buffer, mapping, None, self.now, self.block_bytes)
            return
        with ExitStack() as stack:
            with input_errors(name):
                file = stack.enter_context(self._files(name).open(name))
            yield Source(name, file, mapping, self._exported.get(name), self.now, self.block_bytes)

    def _files(self, name: str) -> LocalFiles | S3Files:
        return self.s3 if name.startswith(SCHEME) else LocalFiles()

    def _matches(self, pattern: str) -> list[str]:
        files = self._files(pattern)
        below = files.below(pattern)
        if summaries := export_summaries(below):
            with input_errors(pattern):
                exported = exported_files(summaries, files.read, files.exists)
            self._exported |= {file.name: file for file in exported}
            return [file.name for file in exported]
        return [name for name in below if _is_input(name)] or files.matching(pattern)


def _is_input(name: str) -> bool:
    last = name.rpartition("/")[2]
    return not last.startswith(".") and last.removesuffix(".gz").removesuffix(".zst").endswith(SUFFIXES)


@dataclass(frozen=True)
class StoredTable:
    """Implements `protocols.Sources` with one input. Items that have expired at `now` are left out."""

    store: TableStore
    table: TableSpec
    name: str
    now: datetime

    def find(self, patterns: Sequence[str]) -> list[str]:
        return [self.name]

    def fingerprint(self, name: str) -> None:
        return None

    @contextmanager
    def open(self, name: str, mapping: ColumnMapping) -> Iterator[Source]:
        yield Source(name, io.BufferedReader(_Joined(self._lines())), mapping)

    def _lines(self) -> Iterator[bytes]:
        for item in self.store.scan(self.table.name):
            expiry = item.get(self.table.ttl) if self.table.ttl else None
            if not isinstance(expiry, int | Decimal) or expiry > self.now.timestamp():
                yield encode({self.table.key: item[self.table.key], **item}).encode() + b"\n"


class _Joined(io.RawIOBase):
    """Pieces of bytes as a stream."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        content = self._rest or next(self._pieces, b"")
        size = min(len(buffer), len(content))
        buffer[:size], self._rest = content[:size], content[size:]
        return size
