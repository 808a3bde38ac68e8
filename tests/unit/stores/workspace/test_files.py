from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from omnix_cli.errors import UnavailableError
from omnix_cli.stores.workspace.files import checksum, disk_errors, stage, write_atomically


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
