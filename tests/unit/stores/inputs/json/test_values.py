"""Values of JSON documents as texts."""

from __future__ import annotations

import re

import pytest

from omnix_cli.stores.inputs.json.values import UnreadableDocument, flattened, parsed


def value(text: str) -> str | None:
    """A value of a document, as an import gets it."""
    return flattened(parsed(b'{"a":' + text.encode() + b"}"))["a"]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("12345678901234567890123", "12345678901234567890123"),
        ("12345678901234567890124", "12345678901234567890124"),
        ("-12345678901234567890124", "-12345678901234567890124"),
        ("1" * 44, "1" * 44),
        ("3.50", "3.50"),
        ("1.005", "1.005"),
        ("9007199254740993.0", "9007199254740993.0"),
        ("999999999999999.99", "999999999999999.99"),
        ("17850.0", "17850"),  # an id that went through a float
        ("1e3", "1000"),
        ("1e400", "1e400"),
        ('"17850.0"', "17850.0"),
        ('"007"', "007"),
        ("true", "true"),
        ("null", None),
        ("[]", "[]"),
        ('["é", 1.50, 12345678901234567890123, {"x": null}]', '["é",1.50,12345678901234567890123,{"x":null}]'),
    ],
)
def test_numbers_are_the_texts_that_were_written(written: str, text: str | None) -> None:
    assert value(written) == text


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('{"$numberDecimal": "3.50"}', "3.50"),
        ('{"$numberDecimal": "12345678901234567890.123456789"}', "12345678901234567890.123456789"),
        ('{"$numberDecimal": "NaN"}', "NaN"),
        ('{"$numberLong": "9007199254740993"}', "9007199254740993"),
        ('{"$numberLong": 5}', "5"),
        ('{"$numberInt": "2"}', "2"),
        ('{"$numberDouble": "3.5"}', "3.5"),
        ('{"$numberDouble": "17850.0"}', "17850"),
        ('{"$numberDouble": "Infinity"}', "Infinity"),
        ('{"$date": "2024-03-01T10:00:00Z"}', "2024-03-01T10:00:00Z"),
        ('{"$date": {"$numberLong": "1709287200000"}}', "2024-03-01T10:00:00.000Z"),
        ('{"$date": 1709287200000}', "2024-03-01T10:00:00.000Z"),
        ('{"$date": {"$numberLong": "-1"}}', "1969-12-31T23:59:59.999Z"),
        ('{"$date": {"$numberLong": "253402300799999"}}', "9999-12-31T23:59:59.999Z"),
        ('{"$date": {"$numberLong": "9223372036854775807"}}', "9223372036854775807"),
        ('{"$oid": "5f1e2d3c4b5a69788796a5b4"}', "5f1e2d3c4b5a69788796a5b4"),
        (
            '{"$binary": {"base64": "EjRWeBI0VngSNFZ4EjRWeA==", "subType": "04"}}',
            "12345678-1234-5678-1234-567812345678",
        ),
        ('{"$binary": "EjRWeBI0VngSNFZ4EjRWeA==", "$type": "04"}', "12345678-1234-5678-1234-567812345678"),
        ('{"$binary": {"base64": "AQI=", "subType": "00"}}', "AQI="),
        ('{"$binary": "no base64"}', "no base64"),
        ('{"$uuid": "12345678-1234-5678-1234-567812345678"}', "12345678-1234-5678-1234-567812345678"),
        ('{"$timestamp": {"t": 1709287200, "i": 1}}', "2024-03-01T10:00:00.000Z"),
        ('{"$symbol": "x"}', "x"),
        ('{"$undefined": true}', None),
        ('[{"$oid": "5f"}, {"$numberDecimal": "3.50"}, {"$date": {"$numberLong": "0"}}]',
         '["5f",3.50,"1970-01-01T00:00:00.000Z"]'),
    ],
)  # fmt: skip
def test_extended_json_of_mongodb_is_plain(written: str, text: str | None) -> None:
    assert value(written) == text


def test_other_names_with_a_dollar_are_names() -> None:
    document = parsed(b'{"a": {"$ref": "orders", "$id": {"$oid": "5f"}}, "b": {"$date": "x", "c": 1}, "c": {"$x": 1}}')
    assert flattened(document) == {"a.$ref": "orders", "a.$id": "5f", "b.$date": "x", "b.c": "1", "c.$x": "1"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"{oops", "not JSON"),
        (b'{"a": NaN}', "not JSON: NaN"),
        (b'{"a": -Infinity}', "not JSON: -Infinity"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": "\\ud800"}', "not JSON"),
        (b'{"a": "\t"}', "not JSON"),
        (b'{"a": 01}', "not JSON"),
        (b'{"a": 1, "a": 2}', "an object has a key twice"),
        (b'{"a": [{"b": 1, "b": 1}]}', "an object has a key twice"),
        (b'{"a": {"b": 1}, "a.b": 2}', "two values with the same path"),
        (b'{"a":' * 300 + b"1" + b"}" * 300, "nested too deeply"),
        (b'{"a":' + b"[" * 300 + b"]" * 300 + b"}", "nested too deeply"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_told(text: bytes, reason: str) -> None:
    with pytest.raises(UnreadableDocument, match=re.escape(reason)):
        flattened(parsed(text))


def test_digits_beyond_the_limit_of_python_are_told() -> None:
    with pytest.raises(UnreadableDocument, match="not JSON"):
        parsed(b'{"a": ' + b"1" * 5_000 + b"}")
