"""Items there and back, exactly; what DynamoDB has no type for; names and values in the expressions of a request."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

import orjson
import pytest
from boto3.dynamodb.types import Binary, TypeDeserializer
from hypothesis import example, given
from hypothesis import strategies as st

from omnix_cli.stores.dynamodb.wire import (
    Placeholders,
    alive,
    condition,
    encoded,
    from_wire,
    number_text,
    projection,
    to_wire,
    update,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
decimals = st.builds(
    lambda sign, digits, exponent: Decimal((sign, tuple(map(int, str(digits))), exponent)),
    st.integers(0, 1),
    st.integers(0, 10**38 - 1),
    st.integers(-120, 80),
)
numbers = st.integers(-(10**38) + 1, 10**38 - 1) | decimals
scalars = texts | numbers | st.booleans() | st.none() | st.binary(max_size=20)
sets = (
    st.sets(texts, min_size=1, max_size=4)
    | st.sets(numbers, min_size=1, max_size=4)
    | st.sets(st.binary(max_size=8), min_size=1, max_size=4)
)
values = st.recursive(
    scalars | sets,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)
items = st.dictionaries(texts, values, max_size=6)


def plain(value: Any) -> Any:
    """What boto3's own reader gives, with its bytes as ours."""
    if isinstance(value, Binary):
        return value.value
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list | set):
        return type(value)(plain(part) for part in value)
    return value


def as_boto3_reads(value: Any) -> Any:
    """A wire value with bytes in place of base64, as boto3's protocol parser hands it on."""
    ((tag, content),) = value.items()
    if tag == "B":
        return {"B": base64.b64decode(content)}
    if tag == "BS":
        return {"BS": [base64.b64decode(part) for part in content]}
    if tag == "L":
        return {"L": [as_boto3_reads(part) for part in content]}
    if tag == "M":
        return {"M": {name: as_boto3_reads(part) for name, part in content.items()}}
    return value


@given(items)
def test_an_item_comes_back_as_it_was(item: dict[str, Any]) -> None:
    assert from_wire(to_wire(item)) == item


@given(items)
def test_json_is_the_same_with_and_without_the_values_in_between(item: dict[str, Any]) -> None:
    assert orjson.loads(encoded(item)) == to_wire(item)
    assert from_wire(orjson.loads(encoded(item))) == item


@given(items)
def test_boto3_reads_the_same_values(item: dict[str, Any]) -> None:
    read = TypeDeserializer().deserialize
    assert {name: plain(read(as_boto3_reads(value))) for name, value in to_wire(item).items()} == item


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (Decimal("3.50"), Decimal("3.5")),
        (Decimal("3"), 3),
        (Decimal("9.9999999999999999999999999999999999999E+125"), None),
        (Decimal("1E-130"), None),
        (-(10**37), None),
        (10**100, None),
        (Decimal("0E+500"), 0),
    ],
)
def test_numbers_keep_their_value(written: Any, read: Any) -> None:
    assert from_wire(orjson.loads(encoded({"n": written}))) == {"n": written if read is None else read}


@given(st.integers(-(10**60), 10**60) | st.decimals(allow_nan=False, allow_infinity=False))
@example(10**38)
@example(10**38 + 1)
def test_a_number_is_kept_exactly_or_refused(number: Any) -> None:
    try:
        text = number_text(number)
    except ValueError:
        digits = "".join(map(str, Decimal(number).as_tuple().digits)).strip("0")
        assert len(digits) > 38 or not -130 <= Decimal(number).adjusted() <= 125
    else:
        assert Decimal(text) == number


@pytest.mark.parametrize(
    "value",
    [
        Decimal("NaN"),
        Decimal("NaN7"),
        Decimal("sNaN"),
        Decimal("-Infinity"),
        10**38 + 1,
        Decimal("1." + "1" * 38),
        Decimal("1E+126"),
        Decimal("1E-131"),
        set(),
        {1, "1"},
        {None},
        frozenset({True}),
    ],
)
def test_what_dynamodb_cannot_keep_is_a_value_error(value: Any) -> None:
    for write in (to_wire, encoded):
        with pytest.raises(ValueError, match=r"."):
            write({"value": value})


@pytest.mark.parametrize("value", [0.1, float("nan"), [1.0], {"a": {"b": 1.5}}, object(), range(3), 1j])
def test_what_has_no_type_there_is_a_type_error(value: Any) -> None:
    for write in (to_wire, encoded):
        with pytest.raises(TypeError, match=r"Decimal|cannot store"):
            write({"value": value})


def test_names_and_values_are_numbered_and_a_name_is_defined_once() -> None:
    names = Placeholders()
    assert [names.name("status"), names.name("ttl"), names.name("status")] == ["#n0", "#n1", "#n0"]
    assert [names.value("a"), names.value(1)] == [":v0", ":v1"]
    assert names.in_request() == {
        "ExpressionAttributeNames": {"#n0": "status", "#n1": "ttl"},
        "ExpressionAttributeValues": {":v0": {"S": "a"}, ":v1": {"N": "1"}},
    }


def test_a_request_without_values_defines_none() -> None:
    assert condition("id", None) == {
        "ConditionExpression": "attribute_not_exists(#n0)",
        "ExpressionAttributeNames": {"#n0": "id"},
    }
    assert condition("id", {})["ConditionExpression"] == "attribute_exists(#n0)"


def test_all_expected_values_must_be_there() -> None:
    request = condition("id", {"fence": 3, "state": "writing"})
    assert request["ConditionExpression"] == "#n0 = :v0 AND #n1 = :v1"
    assert request["ExpressionAttributeValues"] == {":v0": {"N": "3"}, ":v1": {"S": "writing"}}


def test_an_update_sets_values_of_an_item_that_exists() -> None:
    request = update("id", {"stock": 4, "name": "Milk"})
    assert request["ConditionExpression"] == "attribute_exists(#n0)"
    assert request["UpdateExpression"] == "SET #n1 = :v0, #n2 = :v1"
    assert request["ExpressionAttributeNames"] == {"#n0": "id", "#n1": "stock", "#n2": "name"}
    assert "UpdateExpression" not in update("id", {})


def test_a_projection_names_its_attributes() -> None:
    assert projection(["id", "ttl"]) == {
        "ProjectionExpression": "#n0, #n1",
        "ExpressionAttributeNames": {"#n0": "id", "#n1": "ttl"},
    }


def test_the_moment_of_expiry_is_a_number() -> None:
    names = Placeholders()
    assert alive(names, "ttl", 12.5).endswith("#n0 > :v1")
    assert names.in_request()["ExpressionAttributeValues"] == {":v0": {"S": "N"}, ":v1": {"N": "12.500000"}}


@pytest.mark.parametrize("text", ["", "NaN", "Infinity", "-Infinity", "one", "-"])
def test_what_is_no_number_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"number|invalid literal"):
        from_wire({"price": {"N": text}})
