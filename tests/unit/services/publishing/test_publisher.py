"""Publishing the lists of a run."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import date
from typing import Any

from omnix_cli.errors import ItemsRefused
from omnix_cli.item_frames import as_dictionaries
from omnix_cli.protocols.tables import StoreTraits, WriteLimit
from omnix_cli.services.publishing.published_state import Verification
from omnix_cli.services.publishing.publisher import PublishReport
from omnix_cli.stores.sqlite.store import SqliteStore
from tests.unit.services.publishing.publishing_shop import (
    ANN,
    BOB,
    DAY,
    NOW,
    SIMILAR,
    PublishingShop,
    counts,
    frames,
    homepage,
)


def test_the_first_publish_adds_everything(shop: PublishingShop) -> None:
    report = shop.publish(ANN, BOB, SIMILAR)
    assert counts(report) == {"added": 3}
    assert (report.lists, report.compared_with) == (3, "an empty store")
    assert shop.products() == {"ann#homepage": ["milk", "tea"], "bob#homepage": ["tea"], "similar#milk": ["tea"]}


def test_the_same_again_writes_nothing(shop: PublishingShop) -> None:
    first = shop.publish(ANN, BOB)
    before = list(shop.store.scan("recommendations"))
    again = shop.publish(ANN, BOB, now=NOW + DAY)
    assert counts(again) == {"unchanged": 2}
    assert (again.written, again.compared_with) == (0, "the last receipts")
    assert again.receipts_key == first.receipts_key
    assert list(shop.store.scan("recommendations")) == before


def test_the_same_frames_again_are_not_even_read(shop: PublishingShop) -> None:
    shop.publish(ANN, BOB)
    seen: list[int] = []
    assert counts(shop.publish(ANN, BOB, now=NOW + DAY, after_chunk=seen.append)) == {"unchanged": 2}
    assert seen == []


def test_changes_additions_and_removals(shop: PublishingShop) -> None:
    shop.publish(ANN, BOB, SIMILAR)
    report = shop.publish(homepage("ann", "tea", "milk"), SIMILAR, homepage("cid", "jam"), now=NOW + DAY)
    assert counts(report) == {"added": 1, "changed": 1, "unchanged": 1, "removed": 1}
    assert shop.products() == {"ann#homepage": ["tea", "milk"], "cid#homepage": ["jam"], "similar#milk": ["tea"]}
    assert {key: item["runId"] for key, item in shop.items().items()} == {
        "ann#homepage": "run-2",
        "cid#homepage": "run-2",
        "similar#milk": "run-1",
    }


def test_no_lists_at_all_empty_the_store(shop: PublishingShop) -> None:
    shop.publish(ANN, BOB)
    assert counts(shop.publish()) == {"removed": 2}
    assert shop.items() == {}


class RefusingStore(SqliteStore):
    """Refuses the items of bob."""

    def put_many(self, table: str, items: Any) -> int:
        items = list(as_dictionaries(items))
        refused = tuple(item["id"] for item in items if item["id"].startswith("bob"))
        done = super().put_many(table, (item for item in items if item["id"] not in refused))
        if refused:
            raise ItemsRefused("too large", keys=refused)
        return done


class TestRefusedItems:
    def test_all_others_are_published(self, shop: PublishingShop) -> None:
        with closing(RefusingStore(shop.folder / "store.sqlite")) as store:
            report = shop.publish(ANN, BOB, SIMILAR, store=store)
        assert report.refused == 1
        assert report.incomplete == "the store refused 1 items"
        assert shop.products() == {"ann#homepage": ["milk", "tea"], "similar#milk": ["tea"]}
        assert counts(shop.publish(ANN, BOB, SIMILAR, now=NOW + DAY)) == {"added": 1, "unchanged": 2}


class LimitedStore(SqliteStore):
    def write_limit(self, table: str) -> WriteLimit:
        return WriteLimit(1200.0, "30 % of the warm throughput of the table, 4,000")


class TestDryRun:
    def test_says_how_fast_it_would_write(self, shop: PublishingShop) -> None:
        limit = "at most 1,200 write units a second (30 % of the warm throughput of the table, 4,000)"
        with closing(LimitedStore(shop.folder / "store.sqlite")) as store:
            assert limit not in shop.publish(ANN, store=store).summary
            assert shop.publish(ANN, store=store, dry_run=True).summary == f"compared with the last receipts; {limit}"

    def test_says_what_would_be_done_and_touches_nothing(self, shop: PublishingShop) -> None:
        shop.publish(ANN, BOB)
        before = list(shop.store.scan("recommendations"))
        report = shop.publish(homepage("ann", "jam"), SIMILAR, now=NOW + DAY, dry_run=True)
        assert counts(report) == {"added": 1, "changed": 1, "removed": 1}
        assert report.dry_run
        assert list(shop.store.scan("recommendations")) == before
        assert len(list(shop.checkpoints.manifests())) == 1

    def test_makes_no_store(self, shop: PublishingShop) -> None:
        assert counts(shop.publish(ANN, dry_run=True)) == {"added": 1}
        assert list(shop.folder.iterdir()) == []


class BillingStore(SqliteStore):
    traits = StoreTraits(bills_capacity=True)


class TestTheStep:
    """What a publish reports to the run."""

    def test_it_counts_lists_and_says_what_they_were_compared_with(self, shop: PublishingShop) -> None:
        step = shop.publisher().publish(frames(ANN, BOB, SIMILAR), "run-1", NOW.date())
        assert (step.name, step.status, step.rows_in, step.rows_out) == ("publish", "ran", 4, 3)
        assert step.figures == {"added": 3, "changed": 0, "refreshed": 0, "unchanged": 0, "removed": 0}
        assert step.reason == "compared with an empty store; all 3 items read back and equal"
        again = shop.publisher().publish(frames(ANN, BOB, SIMILAR), "run-2", NOW.date())
        assert (again.status, again.key) == ("reused", step.key)

    def test_a_store_that_bills_its_writes_says_what_they_cost(self, shop: PublishingShop) -> None:
        publisher = shop.publisher(open_store=lambda: BillingStore(shop.folder / "store.sqlite"))
        step = publisher.publish(frames(ANN, SIMILAR), "run-1", NOW.date())
        assert step.figures["write_units"] == 3

    def test_a_dry_run_shows_some_items(self, shop: PublishingShop) -> None:
        publisher = shop.publisher(dry_run=True)
        assert publisher.publish(frames(ANN, SIMILAR), "dry-run", NOW.date()).status == "pending"
        assert [item["id"] for item in publisher.samples] == ["ann#homepage", "similar#milk"]


class TestWhichDay:
    """The lists that customers see today are not replaced by accident."""

    def test_lists_of_an_earlier_day_are_left_out_unless_forced(self, shop: PublishingShop) -> None:
        shop.publish(ANN)
        step = shop.publisher().publish(frames(BOB), "run-2", date(2026, 2, 28))
        assert (step.status, step.rows_out) == ("skipped", 0)
        assert step.reason == (
            "the store holds newer lists, as of 2026-03-01; use --force to publish those of 2026-02-28 anyway"
        )
        assert shop.products() == {"ann#homepage": ["milk", "tea"]}
        forced = shop.publisher(force=True).publish(frames(BOB), "run-3", date(2026, 2, 28))
        assert (forced.status, shop.products()) == ("ran", {"bob#homepage": ["tea"]})

    def test_a_rollback_wants_an_earlier_day(self, shop: PublishingShop) -> None:
        shop.publish(ANN)
        publisher = shop.publisher(roll_back=True)
        assert publisher.publish(frames(BOB), "run-2", date(2026, 2, 28)).status == "ran"

    def test_lists_of_a_future_day_are_left_out_unless_forced(self, shop: PublishingShop) -> None:
        tomorrow = shop.publisher().publish(frames(ANN), "run-1", date(2026, 3, 2))  # today, east of here
        later = shop.publisher().publish(frames(ANN), "run-1", date(2026, 3, 3))
        assert (tomorrow.status, later.status) == ("ran", "skipped")
        assert later.reason == "2026-03-03 is in the future; use --force to publish anyway"


REPORT = PublishReport(
    lists=10,
    added=1,
    changed=2,
    refreshed=3,
    unchanged=4,
    removed=5,
    foreign=0,
    refused=0,
    compared_with="the last receipts",
    receipts_key="publish-1",
    units=2_000_000,
    units_saved=500_000,
    samples=(),
    limit=None,
    verification=None,
    dry_run=False,
)


class TestTheReport:
    def test_unchanged_lists_are_not_written(self) -> None:
        assert REPORT.written == 11
        assert REPORT.figures == {"added": 1, "changed": 2, "refreshed": 3, "unchanged": 4, "removed": 5}

    def test_the_price_is_that_of_a_million_units(self) -> None:
        assert (REPORT.cost(0.625)["cost_usd"], REPORT.cost(0.625)["cost_saved_usd"]) == (1.25, 0.3125)

    def test_the_summary_adds_what_is_known(self) -> None:
        assert REPORT.summary == "compared with the last receipts"
        checked = replace(REPORT, verification=Verification(10, 10, ()), limit=WriteLimit(100, "as set"))
        proved, pace = "all 10 items read back and equal", "at most 100 write units a second (as set)"
        assert checked.summary == f"compared with the last receipts; {proved}; {pace}"

    def test_refused_and_differing_items_make_it_incomplete(self) -> None:
        assert REPORT.incomplete == ""
        broken = replace(REPORT, refused=2, verification=Verification(10, 10, ("ann#homepage",)))
        assert broken.incomplete == "the store refused 2 items; 1 of 10 items differ: ann#homepage"
        assert broken.figures["refused"] == 2
