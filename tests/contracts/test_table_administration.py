"""What everything that administers tables promises, and what is DynamoDB's own about it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from omnix_cli.errors import ConfigError, UnavailableError
from omnix_cli.protocols.tables import TableChange
from omnix_cli.settings import TableSettings
from omnix_cli.stores.dynamodb.administration import DynamoTables
from omnix_cli.stores.dynamodb.client.service import Retries, Service
from omnix_cli.stores.dynamodb.client.transports import Transport
from omnix_cli.stores.dynamodb.store import DynamoStore
from omnix_cli.stores.sqlite.administration import SqliteTables
from omnix_cli.stores.sqlite.store import SqliteStore
from omnix_cli.stores.tables.specs import TABLES
from tests.aws.accounts import new_stage, transport_to
from tests.aws.buckets import TestBucket
from tests.memory_store.store import MemoryStore, MemoryTables

NOW = datetime(2026, 3, 1, tzinfo=UTC)
STRICT = TableSettings(own_products=True, deletion_protection=True, warm_write_units=8000)


def administration(transport: Transport, stage: str, options: TableSettings, **retries: Any) -> DynamoTables:
    return DynamoTables(Service(transport, Retries(**retries)), stage=stage, options=options)


class TableAdministrationContract:
    """What everything that administers tables promises. `pair` gives a store without tables, and its administration."""

    counts_bytes = True
    """Whether it says how many bytes a table has."""

    @pytest.fixture
    def pair(self) -> Iterator[Any]:
        raise NotImplementedError

    def test_a_dry_run_makes_nothing_and_creating_twice_changes_nothing(self, pair: Any) -> None:
        store, tables = pair
        wanted = [TableChange(name, "table") for name in TABLES]
        planned = tables.complete(dry_run=True)
        assert [change for change in planned if change.what == "table"] == wanted
        assert store.missing_tables() == list(TABLES)
        assert tables.complete() == planned
        assert tables.complete() == []
        assert all(not state.differences for state in tables.states())

    def test_states_tell_what_is_missing_and_what_is_there(self, pair: Any) -> None:
        store, tables = pair
        assert {(state.items, state.differences[0].found) for state in tables.states()} == {(None, "missing")}
        tables.complete()
        store.put_many("products", [{"id": "milk", "name": "Milk"}, {"id": "tea", "name": "Tea"}])
        (products,) = (state for state in tables.states() if state.table == "products")
        assert products.items == 2
        assert products.size_bytes > 20 or not self.counts_bytes

    def test_a_dropped_table_is_gone_and_can_be_made_again(self, pair: Any) -> None:
        store, tables = pair
        tables.complete()
        store.put_many("products", [{"id": "milk"}])
        tables.drop("products")
        assert store.missing_tables() == ["products"]
        tables.drop("products")
        assert TableChange("products", "table") in tables.complete()
        assert list(store.scan("products")) == []


class TestContractOnSqlite(TableAdministrationContract):
    @pytest.fixture
    def pair(self, tmp_path: Path) -> Iterator[Any]:
        with closing(SqliteStore(tmp_path / "store.sqlite")) as store:
            yield store, SqliteTables(store)


class TestContractOnDynamoDb(TableAdministrationContract):
    @pytest.fixture
    def pair(self, aws_environment: None, ministack: str) -> Iterator[Any]:
        stage = new_stage()
        with closing(transport_to(ministack)) as transport:
            options = TableSettings(own_products=True)
            yield DynamoStore(transport, stage=stage), administration(transport, stage, options)


class TestContractOnMoto(TableAdministrationContract):
    """moto says of every table that it has no bytes. The third emulator, dynalite, cannot be administered: it knows
    neither expiry nor backups."""

    counts_bytes = False

    @pytest.fixture
    def pair(self, aws_environment: None, s3_server: TestBucket) -> Iterator[Any]:
        stage = new_stage()
        with closing(transport_to(s3_server.url)) as transport:
            options = TableSettings(own_products=True)
            yield DynamoStore(transport, stage=stage), administration(transport, stage, options)


class TestContractInMemory(TableAdministrationContract):
    @pytest.fixture
    def pair(self) -> Iterator[Any]:
        store = MemoryStore()
        yield store, MemoryTables(store)


class TestSqlite:
    def test_indexes_and_columns_that_are_missing_are_added_and_filled(self, tmp_path: Path) -> None:
        file = tmp_path / "store.sqlite"
        table = "omnix-ai-recommendations-dev"
        with closing(sqlite3.connect(file)) as older:
            older.execute(f'CREATE TABLE "{table}" (id TEXT NOT NULL PRIMARY KEY, document TEXT) WITHOUT ROWID')
            document = '{"id": "a", "customerId": "c1", "generatedAt": "2026", "ttl": 9.5E+9}'
            older.execute(f'INSERT INTO "{table}" VALUES (?, ?)', ("a", document))
            older.execute(f'INSERT INTO "{table}" VALUES (?, ?)', ("b", '{"id": "b", "customerId": 7, "ttl": "soon"}'))
            older.commit()
        store = SqliteStore(file)
        tables = SqliteTables(store)
        (state,) = (state for state in tables.states() if state.table == "recommendations")
        assert [one.what for one in state.differences] == ["index customerId-generatedAt-index", "expiry"]
        made = [change.what for change in tables.complete() if change.table == "recommendations"]
        assert made == ["column customerId", "column generatedAt", "expiry", "index customerId-generatedAt-index"]
        assert tables.complete() == []
        page = store.query("recommendations", "customerId-generatedAt-index", "c1", now=NOW)
        assert [item["id"] for item in page.items] == ["a"]
        assert store.get("recommendations", "b", now=NOW) is not None
        tables.close()

    def test_a_key_of_another_type_is_told(self, tmp_path: Path) -> None:
        with closing(sqlite3.connect(tmp_path / "store.sqlite")) as older:
            older.execute('CREATE TABLE "omnix-ai-products-dev" (id INTEGER PRIMARY KEY, category TEXT, document TEXT)')
        with closing(SqliteTables(SqliteStore(tmp_path / "store.sqlite"))) as tables:
            states = {state.table: state.differences for state in tables.states()}
        first = states["products"][0]
        assert (first.what, first.found) == ("key", "id number")


class TestDynamoDb:
    @pytest.fixture
    def transport(self, aws_environment: None, ministack: str) -> Iterator[Transport]:
        with closing(transport_to(ministack)) as opened:
            yield opened

    def test_settings_become_features_of_the_tables(self, transport: Transport) -> None:
        stage = new_stage()
        administration(transport, stage, STRICT).complete()
        name = f"omnix-ai-recommendations-{stage}"
        description = transport("DescribeTable", {"TableName": name})["Table"]
        assert description["DeletionProtectionEnabled"] is True
        expiry = transport("DescribeTimeToLive", {"TableName": name})["TimeToLiveDescription"]
        assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}
        backups = transport("DescribeContinuousBackups", {"TableName": name})["ContinuousBackupsDescription"]
        assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"

    def test_what_an_existing_table_lacks_is_added(self, transport: Transport) -> None:
        stage = new_stage()
        self.create_bare(transport, f"omnix-ai-recommendations-{stage}")
        tables = administration(transport, stage, STRICT.model_copy(update={"warm_write_units": None}))
        wanted = ["index customerId-generatedAt-index", "deletion protection", "expiry", "point-in-time recovery"]
        planned = [change.what for change in tables.complete(dry_run=True) if change.table == "recommendations"]
        made = [change.what for change in tables.complete() if change.table == "recommendations"]
        assert planned == made == wanted
        assert tables.complete() == []
        assert all(not state.differences for state in tables.states())

    def test_what_cannot_be_added_is_told(self, transport: Transport) -> None:
        stage = new_stage()
        name = f"omnix-ai-recommendations-{stage}"
        index = {
            "IndexName": "customerId-generatedAt-index",
            "KeySchema": [{"AttributeName": "customerId", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
        another = {**index, "IndexName": "another"}
        attributes = [{"AttributeName": "customerId", "AttributeType": "S"}]
        self.create_bare(transport, name, "N", attributes, GlobalSecondaryIndexes=[index, another])
        turned_on = {"AttributeName": "expiresAt", "Enabled": True}
        transport("UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": turned_on})
        tables = administration(transport, stage, TableSettings(point_in_time_recovery=False))
        (state,) = (state for state in tables.states() if state.table == "recommendations")
        assert [(one.what, one.found) for one in state.differences] == [
            ("key", "id number"),
            ("index customerId-generatedAt-index", "customerId text; KEYS_ONLY"),
            ("index another", "customerId text; KEYS_ONLY"),
            ("expiry", "expiresAt"),
        ]

    def test_the_catalogue_of_another_service_is_left_alone(self, transport: Transport) -> None:
        stage = new_stage()
        tables = administration(transport, stage, TableSettings())
        assert "products" not in {change.table for change in tables.complete()}
        (products,) = (state for state in tables.states() if state.table == "products")
        assert not products.is_ours
        assert "owner" in products.differences[0].remedy

    def test_a_protected_table_is_not_dropped(self, transport: Transport) -> None:
        tables = administration(transport, new_stage(), STRICT)
        tables.complete()
        with pytest.raises(ConfigError, match="cannot be dropped"):
            tables.drop("products")

    def test_a_table_that_is_never_ready_is_given_up(self, transport: Transport) -> None:
        slept: list[float] = []
        tables = administration(_Slow(transport), new_stage(), TableSettings(), sleep=slept.append)
        with pytest.raises(UnavailableError, match="still being changed"):
            tables.complete()
        assert max(slept) == 5.0

    def create_bare(
        self, transport: Transport, name: str, kind: str = "S", attributes: list[Any] | None = None, **more: Any
    ) -> None:
        request = {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": kind}, *(attributes or ())],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            **more,
        }
        transport("CreateTable", request)


class TestDynamoDbOnMoto(TestDynamoDb):
    """moto forgets the attributes of other keys than those that come with a new index."""

    @pytest.fixture
    def transport(self, aws_environment: None, s3_server: TestBucket) -> Iterator[Transport]:
        with closing(transport_to(s3_server.url)) as opened:
            yield opened


class _Slow:
    """A service in which no table gets ready."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.raw = transport.raw
        self.close = transport.close

    def __call__(self, operation: str, request: Any) -> dict[str, Any]:
        answer = self._transport(operation, request)
        if operation == "DescribeTable":
            answer["Table"]["TableStatus"] = "CREATING"
        return answer
