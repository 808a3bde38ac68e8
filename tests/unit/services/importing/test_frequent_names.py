from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import polars as pl

from omnix_cli.services.importing.frequent_names import FrequentNames
from omnix_cli.stores.inputs.spill import open_spill


def named(folder: Path, *chunks: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    with open_spill(folder=folder / "spill", memory_bytes=10, piece_bytes=10) as held:
        names = FrequentNames(held)
        for chunk in chunks:
            names.add(pl.DataFrame(chunk, schema=["product_id", "name"], orient="row"))
        yield from (rows.rows() for rows in names.rows())


def test_names_are_counted_over_all_chunks(tmp_path: Path) -> None:
    chunks = [[("1", "a"), ("1", "b"), ("2", "x")], [("1", "a"), ("2", "y"), ("1", "b")], [("1", "a")]]
    rows = list(chain.from_iterable(named(tmp_path, *chunks)))
    assert rows == [("1", "a"), ("1", "a"), ("2", "y"), ("1", "a"), ("2", "y"), ("1", "a"), ("1", "a")]


def test_an_import_without_rows_has_no_names(tmp_path: Path) -> None:
    assert list(named(tmp_path)) == []
