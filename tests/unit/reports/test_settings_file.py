from __future__ import annotations

import tomllib

from omnix_cli.reports.settings_file import as_toml
from omnix_cli.settings import Settings, SimilaritySettings


def test_a_configuration_has_every_setting_with_its_meaning() -> None:
    text = as_toml(Settings(similarity=SimilaritySettings(neighbours=7)))
    assert "# Neighbours to keep for each product.\nneighbours = 7\n" in text
    assert tomllib.loads(text)["similarity"]["neighbours"] == 7


def test_a_setting_without_a_value_is_a_comment_and_a_secret_is_never_written() -> None:
    text = as_toml(Settings())
    assert "# shared_workspace =\n" in text
    assert "# pseudonym_secret =\n" in text
