from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import polars as pl

from omnix_cli.services.importing.held.frequent_names import FrequentNames
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


def test_names_of_earlier_imports_count_and_ties_go_to_the_later(tmp_path: Path) -> None:
    earlier = pl.DataFrame({"product_id": ["1", "2", "3"], "name": ["a", "b", "c"], "rows": [2, 1, 9]})
    with open_spill(folder=tmp_path / "spill") as held:
        names = FrequentNames(held, [earlier.cast({"rows": pl.Int32}).lazy()])
        names.add(pl.DataFrame({"product_id": ["1", "2"], "name": ["damages", "damages"]}))
        (rows,) = names.rows()
        assert rows.rows() == [("1", "a"), ("2", "damages")]
        assert names.counts().rows() == [("1", "damages", 1), ("2", "damages", 1)]
