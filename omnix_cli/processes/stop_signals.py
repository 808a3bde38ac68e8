"""SIGTERM and Ctrl-C: an exception that ends a wait at once, and a mark for when a library swallows the exception.

The handler runs between any two steps of the main thread, also inside a callback of a library that catches everything
(botocore takes it for a lost connection and tries again). So long work looks at the mark after each piece.
"""

from __future__ import annotations

import os
import signal
from types import FrameType

from omnix_cli.errors import Interrupted

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_received: list[int] = []


def install() -> None:
    """Handles both signals from now on; call it in the main thread."""
    for number in _SIGNALS:
        signal.signal(number, _interrupt)


def check() -> None:
    """Raises `Interrupted` if a signal came."""
    if _received:
        raise Interrupted(f"stopped by {signal.Signals(_received[0]).name}")


def forget() -> None:
    """Begins anew, as a new process does."""
    _received.clear()


def end() -> None:
    """Nothing is left to be interrupted: a signal only changes the exit code."""
    for number in _SIGNALS:
        signal.signal(number, _exit)


def _interrupt(number: int, frame: FrameType | None) -> None:
    _received.append(number)
    check()


def _exit(number: int, frame: FrameType | None) -> None:
    os._exit(Interrupted.exit_code)
