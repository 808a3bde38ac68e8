"""Putting the rows of a frame."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from omnix_cli.protocols.tables import TableStore
from tests.contracts.table_store.examples import NOW, ids


class KeepsFrames:
    """The rows of a frame are items."""

    def test_a_row_is_an_item_and_null_is_absent(self, store: TableStore) -> None:
        offers = [[{"shop": "ann's", "price": Decimal("1.50"), "day": None}, None], []]
        frame = pl.DataFrame(
            {
                "id": ["milk", "tea"],
                "category": ["dairy", None],
                "stock": [3, 2**63 - 1],
                "weight": [Decimal("0.10"), Decimal("12345678901234567890123456789012345.678")],
                "name": ['"Milk", 1 l\n\u2028\\', ""],
                "fresh": [True, None],
                "tags": [["a", None], None],
                "offers": offers,
                "size": [{"width": 1}, {"width": None}],
                "photo": [b"\x00\xff", None],
                "nothing": [None, None],
            }
        )
        assert store.put_many("products", frame) == 2
        assert store.get("products", "milk", now=NOW) == {
            "id": "milk",
            "category": "dairy",
            "stock": 3,
            "weight": Decimal("0.1"),
            "name": '"Milk", 1 l\n\u2028\\',
            "fresh": True,
            "tags": ["a", None],
            "offers": [{"shop": "ann's", "price": Decimal("1.5")}, None],
            "size": {"width": 1},
            "photo": b"\x00\xff",
        }
        assert store.get("products", "tea", now=NOW) == {
            "id": "tea",
            "stock": 2**63 - 1,
            "weight": Decimal("12345678901234567890123456789012345.678"),
            "name": "",
            "offers": [],
            "size": {},
        }
        assert ids(store.query("products", "category-index", "dairy", now=NOW).items) == ["milk"]

    def test_of_two_rows_with_one_key_the_later_stays(self, store: TableStore) -> None:
        frame = pl.DataFrame({"id": ["milk", "tea"] * 300, "stock": range(600)})
        assert store.put_many("products", frame) == 600
        found = {item["id"]: item["stock"] for item in store.scan("products")}
        assert found == {"milk": 598, "tea": 599}

    def test_no_rows_are_no_items(self, store: TableStore) -> None:
        assert (
            store.put_many("products", pl.DataFrame(schema={"id": pl.String, "size": pl.Struct({"a": pl.Int8})})) == 0
        )
        assert list(store.scan("products")) == []

    @pytest.mark.parametrize("price", [0.1, float("nan"), float("inf"), [0.1], {"low": 1.0}])
    def test_a_binary_float_in_a_frame_is_refused(self, store: TableStore, price: Any) -> None:
        with pytest.raises(TypeError, match="Decimal"):
            store.put_many("products", pl.DataFrame({"id": ["milk"], "price": [price]}))
        assert list(store.scan("products")) == []

    @pytest.mark.parametrize("columns", [{}, {"id": [""]}, {"id": [3]}, {"id": [None]}, {"category": ["a"]}])
    def test_keys_in_a_frame_are_strings_with_something_in_them(
        self, store: TableStore, columns: dict[str, list[Any]]
    ) -> None:
        with pytest.raises(ValueError, match="must be a non-empty string"):
            store.put_many("products", pl.DataFrame({"name": ["Milk"], **columns}))
