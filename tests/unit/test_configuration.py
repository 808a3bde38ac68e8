from __future__ import annotations

import logging
from pathlib import Path

import pytest

from omnix_cli.configuration import load_settings
from omnix_cli.errors import ConfigError
from omnix_cli.settings import Settings


def configuration(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "omnix.toml"
    file.write_text(text)
    return file


def test_without_anything_the_defaults_hold() -> None:
    loaded = load_settings(file=None, environment={})
    assert loaded.values == Settings()
    assert {origin.source for origin in loaded.origins} == {"default"}


def test_each_layer_overrides_the_one_below_and_says_so(tmp_path: Path) -> None:
    file = configuration(tmp_path, "[similarity]\nneighbours = 20\nmin_support = 4\nshrink = 5.0\n")
    loaded = load_settings(
        file=file,
        environment={"OMNIX_SIMILARITY__MIN_SUPPORT": "6", "OMNIX_SIMILARITY__SHRINK": "7", "HOME": "/root"},
        flags={"similarity.shrink": 9.0},
    )
    assert loaded.values.similarity.neighbours == 20
    assert loaded.values.similarity.min_support == 6
    assert loaded.values.similarity.shrink == 9.0
    sources = {origin.name: origin.source for origin in loaded.origins}
    assert sources["similarity.neighbours"] == str(file)
    assert sources["similarity.min_support"] == "OMNIX_SIMILARITY__MIN_SUPPORT"
    assert sources["similarity.shrink"] == "flag"
    assert sources["similarity.basis"] == "default"


def test_lists_come_from_the_environment_as_json() -> None:
    environment = {"OMNIX_RECOMMEND__EXCLUDED_CATEGORIES": '["TOBACCO", "FUEL"]'}
    loaded = load_settings(file=None, environment=environment)
    assert loaded.values.recommend.excluded_categories == ("TOBACCO", "FUEL")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "[prediction]\nurgent_confidence = 0.7\n",
            "prediction.urgent_confidence",
            "Set prediction.urgent_probability, the chance of a purchase within urgent_days.",
        ),
        ("[similarity]\nneighbors = 3\n", "unknown setting: similarity.neighbors", "similarity.neighbours"),
        ("[similarity]\nneighbours = 0\n", "similarity.neighbours = 0", "config show"),
        ("[similarity\n", "not valid TOML", "Fix"),
        ("as_of = [1]\n", "as_of", "config show"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_a_hint(tmp_path: Path, text: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("[", r"\[")) as caught:
        load_settings(file=configuration(tmp_path, text), environment={})
    assert caught.value.hint is not None
    assert hint in caught.value.hint


def test_a_mistake_in_the_environment_names_the_variable() -> None:
    with pytest.raises(ConfigError, match="OMNIX_SIMILARITY__NEIGHBOUR"):
        load_settings(file=None, environment={"OMNIX_SIMILARITY__NEIGHBOUR": "3"})
    with pytest.raises(ConfigError, match="OMNIX_SIMILARITY__NEIGHBOURS"):
        load_settings(file=None, environment={"OMNIX_SIMILARITY__NEIGHBOURS": "many"})


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(file=tmp_path / "none.toml", environment={})


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    monkeypatch.setattr(logging.getLogger("omnix_cli"), "propagate", True)  # the command line switches it off
    return caplog


def test_a_removed_setting_is_ignored_with_a_warning(tmp_path: Path, warnings: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "omnix.toml"
    file.write_text('[engine]\nkind = "polars"\nslice_rows = 7\n')
    assert load_settings(file=file, environment={}).values.engine.slice_rows == 7
    assert f"engine.kind ({file}) is no longer a setting" in warnings.text


def test_a_removed_variable_is_named(warnings: pytest.LogCaptureFixture) -> None:
    assert load_settings(file=None, environment={"OMNIX_ENGINE__KIND": "polars"}).values == Settings()
    assert "OMNIX_ENGINE__KIND is no longer a setting" in warnings.text
