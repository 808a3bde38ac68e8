"""`workspace.tables`: the commands as functions, with reports."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from omnix_cli.api.tables import Speed, Tables
from omnix_cli.api.workspace import open_workspace
from omnix_cli.errors import ConfigError, PartialError
from omnix_cli.services.migrations.sides import TableItems
from omnix_cli.services.migrations.verifying import VerifyReport
from omnix_cli.services.tables import Finding
from omnix_cli.stores.sqlite.store import SqliteStore


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return open_workspace(tmp_path / ".omnix").tables


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., None]:
    """Puts products with these ids into the store of a stage."""

    def put(*ids: str, stage: str = "dev", **more: object) -> None:
        with closing(SqliteStore(tmp_path / ".omnix" / "store.sqlite", stage=stage)) as store:
            store.create_tables()
            store.put_many("products", [{"id": name, **more} for name in ids])

    return put


def test_tables_are_created_checked_and_dropped(tables: Tables) -> None:
    with pytest.raises(ConfigError, match="7 differences") as caught:
        tables.status()
    assert isinstance(caught.value.report[0], Finding)
    assert len(tables.create(dry_run=True)) == len(tables.create()) == 7
    assert [finding.what for finding in tables.status()] == ["as specified"] * 7
    assert [state.table for state in tables.drop(["products"], dry_run=True)] == ["products"]
    assert len(tables.status()) == 7
    assert [state.table for state in tables.drop(["products"])] == ["products"]
    assert tables.drop(["products"]) == []


def test_a_copy_is_made_verified_and_undone(tables: Tables, put: Callable[..., None]) -> None:
    put("a", "b", "c")
    report = tables.copy(["products"], target="stage=other", create=True, speed=Speed(segments=2))
    assert [(table.table, table.added) for table in report.tables] == [("products", 3)]
    assert report.run_id is not None
    assert tables.verify(["products"], target="stage=other").count == 0
    assert tables.undo(report.run_id) == (TableItems("products", 3),)
    with pytest.raises(PartialError, match="3 differences") as caught:
        tables.verify(["products"], target="stage=other")
    assert isinstance(caught.value.report, VerifyReport)
    assert caught.value.report.tables[0].missing == 3


def test_an_export_is_loaded_whole_where_no_table_is_named(
    tables: Tables, put: Callable[..., None], tmp_path: Path
) -> None:
    put("a", "b")
    folder = str(tmp_path / "backup")
    assert tables.export(["products"], folder) == (TableItems("products", 2),)
    report = tables.load(folder, target="stage=other", create=True)
    assert [(table.table, table.added) for table in report.tables] == [("products", 2)]
    assert tables.verify(source=folder, target="stage=other").count == 0


def test_a_dry_run_shows_some_items_and_what_they_cost(tables: Tables, put: Callable[..., None]) -> None:
    put(*(f"{number:03d}" for number in range(50)))
    put(stage="other")
    report = tables.copy(["products"], target="stage=other", dry_run=True)
    assert report.run_id is None
    assert report.samples == [f'products: {{"id":"{number:03d}"}}' for number in range(3)]
    assert report.cost == pytest.approx(50 * 0.625 / 1e6), "to write; reading SQLite costs nothing"


def test_bulk_files_come_with_the_requests_that_load_them(
    tables: Tables, put: Callable[..., None], tmp_path: Path
) -> None:
    put("a", "b")
    report = tables.bulk("products", str(tmp_path / "load"), target="dynamodb")
    assert report.files.items == 2
    assert report.answer is None
    assert report.requests["StartBulkPutItems"]["TableName"] == "omnix-ai-products-dev"
