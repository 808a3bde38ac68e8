"""The seconds in a manifest."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from omnix_cli.protocols.checkpoints import Figures
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from omnix_cli.stores.workspace.folders import DiskShelf


def seconds(folder: Path, figures: Figures) -> float:
    checkpoints = ParquetCheckpoints(DiskShelf(folder), now=lambda: datetime(2018, 1, 1, tzinfo=UTC))
    with checkpoints.write(key="k", step="predict", version="1", parameters={}, inputs={}) as writer:
        writer.add_figures(figures)
    return checkpoints.open("k").manifest.seconds


def test_waiting_for_somebody_else_is_no_time_of_the_step(tmp_path: Path) -> None:
    assert seconds(tmp_path / "one", {}) >= 0
    assert seconds(tmp_path / "other", {"waited_seconds": 3600.0}) == 0
