"""Progress on stderr: a bar on a terminal, a log line elsewhere."""

from __future__ import annotations

import logging
import sys
import time

from omnix_cli.protocols.progress import NO_PROGRESS, Progress
from omnix_cli.safe_text.printing import one_line

_log = logging.getLogger(__name__)


def on_stderr() -> Progress:
    """What suits where stderr goes."""
    return ProgressBar() if sys.stderr is not None and sys.stderr.isatty() else ProgressLog()


def on_terminal() -> Progress:
    """A bar if stderr goes to a terminal; nothing elsewhere, where each step logs its beginning and its end."""
    return ProgressBar(stays=False) if sys.stderr is not None and sys.stderr.isatty() else NO_PROGRESS


class ProgressBar:
    """A bar with the time left, which `stays` when its work is done or vanishes."""

    def __init__(self, *, stays: bool = True) -> None:
        self._stays = stays

    def begin(self, name: str, total: int) -> None:
        from rich import progress as bars
        from rich.console import Console

        count, elapsed, left = bars.MofNCompleteColumn(), bars.TimeElapsedColumn(), bars.TimeRemainingColumn()
        columns = (bars.TextColumn("{task.description}", markup=False), bars.BarColumn(), count, elapsed)
        console, vanishes = Console(stderr=True), not self._stays
        self._rich = bars.Progress(*columns, bars.TextColumn("left"), left, console=console, transient=vanishes)
        self._task = self._rich.add_task(one_line(name), total=total or None)
        self._rich.start()

    def advance(self, done: int) -> None:
        self._rich.advance(self._task, done)

    def end(self) -> None:
        self._rich.stop()


class ProgressLog:
    """One log line at the end."""

    def begin(self, name: str, total: int) -> None:
        self._name, self._began = name, time.perf_counter()
        self._counts: list[int] = []  # appended to by several threads, which adding to a number would not survive

    def advance(self, done: int) -> None:
        self._counts.append(done)

    def end(self) -> None:
        seconds = round(time.perf_counter() - self._began, 1)
        _log.info("items done", extra={"table": self._name, "items": sum(self._counts), "seconds": seconds})
