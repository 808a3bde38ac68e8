"""What is particular to a disk; `tests/contracts/test_checkpoints.py` has what all places promise."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from omnix_cli.stores.workspace.folders import DiskShelf


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    store = ParquetCheckpoints(DiskShelf(tmp_path / "file" / "checkpoints"), now=lambda: datetime.now(UTC))
    with (
        pytest.raises(ConfigError, match="could not be written"),
        store.write(key="count-1", step="count", version="1", parameters={}, inputs={}) as writer,
    ):
        writer.append("numbers", pl.DataFrame({"n": [1]}))
