"""What `test_settings.py` leaves open: settings of earlier releases."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from omnix_cli.configuration import load_settings
from omnix_cli.settings import Settings


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
