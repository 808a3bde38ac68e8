"""How far a long piece of work is, and whether it may go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

MayGoOn = Callable[[], None]
"""Called after each piece of work and before each change. Raises `Interrupted` after a signal, and `LockedError` when
the process no longer holds the lock of its workspace."""


def always() -> None:
    """Nothing stops the work: the default of everything that takes a `MayGoOn`."""


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
