"""Items in Parquet files keep every type."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest

from omnix_cli.errors import DataError
from omnix_cli.stores.migrations.item_parquet import as_parquet, items_frame, read_items
from omnix_cli.stores.tables.specs import TABLES

SPEC = TABLES["products"]
ITEMS = [
    {"id": "b", "category": "tea", "price": Decimal("1.50"), "tags": {"x"}, "picture": b"\0", "none": None},
    {"id": "a", "map": {"deep": [1, True]}},
]


def test_items_come_back_in_their_order_and_keys_without_items_follow() -> None:
    content = as_parquet(items_frame(SPEC, ITEMS, absent=["c"]))
    assert list(read_items(content, "id")) == [("b", ITEMS[0]), ("a", ITEMS[1]), ("c", None)]
    assert list(read_items(content, "id", after="b")) == [("a", ITEMS[1]), ("c", None)]


def test_what_indexes_use_is_a_column() -> None:
    frame = items_frame(SPEC, ITEMS)
    assert frame.columns == ["id", "category", "item"]
    assert frame["category"].to_list() == ["tea", None]
    assert frame["item"].dtype == pl.String


def test_the_same_items_give_the_same_bytes() -> None:
    assert as_parquet(items_frame(SPEC, ITEMS)) == as_parquet(items_frame(SPEC, ITEMS))


def test_an_item_that_cannot_be_stored_is_named() -> None:
    with pytest.raises(DataError, match="products: the item 'a' cannot be stored"):
        items_frame(SPEC, [{"id": "a", "price": 1.5}])
