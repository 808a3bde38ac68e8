from __future__ import annotations

import polars as pl

from omnix_cli.services.content_keys import digest, rows_key


def test_equal_ingredients_give_equal_keys_in_any_order() -> None:
    assert digest({"a": 1, "b": {"c": [1, 2]}}) == digest({"b": {"c": [1, 2]}, "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})
    assert len(digest({})) == 32


def test_the_key_of_rows_is_that_of_their_content() -> None:
    rows = pl.DataFrame({"id": [f"p{n}" for n in range(1000)], "day": range(1000)})
    key = rows_key(rows.lazy())
    assert rows_key(rows.sample(fraction=1, shuffle=True, seed=1).lazy()) == key
    others = (rows.head(999), pl.concat([rows, rows.head(1)]), rows.with_columns(pl.col("day").shift(1)), rows.clear())
    assert len({key, *(rows_key(other.lazy()) for other in others)}) == 5
