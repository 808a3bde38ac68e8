"""Items as columns: the same values as the general decoder finds, whatever their types."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.stores.dynamodb.item_columns import ItemColumns
from omnix_cli.stores.dynamodb.wire import to_wire

NAMES = ("id", "a", "m.x", "m.deep.y", "tags")


def decode(columns: ItemColumns, items: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], dict[int, str]]:
    wire = [to_wire(item) for item in items]
    parsed = pl.Series([orjson.dumps(item).decode() for item in wire], dtype=pl.String).str.json_decode(columns.dtype)
    found = columns.decode(parsed, lambda rows: [wire[row] for row in rows])
    return found.columns.to_dicts(), found.unreadable


def test_values_become_texts_and_lists() -> None:
    items = [
        {"id": "1", "a": Decimal("1.50"), "m": {"x": True, "deep": {"y": "z"}}, "tags": ["u", 3], "unread": 1},
        {"id": "2", "a": None, "m": None, "tags": {"k"}},
        {"id": "3", "a": [1, None], "m": {"x": {"n": 1}}, "tags": "u|v"},
        {"id": "4", "a": b"x", "m": "no map", "tags": ["v", True, None]},
        {"id": "5"},
    ]
    rows, unreadable = decode(ItemColumns(NAMES, ["tags"]), items)
    assert [list(row.values()) for row in rows] == [
        ["1", "1.50", "true", "z", ["u", "3"]],
        ["2", None, None, None, ["k"]],
        ["3", "[1,null]", '{"n":1}', None, ["u", "v"]],
        ["4", '"eA=="', None, None, ["v", "true"]],
        ["5", None, None, None, None],
    ]
    assert unreadable == {3: "`m` is not a map"}


def test_types_that_come_later_are_found_all_the_same() -> None:
    columns = ItemColumns(["a"])
    first = columns.dtype
    assert decode(columns, [{"a": "x"}])[0] == [{"a": "x"}]
    assert columns.dtype != first  # only texts are looked for now
    assert decode(columns, [{"a": 5}, {"a": "y"}, {"a": None}])[0] == [{"a": "5"}, {"a": "y"}, {"a": None}]
    assert decode(columns, [{"a": True}, {"a": 6}])[0] == [{"a": "true"}, {"a": "6"}]


def plain_text(value: Any) -> str | None:
    """What a value is as a text, worked out from the item itself."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    return orjson.dumps(value).decode()


simple = st.text(max_size=4) | st.integers(-9, 9) | st.none() | st.booleans()
value = simple | st.lists(simple, max_size=2) | st.dictionaries(st.sampled_from("xy"), simple, max_size=2)
item = st.fixed_dictionaries({}, optional={"id": value, "a": value, "m": st.dictionaries(st.just("x"), value)})


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(item, min_size=1, max_size=4), min_size=1, max_size=4))
def test_the_columns_hold_what_the_items_hold(chunks: list[list[dict[str, Any]]]) -> None:
    columns = ItemColumns(["id", "a", "m.x"])
    for items in chunks:
        rows, unreadable = decode(columns, items)
        assert not unreadable
        for row, original in zip(rows, items, strict=True):
            assert row["id"] == plain_text(original.get("id"))
            assert row["a"] == plain_text(original.get("a"))
            assert row["m.x"] == plain_text(original.get("m", {}).get("x"))
