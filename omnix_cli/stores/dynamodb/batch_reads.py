"""Reading items by key with BatchGetItem, until every key was answered.

Limits: 100 keys and 16 MB an answer (API reference, BatchGetItem); the keys that an answer left out are asked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from omnix_cli.stores.dynamodb.client.service import Service, explained
from omnix_cli.stores.dynamodb.client.transports import ServiceError
from omnix_cli.stores.dynamodb.wire import from_wire

BATCH_KEYS = 100


def read_items(service: Service, table: str, attribute: str, keys: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The items of the keys that are there, read consistently; `table` is its full name, `attribute` its key."""
    remaining = iter(dict.fromkeys(keys))
    while batch := [{attribute: {"S": key}} for key in islice(remaining, BATCH_KEYS)]:
        attempt = 0
        while batch:
            request = {"RequestItems": {table: {"Keys": batch, "ConsistentRead": True}}}
            answer = service.answer("BatchGetItem", request, table)
            yield from map(from_wire, answer.get("Responses", {}).get(table, ()))
            left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
            attempt = attempt + 1 if len(left) == len(batch) else 0
            if attempt == service.retries.attempts:
                raise explained(ServiceError("UnprocessedKeys", f"{len(left)} keys, again and again", 0), table)
            if left:
                service.retries.wait(attempt, throttled=True)
            batch = left
