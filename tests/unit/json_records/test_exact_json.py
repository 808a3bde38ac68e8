from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnix_cli.json_records import exact_json

NUMBERS = st.integers() | st.decimals(allow_nan=False, allow_infinity=False)
TEXTS = st.text(max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)


@given(VALUES)
def test_what_is_written_is_read_back_with_the_same_numbers(value: Any) -> None:
    assert exact_json.loads(exact_json.dumps({"value": value}))["value"] == value


def test_money_keeps_its_digits() -> None:
    assert exact_json.loads(b'{"a": 99999999999999.99}') == {"a": Decimal("99999999999999.99")}
    assert exact_json.dumps({"a": Decimal("1.10")}) == b'{"a":1.10}'
    assert exact_json.loads("123456789012345678901234567890") == 123456789012345678901234567890


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("NaN", "not a number"),
        ('{"a": -Infinity}', "not a number"),
        ('{"a": 1, "b": 2, "a": 3}', "'a' is given twice"),
        ("[" * 40 + "]" * 40, "nested deeper than 32"),
        ('{"a": 1,}', "property name"),
        ("", "Expecting value"),
        ("1" * 1_001, "more than 1,000 digits"),
        ("0." + "1" * 1_000, "more than 1,000 digits"),
        ("1e99999999999999999999", "an exponent that is out of range"),
    ],
)
def test_what_is_no_exact_document_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        exact_json.loads(text)


def test_what_only_a_store_has_is_written_as_the_aws_cli_writes_it() -> None:
    assert exact_json.dumps({"a": b"\xff", "b": {"y", "x"}}) == b'{"a":"/w==","b":["x","y"]}'
    assert exact_json.canonical({"a": {b"x"}}) == b'{"a":["eA=="]}'


def test_brackets_in_a_text_do_not_nest() -> None:
    text = json.dumps({"a": "[" * 100 + '"' + "\\"})
    assert exact_json.loads(text) == json.loads(text)


def test_a_number_that_is_not_finite_cannot_be_written() -> None:
    with pytest.raises(TypeError):
        exact_json.dumps({"a": Decimal("NaN")})


@pytest.mark.parametrize(("one", "other"), [("1", "1.0"), ("100", "1E+2"), ("0", "-0.00"), ("-1.5", "-1.50")])
def test_equal_numbers_have_one_canonical_form(one: str, other: str) -> None:
    assert exact_json.canonical({"b": Decimal(one), "a": 1}) == exact_json.canonical({"a": 1, "b": Decimal(other)})


def test_numbers_that_differ_in_their_last_digit_have_two() -> None:
    one, other = (Decimal(f"0.{'1' * 37}{digit}") for digit in "12")
    assert exact_json.canonical(one) != exact_json.canonical(other)
