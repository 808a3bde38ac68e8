"""What contracts share: failing assertions of inherited ones show their values, and a store of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from omnix_cli.protocols.tables import TableStore
from omnix_cli.stores.sqlite.store import SqliteStore
from tests.aws.accounts import store_maker
from tests.memory_store.store import MemoryStore

pytest.register_assert_rewrite("tests.contracts.table_store")


@pytest.fixture(params=["sqlite", "memory", "dynamodb"])
def store_of_each_kind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TableStore]:
    """A store without tables."""
    if request.param == "dynamodb":
        request.getfixturevalue("aws_environment")
        opened: TableStore = store_maker(request.getfixturevalue("ministack"))()
    else:
        opened = SqliteStore(tmp_path / "store.sqlite") if request.param == "sqlite" else MemoryStore()
    with closing(opened):
        yield opened
