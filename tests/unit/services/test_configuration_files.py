from __future__ import annotations

from pathlib import Path

from omnix_cli.configuration import load_settings
from omnix_cli.services.configuration_files import write_configuration
from omnix_cli.settings import Settings, SimilaritySettings


def test_a_configuration_is_written_once_and_read_back(tmp_path: Path) -> None:
    settings = Settings(similarity=SimilaritySettings(neighbours=7))
    file = tmp_path / "shops" / "paris.toml"
    assert write_configuration(settings, file)
    assert load_settings(file=file, environment={}).values == settings
    assert not write_configuration(Settings(), file)
    assert load_settings(file=file, environment={}).values == settings
