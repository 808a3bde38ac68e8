"""Every kind of table store keeps the contract."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from omnix_cli.stores.sqlite.store import SqliteStore
from tests.aws.accounts import store_maker
from tests.contracts.table_store import TableStoreContract
from tests.contracts.table_store.examples import MakeStore
from tests.contracts.table_store.guards import GuardsWrites
from tests.memory_store.store import MemoryStore

DYNAMODB_LOCAL = os.environ.get("TEST_DYNAMODB_LOCAL")
"""The address of a running DynamoDB Local, for whoever has accepted its licence."""


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


if DYNAMODB_LOCAL:

    class TestDynamoDbLocal(TableStoreContract):
        bills_capacity = True

        @pytest.fixture
        def make_store(self, aws_environment: None) -> MakeStore:
            return store_maker(str(DYNAMODB_LOCAL))
