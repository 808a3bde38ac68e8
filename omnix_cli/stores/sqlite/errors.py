"""What goes wrong with a SQLite file, as errors of omnix."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import polars as pl

from omnix_cli.errors import ConfigError, NoTable, OmnixError, UnavailableError


class SqliteFile(NamedTuple):
    """How messages name a file, and what they say when it is damaged or (if it is not made on opening) missing."""

    name: str
    damaged: type[OmnixError]
    damaged_hint: str
    missing_hint: str | None = None


STORE = SqliteFile(
    "the store",
    ConfigError,
    damaged_hint="Move it away and publish again, or set `store.path` to another file.",
    missing_hint="`omnix tables create` creates all tables; `omnix publish` creates the one it writes.",
)
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_NO_SPACE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_DAMAGED = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
_OTHER_TABLES = re.compile(
    "no such (table|column)|has no column|constraint failed|datatype mismatch|malformed|decode to UTF-8|cannot modify"
    r"|not a table|has \d+ columns|values for \d+ columns"
)
"""What SQLite says of our statements, which never change, in a file with other tables or columns."""
_NOT_WRITABLE = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}


@contextmanager
def translated(path: Path, kind: SqliteFile = STORE) -> Iterator[None]:
    """Turns errors of sqlite3 into errors of omnix. A wrong statement is a bug of ours and stays as it is."""
    try:
        yield
    except sqlite3.Error as error:
        if (translation := explained(error, path, kind)) is None:
            raise
        raise translation from error


@contextmanager
def readable(path: Path, kind: SqliteFile = STORE) -> Iterator[None]:
    """Turns what values raise that omnix never wrote into an error of omnix."""
    try:
        yield
    except (ValueError, TypeError, ArithmeticError, AttributeError, KeyError, pl.exceptions.PolarsError) as error:
        message = f"{kind.name} {path} is damaged: it holds a value that omnix did not write"
        raise kind.damaged(message, hint=kind.damaged_hint) from error


def rebuild(database: sqlite3.Connection, path: Path, kind: SqliteFile) -> None:
    """Writes a file anew, without the bytes of anything that was deleted or replaced, and empties its log. Raises
    `UnavailableError` while another process reads old pages."""
    database.execute("PRAGMA secure_delete = ON")
    database.execute("VACUUM")
    is_busy, *_ = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if is_busy:
        message = f"{kind.name} {path} still has traces of what was deleted, because another process is reading it"
        raise UnavailableError(message, hint="Run the same command again when that process has finished.")


def explained(error: sqlite3.Error, path: Path, kind: SqliteFile = STORE) -> OmnixError | None:
    """What happened, in the user's terms; None for a bug of ours."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the primary code, the rest detail
    file, cannot_open = f"{kind.name} {path}", code == sqlite3.SQLITE_CANTOPEN
    if code in _BUSY:
        hint = "Try again when the other program has finished writing."
        return UnavailableError(f"{file} is in use: {error}", hint=hint)
    if code in _NO_SPACE:
        return UnavailableError(f"{file} could not be written: {error}", hint="Free some disk space, then run again.")
    if code in _DAMAGED:
        message = f"{file} cannot be read, it is damaged or not a SQLite file: {error}"
        return kind.damaged(message, hint=kind.damaged_hint)
    if code in _NOT_WRITABLE:
        return ConfigError(f"{file} cannot be written to: {error}", hint="Check the permissions of the file.")
    if kind.missing_hint and ("no such table" in str(error) or (cannot_open and not path.exists())):
        if path.exists():
            return NoTable(f"{file} has {error}", hint=kind.missing_hint)
        return ConfigError(f"{file} does not exist", hint=kind.missing_hint)
    if cannot_open:
        return ConfigError(f"{file} cannot be opened: {error}", hint="Check its permissions, or use another file.")
    if _OTHER_TABLES.search(str(error)):
        message = f"{file} is damaged, or its tables are not those of omnix: {error}"
        return kind.damaged(message, hint=kind.damaged_hint)
    return None
