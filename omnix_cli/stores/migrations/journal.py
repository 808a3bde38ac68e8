"""What a copy has done so far, written to disk before anything that depends on it.

<workspace>/migrations/<run>/
    run.json                             the copy's source, target and state
    <table>-<segment>.json               the progress of a segment
    images/<table>-<segment>-<chunk>-<attempt>.parquet   the target's items before a chunk was written
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, TypeAdapter

from omnix_cli.errors import ConfigError, CorruptCheckpoint
from omnix_cli.records import MigrationRecord, SegmentProgress
from omnix_cli.settings import StoreSettings
from omnix_cli.stores.migrations.item_parquet import as_parquet, items_frame, read_items
from omnix_cli.stores.tables.specs import TABLES
from omnix_cli.stores.workspace.files import entries
from omnix_cli.stores.workspace.folders import DiskFolder
from omnix_cli.stores.workspace.lock import workspace_lock
from omnix_cli.stores.workspace.sealed_json import as_sealed_json, from_sealed_json, reason


def _known(table: str) -> str:
    if table not in TABLES:
        raise ValueError(f"there is no table {table!r}")
    return table


_TABLES = TypeAdapter(list[Annotated[str, AfterValidator(_known)]])
Images = Mapping[str, dict[str, Any] | None]
"""Items of the target by key, as they were before a copy wrote them; None where there was none."""


class Journal:
    """The journal of one copy; everything is on disk when a method returns."""

    def __init__(self, folder: Path, record: MigrationRecord) -> None:
        self._folder = folder
        self.record = record

    @property
    def tables(self) -> list[str]:
        """The tables that are copied."""
        with _readable(self._folder / "run.json"):
            return _TABLES.validate_python(self.record.plan.get("tables"))

    def target(self, **changes: Any) -> StoreSettings:
        """The settings of the store that was written to, with these changes."""
        with _readable(self._folder / "run.json"):
            return StoreSettings.model_validate({**self.record.target, **changes})

    def update(self, **changes: Any) -> None:
        """Changes fields of the record."""
        self.record = self.record.model_copy(update=changes)
        self._write("run.json", self.record)

    def progress(self, table: str, segment: int) -> SegmentProgress:
        path = self._folder / f"{table}-{segment:03d}.json"
        if not path.exists():
            return SegmentProgress()
        with _readable(path):
            return from_sealed_json(path.read_bytes(), SegmentProgress.model_validate)

    def save(self, table: str, segment: int, progress: SegmentProgress) -> None:
        self._write(f"{table}-{segment:03d}.json", progress)

    def keep(self, table: str, segment: int, chunk: int, images: Images) -> dict[str, dict[str, Any] | None]:
        """Keeps the images of a chunk before it is written, and returns all that are kept. Those of an earlier attempt
        at the chunk stay: they were read before that attempt wrote."""
        kept: dict[str, dict[str, Any] | None] = {}
        folder, beginning = self._folder / "images", f"{table}-{segment:03d}-{chunk:07d}-"
        attempt = 0
        while (path := folder / f"{beginning}{attempt:03d}.parquet").exists():
            kept = dict(self.image(table, path.name)) | kept
            attempt += 1
        if new := {key: item for key, item in images.items() if key not in kept}:
            items = [item for item in new.values() if item is not None]
            absent = [key for key, item in new.items() if item is None]
            DiskFolder(folder).write(path.name, as_parquet(items_frame(TABLES[table], items, absent)))
        return kept | new

    def images(self, table: str) -> list[str]:
        """The names of the image files, in order within each segment."""
        names = DiskFolder(self._folder / "images").names()
        return [name for name in names if re.fullmatch(rf"{table}-\d.*\.parquet", name)]

    def image(self, table: str, name: str) -> Iterator[tuple[str, dict[str, Any] | None]]:
        path = self._folder / "images" / name
        with _readable(path):
            yield from read_items(path.read_bytes(), TABLES[table].key)

    def _write(self, name: str, content: MigrationRecord | SegmentProgress) -> None:
        DiskFolder(self._folder).write(name, as_sealed_json(content.model_dump(mode="json")))


@dataclass(frozen=True)
class Journals:
    """The journals in a folder."""

    folder: Path
    now: Callable[[], datetime]

    @contextmanager
    def locked(self, command: str) -> Iterator[None]:
        """The right to change the journals, without what killed processes left in them. It is not the lock of the
        workspace: a nightly run does not wait for it."""
        with workspace_lock(self.folder, command=command, now=self.now()):
            for journal in entries(self.folder):
                for folder in (journal, journal / "images"):
                    DiskFolder(folder).sweep()
            yield

    def begin(self, record: MigrationRecord) -> Journal:
        """A new journal, or that of the same copy when it is unfinished."""
        for run in self._newest_first():
            journal = self.find(run)
            if journal.record.plan == record.plan and journal.record.state == "copying":
                return journal
        journal = Journal(self.folder / record.run_id, record)
        journal.update()
        return journal

    def find(self, run: str) -> Journal:
        """The journal of a run, by its id, the beginning of it, or `latest`: the latest that wrote something. Raises
        `ConfigError` when there is none, or several."""
        runs = self._newest_first()
        matching = self._latest(runs) if run == "latest" else [name for name in runs if name.startswith(run)]
        if run in matching:
            matching = [run]
        if len(matching) != 1:
            what = f"{len(matching)} copies begin with {run!r}" if matching else f"there is no copy {run!r}"
            raise ConfigError(what, hint=f"The latest: {', '.join(runs[:5]) or 'none yet'}.")
        path = self.folder / matching[0] / "run.json"
        with _readable(path):
            return Journal(path.parent, from_sealed_json(path.read_bytes(), MigrationRecord.model_validate))

    def _latest(self, runs: Sequence[str]) -> Sequence[str]:
        """The newest run, in a list; one that found nothing to write, such as the repetition of a finished copy, only
        if no other did."""
        wrote = (name for name in runs if any((self.folder / name / "images").glob("*.parquet")))
        return [next(wrote, runs[0])] if runs else []

    def _newest_first(self) -> list[str]:
        return sorted((path.name for path in entries(self.folder) if (path / "run.json").exists()), reverse=True)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Says which file of a journal is damaged."""
    try:
        yield
    except ValueError as error:
        hint = f"Restore it from a backup, or move {path.parent} away: then this copy cannot go on or be undone."
        raise CorruptCheckpoint(f"{path} cannot be read: {reason(error)}", hint=hint) from error
