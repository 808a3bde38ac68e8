"""What makes two items equal."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnix_cli.services.migrations.checksums import canonical, checksum, differing_attributes

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=3)
decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9)
numbers = (
    st.integers(-(10**25), 10**25) | decimals | st.integers(-2, 2) | st.sampled_from([Decimal("1.0"), Decimal("-0")])
)
sets = st.frozensets(texts, max_size=2) | st.frozensets(st.binary(max_size=1), max_size=2) | st.frozensets(numbers)
values = st.recursive(
    texts | numbers | st.booleans() | st.none() | st.binary(max_size=2) | sets,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=5,
)


def equal(left: Any, right: Any) -> bool:
    """Equality as DynamoDB means it: numbers by value, everything else with its type."""
    number = (int, Decimal)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, number) and isinstance(right, number):
        return Decimal(left) == Decimal(right)
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(equal(left[name], right[name]) for name in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return bool(left == right)


@given(values, values)
def test_canonical_texts_are_equal_exactly_where_values_are(left: Any, right: Any) -> None:
    assert (canonical(left) == canonical(right)) == equal(left, right)


@given(decimals, st.integers(0, 6))
def test_trailing_zeros_do_not_count(number: Decimal, zeros: int) -> None:
    longer = Decimal(f"{number:f}" + ("" if "." in f"{number:f}" else ".") + "0" * zeros)
    assert checksum({"n": number}) == checksum({"n": longer})


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (Decimal("3.50"), Decimal("3.5")),
        (Decimal("1E+3"), 1000),
        (10**30, Decimal("1E+30")),
        (Decimal("-0.00"), 0),
        ({"a", "b", "c"}, {"c", "b", "a"}),
        ({"x": 1, "y": 2}, {"y": 2, "x": 1}),
        ({1, 2}, {Decimal("1.0"), Decimal("2.00")}),
    ],
)
def test_spellings_of_one_value(left: Any, right: Any) -> None:
    assert checksum({"v": left}) == checksum({"v": right})


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("3", 3),
        (True, 1),
        ({"1"}, {1}),
        (["a"], {"a"}),
        (b"a", "61"),
        (b"a", "a"),
        ({}, []),
        (["a", "b"], ["b", "a"]),
        ([["a"], "b"], [["a", "b"]]),
        ({'a","b'}, {"a", "b"}),
    ],
)
def test_values_that_only_look_alike(left: Any, right: Any) -> None:
    assert checksum({"v": left}) != checksum({"v": right})


def test_an_attribute_that_is_null_is_not_an_absent_one() -> None:
    left, right = {"a": 1, "b": None, "c": {1}}, {"a": Decimal("1.0"), "c": {1}, "d": 0}
    assert differing_attributes(left, right) == ["b", "d"]
