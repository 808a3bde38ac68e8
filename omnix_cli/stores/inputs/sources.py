"""Opening inputs: files on disk, on S3 and from stdin, compressed or not, in any of the formats; and tables of a store,
whose items are read as lines of JSON."""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import IO

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.inputs import RawChunk
from omnix_cli.protocols.tables import TableStore
from omnix_cli.settings import S3Settings
from omnix_cli.stores.inputs.byte_streams import HashedStream, input_errors, unpacked
from omnix_cli.stores.inputs.containers.workbooks import ALL_SHEETS, OLE_MAGIC, is_workbook, sheets
from omnix_cli.stores.inputs.containers.zip_files import ZIP_MAGICS, members
from omnix_cli.stores.inputs.dynamodb.manifests import ExportedFile, export_summaries, exported_files
from omnix_cli.stores.inputs.folder_files import (
    FileList,
    is_debris,
    is_plain,
    marked,
    partitions,
    sorted_out,
    with_partitions,
)
from omnix_cli.stores.inputs.formats import Format, InputFile, recognised
from omnix_cli.stores.inputs.input_files import LocalFiles, S3Files
from omnix_cli.stores.inputs.lakehouse.snapshots import refuse_data_files, table_roots
from omnix_cli.stores.inputs.line_blocks import BLOCK_BYTES, LineBlocks
from omnix_cli.stores.inputs.parts import Part
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
    part: Part | None = None

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
        found |= self._row_findings
        return found if self.part is None else found | dict(self.part.findings)

    def chunks(self) -> Iterator[RawChunk]:
        with input_errors(self.name):
            with ExitStack() as stack:
                self._rows = self._open(stack)
                for chunk in self._rows:
                    yield replace(chunk, rows=with_partitions(chunk.rows, self._columns, self._row_findings))
            self._hashed.rest()
        if self.exported is not None:
            self.exported.check(getattr(self._rows, "count", 0), self._hashed.md5())

    def fingerprint(self) -> str:
        if self.part is not None and self.part.identity is not None:
            return marked(self.part.identity(), self._columns)
        return marked(self._hashed.hexdigest(), self._columns)

    @property
    def _columns(self) -> dict[str, str | None]:
        return partitions(self.name) if self.exported is None else {}

    def _open(self, stack: ExitStack) -> Iterable[RawChunk]:
        if self._hashed.peek(4) in ZIP_MAGICS:
            is_member = self.part is not None
            hint = "Unpack the archive." if is_member else "Give it by its path, with the suffix .zip or .xlsx."
            raise DataError(f"{self.name}: a zip archive or a workbook", hint=hint)
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
    notes: list[str] = field(default_factory=list)
    _exported: dict[str, ExportedFile] = field(default_factory=dict)
    _parts: dict[str, Part] = field(default_factory=dict)

    def find(self, patterns: Sequence[str], mapping: ColumnMapping | None = None) -> list[str]:
        sheet, at = (mapping.sheet, mapping.at) if mapping is not None else (None, None)
        found: dict[str, None] = {}
        for pattern in patterns:
            names = [pattern] if pattern == STDIN else self._matches(pattern, sheet, at)
            if not names:
                where = "" if pattern.startswith(SCHEME) else f"Relative to {Path.cwd()}. "
                left_out = "".join(f"omnix {note}. " for note in self.notes if pattern.rstrip("/") in note)
                raise DataError(f"nothing to import at {pattern}", hint=f"{left_out}{where}Check the spelling.")
            found.update(dict.fromkeys(names))
        if at is not None and not any("table version" in part.findings for part in self._parts.values()):
            raise ConfigError("only tables have versions", hint="Leave out `at`, or give a Delta or Iceberg table.")
        has_sheets = any("sheet" in part.findings for part in self._parts.values())
        if sheet not in (None, ALL_SHEETS) and not has_sheets:
            raise ConfigError("only Excel workbooks have sheets", hint="Leave out `sheet`, or give a workbook.")
        return list(found)

    def fingerprint(self, name: str) -> str | None:
        if name == STDIN:
            return None
        with input_errors(name):
            return marked(self._content_key(name), {} if name in self._exported else partitions(name))

    def table_identity(self, name: str) -> str:
        return self._parts[name].table if name in self._parts else ""

    def _content_key(self, name: str) -> str:
        if (part := self._parts.get(name)) is None:
            return self._files(name).fingerprint(name)
        if part.identity is not None:
            return part.identity()
        with part.open() as content:
            return hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]

    @contextmanager
    def open(self, name: str, mapping: ColumnMapping) -> Iterator[Source]:
        if name == STDIN:
            yield Source("stdin", self.stdin or sys.stdin.buffer, mapping, None, self.now, self.block_bytes)
            return
        part = self._parts.get(name)
        mapping = mapping if part is None else mapping.model_copy(update=part.overrides)
        with ExitStack() as stack:
            with input_errors(name):
                file = stack.enter_context(self._files(name).open(name) if part is None else part.open())
            yield Source(name, file, mapping, self._exported.get(name), self.now, self.block_bytes, part)

    def _files(self, name: str) -> LocalFiles | S3Files:
        return self.s3 if name.startswith(SCHEME) else LocalFiles()

    def _matches(self, pattern: str, sheet: str | None, at: str | None) -> list[str]:
        files = self._files(pattern)
        if files.exists(pattern) and (files.size(pattern) or not files.below(pattern)):
            return self._expanded([pattern], sheet, at)
        below = files.below(pattern)
        if summaries := export_summaries(below):
            with input_errors(pattern):
                exported = exported_files(summaries, files.read, files.exists)
            self._exported |= {file.name: file for file in exported}
            return [file.name for file in exported]
        if not below:
            matching = [name for name in files.matching(pattern) if not is_debris(name)]
            return self._expanded([name for name in matching if is_plain(name) or files.size(name)], sheet, at)
        roots = table_roots(below)
        tables = [self._table(root, kind, below, at) for root, kind in roots.items()]
        others = [name for name in below if not any(root == "." or name.startswith(f"{root}/") for root in roots)]
        where = str(Path(pattern)) if isinstance(files, LocalFiles) else pattern.rstrip("/")
        listed = sorted_out(others, where, self._beginning, files.size)
        self._note(listed, where)
        return sorted([*tables, *self._expanded(listed.inputs, sheet, at)])

    def _expanded(self, names: Sequence[str], sheet: str | None, at: str | None) -> list[str]:
        """The files, with the inputs in them in place of archives and workbooks. Raises `DataError` for a data file of
        a table."""
        found: list[str] = []
        for name in names:
            if name.endswith(".metadata.json"):
                from omnix_cli.stores.inputs.lakehouse.iceberg import iceberg_table

                found.append(self._register(iceberg_table(name, name, self._files(name).table_options(name), at)))
            elif is_plain(name):
                found.append(name)
            else:
                found.extend(self._contained(name, sheet))
        on_disk = [str(Path(name).absolute()) for name in names if not name.startswith(SCHEME)]
        refuse_data_files(on_disk, LocalFiles().holds)
        refuse_data_files([name for name in names if name.startswith(SCHEME)], self.s3.holds)
        return found

    def _contained(self, name: str, sheet: str | None) -> list[str]:
        files = self._files(name)
        with input_errors(name):
            with files.open(name) as content:
                beginning = content.read(4)
            if beginning == OLE_MAGIC:
                hint = "Save it as .xlsx or .csv without a password, and import that."
                raise DataError(f"{name}: an old Excel workbook (.xls), or one with a password", hint=hint)
            if beginning not in ZIP_MAGICS:
                return [name]
            opened = partial(files.open, name)
            if is_workbook(name, opened):
                parts = sheets(name, opened, sheet, partial(files.fingerprint, name))
            else:
                parts, listed = members(name, opened)
                self._note(listed, name)
        return [self._register(part) for part in parts]

    def _table(self, root: str, kind: str, below: Sequence[str], at: str | None) -> str:
        files = self._files(root)
        options = files.table_options(root)
        if kind == "Delta":
            from omnix_cli.stores.inputs.lakehouse.delta import delta_table  # here: pyarrow's readers are slow to load

            return self._register(delta_table(root, options, at, files.open))
        if kind == "Iceberg":
            from omnix_cli.stores.inputs.lakehouse.iceberg import iceberg_table, newest_metadata

            return self._register(iceberg_table(root, newest_metadata(root, below), options, at))
        hint = "Export the table to Parquet, and import that."
        raise DataError(f"{root}: omnix cannot read tables of Apache {kind}", hint=hint)

    def _register(self, part: Part) -> str:
        self._parts[part.name] = part
        return part.name

    def _note(self, listed: FileList, where: str) -> None:
        if (note := listed.note(where)) is not None and note not in self.notes:
            self.notes.append(note)

    def _beginning(self, name: str) -> bytes:
        with input_errors(name), self._files(name).open(name) as content:
            return content.read(1 << 16)


