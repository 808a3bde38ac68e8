from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from omnix_cli.api.workspace import Workspace, open_workspace

NOW = datetime(2018, 1, 15, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "a.csv").write_text(
        "customer_id,product_id,purchased_at,n\nann,milk,2017-05-01,1\nbob,tea,2017-05-40,1\n"
    )
    return open_workspace(tmp_path / "workspace", now=lambda: NOW)


def test_rows_are_discarded(workspace: Workspace, tmp_path: Path) -> None:
    workspace.imports.files("purchases", str(tmp_path / "a.csv"), columns={"quantity": "n"}, max_bad=1)
    assert workspace.quarantine.discard(dry_run=True).rows == 1
    assert workspace.quarantine.discard(reason="not a number").rows == 0
    assert workspace.quarantine.discard().rows == 1
    assert workspace.quarantine.discard().rows == 0
