"""Copies that are cut off, refused, undone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from omnix_cli.errors import DataError, ItemsRefused
from omnix_cli.item_frames import Items, as_dictionaries
from omnix_cli.protocols.progress import NO_PROGRESS, NoProgress
from omnix_cli.records import MigrationRecord
from omnix_cli.services.migrations.table_copy import Route, TableCopy, copy_table, preview_copy, undo_copy
from omnix_cli.stores.migrations.journal import Journal, Journals
from omnix_cli.stores.migrations.rewrites import ItemRewrite, RewriteRules
from omnix_cli.stores.sqlite.store import SqliteStore
from omnix_cli.stores.tables.specs import TABLES

TABLE = "products"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
Item = dict[str, Any]


class Broken(Exception):
    """What a test lets a store fail with."""


class Counted(NoProgress):
    """Counts what is done."""

    done = 0

    def advance(self, done: int) -> None:
        self.done += done


class FailingStore(SqliteStore):
    """Fails in the middle of a chosen write, when part of it is there; refuses chosen keys."""

    fails_at: int | None = None
    refuses: frozenset[str] = frozenset()
    writes = 0

    def put_many(self, table: str, items: Items) -> int:
        wanted = list(as_dictionaries(items))
        self.writes += 1
        if self.writes == self.fails_at:
            super().put_many(table, wanted[: len(wanted) // 2])
            raise Broken
        refused = tuple(item["id"] for item in wanted if item["id"] in self.refuses)
        count = super().put_many(table, [item for item in wanted if item["id"] not in refused])
        if refused:
            raise ItemsRefused("refused", keys=refused)
        return count


def product(number: int, **more: Any) -> Item:
    return {"id": f"{number:03d}", "name": f"product {number}", "price": Decimal(number) / 4, **more}


@pytest.fixture
def source(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "source.sqlite")
    store.create_tables()
    store.put_many(TABLE, map(product, range(100)))
    yield store
    store.close()


@pytest.fixture
def target(tmp_path: Path) -> Iterator[FailingStore]:
    store = FailingStore(tmp_path / "target.sqlite")
    store.create_tables()
    store.put_many(TABLE, [product(3, price=Decimal(9)), product(4), product(50, tags={"x"}), product(500)])
    store.writes = 0
    yield store
    store.close()


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    record = MigrationRecord(run_id="1", plan={}, target={}, started_at=NOW)
    return Journals(tmp_path / "migrations", lambda: NOW).begin(record)


def items(store: SqliteStore) -> dict[str, Item]:
    return {item["id"]: item for item in store.scan(TABLE)}


def route(source: SqliteStore, target: SqliteStore, **changes: Any) -> Route:
    chosen = {"rewrite": ItemRewrite("id"), "segments": 2, "chunk_items": 8, **changes}
    return Route(TABLES[TABLE], source, target, **chosen)


def counts(report: TableCopy) -> tuple[int, ...]:
    return report.read, report.added, report.changed, report.unchanged, report.refused


@pytest.mark.parametrize("fails_at", range(1, 15, 2))
def test_a_copy_that_failed_in_the_middle_of_a_write_goes_on(
    source: SqliteStore, target: FailingStore, journal: Journal, fails_at: int
) -> None:
    before = items(target)
    target.fails_at = fails_at
    failed = False
    try:
        copy_table(route(source, target), journal)
    except Broken:
        failed = True
    assert failed or target.writes < fails_at
    report = copy_table(route(source, target), journal)
    assert counts(report) == (100, 97, 2, 1, 0)
    assert items(target) == items(source) | {"500": product(500)}
    assert undo_copy(TABLE, target, journal, NO_PROGRESS) == 99
    assert items(target) == before


class Frames(SqliteStore):
    """The items of a store as frames."""

    def scan_frames(
        self, table: str, *, segment: int = 0, segments: int = 1, after: str | None = None
    ) -> Iterator[pl.DataFrame]:
        items = list(self.scan(table, segment=segment, segments=segments, after=after))
        return iter([pl.DataFrame(items[:30]), pl.DataFrame(items[30:])])


@pytest.mark.parametrize("fails_at", range(1, 15, 2))
def test_frames_are_copied_like_dictionaries(
    source: SqliteStore, target: FailingStore, journal: Journal, tmp_path: Path, fails_at: int
) -> None:
    before = items(target)
    frames = Frames(tmp_path / "source.sqlite")
    assert preview_copy(route(frames, target, segments=1)) == preview_copy(route(source, target, segments=1))
    target.fails_at = fails_at
    with suppress(Broken):
        copy_table(route(frames, target), journal)
    report = copy_table(route(frames, target), journal)
    assert counts(report) == (100, 97, 2, 1, 0)
    assert items(target) == items(source) | {"500": product(500)}
    assert undo_copy(TABLE, target, journal, NO_PROGRESS) == 99
    assert items(target) == before
    frames.close()


def test_frames_are_rewritten_like_dictionaries(
    source: SqliteStore, target: FailingStore, journal: Journal, tmp_path: Path
) -> None:
    frames = Frames(tmp_path / "source.sqlite")
    rewrite = ItemRewrite("id", RewriteRules(key_prefix="x", drop=("price",)))
    copy_table(route(frames, target, rewrite=rewrite), journal)
    assert items(target)["x007"] == {"id": "x007", "name": "product 7"}
    frames.close()


def test_a_finished_copy_reads_nothing_again(source: SqliteStore, target: FailingStore, journal: Journal) -> None:
    first = copy_table(route(source, target), journal)
    source.close()
    progress = Counted()
    unreadable = SqliteStore(Path("/nowhere/at.all"))
    assert copy_table(route(unreadable, target, progress=progress), journal) == first
    assert progress.done == 100


def test_an_undo_that_was_cut_off_goes_on(source: SqliteStore, target: FailingStore, journal: Journal) -> None:
    before = items(target)
    copy_table(route(source, target), journal)
    target.fails_at = target.writes + 4
    with pytest.raises(Broken):
        undo_copy(TABLE, target, journal, NO_PROGRESS)
    assert journal.record.undone == {TABLE: 3}
    assert undo_copy(TABLE, target, journal, NO_PROGRESS) == 99
    assert items(target) == before


def test_items_that_the_target_refuses_are_named(source: SqliteStore, target: FailingStore, journal: Journal) -> None:
    target.refuses = frozenset({"010", "090"})
    report = copy_table(route(source, target), journal)
    assert counts(report) == (100, 95, 2, 1, 2)
    assert sorted(report.refused_keys) == ["010", "090"]
    assert items(source).keys() - items(target).keys() == {"010", "090"}


def test_a_rewrite_that_breaks_an_index_names_the_item(
    source: SqliteStore, target: FailingStore, journal: Journal
) -> None:
    broken = ItemRewrite("id", RewriteRules(rename={"price": "category"}))
    changed = Route(TABLES[TABLE], source, target, broken)
    with pytest.raises(DataError, match=r"'000'.*category"):
        copy_table(changed, journal)


def test_a_preview_counts_like_the_copy_and_writes_nothing(
    source: SqliteStore, target: FailingStore, journal: Journal
) -> None:
    before = items(target)
    report = preview_copy(route(source, target))
    assert items(target) == before
    assert target.writes == 0
    assert len(report.sample) == 3
    done = copy_table(route(source, target), journal)
    assert counts(report) == counts(done)
    assert (report.write_units, report.read_units) == (done.write_units, done.read_units) == (99, 1)


def test_reading_keeps_to_the_units_it_may_take(source: SqliteStore, target: FailingStore, journal: Journal) -> None:
    taken: list[float] = []
    copy_table(route(source, target, take_read_units=taken.append), journal)
    assert len(taken) == 100
    # id=000, name="product 0", price=0 count 5 + 13 + 6 bytes, and a unit 8192
    assert 100 * 24 / 8192 <= sum(taken) <= 100 * 28 / 8192
