"""Workspaces of omnix 0.1 are in `tests/integration/test_upgrade.py`."""

from __future__ import annotations

from pathlib import Path

from omnix_cli.services.importing.identify_again import has_former_ids
from tests.importing import imported, importer, line, write


def test_purchases_of_this_release_keep_their_ids(tmp_path: Path) -> None:
    work = importer(tmp_path)
    assert not has_former_ids(work, "purchases")
    imported(work, write(tmp_path / "a.csv", [line(1)]))
    assert not has_former_ids(work, "purchases")
