"""Running steps without keeping their results: existing checkpoints are read, new ones are deleted afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from omnix_cli.errors import CorruptCheckpoint
from omnix_cli.protocols.checkpoints import Checkpoint, Checkpoints, CheckpointWriter, Manifest


@dataclass(frozen=True)
class ScratchCheckpoints:
    """Reads `lasting` and `scratch`, writes only to `scratch`. Implements `protocols.Checkpoints`."""

    lasting: Checkpoints
    scratch: Checkpoints

    def find(self, key: str) -> Checkpoint | None:
        return self.scratch.find(key) or self.lasting.find(key)

    def damage(self, key: str) -> str | None:
        return self.scratch.damage(key) and self.lasting.damage(key)

    def open(self, key: str) -> Checkpoint:
        try:
            return self.scratch.open(key)
        except CorruptCheckpoint:
            return self.lasting.open(key)

    def write(self, **what: Any) -> AbstractContextManager[CheckpointWriter]:
        return self.scratch.write(**what)

    def manifests(self) -> Iterator[Manifest]:
        return self.lasting.manifests()

    def remove(self, key: str) -> None:
        self.scratch.remove(key)
