"""Exports of tables: folders of Parquet files that exist only once their manifest does.

    <folder>/
        manifest.json                          where from, when, every part with its items, bytes and checksum
        <table>-<segment>-<number>.parquet     items in the order in which they were read, see `stores.item_parquet`

Until the manifest is there, `unfinished.json` says what is being exported; an export that was killed goes on after the
last item of its last part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from omnix_cli.errors import ConfigError, CorruptCheckpoint
from omnix_cli.stores.files import checksum, disk_trouble_told, write_atomically
from omnix_cli.stores.item_parquet import ITEM, item_of, items_frame, read_items, write_items
from omnix_cli.stores.tables import TABLES

_MANIFEST, _UNFINISHED = "manifest.json", "unfinished.json"


class ArchiveWriter:
    """An export being written. Implements `protocols.ArchiveWriter`.

    Raises `ConfigError` when the folder holds anything but the beginning of this very export."""

    def __init__(self, folder: Path, *, source: str, tables: Sequence[str], segments: int) -> None:
        self._folder = folder
        self._tables = tables
        self._segments = segments
        self._plan = {"source": source, "tables": list(tables), "segments": segments}
        if not folder.exists() or not any(folder.iterdir()):
            self._write(_UNFINISHED, self._plan)
        elif (folder / _MANIFEST).exists():
            raise ConfigError(f"{folder} holds an export already", hint="Choose another folder.")
        elif not (folder / _UNFINISHED).exists():
            raise ConfigError(f"{folder} is not empty", hint="Choose another folder.")
        elif orjson.loads((folder / _UNFINISHED).read_bytes()) != self._plan:
            hint = "Repeat it as it was, or choose another folder."
            raise ConfigError(f"{folder} holds the beginning of another export", hint=hint)

    def last_key(self, table: str, segment: int) -> str | None:
        """The key of the last item that is safe."""
        parts = self._parts(table, segment)
        return None if not parts else str(pl.read_parquet(parts[-1], columns=[TABLES[table].key]).item(-1, 0))

    def items(self, table: str, segment: int) -> int:
        """How many items are safe."""
        return sum(map(_rows, self._parts(table, segment)))

    def add(self, table: str, segment: int, items: Sequence[Mapping[str, Any]]) -> None:
        """Keeps some items, as one part."""
        number = len(self._parts(table, segment))
        path = self._folder / f"{table}-{segment:03d}-{number:05d}.parquet"
        write_items(path, items_frame(TABLES[table], items))

    def commit(self, now: datetime) -> None:
        """Makes the export one."""
        tables = {
            table: [
                {"path": path.name, "items": _rows(path), "bytes": path.stat().st_size, "sha256": checksum(path)}
                for segment in range(self._segments)
                for path in self._parts(table, segment)
            ]
            for table in self._tables
        }
        self._write(_MANIFEST, {"source": self._plan["source"], "created_at": now.isoformat(), "tables": tables})
        (self._folder / _UNFINISHED).unlink()

    def _parts(self, table: str, segment: int) -> list[Path]:
        return sorted(self._folder.glob(f"{table}-{segment:03d}-*.parquet"))

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        with disk_trouble_told(self._folder):
            write_atomically(self._folder / name, orjson.dumps(content, option=orjson.OPT_INDENT_2))


class Archive:
    """A finished export, every part of which matches its checksum. Implements `protocols.ItemSource`.

    Raises `ConfigError` where there is none, `CorruptCheckpoint` for a part that is missing or differs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self._parts: dict[str, list[dict[str, Any]]] = orjson.loads((folder / _MANIFEST).read_bytes())["tables"]
        except FileNotFoundError:
            unfinished = (folder / _UNFINISHED).exists()
            hint = "It was not finished: repeat `omnix tables export`." if unfinished else "Name the folder of one."
            raise ConfigError(f"{folder} holds no export", hint=hint) from None
        except (OSError, ValueError, KeyError) as error:
            raise CorruptCheckpoint(f"{folder / _MANIFEST} cannot be read: {error}", hint="Export again.") from error
        for part in (part for parts in self._parts.values() for part in parts):
            self._check(part)

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables in it."""
        return tuple(self._parts)

    def address(self, table: str) -> str:
        return f"{self.folder.absolute()}:{table}"

    def expected_items(self, table: str) -> int:
        return sum(int(part["items"]) for part in self._parts_of(table))

    def scan(
        self,
        table: str,
        *,
        attributes: Sequence[str] | None = None,
        segment: int = 0,
        segments: int = 1,
        after: str | None = None,
    ) -> Iterator[dict[str, Any]]:
        key = TABLES[table].key
        paths = self._paths(table)[segment::segments]
        reached = next((n for n, path in enumerate(paths) if after is not None and _holds(path, key, after)), 0)
        for path in paths[reached:]:
            for _, item in read_items(path, key, after):
                if item is not None:
                    yield item if attributes is None else {name: item[name] for name in attributes if name in item}

    def get_many(self, table: str, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
        wanted = pl.col(TABLES[table].key).is_in(list(keys))
        for path in self._paths(table):
            texts = pl.scan_parquet(path).filter(wanted).select(ITEM).collect()[ITEM]
            yield from map(item_of, texts)

    def _parts_of(self, table: str) -> list[dict[str, Any]]:
        if table not in self._parts:
            raise ConfigError(f"{self.folder} holds no {table}", hint=f"It holds {', '.join(self._parts)}.")
        return self._parts[table]

    def _paths(self, table: str) -> list[Path]:
        return [self.folder / str(part["path"]) for part in self._parts_of(table)]

    def _check(self, part: Mapping[str, Any]) -> None:
        path = self.folder / str(part["path"])
        if not path.exists() or checksum(path) != part["sha256"]:
            what = "differs from its checksum" if path.exists() else "is missing"
            raise CorruptCheckpoint(f"{path} {what}", hint="Put it back from a copy, or export again.")


def _rows(path: Path) -> int:
    return int(pl.scan_parquet(path).select(pl.len()).collect().item())


def _holds(path: Path, column: str, key: str) -> bool:
    return pl.read_parquet(path, columns=[column])[column].index_of(key) is not None
