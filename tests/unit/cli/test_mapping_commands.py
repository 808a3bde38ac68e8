from __future__ import annotations

from pathlib import Path

import pytest

from omnix_cli.cli.mapping_commands import init
from omnix_cli.cli.options import Session


def test_a_draft_goes_to_stdout_and_makes_no_workspace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.csv"
    file.write_text("product_id,title\n1,Tea\n")
    init(Session(workspace_folder=str(tmp_path / "shop"), quiet=True), file=str(file), kind="products")
    assert '[products.columns]\nproduct_id = "product_id"' in capsys.readouterr().out
    assert not (tmp_path / "shop").exists()
