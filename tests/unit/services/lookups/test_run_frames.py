from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from omnix_cli.errors import ConfigError, CorruptCheckpoint, DataError
from omnix_cli.services.lookups.run_frames import RunFrames
from omnix_cli.settings import Settings
from tests.conftest import MemoryFrame
from tests.unit.services.runs.test_runner import HISTORY, make_runner


def frames_in(folder: Path) -> RunFrames:
    runner = make_runner(folder)
    return RunFrames(runner.records, runner.checkpoints, lambda kind: MemoryFrame(kind, HISTORY))


def test_a_frame_comes_from_the_newest_run_that_made_it(workspace: Path) -> None:
    make_runner(workspace).execute(["cycles"], command="run")
    make_runner(workspace, settings=Settings(as_of="2018-01-05")).execute(["cycles"], command="run")
    frames = frames_in(workspace)
    assert frames.day("cycles") == date(2018, 1, 5)
    assert frames.scan("cycles").collect().height == 2
    earlier = replace(frames, as_of=date(2018, 1, 10))
    assert earlier.scan("cycles", "customer_id", "product_id").collect().height == 3


def test_a_run_is_named_by_the_beginning_of_its_id(workspace: Path) -> None:
    first = make_runner(workspace).execute(["cycles"], command="run")
    assert replace(frames_in(workspace), run=first.run_id[:-2]).day("cycles") == first.as_of
    with pytest.raises(DataError, match="there is no run '1999'"):
        replace(frames_in(workspace), run="1999").day("cycles")


def test_what_no_run_made_is_refused_with_the_command_that_makes_it(workspace: Path) -> None:
    make_runner(workspace).execute(["cycles"], command="run")
    with pytest.raises(DataError, match="no run has made predictions yet") as caught:
        frames_in(workspace).scan("predictions")
    assert caught.value.hint == "Run `omnix run` first."
    with pytest.raises(DataError, match="as of 2016-01-01") as caught:
        replace(frames_in(workspace), as_of=date(2016, 1, 1)).scan("analyses")
    assert "predict --predictor bedrock --as-of 2016-01-01" in str(caught.value.hint)


def test_a_damaged_checkpoint_is_never_read(workspace: Path) -> None:
    record = make_runner(workspace).execute(["cycles"], command="run")
    part = workspace / "checkpoints" / record.steps[0].key / "cycles-00000.parquet"
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 0xFF
    part.write_bytes(content)
    with pytest.raises(CorruptCheckpoint, match="is damaged"):
        frames_in(workspace).scan("cycles", "customer_id")


def test_imported_frames_are_read_as_they_are_now(workspace: Path) -> None:
    frames = frames_in(workspace)
    assert frames.any_frame("purchases").equals(HISTORY)
    with pytest.raises(ConfigError, match="purchases are imported"):
        replace(frames, run="2018").any_frame("purchases")


def test_an_older_run_does_not_pass_for_a_damaged_newest_one(workspace: Path) -> None:
    make_runner(workspace, settings=Settings(as_of="2018-01-05")).execute(["cycles"], command="run")
    newest = make_runner(workspace).execute(["cycles"], command="run")
    manifest = workspace / "checkpoints" / "_manifests" / f"{newest.steps[0].key}.manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:100])
    with pytest.raises(CorruptCheckpoint, match="cannot be read"):
        frames_in(workspace).scan("cycles")
    manifest.unlink()
    with pytest.raises(CorruptCheckpoint, match="cannot be read"):
        frames_in(workspace).day("cycles")
