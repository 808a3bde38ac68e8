"""What a killed process leaves half-written is removed by the next command; what it had finished is used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from omnix_cli.stores.workspace.folders import DiskFolder
from tests.cli.conftest import Omnix

TABLE = "recommendations"
LEFTOVERS = (
    ".imports.json-a1b2c3d4",
    ".findings.json-________",
    "runs/.20180101T030000-000000.json-zzzzzzzz",
    "fingerprints/.f00d.json-00000000",
    "checkpoints/.writing-similarity-1-abc/neighbours-00000.parquet",
)


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"half")


def hidden(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob(".*"))


def test_a_run_removes_what_killed_processes_left(ran: Omnix, tmp_path: Path) -> None:
    workspace = tmp_path / ".omnix"
    write(workspace, *LEFTOVERS, ".mine", "runs/.notes.json")
    assert ran("run").code == 0
    assert hidden(workspace) == [".mine", "runs/.notes.json"]


def test_a_copy_removes_what_killed_copies_left(ran: Omnix, tmp_path: Path) -> None:
    to = ("--to", f"path={tmp_path}/other.sqlite", "--create")
    assert ran("tables", "copy", TABLE, *to).code == 0
    (journal,) = (tmp_path / ".omnix" / "migrations").glob("*/")
    write(journal, ".run.json-a1b2c3d4", f".{TABLE}-000.json-a1b2c3d4", f"images/.{TABLE}-000-0.parquet-a1b2c3d4")
    assert ran("tables", "undo", "latest").code == 0
    assert hidden(tmp_path / ".omnix" / "migrations") == []


@pytest.fixture
def killed_at_its_end(ran: Omnix, tmp_path: Path) -> Path:
    """An export that was killed after its manifest was written."""
    backup = tmp_path / "backup"
    started = '{"source": "%s", "tables": ["%s"], "segments": 1}'
    assert ran("tables", "export", TABLE, "--to", "backup").code == 0
    source = json.loads((backup / "manifest.json").read_text())["source"]
    (backup / "unfinished.json").write_text(started % (source, TABLE))
    write(backup, ".manifest.json-a1b2c3d4", f".{TABLE}-000-00000.parquet-a1b2c3d4")
    return backup


def test_an_export_that_was_killed_at_its_end_ends_well(ran: Omnix, killed_at_its_end: Path) -> None:
    before = (killed_at_its_end / "manifest.json").read_bytes()
    answer = ran("tables", "export", TABLE, "--to", "backup", "--format", "json")
    assert answer.code == 0, answer.err
    (row,) = json.loads(answer.out)
    assert row["table"] == TABLE
    assert row["items"] > 20
    assert sorted(DiskFolder(killed_at_its_end).names()) == ["manifest.json", f"{TABLE}-000-00000.parquet"]
    assert hidden(killed_at_its_end) == []
    assert (killed_at_its_end / "manifest.json").read_bytes() == before
    assert ran("tables", "verify", "--from", "backup/").code == 0


def test_another_export_does_not_end_it(ran: Omnix, killed_at_its_end: Path) -> None:
    assert ran("tables", "create").code == 0
    answer = ran("tables", "export", "products", "--to", "backup")
    assert answer.code == 2
    assert "the beginning of another export" in answer.err


def test_a_finished_export_is_never_written_over(ran: Omnix, killed_at_its_end: Path) -> None:
    (killed_at_its_end / "unfinished.json").unlink()
    answer = ran("tables", "export", TABLE, "--to", "backup")
    assert answer.code == 2
    assert "already holds an export" in answer.err
