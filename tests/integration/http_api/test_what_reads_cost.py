"""What a request reads: by key or over an index, never a whole table, and a read writes nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from omnix_cli.services.customers.customer_side import TABLES, CustomerSide
from omnix_cli.stores.sqlite.store import SqliteStore
from tests.aws.accounts import store_maker
from tests.aws.fault_proxy import FaultProxy
from tests.contracts.test_customer_side import published
from tests.integration.http_api.doors import Door

LINES = [{"productId": f"p{n}", "unitPrice": 1, "purchaseDate": f"2018-01-{n:02}T10:00:00Z"} for n in range(1, 12)]
READS: dict[str, Callable[[CustomerSide], Any]] = {
    "profile": lambda side: side.profile("zoe"),
    "purchases": lambda side: side.purchases("zoe", limit=5),
    "their second page": lambda side: side.purchases("zoe", limit=5, cursor=side.purchases("zoe", limit=5).cursor),
    "interactions": lambda side: side.interactions("zoe"),
    "recommendations": lambda side: side.recommendations("zoe"),
    "recommendations of nobody": lambda side: side.recommendations("nobody"),
    "similar": lambda side: side.similar("milk"),
    "similar without a list": lambda side: side.similar("p1"),
    "trending": lambda side: side.trending(),
    "seasonal": lambda side: side.seasonal(),
    "predictions": lambda side: side.consumption_predictions("zoe"),
    "alerts": lambda side: side.replenishment_alerts("zoe"),
}
PATHS = {
    "/v1/customers/zoe/profile": {"GetItem": 1},
    "/v1/customers/zoe/purchases?limit=5": {"Query": 1},
    "/v1/customers/zoe/interactions": {"Query": 1},
    "/recommendations/customers/zoe": {"GetItem": 1, "BatchGetItem": 1},
    "/recommendations/customers/nobody": {"GetItem": 2, "BatchGetItem": 1},
    "/recommendations/products/milk/similar": {"GetItem": 1, "BatchGetItem": 1},
    "/recommendations/products/p1/similar": {"GetItem": 2, "Query": 1},
    "/recommendations/trending": {"GetItem": 1, "BatchGetItem": 1},
    "/recommendations/seasonal": {"GetItem": 1},
    "/v1/customers/zoe/consumption-predictions": {"GetItem": 3},
    "/v1/customers/zoe/replenishment-alerts": {"GetItem": 3},
    "/readyz": {"GetItem": 1},
    "/": {"GetItem": 2, "BatchGetItem": 1},
    "/?customer=zoe": {"GetItem": 7, "BatchGetItem": 1},
    "/?product=milk": {"GetItem": 1, "BatchGetItem": 2},
}


def fill(side: CustomerSide) -> None:
    side.register({"customerId": "zoe"})
    side.add_purchases("zoe", LINES)
    side.record_interaction("zoe", {"productId": "milk", "interactionType": "view"})
    lists = ("zoe#homepage", "similar#milk", "trending#all", "popular#all")
    side.store.put_many("recommendations", [published(one, ["milk", "tea"]) for one in lists])


@pytest.mark.parametrize("read", READS)
def test_the_embedded_store_searches_and_never_scans(tmp_path: Path, read: str) -> None:
    with closing(SqliteStore(tmp_path / "store.sqlite")) as store:
        store.create_tables((*TABLES, "products"))
        side = Door(tmp_path, opened=store).side
        fill(side)
        asked: list[str] = []
        with store.database() as database:
            database.set_trace_callback(asked.append)
            READS[read](side)
            database.set_trace_callback(None)
            assert asked and all(one.startswith("SELECT") for one in asked), "a read writes nothing"
            for statement in asked:
                plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement}")]
                own = [step for step in plan if "json_each" not in step and "LIST SUBQUERY" not in step]
                assert own and all(re.match(r"SEARCH \S+ USING (COVERING )?INDEX", step) for step in own), plan


class Recorded(FaultProxy):
    """Passes everything on, and keeps count."""

    def __init__(self, upstream: str) -> None:
        super().__init__(upstream, share=0.0)
        self.operations: Counter[str] = Counter()

    def fault(self, operation: str, body: bytes) -> None:
        self.operations[operation] += 1


@pytest.fixture(scope="module")
def watched(ministack: str) -> Iterator[Recorded]:
    recorded = Recorded(ministack)
    with recorded:
        yield recorded


def test_dynamodb_is_asked_for_keys_and_indexes_only(tmp_path: Path, watched: Recorded, aws_environment: None) -> None:
    with closing(store_maker(watched.url)()) as store:
        store.create_tables((*TABLES, "products"))
        door = Door(tmp_path, opened=store)
        fill(door.side)
        for path, operations in PATHS.items():
            watched.operations.clear()
            assert door.call("GET", path).status_code == 200, path
            assert watched.operations == operations, path
