"""What every kind of table store promises: subclass `TableStoreContract` in a test, and say how a store is opened.

class TestMemory(TableStoreContract):
    is_shared = False

    @pytest.fixture
    def make_store(self) -> MakeStore:
        store = MemoryStore()
        return lambda: store
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from omnix_cli.protocols.tables import TableStore
from tests.contracts.table_store.changes import PutsOnCondition, UpdatesItems
from tests.contracts.table_store.examples import MakeStore
from tests.contracts.table_store.frames import KeepsFrames
from tests.contracts.table_store.items import CreatesTables, KeepsItems
from tests.contracts.table_store.queries import AnswersQueries, HidesExpired
from tests.contracts.table_store.scans import ScansTables


class TableStoreContract(
    CreatesTables, KeepsItems, KeepsFrames, UpdatesItems, PutsOnCondition, AnswersQueries, HidesExpired, ScansTables
):
    """The whole contract. A kind that cannot do something says so by a flag."""

    is_shared = True
    """Whether another process that opens the store sees the same items."""
    bills_capacity = False
    """Whether writes use units that cost money, so that a limit can be set."""

    @pytest.fixture
    def make_store(self) -> MakeStore:
        raise NotImplementedError("say how the store is opened")

    @pytest.fixture
    def store(self, make_store: MakeStore) -> Iterator[TableStore]:
        with closing(make_store()) as opened:
            opened.create_tables()
            yield opened

    def test_the_traits_are_those_of_the_kind(self, store: TableStore) -> None:
        assert store.traits.bills_capacity == self.bills_capacity
        assert store.write_limit("products") is None, "no limit was set"
