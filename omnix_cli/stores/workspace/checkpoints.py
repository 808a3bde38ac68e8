"""Checkpoints: Parquet parts and a manifest under a key, in a folder on disk or in a bucket (`folders.Shelf`).

    checkpoints/
        _manifests/<step>-<hash>.manifest.json    key, step, version, parameters, inputs, parts with checksums, figures
        <step>-<hash>/<frame>-00000.parquet       parts of at most PART_ROWS rows, in the order of `schemas.FRAMES`

In a bucket, the manifest is in the folder of the checkpoint, and the parts are in one more folder, named after the
attempt that wrote them. The manifest is written last: without it there is no checkpoint.
"""

from __future__ import annotations

import base64
import json
import logging
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import partial
from typing import IO, Any

import polars as pl
from pydantic import TypeAdapter

from omnix_cli import __version__
from omnix_cli.errors import CorruptCheckpoint, os_failure
from omnix_cli.processes.peak_memory import PeakMemory
from omnix_cli.protocols.checkpoints import Figures, Manifest, StagedPart, added
from omnix_cli.stores.workspace.files import disk_errors, stage
from omnix_cli.stores.workspace.folders import Draft, Shelf, check_parts, inner_path
from omnix_cli.stores.workspace.forgotten import ForgottenCustomers
from omnix_cli.stores.workspace.sealed_json import as_sealed_json, from_sealed_json, reason
from omnix_cli.stores.workspace.versions import newer_workspace

PART_ROWS = 1 << 20
"""Rows in a part; fixed, so that the files do not depend on how the rows were computed."""
ROW_GROUP_ROWS = 1 << 17
"""Rows in a row group: small enough that reading one customer reads little."""

_RUN_AGAIN = "Run `omnix run`: it computes this step again."
_IMPORT_AGAIN = "Import the files again into a new workspace (--workspace)."

