from __future__ import annotations

from pathlib import Path

import pytest

from omnix_cli.cli.config import check
from omnix_cli.cli.options import Session
from omnix_cli.errors import ConfigError


def test_a_check_says_what_the_settings_lead_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(Session(workspace_folder=str(tmp_path / "shop"), quiet=True))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"workspace {tmp_path / 'shop'}"
    assert not (tmp_path / "shop").exists()


def test_a_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        check(Session(config=tmp_path / "none.toml", quiet=True))
