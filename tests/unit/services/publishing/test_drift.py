"""Lists whose numbers drift a little are left alone."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omnix_cli.services.publishing.drift import COLUMNS, Tolerance, before, facts_hash, numbers, with_numbers
from omnix_cli.services.publishing.leases import read_control
from omnix_cli.services.publishing.list_items import content_of, lists_of
from omnix_cli.services.publishing.published_state import published_state
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from omnix_cli.stores.workspace.folders import DiskShelf
from tests.published_distance import distance
from tests.unit.services.publishing.publishing_shop import (
    DAY,
    NOW,
    SETTINGS,
    SIMILAR,
    PublishingShop,
    counts,
    entries,
    frames,
    stored,
)

DUE = date(2026, 3, 9)
DRIFTING = SETTINGS.model_copy(update={"max_drift": 0.02, "max_drift_days": 3.0})


def due(*products: str, **columns: Any) -> list[dict[str, Any]]:
    """The replenishment list of ann."""
    dates = {"predicted_date": DUE, "next_expected_date": DUE, "date_p10": DUE, "date_p90": DUE + 5 * DAY}
    known = {"urgency": "overdue", "interval_days": 7.0, "category": "Dairy", "confidence": 0.5, "score": 0.5}
    return entries(
        "ann#replenishment", "replenishment", *(products or ("milk", "tea")), customer="ann", **dates | known | columns
    )


def first(rows: list[dict[str, Any]], **columns: Any) -> list[dict[str, Any]]:
    return [rows[0] | columns, *rows[1:]]


def night(shop: PublishingShop, rows: list[dict[str, Any]], day: int = 1, **changes: Any) -> dict[str, int]:
    """What a publish of these rows and a shared list does, so many days later."""
    return counts(shop.publish(rows, SIMILAR, now=NOW + day * DAY, **{"settings": DRIFTING} | changes))


KEPT, WRITTEN = {"unchanged": 2}, {"changed": 1, "unchanged": 1}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"score": 0.52}, KEPT),
        ({"score": 0.5201}, WRITTEN),
        ({"score": 0.4799}, WRITTEN),
        ({"confidence": 0.48}, KEPT),
        ({"confidence": 0.5201}, WRITTEN),
        ({"predicted_date": DUE + 3 * DAY}, KEPT),
        ({"predicted_date": DUE - 4 * DAY}, WRITTEN),
        ({"next_expected_date": DUE + 3 * DAY}, KEPT),
        ({"next_expected_date": DUE + 4 * DAY}, WRITTEN),
        ({"date_p10": DUE - 4 * DAY}, WRITTEN),
        ({"date_p90": DUE + 9 * DAY}, WRITTEN),
        ({"interval_days": 9.9}, KEPT),
        ({"interval_days": 10.2}, WRITTEN),
        ({"reason": "another"}, WRITTEN),
        ({"reason": "you buy this about every 12 days (2 gaps), last on 1 May 2017"}, WRITTEN),
        ({"tags": ["late"]}, WRITTEN),
        ({"urgency": "urgent"}, WRITTEN),
        ({"shelf": "fallback"}, WRITTEN),
        ({"category": "Cheese"}, WRITTEN),
        ({"product_name": "Fresh milk"}, WRITTEN),
        ({"interval_days": None}, WRITTEN),
        ({"date_p10": None}, WRITTEN),
    ],
)
def test_only_small_changes_of_numbers_are_left_out(
    shop: PublishingShop, columns: dict[str, Any], expected: dict[str, int]
) -> None:
    night(shop, due(), day=0)
    assert night(shop, first(due(), **columns)) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("you buy this about every 15 days (2 gaps), last on 1 May 2017", KEPT),
        ("you buy this about every 9 days (2 gaps), last on 1 May 2017", KEPT),
        ("you buy this about every 16 days (2 gaps), last on 1 May 2017", WRITTEN),
        ("you buy this about every 12 days (3 gaps), last on 1 May 2017", WRITTEN),
        ("you buy this about every 12 days (2 gaps), last on 2 May 2017", WRITTEN),
        ("you buy this every 12 days (2 gaps), last on 1 May 2017", WRITTEN),
    ],
)
def test_a_rhythm_that_a_reason_says_is_a_number(shop: PublishingShop, said: str, expected: dict[str, int]) -> None:
    """About so many days: the interval of the prediction in words."""
    night(shop, first(due(), reason="you buy this about every 12 days (2 gaps), last on 1 May 2017"), day=0)
    assert night(shop, first(due(), reason=said)) == expected


@pytest.mark.parametrize("products", [("tea", "milk"), ("milk",), ("milk", "tea", "jam"), ("milk", "jam")])
def test_other_products_or_another_order_are_written(shop: PublishingShop, products: tuple[str, ...]) -> None:
    night(shop, due(), day=0)
    assert night(shop, due(*products)) == WRITTEN


def test_drift_does_not_add_up(shop: PublishingShop) -> None:
    """A hundredth a night: what counts is the distance from what readers get."""
    night(shop, due(), day=0)
    fates = [night(shop, due(score=0.5 - step / 100), settings=ALWAYS_YOUNG) for step in range(1, 8)]
    assert fates == [KEPT, KEPT, WRITTEN, KEPT, KEPT, WRITTEN, KEPT]
    assert shop.items()["ann#replenishment"]["recommendations"][0]["score"] == Decimal("0.44")


EXACT = DRIFTING.model_copy(update={"max_drift": 0.0, "max_drift_days": 0.0})
ALWAYS_YOUNG = DRIFTING.model_copy(update={"lifetime_days": 365.0})


@pytest.mark.parametrize("force", [False, True])
def test_without_receipts_the_same_is_written(shop: PublishingShop, force: bool) -> None:
    """Whether the receipts are kept, lost or not to be trusted: the store says the same."""
    night(shop, due(), day=0)
    night(shop, due(score=0.49, predicted_date=DUE + DAY))
    kept = published_state(shop.store, shop.checkpoints, read_control(shop.store, NOW)).receipts
    if not force:
        shop.checkpoints = ParquetCheckpoints(DiskShelf(shop.folder / "elsewhere"), now=lambda: NOW)
    found = published_state(shop.store, shop.checkpoints, read_control(shop.store, NOW), force=force).receipts
    assert found.sort("list_id").equals(kept)
    assert night(shop, due(score=0.481, predicted_date=DUE + 3 * DAY), force=force) == KEPT
    assert night(shop, due(score=0.4799, predicted_date=DUE + 3 * DAY), force=force) == WRITTEN


def test_a_renewed_list_has_the_numbers_of_the_night(shop: PublishingShop) -> None:
    night(shop, due(), day=0)
    assert night(shop, due(score=0.51), day=3) == KEPT
    assert night(shop, due(score=0.51), day=4) == {"changed": 1, "refreshed": 1}
    assert shop.items()["ann#replenishment"]["recommendations"][0]["score"] == Decimal("0.51")


def test_a_smaller_tolerance_holds_at_once(shop: PublishingShop) -> None:
    """Also for the lists of the last publish."""
    night(shop, due(), day=0)
    assert night(shop, due(score=0.49)) == KEPT
    assert night(shop, due(score=0.49), settings=EXACT) == WRITTEN
    assert night(shop, due(score=0.49), settings=EXACT) == KEPT


def test_receipts_of_an_older_release_are_compared_by_content(shop: PublishingShop) -> None:
    night(shop, due(), day=0)
    control = read_control(shop.store, NOW)
    old = published_state(shop.store, shop.checkpoints, control).receipts.drop(COLUMNS)
    with shop.checkpoints.write(key="old", step="publish", version="1", parameters={}, inputs={}) as writer:
        writer.append("receipts", old)
    assert shop.store.put_if("recommendations", {**control, "receiptsKey": "old"}, expected={"fence": control["fence"]})
    assert night(shop, due(score=0.49)) == WRITTEN
    assert night(shop, due(score=0.48)) == KEPT


def test_what_another_program_changed_a_little_is_found(shop: PublishingShop) -> None:
    """Only omnix may be off."""
    night(shop, due(), day=0)
    item = shop.items()["ann#replenishment"]
    entry, *others = item["recommendations"]
    changed = {**item, "recommendations": [{**entry, "score": Decimal("0.5001")}, *others]}
    shop.store.put_many("recommendations", [changed])
    report = shop.publish(due(score=0.49), settings=DRIFTING, now=NOW + DAY)
    assert report.incomplete == "1 of 1 items differ: ann#replenishment"
    assert night(shop, due(score=0.49)) == {"added": 1, "changed": 1}


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["about every 7 days", "x about 1 day", '"score":0.5', '\\"confidence\\":1,', "]}", '{"intervalTo":"']
)
shares = st.floats(0, 1) | st.sampled_from([0.0, 1.0, 0.00005, 0.00015, 1 / 3])
days = st.none() | st.dates(date(1960, 1, 1), date(2199, 1, 1))
entry = st.fixed_dictionaries(
    {
        "score": shares,
        "confidence": shares,
        "reason": texts,
        "tags": st.lists(texts, max_size=2),
        "predicted_date": days,
        "next_expected_date": days,
        "date_p10": days,
        "date_p90": days,
        "urgency": st.sampled_from(["overdue", "later"]),
        "interval_days": st.none() | st.floats(0, 20_000),
    }
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(entry, min_size=1, max_size=3))
def test_an_item_of_the_store_has_the_facts_and_numbers_of_its_list(
    shop: PublishingShop, some: list[dict[str, Any]]
) -> None:
    rows = [row | columns for row, columns in zip(due(*map(str, range(len(some)))), some, strict=True)]
    shop.publish(rows, settings=EXACT)
    (computed,) = with_numbers(next(lists_of(stored("recommendations", rows)))).to_dicts()
    item = shop.items()["ann#replenishment"]
    assert numbers(item, content_of(item)) == (computed["shares"], computed["days"])
    assert facts_hash(content_of(item)) == computed["facts_hash"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(shares, shares, st.integers(-9, 9), st.sampled_from(["a", "b"])), min_size=2, max_size=6),
    st.sampled_from([(0.0, 0.0), (0.02, 3.0), (0.3, 5.0), (1.0, 100.0)]),
)
def test_a_reader_is_never_further_off_than_the_tolerance(
    shop: PublishingShop, nights: list[tuple[float, float, int, str]], most: tuple[float, float]
) -> None:
    chosen = ALWAYS_YOUNG.model_copy(update={"max_drift": most[0], "max_drift_days": most[1]})
    for score, confidence, off, reason in nights:
        rows = due(score=score, confidence=confidence, reason=reason, next_expected_date=DUE + timedelta(days=off))
        assert shop.publish(rows, SIMILAR, settings=chosen).incomplete == ""
        found = distance(shop.items().values(), frames(rows, SIMILAR).values())
        assert (found.lists, found.differ) == (2, 0)
        assert found.share <= most[0] + 1e-9
        assert found.days <= most[1]


def test_nothing_is_near_to_what_is_not_known() -> None:
    lists = with_numbers(next(lists_of(stored("recommendations", due()))))
    receipts = lists.select("list_id", "content_hash", *COLUMNS)
    unknown = receipts.with_columns(pl.lit(None, receipts.schema[name]).alias(name) for name in COLUMNS)
    for held, near in ((receipts, True), (unknown, False)):
        assert Tolerance(1, 1e6).holds(lists.join(before(held), on="list_id")).tolist() == [near]
