"""Reading items by key."""

from __future__ import annotations

from typing import Any

import pytest

from omnix_cli.errors import UnavailableError
from omnix_cli.stores.dynamodb.batch_reads import BATCH_KEYS, read_items
from omnix_cli.stores.dynamodb.client.retries import Retries
from omnix_cli.stores.dynamodb.client.service import Service

AT_ONCE = Retries(attempts=3, sleep=lambda seconds: None)


class Table:
    """Answers with up to `most` items at a time, and leaves the other keys unprocessed."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.batches: list[int] = []

    def __call__(self, operation: str, request: Any) -> dict[str, Any]:
        assert operation == "BatchGetItem"
        keys = request["RequestItems"]["t"]["Keys"]
        self.batches.append(len(keys))
        answered, left = keys[: self.most], keys[self.most :]
        items = [key for key in answered if key["id"]["S"] != "absent"]
        return {"Responses": {"t": items}, "UnprocessedKeys": {"t": {"Keys": left}} if left else {}}

    def raw(self, operation: str, request: Any) -> bytes:
        raise NotImplementedError

    def close(self) -> None:
        pass


def test_keys_are_read_in_batches_until_every_one_was_answered() -> None:
    table = Table(most=60)
    keys = [*(f"p{number:03d}" for number in range(150)), "absent", "p000"]
    found = [item["id"] for item in read_items(Service(table, AT_ONCE), "t", "id", keys)]
    assert found == keys[:150]
    assert table.batches == [BATCH_KEYS, 40, 51]


def test_a_table_that_answers_no_key_is_given_up() -> None:
    table = Table(most=0)
    with pytest.raises(UnavailableError, match="again and again"):
        list(read_items(Service(table, AT_ONCE), "t", "id", ["milk"]))
    assert len(table.batches) == AT_ONCE.attempts
