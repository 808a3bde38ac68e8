from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from omnix_cli.errors import ConfigError, CorruptCheckpoint
from omnix_cli.stores.workspace.folders import DiskFolder
from omnix_cli.stores.workspace.versions import FORMAT, check_format, write_format


def test_a_workspace_of_the_first_release_is_marked_when_it_is_written_to(tmp_path: Path) -> None:
    folder = DiskFolder(tmp_path / "workspace")
    check_format(folder)
    assert not (tmp_path / "workspace").exists()
    write_format(folder)
    assert orjson.loads(folder.read("workspace.json"))["format"] == FORMAT
    check_format(folder)


def test_a_newer_format_is_refused_and_left_alone(tmp_path: Path) -> None:
    newer = orjson.dumps({"format": FORMAT + 1, "written_by": "9.0", "unknown": True})
    (tmp_path / "workspace.json").write_bytes(newer)
    for act in (check_format, write_format):
        with pytest.raises(ConfigError, match=rf"newer omnix \(9.0, format {FORMAT + 1}\)"):
            act(DiskFolder(tmp_path))
    assert (tmp_path / "workspace.json").read_bytes() == newer


@pytest.mark.parametrize("content", [b"", b"[]", b'{"written_by": "0.2.0"}', b'{"format": "x"}'])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "workspace.json").write_bytes(content)
    with pytest.raises(CorruptCheckpoint, match=r"workspace\.json"):
        check_format(DiskFolder(tmp_path))


def test_a_file_without_the_right_to_read_it_is_no_damage(tmp_path: Path) -> None:
    (tmp_path / "workspace.json").mkdir()
    with pytest.raises(ConfigError, match="Is a directory") as caught:
        check_format(DiskFolder(tmp_path))
    assert not isinstance(caught.value, CorruptCheckpoint)
