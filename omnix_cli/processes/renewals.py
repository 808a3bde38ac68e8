"""Renewing a lease in a thread, until the work is done or the lease is lost."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from omnix_cli.errors import LockedError, OmnixError

_log = logging.getLogger(__name__)


def keep_renewing(
    renew: Callable[[], object],
    what: str,
    *,
    every: float,
    busy: AbstractContextManager[object],
    done: threading.Event,
) -> None:
    """Calls `renew` after every so many seconds, inside `busy`, until `done` is set or `renew` says that the lease is
    lost (`LockedError`). Other errors may pass: `what` could not be renewed this time."""
    while not done.wait(every):
        try:
            with busy:
                if not done.is_set():
                    renew()
        except LockedError as error:
            _log.error("%s", error.message)
            return
        except OmnixError as error:
            _log.warning("%s could not be renewed: %s", what, error.message)
