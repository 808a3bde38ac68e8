"""What is an answer of DynamoDB, and what is none."""

from __future__ import annotations

from typing import Any

import pytest

from omnix_cli.stores.dynamodb.client.answers import check, consumed_units, last_key, parsed, reading
from omnix_cli.stores.dynamodb.client.errors import ServiceError


@pytest.mark.parametrize("content", [b"", b" ", b"[]", b"null", b"1", b'"a"', b"<html>", b'{"Items":'])
@pytest.mark.parametrize("status", [200, 404])
def test_what_is_no_object_may_be_another_server(content: bytes, status: int) -> None:
    with pytest.raises(ServiceError, match=f"status {status}") as caught:
        parsed(content, status)
    assert caught.value.may_pass


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        ("Scan", {}),
        ("Scan", {"Items": {}, "Count": 0}),
        ("Query", {"Count": 1}),
        ("BatchWriteItem", {}),
        ("BatchWriteItem", {"UnprocessedItems": None}),
        ("BatchGetItem", {"Responses": {}}),
        ("DescribeTable", {"Table": []}),
    ],
)
def test_half_an_answer_does_not_pass_for_nothing(operation: str, answer: dict[str, Any]) -> None:
    with pytest.raises(ServiceError, match=operation) as caught:
        check(operation, answer)
    assert caught.value.may_pass


def test_whole_answers_pass() -> None:
    check("Scan", {"Items": [], "Count": 0})
    check("GetItem", {})
    check("PutItem", {})


@pytest.mark.parametrize("end", [{}, {"LastEvaluatedKey": {}}, {"LastEvaluatedKey": None}])
def test_no_key_and_an_empty_one_are_the_end(end: dict[str, Any]) -> None:
    assert last_key(end, {"id": {"S": "a"}}) is None


def test_a_page_that_goes_nowhere_is_no_answer() -> None:
    key = {"id": {"S": "a"}}
    assert last_key({"LastEvaluatedKey": key}, {"id": {"S": "b"}}) == key
    with pytest.raises(ServiceError, match="where it began"):
        last_key({"LastEvaluatedKey": key}, dict(key))


@pytest.mark.parametrize(
    ("used", "units"),
    [(None, 0), ([], 0), ({"CapacityUnits": 1.5}, 1.5), ([{"CapacityUnits": 2}, {"CapacityUnits": 1}], 3), ("x", 0)],
)
def test_units_are_read_where_they_are_said(used: Any, units: float) -> None:
    assert consumed_units(used) == units


def test_what_cannot_be_read_may_be_read_later() -> None:
    with pytest.raises(ServiceError, match="an item: ") as caught, reading("an item"):
        raise KeyError("S")
    assert caught.value.may_pass
