"""A publish that was killed at any write is completed by the next one."""

from __future__ import annotations

from contextlib import closing

import pytest

from tests.unit.services.publishing.publishing_shop import (
    ANN,
    BOB,
    DAY,
    NOW,
    SIMILAR,
    DyingStore,
    Killed,
    PublishingShop,
    counts,
    homepage,
)

OLD = [homepage("ann", "milk"), homepage("bob", "tea"), SIMILAR]
NEW = [homepage("ann", "jam"), SIMILAR, homepage("cid", "milk")]
OTHER = [homepage("bob", "tea"), homepage("ann", "milk")]


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("writes", range(1, 8))
@pytest.mark.parametrize("then", [NEW, OLD, OTHER], ids=["the same", "the old", "other lists"])
def test_the_next_publish_makes_it_exact_whatever_was_written(
    shop: PublishingShop, writes: int, done: bool, then: list[list[dict[str, object]]]
) -> None:
    shop.publish(*OLD)
    with closing(DyingStore(shop.folder / "store.sqlite", writes=writes, done=done)) as dying:
        try:
            shop.publish(*NEW, now=NOW + 4 * DAY, store=dying)
        except Killed:
            finished = False
        else:
            finished = True
    assert finished == (writes == 7), "six writes: the mark, ann, cid, the new lifetime of similar, a removal, the end"
    wanted = {rows[0]["list_id"]: [row["product_id"] for row in rows] for rows in then}
    shop.publish(*then, now=NOW + 5 * DAY)
    assert shop.products() == wanted
    assert shop.publish(*then, now=NOW + 5 * DAY).written == 0


def test_it_says_that_the_store_was_read(shop: PublishingShop) -> None:
    with closing(DyingStore(shop.folder / "store.sqlite", writes=3, done=True)) as dying, pytest.raises(Killed):
        shop.publish(ANN, BOB, store=dying)
    report = shop.publish(ANN, BOB)
    assert report.compared_with == "the store: the last publish did not finish"
    assert counts(report) == {"unchanged": 2}
    assert shop.publish(ANN, BOB).compared_with == "the last receipts"
