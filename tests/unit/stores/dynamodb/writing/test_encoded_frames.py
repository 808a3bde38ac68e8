"""Frames of items as DynamoDB JSON: the same as boto3 makes of the same items, whatever is in them."""

from __future__ import annotations

import base64
import string
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
import polars as pl
import pytest
from boto3.dynamodb.types import TypeSerializer
from hypothesis import given, settings

from omnix_cli.item_frames import as_dictionaries
from omnix_cli.stores.dynamodb.wire import from_wire, to_wire
from omnix_cli.stores.dynamodb.writing.encoded_frames import encoded_frame
from omnix_cli.stores.tables.specs import TABLES
from tests.item_frames import frames

PRODUCTS = TABLES["products"]


def as_boto3_sends(value: Any) -> Any:
    """What boto3's serializer made, with bytes as the JSON has them."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: as_boto3_sends(part) for name, part in value.items()}
    return [as_boto3_sends(part) for part in value] if isinstance(value, list) else value


def encoded(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return [orjson.loads(document) for _, document in encoded_frame(PRODUCTS, frame)]


@settings(deadline=None)
@given(frames())
def test_a_frame_is_encoded_as_boto3_encodes_its_items(frame: pl.DataFrame) -> None:
    items = list(as_dictionaries(frame))
    serialize = TypeSerializer().serialize
    by_value = [from_wire(item) for item in encoded(frame)]  # a number may be written in several ways
    assert by_value == [from_wire(as_boto3_sends(serialize(item)["M"])) for item in items]
    assert by_value == [from_wire(to_wire(item)) for item in items]
    assert [key for key, _ in encoded_frame(PRODUCTS, frame)] == frame["id"].to_list()


def test_what_is_null_is_absent_but_in_a_list() -> None:
    frame = pl.DataFrame(
        {
            "id": ["a", "b"],
            "note": [None, ""],
            "tags": [["x", None], None],
            "offers": [[{"shop": None, "price": Decimal("1.50")}, None], []],
            "size": [{"width": None}, None],
        }
    )
    assert encoded(frame) == [
        {
            "id": {"S": "a"},
            "tags": {"L": [{"S": "x"}, {"NULL": True}]},
            "offers": {"L": [{"M": {"price": {"N": "1.50"}}}, {"NULL": True}]},
            "size": {"M": {}},
        },
        {"id": {"S": "b"}, "note": {"S": ""}, "offers": {"L": []}},
    ]


@pytest.mark.parametrize("point", [0, 1, 20, 37])
def test_a_decimal_keeps_all_its_38_digits(point: int) -> None:
    digits = "-12345678901234567890123456789012345678"
    text = digits if point == 0 else f"{digits[:-point]}.{digits[-point:]}"
    number = pl.Series([Decimal(text)], dtype=pl.Decimal(38, point))
    frame = pl.DataFrame({"id": ["a"], "n": number}).with_columns(list=pl.concat_list("n"), map=pl.struct("n"))
    (item,) = encoded(frame)
    assert (item["n"], item["list"], item["map"]) == ({"N": text}, {"L": [{"N": text}]}, {"M": {"n": {"N": text}}})


@pytest.mark.parametrize("price", [1.5, float("nan"), float("inf"), [0.5], {"now": 1.0}, date(2026, 1, 1)])
def test_what_has_no_type_there_is_a_type_error(price: Any) -> None:
    with pytest.raises(TypeError, match=r"Decimal|cannot store"):
        list(encoded_frame(PRODUCTS, pl.DataFrame({"id": ["a"], "price": [price]})))


@pytest.mark.parametrize(
    "columns",
    [
        {"name": ["no key"]},
        {"id": ["a", None]},
        {"id": ["a", ""]},
        {"id": [1]},
        {"id": ["a", "b"], "category": ["x", ""]},
        {"id": ["a", "b"], "category": [None, 1]},
    ],
)
def test_keys_and_index_attributes_are_texts_with_something_in_them(columns: dict[str, list[Any]]) -> None:
    with pytest.raises(ValueError, match="must be a non-empty string"):
        list(encoded_frame(PRODUCTS, pl.DataFrame(columns)))


def test_the_strings_of_a_frame_need_nothing_but_their_quotes() -> None:
    texts = [*string.printable, "\u2028", "\x7f", "😀", '","a":null', '{"a":null}', "\\"]
    frame = pl.DataFrame({"id": ["k"] * len(texts), "a": [None, *texts[1:]], "text": texts})
    assert [item["text"]["S"] for item in encoded(frame)] == texts
