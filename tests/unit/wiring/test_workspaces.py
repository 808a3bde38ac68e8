from __future__ import annotations

from pathlib import Path

from omnix_cli.configuration import load_settings
from omnix_cli.settings import EngineSettings, Settings, SimilaritySettings
from omnix_cli.wiring.workspaces import Workspace
from tests.conftest import NOW


def test_the_settings_bound_what_a_step_may_use(tmp_path: Path) -> None:
    settings = Settings(workspace=tmp_path, engine=EngineSettings(threads=3, max_memory="1GB"))
    runner = Workspace.open(settings, now=lambda: NOW).runner()
    assert (runner.resources.threads, runner.memory_limit) == (3, 1_000_000_000)
    assert runner.engine.name == "polars"


def test_a_configuration_is_written_once_and_read_back(tmp_path: Path) -> None:
    workspace = Workspace(Settings(similarity=SimilaritySettings(neighbours=7)), now=lambda: NOW)
    file = tmp_path / "shops" / "paris.toml"
    assert workspace.write_configuration(file)
    assert load_settings(file=file, environment={}).values == workspace.settings
    assert not Workspace(Settings(), now=lambda: NOW).write_configuration(file)
    assert load_settings(file=file, environment={}).values == workspace.settings
