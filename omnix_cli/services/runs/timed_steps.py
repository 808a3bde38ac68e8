"""Progress of work that says nothing until it is done, by the time that it is expected to take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from threading import Event, Thread

from omnix_cli.protocols.progress import NO_PROGRESS, Progress

PATIENCE = 2
"""Work that is done within so many seconds shows no progress."""


@contextmanager
def timed(progress: Progress, name: str, seconds: float, *, patience: int = PATIENCE) -> Iterator[None]:
    """Shows progress by the second while the block works, from the second after `patience` on. The last of the expected
    `seconds` (0: nobody knows) lasts until the block ends."""
    if progress is NO_PROGRESS:
        yield
        return
    is_done = Event()
    ticker = Thread(target=_tick, args=(progress, name, seconds, patience, is_done), daemon=True)
    ticker.start()
    try:
        yield
    finally:
        is_done.set()
        ticker.join()


def _tick(progress: Progress, name: str, seconds: float, patience: int, is_done: Event) -> None:
    if is_done.wait(patience):
        return
    total = max(ceil(seconds), patience + 1) if seconds else 0
    progress.begin(name, total)
    try:
        progress.advance(patience)
        for _ in range(total - patience - 1):
            if is_done.wait(1):
                return
            progress.advance(1)
        is_done.wait()
    finally:
        progress.end()
