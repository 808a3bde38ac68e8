"""Copies of whole tables: what is refused, what is the same copy, what is reported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from omnix_cli.errors import ConfigError, ItemsRefused, PartialError
from omnix_cli.item_frames import Items
from omnix_cli.services.migrations.copying import CopyOptions, CopyReport, copy, undo
from omnix_cli.services.migrations.sides import Source, TableItems, Target
from omnix_cli.settings import StoreSettings
from omnix_cli.stores.migrations.journal import Journals
from omnix_cli.stores.sqlite.store import SqliteStore
from omnix_cli.stores.tables.specs import TABLES

TABLE = "products"


class RefusingStore(SqliteStore):
    """Refuses one item."""

    def put_many(self, table: str, items: Items) -> int:
        super().put_many(table, items)
        raise ItemsRefused("refused", keys=("b",))


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Source]:
    with closing(SqliteStore(tmp_path / "source.sqlite")) as store:
        store.create_tables()
        store.put_many(TABLE, [{"id": "a"}, {"id": "b"}])
        yield Source(store)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    with closing(SqliteStore(tmp_path / "target.sqlite")) as store:
        store.create_tables()
        yield Target(store, StoreSettings(path=tmp_path / "target.sqlite"))


@pytest.fixture
def journals(tmp_path: Path) -> Journals:
    return Journals(tmp_path / "migrations", lambda: datetime(2026, 3, 1, tzinfo=UTC))


def test_the_report_says_what_was_written_and_what_it_costs(source: Source, target: Target, journals: Journals) -> None:
    options = CopyOptions(write_price=0.5, read_price=0.25)
    report = copy([TABLE], source, target, journals, options=options)
    assert (report.tables[0].read, report.tables[0].added, report.refused) == (2, 2, 0)
    assert report.cost == pytest.approx((2 * 0.5 + 1 * 0.25) / 1e6)


def test_a_dry_run_keeps_no_journal(source: Source, target: Target, journals: Journals) -> None:
    report = copy([TABLE], source, target, journals, options=CopyOptions(dry_run=True))
    assert report.run_id is None
    assert report.samples == ['products: {"id":"a"}', 'products: {"id":"b"}']
    assert not journals.folder.exists()


def test_refused_items_end_in_an_error_with_the_report(source: Source, tmp_path: Path, journals: Journals) -> None:
    with closing(RefusingStore(tmp_path / "target.sqlite")) as store:
        store.create_tables()
        with pytest.raises(PartialError, match="refused 1 items: b") as caught:
            copy([TABLE], source, Target(store, StoreSettings()), journals, options=CopyOptions())
    report = caught.value.report
    assert isinstance(report, CopyReport)
    assert (report.tables[0].added, report.refused) == (1, 1)
    assert journals.find("latest").record.state == "done"


def test_a_table_is_not_copied_to_itself(source: Source, journals: Journals, tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "source.sqlite")) as store, pytest.raises(ConfigError, match="to itself"):
        copy([TABLE], source, Target(store, StoreSettings()), journals, options=CopyOptions())


def test_missing_tables_are_created_only_when_asked(source: Source, journals: Journals, tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "new.sqlite", stage="new")) as store:
        target = Target(store, StoreSettings())
        for options in (CopyOptions(), CopyOptions(create=True, dry_run=True)):
            with pytest.raises(ConfigError, match="no table products"):
                copy([TABLE], source, target, journals, options=options)
        assert copy([TABLE], source, target, journals, options=CopyOptions(create=True)).tables[0].added == 2
        assert TABLE not in store.missing_tables()
        assert len(store.missing_tables()) == len(TABLES) - 1, "the others are not needed"


def test_undo_opens_the_store_of_the_journal_at_the_speed_of_today(
    source: Source, target: Target, journals: Journals
) -> None:
    copy([TABLE], source, target, journals, options=CopyOptions())
    opened: list[StoreSettings] = []

    def open_store(settings: StoreSettings) -> SqliteStore:
        opened.append(settings)
        return SqliteStore(settings.path or Path())

    now = StoreSettings(max_write_units=7, stage="another")
    assert undo("latest", journals, settings=now, open_store=open_store) == (TableItems(TABLE, 2),)
    assert (opened[0].path, opened[0].stage, opened[0].max_write_units) == (target.settings.path, "dev", 7)
    assert undo("latest", journals, settings=now, open_store=open_store) == (TableItems(TABLE, 0),)
    assert len(opened) == 1


def test_the_latest_copy_is_the_latest_that_wrote_something(source: Source, target: Target, journals: Journals) -> None:
    moments = iter(datetime(2026, 3, day, tzinfo=UTC) for day in range(1, 28))
    journals = Journals(journals.folder, lambda: next(moments))
    copy([TABLE], source, target, journals, options=CopyOptions())
    assert (
        copy([TABLE], source, target, journals, options=CopyOptions()).tables[0].unchanged == 2
    )  # an empty repetition
    settings = target.settings

    def open_store(settings: StoreSettings) -> SqliteStore:
        return SqliteStore(settings.path or Path())

    assert undo("latest", journals, settings=settings, open_store=open_store) == (TableItems(TABLE, 2),)
    assert list(target.store.scan(TABLE)) == []
    assert undo("latest", journals, settings=settings, open_store=open_store) == (TableItems(TABLE, 0),)


def test_a_copy_that_does_not_exist_is_not_undone(journals: Journals) -> None:
    with pytest.raises(ConfigError, match="no copy 'x'"):
        undo("x", journals, settings=StoreSettings(), open_store=lambda settings: SqliteStore(Path()))
