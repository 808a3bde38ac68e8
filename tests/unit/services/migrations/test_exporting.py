"""Exports that are interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from omnix_cli.services.migrations.copying import export
from omnix_cli.services.migrations.sides import Source, TableItems
from omnix_cli.stores.migrations.archives import Archive
from omnix_cli.stores.sqlite.store import SqliteStore
from omnix_cli.stores.workspace.folders import DiskFolder

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Broken(Exception):
    """What a test lets a store fail with."""


class FailingStore(SqliteStore):
    """Fails after so many items."""

    given: int | None = None

    def scan(self, table: str, **options: Any) -> Iterator[dict[str, Any]]:
        for item in super().scan(table, **options):
            if self.given is not None:
                self.given -= 1
                if self.given < 0:
                    raise Broken
            yield item


@pytest.mark.parametrize("segments", [1, 3])
def test_it_continues_and_holds_every_item_once(tmp_path: Path, segments: int) -> None:
    items = [{"id": f"{number:03d}", "tags": {"a"}} for number in range(100)]
    folder = DiskFolder(tmp_path / "backup")
    with closing(FailingStore(tmp_path / "store.sqlite")) as store:
        store.create_tables()
        store.put_many("products", items)
        source = Source(store, segments)
        for given in (5, 35, 35):
            store.given = given
            with pytest.raises(Broken):
                export(["products"], source, folder, now=NOW, part_items=10)
        store.given = None
        report = export(["products"], source, folder, now=NOW, part_items=10)
    assert report == (TableItems("products", 100),)
    assert sorted(Archive(folder).scan("products"), key=lambda item: str(item["id"])) == items
