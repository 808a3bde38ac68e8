"""The proof that a customer is gone: every byte of files is read, also inside Parquet, gzip, zstd and SQLite.

Nothing here knows what was erased or how. A file of tables is read cell by cell, and its bytes besides: deleted rows
may be left in free pages, and footers have values of their own.
"""

from __future__ import annotations

import gzip
import io
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import NamedTuple

import orjson
import polars as pl
import pyarrow as pa

from omnix_cli.safe_text.redaction import Traces

_GZIP, _ZSTD, _PARQUET, _SQLITE = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1", b"SQLite format 3\x00"


Content = bytes | mmap
"""The bytes of a file; of one on this machine, as far as they are looked at."""


class StoredFile(NamedTuple):
    """A file by name, and how its bytes are read; the `path` of one on this machine."""

    name: str
    read: Callable[[], bytes]
    path: Path | None = None

    @contextmanager
    def opened(self) -> Iterator[Content]:
        """The bytes, without reading a large file into memory."""
        if self.path is None or not self.path.stat().st_size:
            yield self.read()
            return
        with self.path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
            yield content


@dataclass(frozen=True)
class Searched:
    """How much was read, and the names of the files in which the customer was found."""

    files: int
    bytes: int
    found: tuple[str, ...]


def files_in(folder: Path, *others: Path) -> Iterator[StoredFile]:
    """Every file of a folder on this machine, hidden ones too, and these others with what SQLite keeps beside them."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    for other in others:
        paths += [path for path in other.parent.glob(f"{other.name}*") if path.is_file() and path not in paths]
    for path in sorted(paths):
        yield StoredFile(str(path), path.read_bytes, path)


def search(files: Iterable[StoredFile], names: Sequence[Traces]) -> Searched:
    """Reads the files and says which of them have one of these names of a customer, inside or as their own."""
    count, size, found = 0, 0, list[str]()
    for file in files:
        labels = {file.name.rpartition("/")[2], Path(file.name).stem}
        try:
            with file.opened() as content:
                count, size = count + 1, size + len(content)
                if any(any(map(one.is_in, labels)) or _is_in(content, one, file.path) for one in names):
                    found.append(file.name)
        except FileNotFoundError:  # it was temporary
            continue
    return Searched(count, size, tuple(found))


def _is_in(content: Content, traces: Traces, path: Path | None = None) -> bool:
    head = content[: len(_SQLITE)]
    if head.startswith(_GZIP):
        return _is_in_packed(content, traces, lambda: gzip.decompress(content[:]))
    if head.startswith(_ZSTD):
        return _is_in_packed(
            content, traces, lambda: pa.CompressedInputStream(pa.BufferReader(content[:]), "zstd").read()
        )
    if head.startswith(_PARQUET):
        return _is_in_table(_parquet_cells(path or io.BytesIO(content[:]), traces), content, traces.of_items)
    if head.startswith(_SQLITE):
        return _is_in_table(_sqlite_cells(content, path, traces), content, traces.of_items)
    return _is_in_text(content[:], traces)


def _is_in_packed(content: Content, traces: Traces, unpack: Callable[[], bytes]) -> bool:
    try:
        return _is_in(unpack(), traces)
    except (OSError, EOFError, zlib.error, pa.ArrowInvalid):  # not packed after all, or damaged
        return _is_in_text(content[:], traces)


def _is_in_table(cells: Iterator[tuple[str, str]], content: Content, traces: Traces) -> bool:
    """Whether a cell is about the customer; or the bytes of the file name the customer although no cell has a value
    that merely contains the id."""
    is_in_others = False
    try:
        for column, text in cells:
            if _names(text, column, traces):
                return True
            is_in_others = True
    except (pl.exceptions.PolarsError, sqlite3.Error, OSError):  # damaged: its bytes have to do
        pass
    is_telling = traces.is_distinctive and not is_in_others
    return is_telling and any(_has(content, one.encode()) for one in traces.spellings)


def _has(content: Content, name: bytes) -> bool:
    """Whether bytes have a name; where they go on with digits, it is another number: packed values lie side by side."""
    at = content.find(name)
    while at >= 0:
        around = content[max(at - 1, 0) : at], content[at + len(name) : at + len(name) + 1]
        ends = name[:1], name[-1:]
        if not any(end.isdigit() and beside.isdigit() for end, beside in zip(ends, around, strict=True)):
            return True
        at = content.find(name, at + 1)
    return False


def _names(text: str, column: str, traces: Traces) -> bool:
    if text[:1] in "{[":
        try:
            return traces.in_value(orjson.loads(text), column)
        except orjson.JSONDecodeError:
            pass
    return traces.is_value(text, column)


def _parquet_cells(source: Path | io.BytesIO, traces: Traces) -> Iterator[tuple[str, str]]:
    """The texts of all columns that contain the id, with the names of their columns."""
    rows = pl.scan_parquet(source, glob=False)
    for name, kind in rows.collect_schema().items():
        column = rows.select(pl.col(name).alias("text"))
        if isinstance(kind, pl.List):
            column = column.explode("text")
        if column.collect_schema()["text"] != pl.String:
            continue
        contains = pl.any_horizontal(pl.col("text").str.contains(one, literal=True) for one in traces.spellings)
        for text in column.filter(contains).unique().collect()["text"]:
            yield name, text


def _sqlite_cells(content: Content, path: Path | None, traces: Traces) -> Iterator[tuple[str, str]]:
    """The texts of all tables that contain the id, as whoever opens the file sees them."""
    uri = f"{path.absolute().as_uri()}?mode=ro" if path else ":memory:"
    with closing(sqlite3.connect(uri, uri=True)) as database:
        if path is None:
            database.deserialize(content[:])
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for table in map(_quoted, tables):
            for name in [row[1] for row in database.execute(f"PRAGMA table_info({table})")]:
                column = f"CAST({_quoted(name)} AS TEXT)"
                contains = " OR ".join([f"instr({column}, ?)"] * len(traces.spellings))
                found = database.execute(f"SELECT {column} FROM {table} WHERE {contains}", traces.spellings)
                yield from ((name, str(text)) for (text,) in found)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _is_in_text(content: bytes, traces: Traces) -> bool:
    text = content.decode("utf-8", "surrogateescape")
    if not any(one in text for one in traces.spellings):
        return False
    if b"\0" in content and not traces.is_distinctive:  # no text: any of its bytes may look like the id
        return False
    try:
        return traces.in_value(orjson.loads(content))
    except orjson.JSONDecodeError:
        return any(_is_in_line(line, traces) for line in text.split("\n"))


def _is_in_line(line: str, traces: Traces) -> bool:
    try:
        return traces.in_value(orjson.loads(line))
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return traces.is_in(line)
