"""What omnix says that DynamoDB charges is what DynamoDB charges, and no kind of write is faster than allowed.

A proxy counts as AWS documents it (see `CountingProxy`)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from omnix_cli.protocols.progress import NO_PROGRESS
from omnix_cli.services.customers.profile_patterns import ProfileWriter
from omnix_cli.services.migrations.backfill import backfill
from omnix_cli.services.migrations.copying import CopyOptions, CopyReport, copy, export
from omnix_cli.services.migrations.sides import Source, Target
from omnix_cli.settings import StoreSettings, TableSettings
from omnix_cli.stores.dynamodb.store import DynamoStore
from omnix_cli.stores.dynamodb.writing.limits import WritePacing
from omnix_cli.stores.migrations.archives import Archive
from omnix_cli.stores.migrations.journal import Journals
from omnix_cli.stores.migrations.rewrites import load_rewrites
from omnix_cli.stores.workspace.folders import DiskFolder
from tests.aws.accounts import new_stage, store_maker
from tests.aws.counting_proxy import CountingProxy
from tests.conftest import MemoryFrame, purchases
from tests.contracts.test_profile_patterns import ZOE, known
from tests.unit.services.publishing.publishing_shop import DAY, NOW, PublishingShop, entries, homepage

TABLE = "purchase-history"
BARE = TableSettings(own_products=True, expiring=(), point_in_time_recovery=False)
LIMIT = 120.0

Opener = Callable[..., DynamoStore]


@pytest.fixture
def proxy(dynalite: str, aws_environment: None) -> Iterator[CountingProxy]:
    with CountingProxy(dynalite) as counting:
        yield counting


@pytest.fixture
def opened(dynalite: str, proxy: CountingProxy) -> Iterator[Opener]:
    """Opens a store behind the proxy, with tables that were created unseen."""
    with ExitStack() as stack:

        def open_store(**options: Any) -> DynamoStore:
            stage = new_stage()
            with closing(store_maker(dynalite, stage=stage, tables=BARE)()) as unseen:
                unseen.create_tables(
                    ["recommendations", "customer-profiles", "order-states", "forgotten-customers", TABLE]
                )
            return stack.enter_context(closing(store_maker(proxy.url, stage=stage, **options)()))

        yield open_store


def lists(size: int, text: str = "x") -> list[list[dict[str, Any]]]:
    """Lists of several sizes: of customers, some with umlauts, and of products."""
    own = [
        homepage(f"c{number}é", *(f"{text}{rank}" for rank in range(1 + number % 9)), score=number / 70)
        for number in range(size)
    ]
    due = {"predicted_date": NOW.date(), "urgency": "upcoming", "confidence": 0.7123, "category": "Käse"}
    due |= {"interval_days": 9.65, "date_p10": NOW.date(), "date_p90": NOW.date()}
    later = entries("c1#replenishment", "replenishment", *"abcdefgh", customer="c1", tags=["dairy", "ö"], **due)
    return [*own, later, entries("similar#milk", "similar", *"abcdefghijklmnopqrst", score=0.25)]


def of_lists(proxy: CountingProxy) -> int:
    """The units of everything written but the control item, which is put alone; then forgets them."""
    units = proxy.write_units - proxy.counts.pop("PutItem", 0)
    proxy.writes.clear()
    return units


def test_a_publish_says_what_it_costs(opened: Opener, proxy: CountingProxy, tmp_path: Path) -> None:
    shop = PublishingShop(tmp_path)
    store = opened()
    nights = [
        (0.0, lists(30)),
        (1.0, [*lists(25, "longer " * 12)[3:], *lists(30)[:2]]),
        (2.0, lists(20)),
        (6.0, lists(20)),
        (7.0, []),
    ]
    for day, published in nights:
        planned = shop.publish(*published, store=store, now=NOW + day * DAY, dry_run=True)
        report = shop.publish(*published, store=store, now=NOW + day * DAY)
        assert report.units == planned.units == of_lists(proxy), day
    assert proxy.counts["UpdateItem"] > 0


def test_items_in_dynamodb_have_their_own_hash(opened: Opener, tmp_path: Path) -> None:
    """Reading them whole, as --force does, finds nothing to repair."""
    shop, store = PublishingShop(tmp_path), opened()
    first = shop.publish(*lists(40), store=store)
    again = shop.publish(*lists(40), store=store, force=True)
    assert (again.unchanged, again.written) == (first.added, 0)


def item(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"p{number:04d}é",
        "customerId": f"c{number % 7}",
        "productId": "milk",
        "purchaseDate": f"2026-01-{number % 28 + 1:02d}T10:00:00.000Z",
        "totalPrice": Decimal(number * 100) / 8,
        "scores": [1, -2, Decimal("0.00100"), 10**30, True, None, "é" * (number % 300)],
        "map": {"deep": {"er": Decimal("0.10")}, "sets": {"a", "bc"}, "numbers": {1, Decimal("2.5")}},
        "photo": bytes(number * 37 % 5000),
        **more,
    }


def copied(source: Source, target: DynamoStore, folder: Path, *, dry_run: bool, **options: Any) -> CopyReport:
    journals = Journals(folder / "journals", lambda: datetime.now(UTC))
    place = Target(target, StoreSettings(kind="dynamodb"))
    return copy([TABLE], source, place, journals, options=CopyOptions(dry_run=dry_run, **options))


def test_a_copy_says_what_it_costs(opened: Opener, proxy: CountingProxy, tmp_path: Path) -> None:
    source, target = opened(), opened()
    items = [item(number) for number in range(120)]
    source.put_many(TABLE, items)
    there = [
        *(item(number) for number in range(0, 30)),  # equal
        *(item(number, photo=b"x" * 3000) for number in range(30, 50)),  # another size
        *(item(number, customerId="another") for number in range(50, 70)),  # another place in an index
        *({"id": item(number)["id"], "productId": "x"} for number in range(70, 80)),  # in no index
        item(500),
    ]
    target.put_many(TABLE, there)
    for dry_run in (True, False):
        proxy.writes.clear()
        proxy.read_units = 0.0
        (report,) = copied(Source(source), target, tmp_path, dry_run=dry_run).tables
        assert report.unchanged == 30
        assert report.read_units == -(-proxy.read_units // 1)
        assert (report.write_units > 300, proxy.write_units) == (True, 0 if dry_run else report.write_units)


def test_an_export_is_read_for_nothing(opened: Opener, proxy: CountingProxy, tmp_path: Path) -> None:
    source, target = opened(), opened()
    source.put_many(TABLE, [item(number) for number in range(40)])
    export([TABLE], Source(source), DiskFolder(tmp_path / "export"), now=NOW)
    proxy.writes.clear()
    proxy.read_units = 0.0
    archive = Source(Archive(DiskFolder(tmp_path / "export")), bills_capacity=False)
    (report,) = copied(archive, target, tmp_path, dry_run=False).tables
    assert (report.write_units, report.read_units) == (proxy.write_units, proxy.read_units)
    assert report.read_units == 40


def test_a_backfill_says_what_it_costs(opened: Opener, proxy: CountingProxy, tmp_path: Path) -> None:
    lines = [(f"ann{number}", "milk", f"2026-01-{number % 28 + 1:02d}", number + 1) for number in range(60)]
    frame = MemoryFrame("purchases", purchases(*lines, review=pl.lit("ö" * 400)))
    journals = Journals(tmp_path / "journals", lambda: datetime.now(UTC))
    place = Target(opened(), StoreSettings(kind="dynamodb"))
    options = CopyOptions(rewrites=load_rewrites(None))
    (report,) = backfill(frame, place, journals, options=options, progress=NO_PROGRESS).tables
    assert (report.added, report.write_units, report.read_units) == (60, proxy.write_units, proxy.read_units)


def renewed(shop: PublishingShop, store: DynamoStore) -> None:
    shop.publish(*lists(40), store=store, now=NOW + 4 * DAY)


def removed(shop: PublishingShop, store: DynamoStore) -> None:
    shop.publish(homepage("c1é", "x0"), store=store, now=NOW + DAY)


def changed(shop: PublishingShop, store: DynamoStore) -> None:
    shop.publish(*lists(40, "y"), store=store, now=NOW + DAY)


def profiled(shop: PublishingShop, store: DynamoStore) -> None:
    names = [f"c{number}" for number in range(60)]
    store.put_many("customer-profiles", [{"customerId": name, "version": 1} for name in names])
    ProfileWriter(store, lambda: NOW).write(known(*({**ZOE, "customer": name} for name in names)))


def test_profiles_cost_what_the_run_says(opened: Opener, proxy: CountingProxy) -> None:
    """In the table, and in the index, where each moves; small ones and one of some kilobytes."""
    store = opened()
    names = [f"c{number}" for number in range(12)]
    items: list[dict[str, Any]] = [{"customerId": name, "version": 1, "updatedAt": "2026-01-01"} for name in names]
    items[3]["note"] = "é" * 1_500
    store.put_many("customer-profiles", items)
    proxy.writes.clear()
    written = ProfileWriter(store, lambda: NOW).write(known(*({**ZOE, "customer": name} for name in names)))
    assert (written.changed, written.units) == (12, proxy.write_units)


@pytest.mark.parametrize("written", [renewed, removed, changed, profiled])
def test_every_kind_of_write_keeps_to_one_pace(
    opened: Opener, proxy: CountingProxy, tmp_path: Path, written: Callable[..., None]
) -> None:
    """The emulator says less than DynamoDB charges, or nothing."""
    shop = PublishingShop(tmp_path)
    store = opened()
    shop.publish(*lists(40), store=store)
    proxy.writes.clear()
    store.pacing = WritePacing(max_units=LIMIT)
    began = time.monotonic()
    written(shop, store)
    seconds = time.monotonic() - began
    # What one second allows may have been saved up, and each thread sends one batch without waiting for it to be paid.
    most = LIMIT * (1 + seconds) + 4 * max(units for _, units in proxy.writes)
    assert proxy.write_units > LIMIT / 2
    assert proxy.write_units <= most
    assert seconds >= (proxy.write_units - LIMIT - 4 * max(units for _, units in proxy.writes)) / LIMIT