@dataclass(frozen=True)
class StoredTable:
    """Implements `protocols.Sources` with one input. Items that have expired at `now` are left out."""

    store: TableStore
    table: TableSpec
    name: str
    now: datetime
    notes: Sequence[str] = ()

    def find(self, patterns: Sequence[str], mapping: ColumnMapping | None = None) -> list[str]:
        return [self.name]

    def fingerprint(self, name: str) -> None:
        return None

    def table_identity(self, name: str) -> str:
        return ""

    @contextmanager
    def open(self, name: str, mapping: ColumnMapping) -> Iterator[OpenTable]:
        content = io.BufferedReader(_Joined(self._lines()))
        if not content.peek(1):
            raise DataError(f"{name}: the table is empty", hint="Check store.prefix, store.stage and the store.")
        yield OpenTable(Source(name, content, mapping))

    def _lines(self) -> Iterator[bytes]:
        for item in self.store.scan(self.table.name):
            expiry = item.get(self.table.ttl) if self.table.ttl else None
            if not isinstance(expiry, int | Decimal) or expiry > self.now.timestamp():
                yield encode({self.table.key: item[self.table.key], **item}).encode() + b"\n"


@dataclass(frozen=True)
class OpenTable:
    """The lines of a table, whose keys stay as they are. Implements `protocols.OpenSource`."""

    lines: Source

    @property
    def name(self) -> str:
        return self.lines.name

    @property
    def findings(self) -> Mapping[str, str]:
        return self.lines.findings

    def chunks(self) -> Iterator[RawChunk]:
        return (replace(chunk, exact_ids=True) for chunk in self.lines.chunks())

    def fingerprint(self) -> str:
        return self.lines.fingerprint()


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
