"""Answers that DynamoDB can give: anything else, such as the empty page of a proxy, is asked for again.

Source: API reference, "Response Elements" of each operation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson

from omnix_cli.aws_errors import NO_ANSWER
from omnix_cli.stores.dynamodb.client.errors import ServiceError, explained

_ALWAYS: Mapping[str, Mapping[str, type]] = {
    "BatchGetItem": {"Responses": dict, "UnprocessedKeys": dict},
    "BatchWriteItem": {"UnprocessedItems": dict},
    "DescribeContinuousBackups": {"ContinuousBackupsDescription": dict},
    "DescribeTable": {"Table": dict},
    "DescribeTimeToLive": {"TimeToLiveDescription": dict},
    "Query": {"Items": list},
    "Scan": {"Items": list},
}
"""What an answer to these operations always has. Half an answer must not pass for "nothing there" or "all written"."""


def parsed(content: bytes, status: int = 200) -> dict[str, Any]:
    """The JSON object of an answer. Raises `ServiceError` for anything else."""
    try:
        answer = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise bad_answer(repr(content[:80]), status) from error
    if not isinstance(answer, dict):
        raise bad_answer(repr(content[:80]), status)
    return answer


def check(operation: str, answer: Mapping[str, Any]) -> None:
    """Raises `ServiceError` if the answer lacks what DynamoDB always sends."""
    for name, kind in _ALWAYS.get(operation, {}).items():
        if not isinstance(answer.get(name), kind):
            raise bad_answer(f"no {name} in the answer to {operation}")


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turns the errors of reading a part of an answer that DynamoDB does not send into a `ServiceError`."""
    try:
        yield
    except NO_ANSWER as error:
        raise bad_answer(f"{what}: {error or type(error).__name__}") from error


@contextmanager
def understood(table: str) -> Iterator[None]:
    """The same, as an error of omnix about a table (its full name)."""
    try:
        with reading("a field"):
            yield
    except ServiceError as error:
        raise explained(error, table) from error


def last_key(answer: Mapping[str, Any], before: object = None) -> dict[str, Any] | None:
    """The key to continue from; None at the end. An empty key is the end as well: from there, the same page would come
    again. Raises `ServiceError` for the key that the page began at (`before`), for the same reason."""
    key: dict[str, Any] | None = answer.get("LastEvaluatedKey") or None
    if key is not None and key == before:
        raise bad_answer(f"the page ends where it began, at {key}")
    return key


def consumed_units(used: object) -> float:
    """The capacity units of a `ConsumedCapacity`, of one table or of several; 0 if it does not say."""
    if isinstance(used, list):
        return sum(map(consumed_units, used))
    units = used.get("CapacityUnits") if isinstance(used, dict) else None
    return float(units) if isinstance(units, int | float) else 0.0


def bad_answer(what: str, status: int = 200) -> ServiceError:
    """An answer that DynamoDB does not give: the same request may get a better one."""
    return ServiceError("BadAnswer", f"status {status}, {what}", max(status, 500))
