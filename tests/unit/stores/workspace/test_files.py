from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from omnix_cli.errors import UnavailableError
from omnix_cli.stores.workspace.files import checksum, disk_errors, rewrite_lines, stage, write_atomically


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    for content in (b"old", b"new"):
        write_atomically(tmp_path / "folder" / "file", content)
    assert (tmp_path / "folder" / "file").read_bytes() == b"new"
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["file"]


def test_a_staged_file_has_its_size_and_checksum(tmp_path: Path) -> None:
    staged = stage(tmp_path / "part", lambda file: file.write(b"abc") and None)
    assert (staged.bytes, staged.sha256) == (3, checksum(tmp_path / "part"))


def test_errors_of_the_disk_are_temporary_and_others_pass(tmp_path: Path) -> None:
    for error in (OSError(28, "No space left on device"), pl.exceptions.ComputeError("x (os error 28)")):
        with pytest.raises(UnavailableError, match="could not be written"), disk_errors(tmp_path):
            raise error
    with pytest.raises(pl.exceptions.ComputeError), disk_errors(tmp_path):
        raise pl.exceptions.ComputeError("a bug")


def test_lines_that_are_added_while_a_file_is_rewritten_stay(tmp_path: Path) -> None:
    log = tmp_path / "omnix.log"
    log.write_bytes(b"old\nkept\n")

    def edited(line: bytes) -> bytes:
        if line == b"kept\n":  # another process logs meanwhile
            with log.open("ab") as other:
                other.write(b"new\nold\n")
        return b"" if line == b"old\n" else line

    assert rewrite_lines(log, edited) == 2
    assert log.read_bytes() == b"kept\nnew\n"


def test_a_file_without_a_line_to_change_is_not_written(tmp_path: Path) -> None:
    log = tmp_path / "omnix.log"
    log.write_bytes(b"kept\r\nhalf")
    before = log.stat().st_mtime_ns
    assert rewrite_lines(log, bytes) == 0
    assert (log.read_bytes(), log.stat().st_mtime_ns) == (b"kept\r\nhalf", before)
