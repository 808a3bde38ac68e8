from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from omnix_cli.stores.inputs.spill import open_spill


def rows(first: int, count: int) -> pl.DataFrame:
    frame = pl.DataFrame({"n": range(first, first + count), "text": "x" * 20, "file": 1, "nothing": None})
    return frame.with_columns(pl.col("n").cast(pl.String).alias("place"), pl.col("nothing").cast(pl.String))


@pytest.mark.parametrize("memory_bytes", [0, 1 << 30])
def test_rows_come_back_in_order_from_memory_and_disk(tmp_path: Path, memory_bytes: int) -> None:
    with open_spill(tmp_path, memory_bytes=memory_bytes, piece_bytes=1_000) as spill:
        for first in range(0, 90, 30):
            spill.add(rows(first, 30))
        assert pl.concat(spill.pieces()).equals(rows(0, 90))
        assert bool(list(tmp_path.glob("*/*.arrow"))) == (memory_bytes == 0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("memory_bytes", [0, 1 << 30])
def test_marked_rows_of_a_part_come_with_their_other_columns(tmp_path: Path, memory_bytes: int) -> None:
    with open_spill(tmp_path, memory_bytes=memory_bytes, row_group_rows=8) as spill:
        staged = spill.stage(rows(0, 50), ["n", "text"])
        assert pl.read_parquet_schema(staged.file.path).keys() == {"n", "text"}
        assert staged.read().equals(rows(0, 50))
        for marked in ([3], [7, 8, 49], list(range(50))):
            found = staged.read(pl.Series(place in marked for place in range(50)))
            assert found.equals(rows(0, 50)[marked])
