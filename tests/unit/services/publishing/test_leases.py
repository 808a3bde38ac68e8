"""One publisher writes at a time, whatever the clocks say and however long a process is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from omnix_cli.errors import Interrupted, LockedError
from omnix_cli.protocols.tables import Names
from omnix_cli.services.publishing.leases import CONTROL, TABLE, Lease, read_control
from omnix_cli.services.publishing.publisher import Publisher
from omnix_cli.stores.sqlite.store import SqliteStore
from tests.memory_store.store import MemoryStore
from tests.unit.services.publishing.publishing_shop import (
    ANN,
    BOB,
    DAY,
    NOW,
    SETTINGS,
    DyingStore,
    Killed,
    PublishingShop,
    frames,
    homepage,
)

MINUTE = 60.0


def test_while_one_publishes_another_workspace_has_to_wait(shop: PublishingShop) -> None:
    shop.publish(ANN)
    refused = []

    def meanwhile(_: int) -> None:
        with pytest.raises(LockedError, match="another workspace is publishing") as caught:
            shop.publish(BOB, now=NOW + DAY, holder="there")
        refused.append(caught.value.hint)

    shop.publish(homepage("ann", "jam"), now=NOW + DAY, after_chunk=meanwhile)
    assert refused == ["Try again when it has finished."]
    assert shop.products() == {"ann#homepage": ["jam"]}


def test_a_lease_that_was_left_behind_ends_by_itself(shop: PublishingShop) -> None:
    kill(shop)
    with pytest.raises(LockedError):
        shop.publish(ANN, now=NOW + timedelta(seconds=59), holder="there")
    shop.publish(ANN, now=NOW + timedelta(seconds=61), holder="there")
    assert shop.products() == {"ann#homepage": ["milk", "tea"]}


def test_the_workspace_that_was_killed_continues_at_once(shop: PublishingShop) -> None:
    kill(shop)
    shop.publish(ANN)
    assert shop.products() == {"ann#homepage": ["milk", "tea"]}


def test_a_publisher_that_slept_past_its_lease_writes_nothing_more(shop: PublishingShop) -> None:
    def meanwhile(_: int) -> None:
        if not shop.runs > 1:
            shop.publish(BOB, now=NOW + DAY, holder="there")

    late = NOW + 2 * DAY
    with pytest.raises(LockedError, match="another one published"):
        lists = ANN, homepage("cid", "jam")
        shop.publish(*lists, after_chunk=meanwhile, chunk_rows=1)
    assert shop.products() == {"bob#homepage": ["tea"]}
    assert shop.publish(BOB, now=late, holder="there").compared_with.startswith("the store: the last publish did not")
    shop.publish(ANN, now=late + DAY)
    assert shop.products() == {"ann#homepage": ["milk", "tea"]}


def test_what_was_published_while_the_lists_were_compared_is_not_overwritten(shop: PublishingShop) -> None:
    shop.publish(ANN)

    class SlowReader(SqliteStore):
        def missing_tables(self, tables: Names = None) -> list[str]:
            missing = super().missing_tables(tables)
            if shop.runs == 2 and self.asked:
                shop.publish(homepage("ann", "newer"), BOB, now=NOW + DAY, holder="there")
            self.asked = True
            return missing

        asked = False

    with closing(SlowReader(shop.folder / "store.sqlite")) as slow:
        control = read_control(slow, NOW)
        with pytest.raises(LockedError, match="began to publish to the store at the same time"):
            shop.runs += 1
            shop.publisher().write(slow, frames(homepage("ann", "older")), "slow", NOW.date(), control=control)
    assert shop.products() == {"ann#homepage": ["newer"], "bob#homepage": ["tea"]}


def test_lists_of_a_newer_day_that_come_meanwhile_are_respected(shop: PublishingShop) -> None:
    shop.publish(ANN)
    publisher = shop.publisher(open_store=lambda: SqliteStore(shop.folder / "store.sqlite"))
    moments: list[Callable[[], object]] = [
        lambda: None,
        lambda: shop.publish(BOB, now=NOW + DAY, holder="there"),  # after the look at the day, before the first write
    ]

    def may_go_on() -> None:
        if moments:
            moments.pop(0)()

    publisher = replace(publisher, may_go_on=may_go_on)
    with pytest.raises(LockedError):
        publisher.publish(frames(homepage("ann", "older")), "slow", NOW.date())
    assert shop.products() == {"bob#homepage": ["tea"]}


def test_a_publisher_that_is_slow_but_alive_keeps_its_lease(shop: PublishingShop) -> None:
    seconds, refused = 0.2, []

    def meanwhile(_: int) -> None:
        threading.Event().wait(3 * seconds)  # nothing is written meanwhile
        with closing(SqliteStore(shop.folder / "store.sqlite")) as store, pytest.raises(LockedError) as caught:
            shop.publish(BOB, store=store, clock=lambda: datetime.now(NOW.tzinfo), holder="there")
        refused.append(caught.value)

    settings = SETTINGS.model_copy(update={"lease_seconds": seconds})
    lists = ANN, homepage("cid", "jam")
    slow = {"clock": lambda: datetime.now(NOW.tzinfo), "settings": settings, "chunk_rows": 1}
    shop.publish(*lists, after_chunk=meanwhile, **slow)
    assert len(refused) == 2
    assert sorted(shop.products()) == ["ann#homepage", "cid#homepage"]


def test_nothing_is_written_after_a_signal(shop: PublishingShop) -> None:
    shop.publish(ANN)
    came: list[int] = []

    def may_go_on() -> None:
        if came:
            raise Interrupted("stopped by SIGTERM")

    with pytest.raises(Interrupted):
        shop.publish(BOB, homepage("cid", "jam"), after_chunk=came.append, chunk_rows=1, may_go_on=may_go_on)
    assert sorted(shop.products()) == ["ann#homepage", "bob#homepage"]
    assert shop.publish(ANN).compared_with == "the store: the last publish did not finish"
    assert sorted(shop.products()) == ["ann#homepage"]


class Watch:
    """A timer that goes on by sleeping, and what happens meanwhile."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.seconds = 1000.0
        self.meanwhile = meanwhile

    def timer(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.meanwhile()


@pytest.fixture
def memory() -> MemoryStore:
    """A store that does not fence writes, as DynamoDB."""
    store = MemoryStore()
    store.create_tables()
    return store


def lease(store: MemoryStore, holder: str, watch: Watch, now: datetime = NOW) -> Lease:
    control = read_control(store, now)
    facts = {"runId": f"run of {holder}"}
    return Lease(store, control, holder, lambda: now, MINUTE, facts, timer=watch.timer, sleep=watch.sleep)


CLOCKS = {"right": timedelta(minutes=2), "a year ahead": 366 * DAY, "a year behind": -366 * DAY}


@pytest.mark.parametrize("off", CLOCKS)
def test_a_dead_publisher_is_watched_for_its_whole_lease_whatever_the_clocks_say(memory: MemoryStore, off: str) -> None:
    with closing(lease(memory, "dead", Watch())) as dead:
        dead.check()
    watch = Watch()
    with closing(lease(memory, "heir", watch, NOW + CLOCKS[off])) as heir:
        heir.check()
        assert watch.seconds - 1000 == pytest.approx(MINUTE)
        assert read_control(memory, NOW)["holder"] == "heir"


@pytest.mark.parametrize("off", CLOCKS)
def test_a_living_publisher_keeps_its_lease_whatever_the_clocks_say(memory: MemoryStore, off: str) -> None:
    with closing(lease(memory, "alive", own := Watch())) as alive:
        alive.check()

        def renewed() -> None:
            own.seconds += MINUTE / 2
            alive.clock = lambda: NOW + timedelta(seconds=own.seconds)
            alive.check()

        with closing(lease(memory, "greedy", Watch(renewed), NOW + CLOCKS[off])) as greedy, pytest.raises(LockedError):
            greedy.check()
        alive.check()


def test_a_publisher_sends_nothing_near_the_end_of_a_lease_that_it_cannot_renew(memory: MemoryStore) -> None:
    with closing(lease(memory, "cut off", watch := Watch())) as cut_off:
        cut_off.check()
        memory.put_if = lambda *_, **__: False  # type: ignore[method-assign]
        watch.seconds += MINUTE * 0.6
        cut_off.check()
        watch.seconds += MINUTE * 0.1
        for _ in range(2):
            with pytest.raises(LockedError, match="lost its turn"):
                cut_off.check()


class LateStore(MemoryStore):
    """A store that a batch reaches late: another publisher has written and completed meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.on_its_way: Callable[[], object] | None = None

    def put_many(self, table: str, items: Any) -> int:
        if self.on_its_way is not None and isinstance(items, pl.DataFrame):  # the control item is none
            wait, self.on_its_way = self.on_its_way, None
            wait()
        return super().put_many(table, items)


def publisher(shop: PublishingShop, store: MemoryStore, holder: str, **changes: Any) -> Publisher:
    return shop.publisher(open_store=lambda: store, holder=holder, **changes)


def test_a_batch_that_arrives_too_late_is_repaired_by_the_next_publish(shop: PublishingShop) -> None:
    store = LateStore()
    newer, older = frames(homepage("ann", "newer"), BOB), frames(homepage("ann", "older"))
    first = publisher(shop, store, "here")
    first.write(store, frames(ANN), "run-1", NOW.date())

    def stopped() -> None:
        publisher(shop, store, "here").write(store, newer, "run-3", NOW.date())

    store.on_its_way = stopped
    with pytest.raises(LockedError, match="lost its turn"):
        first.write(store, older, "run-2", NOW.date())
    late = store.get(TABLE, "ann#homepage", now=NOW)
    assert late is not None and late["recommendations"][0]["productId"] == "older"

    repaired = publisher(shop, store, "here").write(store, newer, "run-4", NOW.date())
    assert repaired.changed == 1
    found = store.get(TABLE, "ann#homepage", now=NOW)
    assert found is not None and found["recommendations"][0]["productId"] == "newer"


def test_a_batch_that_arrives_while_another_publishes_is_not_forgotten(memory: MemoryStore) -> None:
    first = lease(memory, "here", own := Watch())
    first.check()
    second = lease(memory, "here", Watch())
    second.check()
    own.seconds += MINUTE
    with closing(first), pytest.raises(LockedError):
        first.check()
    first.mark_late_writes()
    with closing(second):
        second.complete("receipts")
    control = read_control(memory, NOW)
    assert (control["fence"], control["state"]) == (2, "disturbed"), "the next publish reads the store"


def test_who_takes_over_from_a_publisher_that_may_still_write_does_not_trust_the_receipts(memory: MemoryStore) -> None:
    with closing(lease(memory, "here", Watch())) as dead:
        dead.check()
    states = []
    for _ in range(2):
        with closing(lease(memory, "here", Watch())) as following:
            following.check()
            following.complete("receipts")
        states.append(read_control(memory, NOW)["state"])
    assert states == ["disturbed", "complete"]


def test_a_control_item_of_an_earlier_release_is_understood(shop: PublishingShop) -> None:
    report = shop.publish(ANN)
    old = {"id": CONTROL, "holder": "here", "fence": 7, "runId": "r", "asOf": "2026-03-01", "state": "complete"}
    shop.store.put_many(TABLE, [{**old, "receiptsKey": report.receipts_key}])
    assert shop.publish(ANN, BOB).compared_with == "the last receipts"
    shop.store.put_many(TABLE, [{**old, "state": "writing", "leaseUntil": "2026-03-01T02:30:00.000Z"}])
    shop.publish(ANN, now=NOW + DAY, holder="there")
    assert read_control(shop.store, NOW)["fence"] == 8


def kill(shop: PublishingShop) -> None:
    with closing(DyingStore(shop.folder / "store.sqlite", writes=2, done=True)) as dying, pytest.raises(Killed):
        shop.publish(BOB, store=dying)
