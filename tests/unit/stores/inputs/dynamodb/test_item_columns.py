"""Items as columns: the same values as the general decoder finds, whatever their types."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import Any

import orjson
import polars as pl
from boto3.dynamodb.types import Binary, TypeDeserializer
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.stores.dynamodb.wire import to_wire
from omnix_cli.stores.inputs.dynamodb.item_columns import ItemColumns, parsed

NAMES = ("id", "a", "m.x", "m.deep.y", "tags")


def decode(columns: ItemColumns, items: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], dict[int, str]]:
    wire = [to_wire(item) for item in items]
    texts = pl.Series([orjson.dumps(item).decode() for item in wire], dtype=pl.String)
    read, unreadable = columns.decode(parsed(texts, columns.dtype), lambda rows: [wire[row] for row in rows])
    return read.to_dicts(), unreadable


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


def test_an_attribute_that_no_item_had_so_far_is_not_missed() -> None:
    columns = ItemColumns(["a", "b", "tags"], ["tags"])
    assert decode(columns, []) == ([], {})
    assert decode(columns, [{"b": "x"}])[0] == [{"a": None, "b": "x", "tags": None}]
    rows = [{"a": number, "tags": ["t"]} for number in (1, True, "y", None)]
    for _ in range(3):  # by the general decoder, then by polars
        assert [row["a"] for row in decode(columns, rows)[0]] == ["1", "true", "y", None]


def test_numbers_are_exact_however_long() -> None:
    longest = 10**38 - 1
    exact = Decimal("0." + "1" * 37)
    (row,), unreadable = decode(ItemColumns("abc"), [{"a": longest, "b": exact, "c": [longest, exact]}])
    assert row == {"a": str(longest), "b": str(exact), "c": f'[{longest},"{exact}"]'}
    assert not unreadable


def test_texts_are_parsed_the_same_in_pieces() -> None:
    texts = pl.Series([f'{{"a":"{"x" * size}{number}"}}' for number, size in enumerate([0, 700_000, 9, 300_000] * 5)])
    dtype = pl.Struct({"a": pl.String})
    assert parsed(texts, dtype).equals(texts.str.json_decode(dtype))
    assert parsed(texts.clear(), dtype).to_list() == []


def holds(text: str | None, value: Any) -> bool:
    """Whether a text of a column holds a value as boto3 gives it."""
    if value is None or isinstance(value, str):
        return text == value
    if text is None:
        return False
    return Decimal(text) == value if isinstance(value, Decimal) else same(json.loads(text), value)


def same(found: Any, value: Any) -> bool:
    """Whether a value read from JSON is one as boto3 gives it; JSON has no bytes, no sets and only whole numbers."""
    if isinstance(value, Decimal):
        return not isinstance(found, bool) and Decimal(found) == value
    if isinstance(value, Binary):
        return bool(base64.b64decode(found) == value.value)
    if isinstance(value, dict):
        return found.keys() == value.keys() and all(same(found[name], part) for name, part in value.items())
    if isinstance(value, list):
        return len(found) == len(value) and all(map(same, found, value))
    if isinstance(value, set):
        return len(found) == len(value) and all(any(same(part, other) for part in found) for other in value)
    return type(found) is type(value) and bool(found == value)


numbers = st.integers(-(10**37), 10**37) | st.decimals(-(10**9), 10**9, places=5)
binary = st.binary(max_size=3)
simple = st.text(max_size=4) | numbers | st.none() | st.booleans() | binary
sets = (st.sets(kind, min_size=1, max_size=3) for kind in (st.text(max_size=3), numbers.map(Decimal), binary))
value = st.recursive(
    simple | st.one_of(*sets),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyM"), inner, max_size=2),
    max_leaves=5,
)
item = st.fixed_dictionaries(
    {}, optional={"id": value, "a": value, "b": simple, "m": st.dictionaries(st.just("x"), value)}
)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.lists(item, max_size=4), min_size=1, max_size=5))
def test_any_items_are_read_as_boto3_reads_them(chunks: list[list[dict[str, Any]]]) -> None:
    columns, boto3 = ItemColumns(["id", "a", "b", "m.x"]), TypeDeserializer()
    for items in chunks:
        rows, unreadable = decode(columns, items)
        assert not unreadable
        for row, original in zip(rows, map(to_wire, items), strict=True):
            read = {name: boto3.deserialize(with_bytes(tagged)) for name, tagged in original.items()}
            for name in ("id", "a", "b"):
                assert holds(row[name], read.get(name))
            assert holds(row["m.x"], read.get("m", {}).get("x"))


def with_bytes(tagged: dict[str, Any]) -> dict[str, Any]:
    """A value with its tag as botocore hands it to boto3: binary ones as bytes."""
    ((tag, value),) = tagged.items()
    if tag == "M":
        return {tag: {name: with_bytes(part) for name, part in value.items()}}
    if tag == "L":
        return {tag: [with_bytes(part) for part in value]}
    if tag == "BS":
        return {tag: [base64.b64decode(part) for part in value]}
    return {tag: base64.b64decode(value) if tag == "B" else value}
