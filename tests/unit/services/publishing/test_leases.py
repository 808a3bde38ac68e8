"""One publisher writes at a time."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest

from omnix_cli.errors import LockedError
from tests.unit.services.publishing.publishing_shop import (
    ANN,
    BOB,
    DAY,
    NOW,
    DyingStore,
    Killed,
    PublishingShop,
    homepage,
)


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
    shop.publish(ANN, now=late + DAY)
    assert shop.products() == {"ann#homepage": ["milk", "tea"]}


def kill(shop: PublishingShop) -> None:
    with closing(DyingStore(shop.folder / "store.sqlite", writes=2, done=True)) as dying, pytest.raises(Killed):
        shop.publish(BOB, store=dying)
