from __future__ import annotations

import polars as pl

from omnix_cli.steps.neighbours.encoding import encode


def test_numbers_follow_the_order_of_the_strings() -> None:
    values, numbers = encode(pl.Series(["tea", "milk", "tea", "bread"]))
    assert values.to_list() == ["bread", "milk", "tea"]
    assert numbers.tolist() == [2, 1, 2, 0]


def test_no_rows_have_no_values() -> None:
    values, numbers = encode(pl.Series([], dtype=pl.String))
    assert (values.to_list(), numbers.tolist()) == ([], [])
