"""Every error omnix raises on purpose, and the exit code each one ends a command with.

    OmnixError                 1   something went wrong that omnix can name
    ├── ConfigError            2   usage or configuration
    ├── DataError              3   input rejected: file, row, column, reason
    │   └── CorruptCheckpoint  3   stored data that fails its checksum and cannot be rebuilt
    ├── UnavailableError       4   an outside service, or a resource such as the disk: try later, the run resumes
    ├── PartialError           5   finished in part: some customers failed and are listed
    │   └── ItemsRefused       5   items that a store does not take for what they are; all others were written
    ├── LockedError           75   another run holds the lock (EX_TEMPFAIL of sysexits.h)
    └── Interrupted          130   stopped by a signal; checkpoints are kept

Any other exception is a bug: exit code 1, its traceback goes to the log file.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "ConfigError",
    "CorruptCheckpoint",
    "DataError",
    "Interrupted",
    "ItemsRefused",
    "LockedError",
    "OmnixError",
    "PartialError",
    "UnavailableError",
]


class OmnixError(Exception):
    """The root: `message` says what happened and where, `hint` what to do about it, `report` what was done so far."""

    exit_code = 1
    report: Any = None

    def __init__(self, message: str, *, hint: str | None = None, report: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.report = report


class ConfigError(OmnixError):
    """A flag, environment variable or configuration file that cannot be used as it stands."""

    exit_code = 2


class DataError(OmnixError):
    """Input that was rejected."""

    exit_code = 3


class CorruptCheckpoint(DataError):
    """A stored part that is missing or differs from the checksum in its manifest."""


class UnavailableError(OmnixError):
    """A service or resource that did not serve us now and may do so later."""

    exit_code = 4


class PartialError(OmnixError):
    """The command finished, but not for everyone."""

    exit_code = 5


class ItemsRefused(PartialError):
    """Items that a store does not take for what they are, by their `keys`; all others were written."""

    def __init__(self, message: str, *, keys: tuple[str, ...], hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.keys = keys


class LockedError(OmnixError):
    """Another run works in the same workspace."""

    exit_code = 75


class Interrupted(OmnixError):
    """SIGTERM or Ctrl-C arrived."""

    exit_code = 130
