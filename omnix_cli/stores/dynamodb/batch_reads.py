"""Reading items by key with BatchGetItem, until every key was answered.

Limits: 100 keys and 16 MB an answer (API reference, BatchGetItem); keys that an answer leaves out are sent again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from omnix_cli.batching import batched
from omnix_cli.stores.dynamodb.client.errors import ServiceError, explained
from omnix_cli.stores.dynamodb.client.service import Service
from omnix_cli.stores.dynamodb.wire import from_wire

BATCH_KEYS = 100


def read_items(service: Service, table: str, attribute: str, keys: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The items with these keys that exist, read consistently; `table` is its full name, `attribute` its key."""
    for some in batched(dict.fromkeys(keys), BATCH_KEYS):
        batch, attempt = [{attribute: {"S": key}} for key in some], 0
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
