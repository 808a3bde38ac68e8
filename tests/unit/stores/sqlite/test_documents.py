"""Items as JSON text."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnix_cli.stores.sqlite.documents import decode, encode

numbers = st.integers(-(10**37), 10**37) | st.decimals(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
names = texts | st.sampled_from(["$binary", "$set", "$map", "$"])
sets = st.sets(texts, min_size=1) | st.sets(st.binary(max_size=4), min_size=1) | st.sets(numbers, min_size=1)
values = st.recursive(
    texts | numbers | st.booleans() | st.none() | st.binary(max_size=5) | sets,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=2),
    max_leaves=12,
)


def types_of(value: Any) -> Any:
    """The types in a value, in their places; those of numbers in sets have no place."""
    if isinstance(value, dict):
        return {name: types_of(part) for name, part in value.items()}
    return [types_of(part) for part in value] if isinstance(value, list) else type(value)


@given(st.dictionaries(texts, values, max_size=4))
def test_every_item_comes_back_with_its_types(item: dict[str, Any]) -> None:
    text = encode(item)
    assert decode(text) == item
    assert types_of(decode(text)) == types_of(item)
    json.loads(text)


@given(st.recursive(texts | st.booleans() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(texts, inner)))
def test_what_json_can_say_is_written_and_read_as_ever(value: Any) -> None:
    item = {"id": "1", "value": value}
    plain = orjson.dumps(item).decode()
    if '{"$' not in plain:
        assert encode(item) == plain
        assert decode(plain) == item


@pytest.mark.parametrize("older", ['{"m":{"$price":1}}', '{"m":{"$set":3}}', '{"m":{"$binary":"a","more":1}}'])
def test_an_older_document_with_such_names_still_reads(older: str) -> None:
    assert decode(older) == json.loads(older)


@pytest.mark.parametrize("value", [set(), {1, "1"}, {True}, {None}, [frozenset()], {(1,)}])
def test_sets_that_dynamodb_has_not_are_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="set"):
        encode({"value": value})


@pytest.mark.parametrize("value", [{1.5}, [{"a": (1.5,)}], {"$set": 1.5}])
def test_binary_floats_are_refused_at_any_depth(value: Any) -> None:
    with pytest.raises(TypeError, match="Decimal"):
        encode({"value": value})


def test_a_number_in_a_set_keeps_its_digits() -> None:
    (number,) = decode(encode({"value": {Decimal("3.50")}}))["value"]
    assert str(number) == "3.50"
