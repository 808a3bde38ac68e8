from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from omnix_cli.stores.workspace.folders import DiskFolder, DiskShelf
from omnix_cli.stores.workspace.layered_shelf import LayeredShelf
from omnix_cli.stores.workspace.records import RunFolder
from tests.unit.services.runs.test_runner import CLOCK, make_runner


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_what_is_computed_without_a_trace_is_right_and_gone(tmp_path: Path) -> None:
    runner = make_runner(tmp_path / "lasting")
    runner.execute(["cycles"], command="cycles")
    before = files(tmp_path / "lasting")
    shelf = LayeredShelf(DiskShelf(tmp_path / "scratch"), DiskShelf(tmp_path / "lasting" / "checkpoints"))
    checkpoints = ParquetCheckpoints(shelf, now=CLOCK)
    records = RunFolder(DiskFolder(tmp_path / "runs"))
    apart = replace(runner, checkpoints=checkpoints, records=records)
    record = apart.execute(["similarity"], command="similarity")
    assert [(step.name, step.status) for step in record.steps] == [("cycles", "reused"), ("similarity", "ran")]
    assert files(tmp_path / "lasting") == before
    assert [record.command for record in runner.records.newest_first()] == ["cycles"]
    done = make_runner(tmp_path / "lasting").execute(["similarity"], command="similarity").step("similarity")
    computed = record.step("similarity")
    assert done and computed and (done.key, done.figures) == (computed.key, computed.figures)


def test_what_is_removed_above_stays_below(tmp_path: Path) -> None:
    runner = make_runner(tmp_path / "lasting")
    runner.execute(["cycles"], command="cycles")
    lower = DiskShelf(tmp_path / "lasting" / "checkpoints")
    shelf = LayeredShelf(DiskShelf(tmp_path / "scratch"), lower)
    (key,) = lower.committed()
    assert (shelf.committed(), shelf.manifest(key)) == ([key], lower.manifest(key))
    shelf.hide(key)
    assert (shelf.committed(), shelf.manifest(key)) == ([], None)
    assert lower.committed() == [key]
