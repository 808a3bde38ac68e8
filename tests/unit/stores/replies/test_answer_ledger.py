"""The ledger as a file: what survives, and what is gone for good."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from sqlite3 import connect

import pytest

from omnix_cli.errors import ConfigError, CorruptCheckpoint, UnavailableError
from omnix_cli.stores.workspace.folders import DiskFolder
from tests.questions import questions
from tests.unit.stores.replies.ledgers import keep, opened, writer, written


def test_what_was_kept_survives_a_kill(tmp_path: Path) -> None:
    with writer(tmp_path, 1000) as process:
        assert process.stdout
        for _ in range(40):
            assert process.stdout.readline() == "kept\n"
        process.kill()
    with opened(tmp_path) as ledger:
        assert len(ledger.replies([asked.key for asked in questions(40)])) == 40


def test_several_processes_keep_at_a_time(tmp_path: Path) -> None:
    with writer(tmp_path, 60, "first") as one, writer(tmp_path, 60, "second") as other:
        for process in (one, other):
            assert process.stdout
            assert [line for line in iter(process.stdout.readline, "done\n")] == ["kept\n"] * 60
            process.kill()
    with opened(tmp_path) as ledger:
        asked = [*questions(60, history="first"), *questions(60, history="second")]
        assert len(ledger.replies([one.key for one in asked])) == 120


def test_no_byte_of_somebody_forgotten_is_left(tmp_path: Path) -> None:
    local, shared = tmp_path / "local", DiskFolder(tmp_path / "shared")
    with opened(local, shared) as ledger:
        gone = [keep(ledger, "ann-the-customer"), keep(ledger, "bob", "ann-the-customer")]
        left = keep(ledger, "cid-the-customer")
    assert written(tmp_path).count(b"ann-the-customer") >= 2
    with opened(local, shared) as ledger:
        assert ledger.forget("ann-the-customer") == 2
        told = written(local)
        for trace in (b"ann-the-customer", *(key.encode() for key in gone)):
            assert trace not in told
        assert b"ann-the-customer" not in written(tmp_path)
        assert left.encode() in told


def test_a_reader_that_keeps_traces_alive_is_an_error(tmp_path: Path) -> None:
    with opened(tmp_path, busy_seconds=0.1) as ledger:
        keep(ledger, "ann")
        with closing(connect(tmp_path / "answers.sqlite")) as reader:
            reader.execute("BEGIN")
            assert reader.execute("SELECT COUNT(*) FROM replies").fetchone() == (1,)
            with pytest.raises(UnavailableError, match="still contains traces") as raised:
                ledger.forget("ann")
            assert raised.value.hint == "Try again when that process has finished."


def test_a_file_that_is_not_a_ledger_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "answers.sqlite").write_bytes(b"not a database, but long enough to be taken for one" * 100)
    with pytest.raises(CorruptCheckpoint, match=r"answers\.sqlite cannot be read"):
        opened(tmp_path)


def test_a_damaged_page_is_an_error(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        keys = [keep(ledger, f"customer-{number}") for number in range(50)]
    file = tmp_path / "answers.sqlite"
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with pytest.raises(CorruptCheckpoint, match="cannot be read"), opened(tmp_path) as ledger:
        ledger.replies(keys)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """The disk is as good as full once a file has so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_is_an_error_and_loses_no_kept_reply(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        kept = [keep(ledger, "ann")]
        with files_of_at_most(400_000), pytest.raises(UnavailableError, match="could not be written"):
            for number in range(1000):
                kept.append(keep(ledger, f"customer-{number}"))
        assert 1 < len(kept) < 1000
        assert len(ledger.replies(kept)) == len(kept)
        keep(ledger, "after")


def test_a_folder_that_cannot_be_created_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match="could not be written"):
        opened(tmp_path / "file")
