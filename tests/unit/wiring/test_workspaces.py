from __future__ import annotations

from pathlib import Path

from omnix_cli.settings import EngineSettings, Settings
from omnix_cli.wiring.workspaces import Workspace
from tests.conftest import NOW


def test_the_settings_bound_what_a_step_may_use(tmp_path: Path) -> None:
    settings = Settings(workspace=tmp_path, engine=EngineSettings(threads=3, max_memory="1MB"))
    runner = Workspace.open(settings, now=lambda: NOW).runner()
    assert (runner.resources.threads, runner.resources.memory_bytes) == (3, 1_000_000)
    assert runner.engine.name == "polars"
