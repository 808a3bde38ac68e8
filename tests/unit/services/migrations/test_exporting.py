"""Exports that are cut off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from omnix_cli.services.migrations import exporting
from omnix_cli.services.migrations.exporting import export_table
from omnix_cli.stores.migrations.archives import Archive, ArchiveWriter
from omnix_cli.stores.sqlite.store import SqliteStore
from omnix_cli.stores.workspace.folders import DiskFolder


class Broken(Exception):
    """What a test lets a store fail with."""


class FailingStore(SqliteStore):
    """Fails after having given so many items."""

    given: int | None = None

    def scan(self, table: str, **options: Any) -> Iterator[dict[str, Any]]:
        for item in super().scan(table, **options):
            if self.given is not None:
                self.given -= 1
                if self.given < 0:
                    raise Broken
            yield item


@pytest.mark.parametrize("segments", [1, 3])
def test_it_goes_on_and_holds_every_item_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, segments: int) -> None:
    monkeypatch.setattr(exporting, "PART_ITEMS", 10)
    items = [{"id": f"{number:03d}", "tags": {"a"}} for number in range(100)]
    with closing(FailingStore(tmp_path / "store.sqlite")) as store:
        store.create_tables()
        store.put_many("products", items)

        def export() -> int:
            archive = ArchiveWriter(
                DiskFolder(tmp_path / "backup"), source="store", tables=["products"], segments=segments
            )
            count = export_table(
                store, "products", archive, segments=segments, take_read_units=None, advance=lambda done: None
            )
            archive.commit(datetime(2026, 3, 1, tzinfo=UTC))
            return count

        for given in (5, 35, 35):
            store.given = given
            with pytest.raises(Broken):
                export()
        store.given = None
        assert export() == 100
    assert sorted(Archive(DiskFolder(tmp_path / "backup")).scan("products"), key=lambda item: str(item["id"])) == items
