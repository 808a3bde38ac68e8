"""Rows are cut into frames of one size; `tests/integration/test_import_runs.py` has what is compared and stored."""

from __future__ import annotations

import polars as pl
import pytest

from omnix_cli.services.importing.held.run_buffers import RowBuffer


@pytest.mark.parametrize("sizes", [[10], [3, 3, 4], [1] * 10, [0, 9, 1]])
def test_the_buffer_joins_and_cuts_frames(sizes: list[int]) -> None:
    numbers = iter(range(10))
    buffer = RowBuffer(4)
    full = []
    for size in sizes:
        full += [
            frame["n"].to_list() for frame in buffer.add(pl.DataFrame({"n": [next(numbers) for _ in range(size)]}))
        ]
    assert full == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert (buffer.height, buffer.rest()["n"].to_list()) == (2, [8, 9])
