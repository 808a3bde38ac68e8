"""Errors of SQLite and of the disk as errors of omnix."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from omnix_cli.errors import CorruptCheckpoint, UnavailableError
from omnix_cli.stores.workspace.files import disk_errors


@contextmanager
def translated_errors(path: Path) -> Iterator[None]:
    """Raises errors of omnix for those of the SQLite file at `path`; a mistake in a statement stays as it is."""
    with disk_errors(path.parent):
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the primary code
            if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                hint = "Try again when the other process has finished."
                raise UnavailableError(f"{path} is in use: {error}", hint=hint) from error
            if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                raise CorruptCheckpoint(
                    f"the replies of models in {path} cannot be read: {error}",
                    hint="Restore the file from a backup, or move it away: missing answers are asked for again.",
                ) from error
            if isinstance(error, sqlite3.OperationalError) and code != sqlite3.SQLITE_ERROR:
                raise OSError(str(error)) from error
            raise
