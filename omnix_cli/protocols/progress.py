"""How far a long piece of work is: what a service reports to, and a terminal, a log or nobody shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """Shows one piece of work at a time. `advance` may be called from several threads."""

    def begin(self, name: str, total: int) -> None:
        """Starts a piece of work of about `total` things; 0 if nobody knows how many."""

    def advance(self, done: int) -> None:
        """Adds that many finished things."""

    def end(self) -> None:
        """Ends what was begun, whether it succeeded or not."""


class NoProgress:
    """Shows nothing: the default of every function that reports progress."""

    def begin(self, name: str, total: int) -> None:
        pass

    def advance(self, done: int) -> None:
        pass

    def end(self) -> None:
        pass


NO_PROGRESS: Progress = NoProgress()


@contextmanager
def shown(progress: Progress, name: str, total: int) -> Iterator[None]:
    """Begins a piece of work and ends it, also when it fails."""
    progress.begin(name, total)
    try:
        yield
    finally:
        progress.end()
