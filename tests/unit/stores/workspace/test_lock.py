from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from omnix_cli.errors import ConfigError, LockedError
from omnix_cli.stores.workspace.lock import holder, identity, workspace_lock

NOW = datetime(2018, 1, 1, tzinfo=UTC)


def test_one_holder_at_a_time_and_the_other_sees_who(tmp_path: Path) -> None:
    with (
        workspace_lock(tmp_path, command="run", now=NOW),
        pytest.raises(LockedError, match="`omnix run`, process"),
        workspace_lock(tmp_path, command="import", now=NOW),
    ):
        pass
    with workspace_lock(tmp_path, command="import", now=NOW):
        pass


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ConfigError, match="cannot be used"),
        workspace_lock(tmp_path / "file" / "w", command="run", now=NOW),
    ):
        pass


def test_a_lock_that_somebody_deleted_is_missed(tmp_path: Path) -> None:
    with workspace_lock(tmp_path, command="run", now=NOW) as check:
        check()
        (tmp_path / "lock").unlink()
        with pytest.raises(LockedError, match="was deleted while this run held it"):
            check()
        with workspace_lock(tmp_path, command="import", now=NOW) as other, pytest.raises(LockedError):
            other()
            check()


def test_two_workspaces_of_one_path_are_told_apart(tmp_path: Path) -> None:
    folder, other = tmp_path / "omnix", tmp_path / "other"
    folder.mkdir()
    first = identity(folder)
    assert identity(folder) == first
    folder.rename(other)
    folder.mkdir()
    assert identity(folder) != first


@pytest.mark.parametrize("text", ["", "{", "{}", b"[]"])
def test_a_lock_without_an_owner_was_just_taken(text: str | bytes) -> None:
    assert holder(text) == "a process that has just started"
