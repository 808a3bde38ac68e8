"""Two shelves, one above the other: work that is tried out reads both and changes only the upper one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from omnix_cli.stores.workspace.folders import Draft, Shelf


@dataclass(frozen=True)
class LayeredShelf:
    """What is on either shelf; all changes are made to `upper`. What is hidden or removed is gone for this shelf only.
    Implements `folders.Shelf`."""

    upper: Shelf
    lower: Shelf
    _gone: set[str] = field(default_factory=set, init=False, compare=False, repr=False)
    """The keys on the lower shelf that count as removed."""

    def committed(self) -> list[str]:
        return sorted({*self.upper.committed(), *(key for key in self.lower.committed() if key not in self._gone)})

    def manifest(self, key: str) -> bytes | None:
        return self._holding(key).manifest(key)

    def damage(self, key: str, part: Mapping[str, Any]) -> str | None:
        return self._holding(key).damage(key, part)

    def scan(self, key: str, paths: Sequence[str]) -> pl.LazyFrame:
        return self._holding(key).scan(key, paths)

    def draft(self, key: str) -> AbstractContextManager[Draft]:
        return self.upper.draft(key)

    def revise(self, key: str) -> AbstractContextManager[Draft]:
        return self.upper.revise(key)

    def tidy(self, key: str) -> int:
        return self.upper.tidy(key)

    def hide(self, key: str) -> None:
        self.remove(key)

    def remove(self, key: str) -> None:
        self.upper.remove(key)
        self._gone.add(key)

    def sweep(self) -> int:
        return self.upper.sweep()

    def _holding(self, key: str) -> Shelf:
        return self.upper if key in self._gone or self.upper.manifest(key) is not None else self.lower
