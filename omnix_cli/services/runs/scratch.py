"""Running steps without keeping their results: existing checkpoints are read, new ones are deleted afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from omnix_cli.errors import CorruptCheckpoint
from omnix_cli.protocols.checkpoints import Checkpoint, Checkpoints, CheckpointWriter, Manifest, RunRecords
from omnix_cli.records import RunRecord
from omnix_cli.services.runs.runner import Runner


@dataclass(frozen=True)
class ScratchCheckpoints:
    """Reads `lasting` and `scratch`, writes only to `scratch`. Implements `protocols.Checkpoints`."""

    lasting: Checkpoints
    scratch: Checkpoints

    def find(self, key: str) -> Checkpoint | None:
        return self.scratch.find(key) or self.lasting.find(key)

    def damage(self, key: str) -> str | None:
        return self._holder(key).damage(key)

    def open(self, key: str) -> Checkpoint:
        return self._holder(key).open(key)

    def write(self, **what: Any) -> AbstractContextManager[CheckpointWriter]:
        return self.scratch.write(**what)

    def manifests(self) -> Iterator[Manifest]:
        return self.lasting.manifests()

    def remove(self, key: str) -> None:
        self.scratch.remove(key)

    def _holder(self, key: str) -> Checkpoints:
        try:
            self.scratch.open(key)
        except CorruptCheckpoint:
            return self.lasting
        return self.scratch


@dataclass(frozen=True)
class ReadRecords:
    """Records of runs that can be read but not changed. Implements `protocols.RunRecords`."""

    lasting: RunRecords

    def save(self, record: RunRecord) -> None:
        """Does nothing."""

    def load(self, run_id: str) -> RunRecord:
        return self.lasting.load(run_id)

    def newest_first(self) -> Iterator[RunRecord]:
        return self.lasting.newest_first()

    def remove(self, run_id: str) -> None:
        """Does nothing."""


def without_trace(runner: Runner, scratch: Checkpoints) -> Runner:
    """A runner that computes what is missing into `scratch` and records nothing."""
    checkpoints = ScratchCheckpoints(runner.checkpoints, scratch)
    return replace(runner, checkpoints=checkpoints, records=ReadRecords(runner.records))
