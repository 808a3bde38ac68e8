"""Every error of sqlite3 means something to the user, or is a bug of ours."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from omnix_cli.errors import ConfigError, OmnixError, UnavailableError
from omnix_cli.stores.sqlite.errors import explained, translated

MEANINGS: dict[str, type[OmnixError] | None] = {
    "SQLITE_BUSY": UnavailableError,
    "SQLITE_LOCKED": UnavailableError,
    "SQLITE_PROTOCOL": UnavailableError,
    "SQLITE_FULL": UnavailableError,
    "SQLITE_IOERR": UnavailableError,
    "SQLITE_NOTADB": ConfigError,
    "SQLITE_CORRUPT": ConfigError,
    "SQLITE_READONLY": ConfigError,
    "SQLITE_PERM": ConfigError,
    "SQLITE_CANTOPEN": ConfigError,
}
BUGS = {
    *("SQLITE_ERROR", "SQLITE_INTERNAL", "SQLITE_ABORT", "SQLITE_NOMEM", "SQLITE_INTERRUPT", "SQLITE_NOTFOUND"),
    *("SQLITE_EMPTY", "SQLITE_SCHEMA", "SQLITE_TOOBIG", "SQLITE_CONSTRAINT", "SQLITE_MISMATCH", "SQLITE_MISUSE"),
    *("SQLITE_NOLFS", "SQLITE_AUTH", "SQLITE_FORMAT", "SQLITE_RANGE"),
}
"""Wrong statements, and what SQLite never reports for ours (or Python raises as an error of its own)."""
PRIMARY_CODES = [1 + number for number in range(26)]
"""Source: "Result and Error Codes", sqlite.org; 27, 28, 100 and 101 are no errors."""


def failure(code: int, kind: type[sqlite3.Error] = sqlite3.OperationalError) -> sqlite3.Error:
    error = kind("it failed")
    error.sqlite_errorcode = code
    return error


def test_every_primary_code_is_listed() -> None:
    assert {getattr(sqlite3, name) for name in (*MEANINGS, *BUGS)} == set(PRIMARY_CODES)


@pytest.mark.parametrize(("name", "meaning"), [*MEANINGS.items(), *((name, None) for name in sorted(BUGS))])
def test_each_code_has_its_meaning(name: str, meaning: type[OmnixError] | None, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.sqlite"):
        translation = explained(failure(getattr(sqlite3, name)), path)
        assert translation is None if meaning is None else isinstance(translation, meaning)
        assert translation is None or (str(path) in translation.message and translation.hint)


def test_a_detailed_code_means_what_its_primary_code_does(tmp_path: Path) -> None:
    assert isinstance(explained(failure(sqlite3.SQLITE_BUSY_SNAPSHOT), tmp_path), UnavailableError)
    assert isinstance(explained(failure(sqlite3.SQLITE_READONLY_DIRECTORY), tmp_path), ConfigError)


def test_a_missing_table_says_how_to_create_it(tmp_path: Path) -> None:
    database = sqlite3.connect(":memory:")
    with pytest.raises(ConfigError, match="no such table") as caught, translated(tmp_path), closing(database):
        database.execute("SELECT 1 FROM products")
    assert "`omnix tables create`" in str(caught.value.hint)


@pytest.mark.parametrize(
    "kind", [kind for kind in vars(sqlite3).values() if isinstance(kind, type) and issubclass(kind, sqlite3.Error)]
)
def test_a_bug_stays_as_it_is(kind: type[sqlite3.Error], tmp_path: Path) -> None:
    with pytest.raises(kind, match="it failed"), translated(tmp_path):
        raise kind("it failed")
