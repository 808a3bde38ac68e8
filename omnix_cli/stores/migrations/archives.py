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
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
import polars as pl

from omnix_cli.errors import ConfigError, DataError, LockedError
from omnix_cli.protocols.tables import Names
from omnix_cli.stores.migrations.item_parquet import ITEM, as_parquet, item_of, items_frame, read_items
from omnix_cli.stores.tables.specs import TABLES
from omnix_cli.stores.workspace.folders import MANIFEST, Folder

_UNFINISHED = "unfinished.json"


class _Part(NamedTuple):
    """A file of an export, as its manifest describes it."""

    path: str
    items: int
    bytes: int
    sha256: str


class ArchiveWriter:
    """An export being written: a part is safe when `add` returns, the export exists once it is committed.

    Raises `ConfigError` when the folder holds anything but the beginning of this same export, `LockedError` when
    another process writes to it at the same time."""

    def __init__(self, folder: Folder, *, source: str, tables: Sequence[str], segments: int) -> None:
        self._folder = folder
        self._plan = {"source": source, "tables": list(tables), "segments": segments}
        names = folder.names()
        if MANIFEST in names:
            raise ConfigError(f"{folder} already holds an export", hint="Choose another folder.")
        if names and _UNFINISHED not in names:
            raise ConfigError(f"{folder} is not empty", hint="Choose another folder.")
        folder.change(_UNFINISHED, self._started)
        self._parts: dict[tuple[str, int], list[_Part]] = {}
        self._last_keys: dict[tuple[str, int], str] = {}
        for table in tables:
            for segment in range(segments):
                self._parts[table, segment] = []
                for name in (name for name in names if name.startswith(f"{table}-{segment:03d}-")):
                    self._remember(table, segment, name, folder.read(name))

    def last_key(self, table: str, segment: int) -> str | None:
        """The key of the last item that is safe."""
        return self._last_keys.get((table, segment))

    def items(self, table: str, segment: int) -> int:
        """How many items are safe."""
        return sum(part.items for part in self._parts[table, segment])

    def add(self, table: str, segment: int, items: Sequence[Mapping[str, Any]]) -> None:
        """Writes some items, as one part."""
        name = f"{table}-{segment:03d}-{len(self._parts[table, segment]):05d}.parquet"
        content = as_parquet(items_frame(TABLES[table], items))
        self._write_new(name, content)
        self._remember(table, segment, name, content)

    def commit(self, now: datetime) -> None:
        """Finishes the export."""
        tables: dict[str, list[dict[str, Any]]] = {}
        for (table, _), parts in self._parts.items():
            tables.setdefault(table, []).extend(part._asdict() for part in parts)
        manifest = {"source": self._plan["source"], "created_at": now.isoformat(), "tables": tables}
        self._write_new(MANIFEST, orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
        self._folder.remove(_UNFINISHED)

    def _started(self, content: bytes | None) -> bytes:
        """What `unfinished.json` says of this export."""
        if content is not None and orjson.loads(content) != self._plan:
            hint = "Repeat the command with the same arguments, or choose another folder."
            raise ConfigError(f"{self._folder} holds the beginning of another export", hint=hint)
        return orjson.dumps(self._plan, option=orjson.OPT_INDENT_2)

    def _remember(self, table: str, segment: int, name: str, content: bytes) -> None:
        keys = pl.read_parquet(content, columns=[TABLES[table].key]).to_series()
        part = _Part(name, keys.len(), len(content), hashlib.sha256(content).hexdigest())
        self._parts[table, segment].append(part)
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
            self._parts: dict[str, list[dict[str, Any]]] = orjson.loads(folder.read(MANIFEST))["tables"]
        except FileNotFoundError:
            unfinished = _UNFINISHED in folder.names()
            hint = "It is not finished: repeat `omnix tables export`." if unfinished else "Check the folder's name."
            raise ConfigError(f"{folder} holds no export", hint=hint) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{MANIFEST} of {folder} cannot be read: {error}", hint="Export again.") from error
        damages = (folder.damage(part) for parts in self._parts.values() for part in parts)
        if damage := next(filter(None, damages), None):
            raise DataError(f"{folder}: {damage}", hint="Restore it from a backup, or export again.")

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables in it."""
        return tuple(self._parts)

    def address(self, table: str) -> str:
        return f"{self._folder}:{table}"

    def expected_items(self, table: str) -> int:
        return sum(int(part["items"]) for part in self._parts_of(table))

    def scan(
        self, table: str, *, attributes: Names = None, segment: int = 0, segments: int = 1, after: str | None = None
    ) -> Iterator[dict[str, Any]]:
        key = TABLES[table].key
        paths = self._paths(table)[segment::segments]
        reached = next((n for n, path in enumerate(paths) if after is not None and self._holds(path, key, after)), 0)
        for path in paths[reached:]:
            for _, item in read_items(self._folder.read(path), key, after):
                if item is not None:
                    yield item if attributes is None else {name: item[name] for name in attributes if name in item}

    def get_many(self, table: str, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
        wanted = pl.col(TABLES[table].key).is_in(list(keys))
        for path in self._paths(table):
            texts = pl.scan_parquet(self._folder.read(path)).filter(wanted).select(ITEM).collect()[ITEM]
            yield from map(item_of, texts)

    def _parts_of(self, table: str) -> list[dict[str, Any]]:
        if table not in self._parts:
            raise ConfigError(f"{self._folder} holds no {table}", hint=f"It holds {', '.join(self._parts)}.")
        return self._parts[table]

    def _paths(self, table: str) -> list[str]:
        return [str(part["path"]) for part in self._parts_of(table)]

    def _holds(self, path: str, column: str, key: str) -> bool:
        return pl.read_parquet(self._folder.read(path), columns=[column])[column].index_of(key) is not None
