"""Log lines on their way: a queue between the requests and whoever reads the log, so that a full pipe or a slow disk
holds up the log and nothing else."""

from __future__ import annotations

import io
import logging
import os
import queue
import select
import threading
from collections.abc import Callable
from types import TracebackType

_WAITING_LINES = 10_000
_ATOMIC_BYTES = 4_096
"""What a pipe takes without waiting once it is ready for writing (PIPE_BUF of Linux)."""
_LOOK_SECONDS = 0.2
_END_SECONDS = 2.0


class LogQueue:
    """While it is entered, a thread of its own writes the log lines of omnix, and the warnings of libraries in the same
    form. Lines that find the queue full are dropped, and `dropped` is called for each."""

    def __init__(self, dropped: Callable[[], None] = lambda: None, *, most: int = _WAITING_LINES) -> None:
        self._lines: queue.Queue[logging.LogRecord | None] = queue.Queue(most)
        self._ours, self._root = logging.getLogger("omnix_cli"), logging.getLogger()
        self._entrance = _Entrance(self._lines, dropped)
        self._handlers: list[logging.Handler] = []
        self._streams: list[tuple[logging.StreamHandler[io.TextIOBase], io.TextIOBase]] = []
        self._ended = threading.Event()
        self._writer = threading.Thread(target=self._write, name="log", daemon=True)

    def __enter__(self) -> None:
        self._handlers = list(self._ours.handlers)
        for handler in self._handlers:
            if type(handler) is logging.StreamHandler and (number := _file_of(handler.stream)) is not None:
                self._streams.append((handler, handler.stream))
                handler.setStream(_Patient(number, self._ended))
        self._ours.handlers = [self._entrance]
        if not self._root.handlers:
            self._root.addHandler(self._entrance)
        self._writer.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Writes what is waiting, for so long as somebody reads it."""
        self._root.removeHandler(self._entrance)
        self._ours.handlers = self._handlers
        try:
            self._lines.put(None, timeout=_END_SECONDS)
            self._writer.join(_END_SECONDS)
        except queue.Full:
            pass
        self._ended.set()
        self._writer.join()
        for handler, stream in self._streams:
            handler.setStream(stream)

    def _write(self) -> None:
        while not self._ended.is_set() and (record := self._lines.get()) is not None:
            for handler in self._handlers:
                if record.levelno >= handler.level:
                    handler.handle(record)


class _Entrance(logging.Handler):
    def __init__(self, lines: queue.Queue[logging.LogRecord | None], dropped: Callable[[], None]) -> None:
        super().__init__()
        self._lines, self._dropped = lines, dropped

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._lines.put_nowait(record)
        except queue.Full:
            self._dropped()


class _Patient(io.TextIOBase):
    """A file that is written to when it is ready, and no more once `ended`: a thread that waits in the middle of a
    write would keep the process from ending."""

    def __init__(self, number: int, ended: threading.Event) -> None:
        self._number, self._ended = number, ended

    def write(self, text: str) -> int:
        content = text.encode(errors="backslashreplace")
        while content and self._is_ready():
            content = content[os.write(self._number, content[:_ATOMIC_BYTES]) :]
        return len(text)

    def _is_ready(self) -> bool:
        while not select.select((), (self._number,), (), _LOOK_SECONDS)[1]:
            if self._ended.is_set():
                return False
        return True


def _file_of(stream: io.TextIOBase) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError, AttributeError):  # no file, such as the buffer of a test
        return None
