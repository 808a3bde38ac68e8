"""What goes wrong with a SQLite file, as errors of omnix."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from omnix_cli.errors import ConfigError, OmnixError, UnavailableError

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_NO_SPACE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_DAMAGED = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
_NOT_WRITABLE = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns errors of sqlite3 into `ConfigError` (the user has to fix something) and `UnavailableError` (temporary). A
    wrong statement is a bug in omnix and stays as it is."""
    try:
        yield
    except sqlite3.Error as error:
        translation = explained(error, path)
        if translation is None:
            raise
        raise translation from error


def explained(error: sqlite3.Error, path: Path) -> OmnixError | None:
    """What happened, in the user's terms; None for a bug in omnix."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the primary code, the rest detail
    store = f"the store {path}"
    if code in _BUSY:
        return UnavailableError(f"{store} is in use: {error}", hint="Try again when the other program has finished.")
    if code in _NO_SPACE:
        return UnavailableError(f"{store} could not be written: {error}", hint="Free some disk space, then run again.")
    if code in _DAMAGED:
        hint = "Move it away and publish again, or set `store.path` to another file."
        return ConfigError(f"{path} is damaged or not a SQLite file: {error}", hint=hint)
    if code in _NOT_WRITABLE:
        return ConfigError(f"{store} cannot be written to: {error}", hint="Check the permissions of the file.")
    if "no such table" in str(error) or (code == sqlite3.SQLITE_CANTOPEN and not path.exists()):
        hint = "`omnix tables create` creates all tables; `omnix publish` creates the one it writes."
        return ConfigError(f"{store} has {error}" if path.exists() else f"{store} does not exist", hint=hint)
    if code == sqlite3.SQLITE_CANTOPEN:
        return ConfigError(f"{store} cannot be opened: {error}", hint="Check its permissions, or change `store.path`.")
    return None
