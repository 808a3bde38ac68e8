"""Checkpoints on a local disk: folders of Parquet parts that exist only once their manifest does.

    <workspace>/checkpoints/<step>-<hash>/
        manifest.json               key, step, version, parameters, inputs, parts with checksums, figures, seconds
        <frame>-00000.parquet       parts of at most PART_ROWS rows, in the sort order of `schemas.FRAMES`

A checkpoint is written into a hidden folder, every file flushed to disk, the manifest last, and then the folder is
renamed: a process killed or a disk filled at any moment leaves either the whole checkpoint or nothing that counts.
"""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from omnix_cli import __version__
from omnix_cli.errors import CorruptCheckpoint
from omnix_cli.protocols import Figures, Manifest
from omnix_cli.schemas import FRAMES
from omnix_cli.stores.files import PeakMemory, disk_trouble_told, sync_folder, write_atomically

PART_ROWS = 1 << 20
"""Rows of a part; fixed, so that the files do not depend on how the rows were computed."""
ROW_GROUP_ROWS = 1 << 16
"""Rows of a row group: small enough that looking one customer up reads little."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ParquetFrame:
    """One frame of a checkpoint. Implements `protocols.StoredFrame`."""

    name: str
    key: str
    rows: int
    paths: tuple[Path, ...]

    def scan(self) -> pl.LazyFrame:
        """The rows of all parts in order."""
        if not self.paths:
            return FRAMES[self.name].empty().lazy()
        return pl.scan_parquet(list(self.paths))


@dataclass(frozen=True)
class LocalCheckpoint:
    """A committed checkpoint. Implements `protocols.Checkpoint`."""

    folder: Path
    manifest: Manifest

    def frame(self, name: str) -> ParquetFrame:
        """One of its frames; empty when the step wrote none of that name."""
        parts = self.manifest.parts.get(name, ())
        paths = tuple(self.folder / str(part["path"]) for part in parts)
        return ParquetFrame(name, self.manifest.key, self.manifest.rows(name), paths)


class _Writer:
    """Cuts appended frames into parts of PART_ROWS rows. Implements `protocols.CheckpointWriter`."""

    def __init__(self, folder: Path, told: Path) -> None:
        self._folder = folder
        self._told = told
        self._waiting: dict[str, list[pl.DataFrame]] = {}
        self.parts: dict[str, list[dict[str, Any]]] = {}
        self.schemas: dict[str, dict[str, str]] = {}
        self.figures: Figures = {}

    def append(self, name: str, frame: pl.DataFrame) -> None:
        with disk_trouble_told(self._told):
            self._take(name, frame)

    def _take(self, name: str, frame: pl.DataFrame) -> None:
        self._waiting.setdefault(name, []).append(frame)
        while sum(piece.height for piece in self._waiting[name]) >= PART_ROWS:
            rows = pl.concat(self._waiting[name])
            self._write_part(name, rows.head(PART_ROWS))
            rest = rows.slice(PART_ROWS)
            self._waiting[name] = [rest] if rest.height else []  # an empty slice would keep the whole part in memory

    def add_figures(self, figures: Figures) -> None:
        for name, value in figures.items():
            known = self.figures.get(name)
            both_numbers = isinstance(known, int | float) and isinstance(value, int | float)
            self.figures[name] = known + value if both_numbers else value  # type: ignore[operator]

    def finish(self) -> None:
        for name, pieces in self._waiting.items():
            rows = pl.concat(pieces) if pieces else None
            if rows is not None and (rows.height or name not in self.parts):
                self._write_part(name, rows)

    def _write_part(self, name: str, rows: pl.DataFrame) -> None:
        parts = self.parts.setdefault(name, [])
        self.schemas[name] = {column: str(dtype) for column, dtype in rows.schema.items()}
        path = self._folder / f"{name}-{len(parts):05d}.parquet"
        with path.open("wb") as file:
            rows.rechunk().write_parquet(
                file, compression="zstd", compression_level=1, row_group_size=ROW_GROUP_ROWS, statistics=True
            )
            file.flush()
            os.fsync(file.fileno())
        parts.append({"path": path.name, "rows": rows.height, "bytes": path.stat().st_size, "sha256": checksum(path)})


class LocalCheckpoints:
    """The checkpoints of a workspace. Implements `protocols.Checkpoints`."""

    def __init__(self, folder: Path, *, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._now = now
        self._verified: set[str] = set()

    def find(self, key: str) -> LocalCheckpoint | None:
        if not (self._folder / key / "manifest.json").exists():
            return None
        damage = self.damage(key)
        if damage is None:
            return self.open(key)
        _log.warning("checkpoint %s is damaged (%s): set aside, it will be built again", key, damage)
        self._set_aside(self._folder / key, "damaged")
        return None

    def damage(self, key: str) -> str | None:
        if key in self._verified:
            return None
        try:
            checkpoint = self.open(key)
        except CorruptCheckpoint as error:
            return error.message
        damage = _damage(checkpoint)
        if damage is None:
            self._verified.add(key)
        return damage

    def open(self, key: str) -> LocalCheckpoint:
        folder = self._folder / key
        try:
            content = orjson.loads((folder / "manifest.json").read_bytes())
            content["created_at"] = datetime.fromisoformat(content["created_at"])
            return LocalCheckpoint(folder, Manifest(**content))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise CorruptCheckpoint(
                f"checkpoint {key} cannot be read: {error}",
                hint="Run the step that makes it again, with --force.",
            ) from error

    @contextmanager
    def write(
        self, *, key: str, step: str, version: str, parameters: Mapping[str, Any], inputs: Mapping[str, str]
    ) -> Iterator[_Writer]:
        memory = PeakMemory()
        began = time.perf_counter()
        with disk_trouble_told(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(prefix=f".writing-{key}-", dir=self._folder))
        try:
            writer = _Writer(temporary, self._folder)
            yield writer
            with disk_trouble_told(self._folder):
                writer.finish()
                manifest = Manifest(
                    key=key,
                    step=step,
                    version=version,
                    parameters=parameters,
                    inputs=inputs,
                    parts=writer.parts,
                    schemas=writer.schemas,
                    figures=writer.figures,
                    seconds=round(time.perf_counter() - began, 3),
                    peak_memory_bytes=memory.peak_bytes(),
                    created_at=self._now(),
                    tools={"omnix": __version__, "polars": pl.__version__, "python": platform.python_version()},
                )
                write_atomically(temporary / "manifest.json", _as_json(manifest))
                self._commit(temporary, self._folder / key)
                self._verified.add(key)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def manifests(self) -> Iterator[Manifest]:
        """The manifests of all committed checkpoints, by key."""
        if not self._folder.exists():
            return
        for folder in sorted(self._folder.iterdir()):
            if folder.name.startswith(".") or not (folder / "manifest.json").exists():
                continue
            try:
                yield self.open(folder.name).manifest
            except CorruptCheckpoint as error:
                _log.warning("%s", error.message)

    def remove(self, key: str) -> None:
        """Removes a checkpoint: first from sight, then from the disk."""
        if (self._folder / key).exists():
            shutil.rmtree(self._set_aside(self._folder / key, "removed"))
        self._verified.discard(key)

    def sweep(self) -> int:
        """Removes what killed processes left behind; the caller holds the workspace's lock. Returns how many."""
        if not self._folder.exists():
            return 0
        leftovers = [folder for folder in self._folder.iterdir() if folder.name.startswith(".")]
        for folder in leftovers:
            shutil.rmtree(folder, ignore_errors=True)
        return len(leftovers)

    def _commit(self, temporary: Path, final: Path) -> None:
        sync_folder(temporary)
        if final.exists():
            shutil.rmtree(self._set_aside(final, "replaced"))
        temporary.rename(final)
        sync_folder(self._folder)

    def _set_aside(self, folder: Path, why: str) -> Path:
        aside = Path(tempfile.mkdtemp(prefix=f".{why}-", dir=self._folder)) / folder.name
        folder.rename(aside)
        return aside.parent


def checksum(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _as_json(manifest: Manifest) -> bytes:
    return orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)


def _damage(checkpoint: LocalCheckpoint) -> str | None:
    for parts in checkpoint.manifest.parts.values():
        for part in parts:
            path = checkpoint.folder / str(part["path"])
            if not path.exists():
                return f"{path.name} is missing"
            if path.stat().st_size != part["bytes"] or checksum(path) != part["sha256"]:
                return f"{path.name} differs from its checksum"
    return None
