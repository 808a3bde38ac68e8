"""Exports of tables: folders of Parquet files, on a disk or in a bucket, that exist only once their manifest does.

    <folder>/
        manifest.json                          the source, the time, and each part with its items, bytes and checksum
        <table>-<segment>-<number>.parquet     items in the order in which they were read (`item_parquet`)

Until the manifest is written, `unfinished.json` says what is being exported; an export that was killed continues after
the last item of its last part. A file is written only if it does not exist yet, so of two processes that write the same
export one fails.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import polars as pl
from pydantic import BaseModel, NonNegativeInt

from omnix_cli.errors import ConfigError, CorruptCheckpoint, DataError, LockedError
from omnix_cli.protocols.tables import Names
from omnix_cli.stores.migrations.item_parquet import ITEM, as_parquet, item_of, item_rows, items_frame, read_items
from omnix_cli.stores.tables.specs import TABLES
from omnix_cli.stores.workspace.folders import MANIFEST, FilePart, Folder
from omnix_cli.stores.workspace.sealed_json import as_sealed_json, from_sealed_json, reason

_UNFINISHED = "unfinished.json"
_log = logging.getLogger(__name__)


class _Part(FilePart):
    """A file with so many items of a table."""

    items: NonNegativeInt


class _Manifest(BaseModel):
    """The content of a manifest."""

    source: str
    created_at: datetime
    tables: dict[str, list[_Part]]


class ArchiveWriter:
    """An export being written: a part is safe when `add` returns, the export exists once it is committed. Where the
    process was killed, the same export continues; `is_complete` if only its end was missing.

    Raises `ConfigError` when the folder holds anything but the beginning of this same export, `CorruptCheckpoint` when
    that cannot be read, `LockedError` when another process writes to it at the same time."""

    def __init__(self, folder: Folder, *, source: str, tables: Sequence[str], segments: int) -> None:
        self._folder = folder
        self._plan = {"source": source, "tables": list(tables), "segments": segments}
        names = folder.names()
        if MANIFEST in names and _UNFINISHED not in names:
            raise ConfigError(f"{folder} already holds an export", hint="Choose another folder.")
        if names and _UNFINISHED not in names:
            raise ConfigError(f"{folder} is not empty", hint="Choose another folder.")
        folder.change(_UNFINISHED, self._started)
        self.is_complete = MANIFEST in names  # killed after the manifest was written
        self._parts: dict[tuple[str, int], list[_Part]] = {}
        self._last_keys: dict[tuple[str, int], str] = {}
        if self.is_complete:
            return
        for table in tables:
            for segment in range(segments):
                self._parts[table, segment] = []
                beginning = f"{table}-{segment:03d}-"
                self._continue(table, segment, [name for name in names if name.startswith(beginning)])

    def last_key(self, table: str, segment: int) -> str | None:
        """The key of the last item that is safe."""
        return self._last_keys.get((table, segment))

    def items(self, table: str, segment: int) -> int:
        """How many items are safe."""
        return sum(part.items for part in self._parts[table, segment])

    def add(self, table: str, segment: int, items: Sequence[Mapping[str, Any]]) -> None:
        """Writes some items, as one part."""
        content = as_parquet(items_frame(TABLES[table], items))
        self._write_new(self._next(table, segment), content)
        self._remember(table, segment, content)

    def commit(self, now: datetime) -> None:
        """Finishes the export, and removes what killed processes left behind."""
        if not self.is_complete:
            tables: dict[str, list[dict[str, Any]]] = {}
            for (table, _), parts in self._parts.items():
                tables.setdefault(table, []).extend(part.model_dump() for part in parts)
            manifest = {"source": self._plan["source"], "created_at": now.isoformat(), "tables": tables}
            self._write_new(MANIFEST, as_sealed_json(manifest))
        self._folder.remove(_UNFINISHED)
        self._folder.sweep()

    def _started(self, content: bytes | None) -> bytes:
        """What `unfinished.json` says of this export."""
        try:
            begun = self._plan if content is None else from_sealed_json(content, dict)
        except ValueError as error:
            message = f"{self._folder} holds an unfinished export, and its {_UNFINISHED} cannot be read: {error}"
            raise CorruptCheckpoint(message, hint="Delete the folder and export again, or choose another.") from error
        if begun != self._plan:
            hint = "Repeat the command with the same arguments, or choose another folder."
            raise ConfigError(f"{self._folder} holds the beginning of another export", hint=hint)
        return as_sealed_json(self._plan)

    def _continue(self, table: str, segment: int, names: Sequence[str]) -> None:
        """Keeps the parts of a segment up to the first one that is missing or damaged; the rest is exported again."""
        for place, name in enumerate(names):
            try:
                if name != self._next(table, segment):
                    raise ValueError(f"{self._next(table, segment)} is missing")
                self._remember(table, segment, self._folder.read(name))
            except ValueError as error:
                _log.warning("%s of %s cannot be used and is exported again: %s", name, self._folder, error)
                for following in names[place:]:
                    self._folder.remove(following)
                return

    def _next(self, table: str, segment: int) -> str:
        return f"{table}-{segment:03d}-{len(self._parts[table, segment]):05d}.parquet"

    def _remember(self, table: str, segment: int, content: bytes) -> None:
        keys = item_rows(content, TABLES[table].key)[TABLES[table].key]
        name, checksum = self._next(table, segment), hashlib.sha256(content).hexdigest()
        self._parts[table, segment].append(_Part(path=name, items=keys.len(), bytes=len(content), sha256=checksum))
        self._last_keys[table, segment] = str(keys[-1])

    def _write_new(self, name: str, content: bytes) -> None:
        def new(existing: bytes | None) -> bytes:
            if existing is not None:
                hint = "Wait for it to end and repeat the command, or choose another folder."
                raise LockedError(f"another process is exporting to {self._folder}", hint=hint)
            return content

        self._folder.change(name, new)


class Archive:
    """A finished export, with every part checked against its checksum. Implements `protocols.ItemSource`. Raises
    `ConfigError` where there is none, `DataError` for one that is damaged."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        try:
            self._parts = from_sealed_json(folder.read(MANIFEST), _Manifest.model_validate).tables
        except FileNotFoundError:
            unfinished = _UNFINISHED in folder.names()
            hint = "It is not finished: repeat `omnix tables export`." if unfinished else "Check the folder's name."
            raise ConfigError(f"{folder} holds no export", hint=hint) from None
        except ValueError as error:
            hint = "Restore it from a backup, or export again."
            raise DataError(f"{MANIFEST} of {folder} cannot be read: {reason(error)}", hint=hint) from error
        damages = (folder.damage(part.model_dump()) for parts in self._parts.values() for part in parts)
        if damage := next(filter(None, damages), None):
            raise DataError(f"{folder}: {damage}", hint="Restore it from a backup, or export again.")

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables in it."""
        return tuple(self._parts)

    def address(self, table: str) -> str:
        return f"{self._folder}:{table}"

    def expected_items(self, table: str) -> int:
        return sum(part.items for part in self._parts_of(table))

    def scan(
        self, table: str, *, attributes: Names = None, segment: int = 0, segments: int = 1, after: str | None = None
    ) -> Iterator[dict[str, Any]]:
        key = TABLES[table].key
        paths = self._paths(table)[segment::segments]
        reached = next((n for n, path in enumerate(paths) if after is not None and self._holds(path, key, after)), 0)
        for path in paths[reached:]:
            with self._readable(path):
                for _, item in read_items(self._folder.read(path), key, after):
                    if item is not None:
                        yield item if attributes is None else {name: item[name] for name in attributes if name in item}

    def get_many(self, table: str, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
        wanted = pl.col(TABLES[table].key).is_in(list(keys))
        for path in self._paths(table):
            with self._readable(path):
                texts = pl.scan_parquet(self._folder.read(path)).filter(wanted).select(ITEM).collect()[ITEM]
                yield from map(item_of, texts)

    @contextmanager
    def _readable(self, path: str) -> Iterator[None]:
        """Turns the errors of a part that is as it was written, but not by omnix, into one of the input."""
        try:
            yield
        except (ValueError, pl.exceptions.PolarsError) as error:
            hint = "Restore it from a backup, or export again."
            raise DataError(f"{self._folder}: {path} cannot be read: {error}", hint=hint) from error

    def _parts_of(self, table: str) -> list[_Part]:
        if table not in self._parts:
            raise ConfigError(f"{self._folder} holds no {table}", hint=f"It holds {', '.join(self._parts)}.")
        return self._parts[table]

    def _paths(self, table: str) -> list[str]:
        return [part.path for part in self._parts_of(table)]

    def _holds(self, path: str, column: str, key: str) -> bool:
        with self._readable(path):
            return pl.read_parquet(self._folder.read(path), columns=[column])[column].index_of(key) is not None
