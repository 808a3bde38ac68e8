from __future__ import annotations

import logging
import os
import sqlite3
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from omnix_cli.cli.logs import configure_logging, log_to_file
from omnix_cli.stores.dynamodb.writing.bulk_writer import DeadLetter, keep_dead_letters
from omnix_cli.stores.inputs.dynamodb.scanning import PageLog
from omnix_cli.stores.workspace.files import stage, write_atomically
from omnix_cli.stores.workspace.private import create_private, open_private, private_folder


@pytest.fixture(autouse=True)
def nothing_masked() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_missing_folders_are_private_and_others_stay(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    private_folder(tmp_path / "a" / "b")
    private_folder(tmp_path)
    assert [mode(tmp_path / name) for name in ("a/b", "a", "")] == [0o700, 0o700, 0o755]


def test_files_that_are_made_are_private_and_others_stay(tmp_path: Path) -> None:
    for name, exists in (("new", False), ("old", True)):
        if exists:
            (tmp_path / name).write_text("")
        with open_private(tmp_path / name, "a", "utf-8") as file:
            file.write("é")
        assert mode(tmp_path / name) == (0o666 if exists else 0o600)
        assert (tmp_path / name).read_text() == "é"


def test_so_are_those_that_sqlite_puts_beside_its_own(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    create_private(file)
    database = sqlite3.connect(file)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("CREATE TABLE t (a)")
    assert {path.name: mode(path) for path in tmp_path.iterdir()} == dict.fromkeys(
        ("store.sqlite", "store.sqlite-wal", "store.sqlite-shm"), 0o600
    )
    database.close()


def test_pages_letters_and_parts(tmp_path: Path) -> None:
    PageLog(tmp_path / "000000.pages").append(b"{}")
    keep_dead_letters(
        tmp_path / "dead", [DeadLetter("table", "key", b"{}", "reason")], datetime(2026, 3, 1, tzinfo=UTC)
    )
    write_atomically(tmp_path / "manifest.json", b"{}")
    stage(tmp_path / "part.parquet", lambda file: file.write(b"x") and None)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 4
    assert {mode(path) for path in files} == {0o600}


def test_what_is_not_private_follows_the_umask(tmp_path: Path) -> None:
    for mask in (0, 0o022, 0o027):
        os.umask(mask)
        write_atomically(tmp_path / "omnix.toml", b"", private=False)
        assert mode(tmp_path / "omnix.toml") == 0o666 & ~mask
        assert os.umask(mask) == mask


def test_an_older_log_file_is_private_too(tmp_path: Path) -> None:
    configure_logging(json_lines=False, verbose=False, quiet=True)
    log_to_file(tmp_path / "logs" / "omnix.log")
    log = logging.getLogger("omnix_cli")
    try:
        log.handlers[-1].maxBytes = 10  # type: ignore[attr-defined]
        log.debug("one")
        log.debug("two")
        assert {path.name: mode(path) for path in (tmp_path / "logs").iterdir()} == {
            "omnix.log": 0o600,
            "omnix.log.1": 0o600,
        }
    finally:
        for handler in list(log.handlers):
            log.removeHandler(handler)
            handler.close()
