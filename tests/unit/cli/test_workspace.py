from __future__ import annotations

from pathlib import Path

import pytest

from omnix_cli.cli.options import Session
from omnix_cli.cli.workspace import init


def test_init_makes_what_is_missing_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session = Session(config=tmp_path / "shop.toml", workspace_folder=str(tmp_path / "shop"), quiet=True)
    init(session)
    assert capsys.readouterr().err == f"made {tmp_path / 'shop'}\nmade {tmp_path / 'shop.toml'}\n"
    init(session)
    assert capsys.readouterr().err == "nothing to do: everything exists already\n"
