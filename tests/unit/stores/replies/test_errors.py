from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from omnix_cli.errors import CorruptCheckpoint, OmnixError, UnavailableError
from omnix_cli.stores.replies.errors import translated_errors


def sqlite_error(kind: type[sqlite3.Error], code: int) -> sqlite3.Error:
    error = kind("it failed")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_BUSY), UnavailableError),
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_LOCKED), UnavailableError),
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_BUSY | 2 << 8), UnavailableError),
        (sqlite_error(sqlite3.DatabaseError, sqlite3.SQLITE_NOTADB), CorruptCheckpoint),
        (sqlite_error(sqlite3.DatabaseError, sqlite3.SQLITE_CORRUPT), CorruptCheckpoint),
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_FULL), UnavailableError),
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_IOERR), UnavailableError),
    ],
)
def test_errors_that_sqlite_raises_in_practice(
    tmp_path: Path, error: sqlite3.Error, expected: type[OmnixError]
) -> None:
    with pytest.raises(expected) as raised, translated_errors(tmp_path / "answers.sqlite"):
        raise error
    assert raised.value.hint


def test_a_wrong_statement_is_a_bug_and_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError), translated_errors(tmp_path / "answers.sqlite"):
        raise sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_ERROR)
