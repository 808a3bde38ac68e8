"""The records of runs: one JSON file for each run, rewritten after every step."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from omnix_cli.errors import CorruptCheckpoint, DataError
from omnix_cli.records import RunRecord
from omnix_cli.stores.workspace.folders import Folder
from omnix_cli.stores.workspace.versions import unreadable

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunFolder:
    """The folder `runs/` of a workspace. Implements `protocols.RunRecords`."""

    folder: Folder

    def save(self, record: RunRecord) -> None:
        self.folder.write(f"{record.run_id}.json", record.model_dump_json(indent=2).encode())

    def load(self, run_id: str) -> RunRecord:
        """The run with this id, the one whose id begins so, or `latest`."""
        ids = self._ids()
        found = [known for known in ids if known.startswith(run_id)] or (ids[:1] if run_id == "latest" else [])
        if not found:
            raise DataError(f"there is no run {run_id!r}", hint="`omnix runs list` lists all runs.")
        if len(found) > 1 and found[0] != run_id:
            raise DataError(f"{len(found)} runs begin with {run_id!r}", hint="Give more characters of the id.")
        return self._read(found[0])

    def newest_first(self) -> Iterator[RunRecord]:
        for run_id in self._ids():
            try:
                yield self._read(run_id)
            except CorruptCheckpoint as error:
                _log.warning("%s; skipped", error.message)

    def remove(self, run_id: str) -> None:
        self.folder.remove(f"{run_id}.json")

    def _ids(self) -> list[str]:
        return [name.removesuffix(".json") for name in reversed(self.folder.names()) if name.endswith(".json")]

    def _read(self, run_id: str) -> RunRecord:
        try:
            return RunRecord.model_validate_json(self.folder.read(f"{run_id}.json"))
        except (OSError, ValidationError) as error:
            hint = "Delete the file, or restore it from a backup."
            raise unreadable(error, f"the record of run {run_id}", hint=hint, newer=f"run {run_id}") from error
