"""SIGTERM and Ctrl-C: an exception that ends a wait at once, and a mark for when a library swallows the exception.

The handler runs between any two steps of the main thread, also inside a callback of a library that catches everything
(botocore takes it for a lost connection and tries again). So long work looks at the mark after each piece.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from omnix_cli.errors import Interrupted

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_received: list[int] = []
_codes: list[int] = []


def install() -> None:
    """Handles both signals from now on; call it in the main thread."""
    for number in _SIGNALS:
        signal.signal(number, _interrupt)


def check() -> None:
    """Raises `Interrupted` if a signal came."""
    if _received:
        raise Interrupted(f"stopped by {signal.Signals(_received[0]).name}")


def clear_mark() -> None:
    """Begins anew, as a new process does."""
    _received.clear()


def end(code: int) -> NoReturn:
    """Ends the process with this code, or with that of an interruption if a signal still comes.

    Python takes the handlers away while it winds up, for a tenth of a second and more: then a signal would kill. So the
    last thing that it does before is to leave."""
    for number in _SIGNALS:
        signal.signal(number, _exit)
    _codes.append(code)
    sys.exit(code)


@atexit.register  # as the first, so it is called as the last
def _leave() -> None:
    if _codes:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(_codes[-1])


def _interrupt(number: int, frame: FrameType | None) -> None:
    _received.append(number)
    check()


def _exit(number: int, frame: FrameType | None) -> None:
    os._exit(Interrupted.exit_code)
