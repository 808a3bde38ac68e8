"""What a migration has done, on the disk before anything is done that depends on it.

<workspace>/migrations/<run>/
    run.json                             what goes from where to where, and how it stands
    <table>-<segment>.json               how far a segment is
    images/<table>-<segment>-<chunk>-<attempt>.parquet   what stood in the target before a chunk was written
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from omnix_cli.errors import CorruptCheckpoint, DataError
from omnix_cli.records import MigrationRecord, SegmentProgress
from omnix_cli.stores.migrations.item_parquet import as_parquet, items_frame, read_items
from omnix_cli.stores.tables.specs import TABLES
from omnix_cli.stores.workspace.folders import DiskFolder


class FileJournal:
    """The journal of one migration. Implements `protocols.MigrationJournal`."""

    def __init__(self, folder: Path, record: MigrationRecord) -> None:
        self._folder = folder
        self.record = record

    def update(self, **changes: Any) -> None:
        self.record = self.record.model_copy(update=changes)
        self._write("run.json", self.record)

    def progress(self, table: str, segment: int) -> SegmentProgress:
        path = self._folder / f"{table}-{segment:03d}.json"
        return SegmentProgress.model_validate_json(path.read_bytes()) if path.exists() else SegmentProgress()

    def save(self, table: str, segment: int, progress: SegmentProgress) -> None:
        self._write(f"{table}-{segment:03d}.json", progress)

    def keep(
        self, table: str, segment: int, chunk: int, images: Mapping[str, dict[str, Any] | None]
    ) -> dict[str, dict[str, Any] | None]:
        kept: dict[str, dict[str, Any] | None] = {}
        attempt = 0
        while (path := self._image(table, segment, chunk, attempt)).exists():
            known = read_items(path.read_bytes(), TABLES[table].key)
            kept |= {key: item for key, item in known if key not in kept}
            attempt += 1
        new = {key: item for key, item in images.items() if key not in kept}
        if new:
            stood = [item for item in new.values() if item is not None]
            absent = [key for key, item in new.items() if item is None]
            DiskFolder(path.parent).write(path.name, as_parquet(items_frame(TABLES[table], stood, absent)))
        return kept | new

    def images(self, table: str) -> list[str]:
        return sorted(path.name for path in (self._folder / "images").glob(f"{table}-[0-9]*.parquet"))

    def image(self, table: str, name: str) -> Iterator[tuple[str, dict[str, Any] | None]]:
        return read_items((self._folder / "images" / name).read_bytes(), TABLES[table].key)

    def _image(self, table: str, segment: int, chunk: int, attempt: int) -> Path:
        return self._folder / "images" / f"{table}-{segment:03d}-{chunk:07d}-{attempt:03d}.parquet"

    def _write(self, name: str, content: MigrationRecord | SegmentProgress) -> None:
        DiskFolder(self._folder).write(name, content.model_dump_json(indent=1).encode())


class MigrationFolder:
    """The migrations of a workspace."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, record: MigrationRecord) -> FileJournal:
        """The journal of a new migration, or that of the unfinished one that is the same."""
        for run in self._newest_first():
            known = self.find(run).record
            if known.plan == record.plan and known.state == "copying":
                return self.find(run)
        journal = FileJournal(self._folder / record.run_id, record)
        journal.update()
        return journal

    def find(self, run: str) -> FileJournal:
        """The journal of a run, by id, the beginning of one, or `latest`. Raises `DataError` when there is none."""
        runs = self._newest_first()
        found = runs[:1] if run == "latest" else [name for name in runs if name.startswith(run)]
        if run in found:
            found = [run]
        if len(found) != 1:
            what = f"{len(found)} migrations begin with {run!r}" if found else f"there is no migration {run!r}"
            raise DataError(what, hint=f"The latest: {', '.join(runs[:5]) or 'none yet'}.")
        path = self._folder / found[0] / "run.json"
        try:
            return FileJournal(path.parent, MigrationRecord.model_validate_json(path.read_bytes()))
        except (OSError, ValidationError) as error:
            raise CorruptCheckpoint(f"{path} cannot be read", hint="Put it back from a copy.") from error

    def _newest_first(self) -> list[str]:
        return sorted((path.parent.name for path in self._folder.glob("*/run.json")), reverse=True)
