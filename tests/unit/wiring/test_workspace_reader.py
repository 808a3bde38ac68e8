from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.settings import Settings
from omnix_cli.wiring.workspace_reader import WorkspaceReader
from omnix_cli.wiring.workspaces import Workspace


def now() -> datetime:
    return datetime(2018, 1, 15, tzinfo=UTC)


def test_a_file_is_no_workspace(tmp_path: Path) -> None:
    file = tmp_path / "products.csv"
    file.touch()
    for kind in (WorkspaceReader, Workspace):
        with pytest.raises(ConfigError, match="is not a folder"):
            kind.open(Settings(workspace=file), now=now)


def test_a_workspace_is_new_until_it_is_used(tmp_path: Path) -> None:
    workspace = Workspace.open(Settings(workspace=tmp_path / "shop"), now=now)
    assert workspace.is_new
    with workspace.lock("test"):
        assert not workspace.is_new
    assert [frame.rows for frame in workspace.runner().sources.values()] == [0, 0, 0, 0]


def test_reading_loads_nothing_that_computes() -> None:
    heavy = ("omnix_cli.plan", "omnix_cli.steps", "scipy", "sklearn", "numba", "numpy", "dataframely", "boto3")
    script = (
        f"import sys, omnix_cli.wiring.workspace_reader; print([name for name in {heavy!r} if name in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", script], text=True).strip() == "[]"
