"""The IAM policies of configs/aws allow what the commands do, on the tables and indexes they do it to, and no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from omnix_cli.stores.dynamodb.store import DynamoStore
from omnix_cli.stores.sqlite import SqliteStore
from omnix_cli.stores.tables import TABLES
from tests.aws.accounts import new_stage, store_maker, transport_to
from tests.aws.fault_proxy import FaultProxy
from tests.cli.conftest import Omnix, omnix, ran, shop

POLICIES = Path(__file__).parents[2] / "configs" / "aws"
ARN = "arn:aws:dynamodb:REGION:ACCOUNT:table/"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
Right = tuple[str, str]
"""An action and the resource it is done to."""

__all__ = ["omnix", "ran", "shop"]  # fixtures of the command line


class Watch(FaultProxy):
    """Spoils nothing and notes the rights that every request needs."""

    def __init__(self, upstream: str, stage: str) -> None:
        super().__init__(upstream)
        self.used: set[Right] = set()
        self._stage = stage

    def fault(self, operation: str, body: bytes) -> None:
        request = json.loads(body)
        for table in request.get("RequestItems", [request.get("TableName")]):
            index = f"/index/{request['IndexName']}" if "IndexName" in request else ""
            resource = table.replace("omnix-ai-", "PREFIX-").replace(f"-{self._stage}", "-STAGE")
            self.used.add((f"dynamodb:{operation}", f"{ARN}{resource}{index}"))


@pytest.fixture
def watch(ministack: str, aws_environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Has omnix use tables of its own, through the watch."""
    stage = new_stage()
    with Watch(ministack, stage) as proxy:
        settings = {"KIND": "dynamodb", "ENDPOINT_URL": proxy.url, "STAGE": stage, "TABLES__OWN_PRODUCTS": "true"}
        for name, value in settings.items():
            monkeypatch.setenv(f"OMNIX_STORE__{name}", value)
        yield proxy


@pytest.fixture
def store(watch: Watch, ministack: str) -> Iterator[DynamoStore]:
    """The same tables, made and filled unseen."""
    with closing(store_maker(ministack, stage=watch._stage)()) as unseen:
        unseen.create_tables()
        yield unseen


def purchase(number: int) -> dict[str, Any]:
    item = {"id": f"p{number}", "customerId": f"c{number % 5}", "productId": "milk", "quantity": 1, "totalPrice": 2}
    return {**item, "purchaseDate": f"2026-01-{number % 28 + 1:02d}T10:00:00Z"}


def allowed(policy: str) -> set[Right]:
    statements = json.loads((POLICIES / f"{policy}.json").read_text())["Statement"]
    assert {statement["Effect"] for statement in statements} == {"Allow"}
    return {(action, arn) for one in statements for action in one["Action"] for arn in one["Resource"]}


def did(omnix: Omnix, *arguments: str) -> None:
    answer = omnix(*arguments)
    assert answer.code == 0, answer.err


def test_the_nightly_job(watch: Watch, store: DynamoStore, ran: Omnix, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put_many("purchase-history", map(purchase, range(40)))
    for kind in ("purchases", "products", "customers", "interactions"):
        did(ran, "import", kind, "--from", "dynamodb")
    monkeypatch.setenv("OMNIX_PUBLISH__REFRESH_SHARE", "0")
    did(ran, "run")
    did(ran, "publish", "--dry-run")
    assert watch.used == allowed("nightly-job")


def test_the_analyst(watch: Watch, store: DynamoStore, omnix: Omnix, tmp_path: Path) -> None:
    store.put_many("purchase-history", map(purchase, range(40)))
    omnix("tables", "status")
    did(omnix, "tables", "export", *TABLES, "--to", str(tmp_path / "exported"))
    with closing(DynamoStore(transport_to(watch.url), stage=watch._stage)) as seen:
        for spec in TABLES.values():
            seen.get(spec.name, "a", now=NOW)
            list(seen.get_many(spec.name, ["a", "b"]))
            list(seen.scan(spec.name, segment=0, segments=2))
            for index in spec.indexes:
                seen.query(spec.name, index.name, "a", now=NOW)
    assert watch.used == allowed("analyst")


def test_the_migration(watch: Watch, omnix: Omnix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIX_STORE__TABLES__EXPIRING", '["product-interactions", "recommendations"]')
    did(omnix, "tables", "create")
    _without_indexes(watch)
    did(omnix, "tables", "create")
    did(omnix, "tables", "status")
    with closing(SqliteStore(tmp_path / "other.sqlite")) as other:
        other.create_tables()
        for spec in TABLES.values():
            other.put_many(spec.name, [{spec.key: f"k{number}", "name": "n"} for number in range(30)])
    source = ("--from", "kind=sqlite", "--from", f"path={tmp_path / 'other.sqlite'}", "--from", "stage=dev")
    did(omnix, "tables", "copy", *TABLES, *source)
    did(omnix, "tables", "verify", *TABLES, *source)
    did(omnix, "tables", "copy", "--undo", "latest")
    did(omnix, "tables", "export", *TABLES, "--to", str(tmp_path / "exported"))
    did(omnix, "tables", "load", str(tmp_path / "exported"))
    did(omnix, "tables", "drop", "--yes")
    assert watch.used == allowed("migration")


def _without_indexes(watch: Watch) -> None:
    """Puts bare tables in place of those just made, unseen."""
    before = set(watch.used)
    with closing(transport_to(watch.url)) as transport:
        for spec in TABLES.values():
            name = spec.full_name("omnix-ai", watch._stage)
            transport("DeleteTable", {"TableName": name})
            request = {
                "TableName": name,
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": spec.key, "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": spec.key, "KeyType": "HASH"}],
            }
            transport("CreateTable", request)
    watch.used = before


def test_placeholders_are_the_only_names_in_the_policies() -> None:
    for file in POLICIES.glob("*.json"):
        policy = json.loads(file.read_text())
        assert policy["Version"] == "2012-10-17"
        assert all(arn.startswith(f"{ARN}PREFIX-") for one in policy["Statement"] for arn in one["Resource"])
        assert len(json.dumps(policy, separators=(",", ":"))) < 6144  # the limit of a managed policy
