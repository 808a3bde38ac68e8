from __future__ import annotations

from pathlib import Path

import pytest

from omnix_cli.api.opening import Opening
from omnix_cli.api.runs import Runs
from omnix_cli.errors import DataError
from tests.unit.services.runs.test_runner import make_runner


def test_runs_are_listed_shown_and_pruned(workspace: Path) -> None:
    ids = [make_runner(workspace).execute(["cycles"], command="run").run_id for _ in range(3)]
    runs = Runs(Opening(settings={"workspace": str(workspace)}))
    assert [record.run_id for record in runs.list(limit=2)] == [ids[2], ids[1]]
    assert runs.show(ids[0]).run_id == ids[0]
    assert runs.diff(ids[0]).after == ids[2]
    assert runs.prune(keep=1, dry_run=True).runs == (ids[1], ids[0])
    assert len(runs.list()) == 3
    runs.prune(keep=1)
    assert [record.run_id for record in runs.list()] == [ids[2]]


def test_a_workspace_without_runs(workspace: Path) -> None:
    runs = Runs(Opening(settings={"workspace": str(workspace)}))
    assert runs.list() == []
    with pytest.raises(DataError, match="there is no run 'latest'"):
        runs.show()
