from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.records import RunRecord
from omnix_cli.stores.workspace.folders import DiskFolder
from omnix_cli.stores.workspace.run_records import RunFolder


def record(run_id: str) -> RunRecord:
    started = datetime(2018, 1, 1, tzinfo=UTC)
    return RunRecord(
        run_id=run_id,
        command="run",
        status="done",
        as_of=date(2018, 1, 1),
        started_at=started,
        settings={},
        sources={},
    )


@pytest.fixture
def runs(tmp_path: Path) -> RunFolder:
    folder = RunFolder(DiskFolder(tmp_path))
    for run_id in ("20180101T1", "20180102T1", "20180102T2"):
        folder.save(record(run_id))
    return folder


def test_runs_are_found_by_the_beginning_of_their_id(runs: RunFolder) -> None:
    assert runs.load("latest").run_id == "20180102T2"
    assert runs.load("20180101").run_id == "20180101T1"
    with pytest.raises(DataError, match="2 runs begin with '20180102'"):
        runs.load("20180102")
    with pytest.raises(DataError, match="there is no run 'x'"):
        runs.load("x")


def test_a_damaged_record_is_skipped_and_a_newer_one_refused(runs: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "20180102T1.json").write_text("{")
    assert [run.run_id for run in runs.newest_first()] == ["20180102T2", "20180101T1"]
    content = record("20180102T1").model_dump_json()
    (tmp_path / "20180102T1.json").write_text(content.replace("{", '{"approved_by": "ann", ', 1))
    with pytest.raises(ConfigError, match="newer omnix"):
        list(runs.newest_first())
