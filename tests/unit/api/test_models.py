from __future__ import annotations

from pathlib import Path

import pytest

from omnix_cli.api.models import Models
from omnix_cli.api.opening import Opening
from omnix_cli.errors import ConfigError


def models(tmp_path: Path) -> Models:
    return Models(Opening(settings={"workspace": str(tmp_path / "shop")}))


def test_the_statistics_ask_no_model(tmp_path: Path) -> None:
    assert not models(tmp_path).asks()
    assert models(tmp_path).asks("bedrock")
    with pytest.raises(ConfigError):
        models(tmp_path).asks("oracle")


def test_prompts_are_listed_and_compared_without_a_workspace(tmp_path: Path) -> None:
    assert models(tmp_path).prompts()["name"].unique().to_list() == ["replenishment"]
    assert models(tmp_path).diff_prompts("replenishment@1", "replenishment@1") == ""
    assert not (tmp_path / "shop").exists()


def test_batch_jobs_need_a_location(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="batch jobs need a location"):
        models(tmp_path).jobs()
