"""The records of runs: one JSON file a run, replaced as a whole after every step."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from omnix_cli.errors import DataError
from omnix_cli.records import RunRecord
from omnix_cli.stores.files import write_atomically

_log = logging.getLogger(__name__)


class RunFolder:
    """The folder `runs/` of a workspace. Implements `protocols.RunRecords`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, record: RunRecord) -> None:
        write_atomically(self._folder / f"{record.run_id}.json", record.model_dump_json(indent=2).encode())

    def load(self, run_id: str) -> RunRecord:
        """The run with this id or with an id that begins so, or `latest`."""
        found = [path for path in self._paths() if path.stem.startswith(run_id)] or (
            self._paths()[:1] if run_id == "latest" else []
        )
        if not found:
            raise DataError(f"there is no run {run_id!r}", hint="`omnix runs list` shows them all.")
        if len(found) > 1 and found[0].stem != run_id:
            raise DataError(f"{len(found)} runs begin with {run_id!r}", hint="Give more of the id.")
        return _read(found[0])

    def newest_first(self) -> Iterator[RunRecord]:
        for path in self._paths():
            try:
                yield _read(path)
            except DataError as error:
                _log.warning("%s: left out", error.message)

    def remove(self, run_id: str) -> None:
        (self._folder / f"{run_id}.json").unlink(missing_ok=True)

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("[!.]*.json"), reverse=True)


def _read(path: Path) -> RunRecord:
    try:
        return RunRecord.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise DataError(f"the run record {path} cannot be read", hint="Remove the file, or restore it.") from error
