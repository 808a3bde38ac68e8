"""Every kind of table store keeps the contract; DynamoDB's does so on three emulators, so that no habit of one of them
passes for DynamoDB's."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from omnix_cli.errors import UnavailableError
from omnix_cli.protocols.tables import TableStore
from omnix_cli.settings import TableSettings
from omnix_cli.stores.dynamodb.client.service import Retries
from omnix_cli.stores.sqlite.store import SqliteStore
from tests.aws.accounts import store_maker
from tests.aws.buckets import TestBucket
from tests.contracts.table_store import TableStoreContract
from tests.contracts.table_store.examples import MakeStore
from tests.contracts.table_store.guards import GuardsWrites
from tests.memory_store.store import MemoryStore

DYNAMODB_LOCAL = os.environ.get("TEST_DYNAMODB_LOCAL")
"""The address of a running DynamoDB Local, for whoever has accepted its licence."""
IN_NO_TIME = Retries(sleep=lambda seconds: time.sleep(seconds / 20))


class TestSqlite(TableStoreContract, GuardsWrites):
    fences_writes = True

    @pytest.fixture
    def make_store(self, tmp_path: Path) -> MakeStore:
        return lambda: SqliteStore(tmp_path / "deep" / "store.sqlite")


class TestMemory(TableStoreContract):
    """A kind that only the tests have."""

    is_shared = False

    @pytest.fixture
    def make_store(self) -> MakeStore:
        store = MemoryStore()
        return lambda: store


class TestDynamoDbSigned(TableStoreContract, GuardsWrites):
    bills_capacity = True

    @pytest.fixture
    def make_store(self, aws_environment: None, ministack: str) -> MakeStore:
        return store_maker(ministack, "signed")


class TestDynamoDbOverBoto3(TableStoreContract, GuardsWrites):
    bills_capacity = True

    @pytest.fixture
    def make_store(self, aws_environment: None, ministack: str) -> MakeStore:
        return store_maker(ministack, "boto3")


class TestDynamoDbOnMoto(TableStoreContract):
    bills_capacity = True

    @pytest.fixture
    def make_store(self, s3_server: TestBucket, aws_environment: None) -> MakeStore:
        return store_maker(s3_server.url, retries=IN_NO_TIME)

    def test_a_change_of_nothing_tells_whether_the_item_is_there(self, store: TableStore) -> None:
        """It cannot be tried: moto ends with an error of its own for an UpdateItem that only has a condition."""
        store.put_many("products", [{"id": "milk"}])
        with pytest.raises(UnavailableError, match="500"):
            store.update_many("products", [{"id": "milk"}])


class TestDynamoDbOnDynalite(TableStoreContract):
    """dynalite knows neither expiry nor backups (UnknownOperationException), so its tables have none. It is written in
    JavaScript, whose objects have no attribute of their own with the name of their prototype."""

    bills_capacity = True
    lost_names = frozenset({"__proto__"})

    @pytest.fixture
    def make_store(self, dynalite: str, aws_environment: None) -> MakeStore:
        bare = TableSettings(own_products=True, expiring=(), point_in_time_recovery=False)
        return store_maker(dynalite, tables=bare, retries=IN_NO_TIME)


if DYNAMODB_LOCAL:

    class TestDynamoDbLocal(TableStoreContract):
        bills_capacity = True

        @pytest.fixture
        def make_store(self, aws_environment: None) -> MakeStore:
            return store_maker(str(DYNAMODB_LOCAL))