_FIELDS = {one.name for one in fields(Manifest)}
_MANIFEST = TypeAdapter(Manifest)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ParquetFrame:
    """One frame of a checkpoint. Implements `protocols.StoredFrame`."""

    name: str
    key: str
    rows: int
    paths: tuple[str, ...]
    columns: Mapping[str, str]
    """The columns as they were written, with their types."""
    shelf: Shelf
    forgotten: ForgottenCustomers | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Those of the import, for quarantined rows."""

    def scan(self, *columns: str) -> pl.LazyFrame:
        """The rows of all parts in order, with the columns that the frame has in this release; none of customers who
        are forgotten."""
        if columns and self.paths and self.columns.keys() >= set(columns):
            return self._rows().select(columns)
        from omnix_cli.schemas import FRAMES  # here, since it takes longer to load than most look-ups

        if not self.paths:
            return FRAMES[self.name].empty().lazy()
        rows = self._rows()
        spec = FRAMES.get(self.name)
        if spec is None:
            return rows
        again = _IMPORT_AGAIN if self.key.startswith("import-") else _RUN_AGAIN
        return spec.current(rows, self.columns, where=f"checkpoint {self.key}", hint=again)

    def _rows(self) -> pl.LazyFrame:
        rows = self.shelf.scan(self.key, self.paths)
        if self.forgotten is None or not self.forgotten.anybody:
            return rows
        by_row = self.name == "quarantine"
        in_rows = partial(self.forgotten.in_rows, parameters=self.parameters)
        column, is_gone = ("row", in_rows) if by_row else ("customer_id", self.forgotten.among)
        if column not in self.columns:
            return rows
        return rows.filter(~pl.col(column).map_batches(is_gone, return_dtype=pl.Boolean, is_elementwise=True))


@dataclass(frozen=True)
class ParquetCheckpoint:
    """A committed checkpoint. Implements `protocols.Checkpoint`."""

    manifest: Manifest
    shelf: Shelf
    forgotten: ForgottenCustomers | None = None

    def frame(self, name: str) -> ParquetFrame:
        """One of its frames; empty if the step wrote none of that name."""
        paths = tuple(str(part["path"]) for part in self.manifest.parts.get(name, ()))
        columns = self.manifest.schemas.get(name, {})
        return ParquetFrame(
            name,
            self.manifest.key,
            self.manifest.rows(name),
            paths,
            columns,
            self.shelf,
            self.forgotten,
            self.manifest.parameters if name == "quarantine" else {},
        )


class _Writer:
    """Cuts appended frames into parts of `part_rows` rows. Implements `protocols.CheckpointWriter`."""

    def __init__(self, draft: Draft, part_rows: int) -> None:
        self._draft = draft
        self._part_rows = part_rows
        self._waiting: dict[str, list[pl.DataFrame]] = {}
        self.parts: dict[str, list[dict[str, Any]]] = {}
        self.schemas: dict[str, dict[str, str]] = {}
        self.figures: Figures = {}

    def append(self, name: str, frame: pl.DataFrame) -> None:
        self._waiting.setdefault(name, []).append(frame)
        while sum(piece.height for piece in self._waiting[name]) >= self._part_rows:
            rows = pl.concat(self._waiting[name])
            self._write_part(name, rows.head(self._part_rows))
            rest = rows.slice(self._part_rows)
            self._waiting[name] = [rest] if rest.height else []  # an empty slice would keep the whole part in memory

    def adopt(self, name: str, part: StagedPart) -> None:
        schema = pl.scan_parquet(part.file.path, glob=False).collect_schema()  # its path may have brackets
        self._keep(name, schema, part.rows, self._draft.adopt(self._next(name), part.file))

    def add_figures(self, figures: Figures) -> None:
        self.figures = added(self.figures, figures)

    def finish(self) -> None:
        for name, pieces in self._waiting.items():
            rows = pl.concat(pieces) if pieces else None
            if rows is not None and (rows.height or name not in self.parts):
                self._write_part(name, rows)

    def _write_part(self, name: str, rows: pl.DataFrame) -> None:
        path = self._draft.folder / self._next(name)
        with disk_errors(path.parent.parent):
            file = stage(path, partial(write_parquet, rows.rechunk()))
        self._keep(name, rows.schema, rows.height, self._draft.adopt(path.name, file))

    def _next(self, name: str) -> str:
        return f"{name}-{len(self.parts.get(name, ())):05d}.parquet"

    def _keep(self, name: str, schema: Mapping[str, pl.DataType], rows: int, file: Mapping[str, Any]) -> None:
        self.schemas[name] = {column: str(dtype) for column, dtype in schema.items()}
        self.parts.setdefault(name, []).append({**file, "rows": rows})


class ParquetCheckpoints:
    """All checkpoints of a workspace. Implements `protocols.Checkpoints`."""

    def __init__(
        self,
        shelf: Shelf,
        *,
        now: Callable[[], datetime],
        part_rows: int = PART_ROWS,
        forgotten: ForgottenCustomers | None = None,
    ) -> None:
        self._shelf = shelf
        self._forgotten = forgotten
        self._part_rows = part_rows
        self._now = now
        self._verified: set[str] = set()

    def find(self, key: str) -> ParquetCheckpoint | None:
        if self._shelf.manifest(key) is None:
            return None
        damage = self.damage(key)
        if damage is None:
            return self.open(key)
        _log.warning("checkpoint %s is damaged (%s) and will be rebuilt", key, damage)
        self._shelf.hide(key)
        return None

    def damage(self, key: str) -> str | None:
        if key in self._verified:
            return None
        try:
            manifest = self.open(key).manifest
        except CorruptCheckpoint as error:
            return error.message
        parts = (part for parts in manifest.parts.values() for part in parts)
        damage = next(filter(None, (self._shelf.damage(key, part) for part in parts)), None)
        if damage is None:
            self._verified.add(key)
        return damage

    def open(self, key: str) -> ParquetCheckpoint:
        try:
            content = self._shelf.manifest(inner_path(key))
            if content is None:
                raise ValueError("it does not exist")
            manifest = from_sealed_json(content, partial(_manifest, key))
            return ParquetCheckpoint(manifest, self._shelf, self._forgotten)
        except OSError as error:
            raise os_failure(error, f"checkpoint {key} cannot be read") from error
        except ValueError as error:
            hint = "Run its step again with --force."
            raise CorruptCheckpoint(f"checkpoint {key} cannot be read: {reason(error)}", hint=hint) from error

    @contextmanager
    def write(
        self, *, key: str, step: str, version: str, parameters: Mapping[str, Any], inputs: Mapping[str, str]
    ) -> Iterator[_Writer]:
        memory = PeakMemory()
        began = time.perf_counter()
        with self._shelf.draft(key) as draft:
            writer = _Writer(draft, self._part_rows)
            yield writer
            writer.finish()
            waited = float(writer.figures.get("waited_seconds", 0))
            manifest = Manifest(
                key=key,
                step=step,
                version=version,
                parameters=parameters,
                inputs=inputs,
                parts=writer.parts,
                schemas=writer.schemas,
                figures=writer.figures,
                seconds=max(0.0, round(time.perf_counter() - began - waited, 3)),
                peak_memory_bytes=memory.peak_bytes(),
                created_at=self._now(),
                tools={"omnix": __version__, "polars": pl.__version__, "python": platform.python_version()},
            )
            draft.commit(as_sealed_json(_MANIFEST.dump_python(manifest, mode="json")))
            self._verified.add(key)

    def manifests(self) -> Iterator[Manifest]:
        """The manifests of all committed checkpoints, by key."""
        for key in self._shelf.committed():
            try:
                yield self.open(key).manifest
            except CorruptCheckpoint as error:
                _log.warning("%s", error.message)

    def stored(self, key: str, frame: str) -> Iterator[pl.LazyFrame]:
        """The parts of a frame as they are stored, also with rows of customers who are forgotten."""
        for part in self.open(key).manifest.parts.get(frame, ()):
            yield self._shelf.scan(key, [str(part["path"])])

    def take_out(self, key: str, gone: Mapping[str, pl.Expr]) -> int:
        """Takes rows out of a checkpoint and renews its manifest in one step, with the same key; returns how many.
        `gone` has a condition for each frame that may have such rows.

        Parts without such rows stay as they are, and a killed process leaves the checkpoint as it was, or changed."""
        self._shelf.tidy(key)
        manifest, removed = self.open(key).manifest, 0
        parts = {name: list(entries) for name, entries in manifest.parts.items()}
        with self._shelf.revise(key) as draft:
            for name, condition in gone.items():
                for number, part in enumerate(manifest.parts.get(name, ())):
                    rows = self._shelf.scan(key, [str(part["path"])])
                    if not (count := rows.filter(condition).select(pl.len()).collect().item()):
                        continue
                    left = rows.filter(~condition.fill_null(False)).collect()
                    path = draft.folder / f"{name}-{number:05d}.parquet"
                    with disk_errors(path.parent.parent):
                        file = stage(path, partial(write_parquet, left.rechunk()))
                    parts[name][number] = {**draft.adopt(path.name, file), "rows": left.height}
                    removed += count
            if removed:
                draft.commit(as_sealed_json(_MANIFEST.dump_python(replace(manifest, parts=parts), mode="json")))
                self._verified.discard(key)
        return removed

    def tidy(self, key: str) -> int:
        """See `Shelf.tidy`."""
        return self._shelf.tidy(key)

    def remove(self, key: str) -> None:
        self._shelf.remove(key)
        self._verified.discard(key)

    def sweep(self) -> int:
        """See `Shelf.sweep`."""
        return self._shelf.sweep()


def _manifest(key: str, content: Mapping[str, Any]) -> Manifest:
    """The manifest of a checkpoint. Raises ValueError when it is damaged."""
    if content.keys() - _FIELDS:
        raise newer_workspace(f"checkpoint {key}")
    manifest = _MANIFEST.validate_python(content)
    check_parts(manifest.parts)
    if manifest.key != key:
        raise ValueError(f"it is that of {manifest.key}")
    return manifest


def write_parquet(rows: pl.DataFrame, file: IO[bytes], *, row_group_rows: int = ROW_GROUP_ROWS) -> None:
    """Writes rows as a part of a checkpoint."""
    rows.write_parquet(
        file,
        compression="zstd",
        compression_level=1,
        row_group_size=row_group_rows,
        statistics=True,
        metadata={"ARROW:schema": _arrow_schema(rows.schema)},
    )


def _arrow_schema(columns: pl.Schema) -> str:
    """The schema as Arrow keeps it in Parquet files, with what pandas keeps there: which columns may hold integers and
    nulls. Without it, pandas makes floats of them.

    Source: "Storing pandas DataFrame objects in Apache Parquet", pandas developer guide."""
    noted = [
        {"name": name, "field_name": name, "pandas_type": str(kind).lower(), "numpy_type": str(kind), "metadata": None}
        for name, kind in columns.items()
        if kind.is_integer()
    ]
    pandas = {"index_columns": [], "column_indexes": [], "columns": noted, "pandas_version": "3.0"}
    schema = columns.to_frame().to_arrow().schema.with_metadata({"pandas": json.dumps(pandas)})
    return base64.b64encode(schema.serialize().to_pybytes()).decode()
