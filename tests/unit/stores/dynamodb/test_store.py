"""Reading items by key, in batches."""

from __future__ import annotations

from typing import Any

import pytest

from omnix_cli.errors import UnavailableError
from omnix_cli.stores.dynamodb.client.service import Retries
from omnix_cli.stores.dynamodb.store import BATCH_KEYS, DynamoStore

AT_ONCE = Retries(attempts=3, sleep=lambda seconds: None)
NAME = "omnix-ai-products-dev"


class Table:
    """Answers with up to `most` items at a time, and leaves the other keys unprocessed."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.batches: list[int] = []

    def __call__(self, operation: str, request: Any) -> dict[str, Any]:
        assert operation == "BatchGetItem"
        keys = request["RequestItems"][NAME]["Keys"]
        self.batches.append(len(keys))
        answered, left = keys[: self.most], keys[self.most :]
        items = [key for key in answered if key["id"]["S"] != "absent"]
        return {"Responses": {NAME: items}, "UnprocessedKeys": {NAME: {"Keys": left}} if left else {}}

    def raw(self, operation: str, request: Any) -> bytes:
        raise NotImplementedError

    def close(self) -> None:
        pass


def test_keys_are_read_in_batches_until_every_one_was_answered() -> None:
    table = Table(most=60)
    keys = [*(f"p{number:03d}" for number in range(150)), "absent", "p000"]
    found = [item["id"] for item in DynamoStore(table, retries=AT_ONCE).get_many("products", keys)]
    assert found == keys[:150]
    assert table.batches == [BATCH_KEYS, 40, 51]


def test_a_table_that_answers_no_key_is_given_up() -> None:
    table = Table(most=0)
    with pytest.raises(UnavailableError, match="again and again"):
        list(DynamoStore(table, retries=AT_ONCE).get_many("products", ["milk"]))
    assert len(table.batches) == AT_ONCE.attempts
