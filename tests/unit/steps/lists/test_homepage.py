"""What stands on a homepage: places by the chance of a purchase within 14 days."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from tests.unit.steps.frames import frame
from tests.unit.steps.lists.shop import Shop

NEW = ("oats", "jam", "nuts", "soap")


def ranked(*chances: float) -> pl.LazyFrame:
    """New products for Ann, in this order, with these chances."""
    rows = (
        {
            "customer_id": "ann",
            "product_id": name,
            "known": False,
            "rank": rank,
            "score": 1 / (rank + 1),
            "chance": chance,
        }
        for rank, (name, chance) in enumerate(zip(NEW, chances, strict=True), 1)
    )
    return frame("rankings", *rows)


@pytest.mark.parametrize(
    ("next_new", "shelves"),
    [
        (0.1, ["due_again", "new_for_you", "due_again", "new_for_you"]),
        (0.2, ["due_again", "new_for_you", "due_again", "new_for_you"]),
        (0.3, ["due_again", "new_for_you", "new_for_you", "new_for_you"]),
    ],
)
def test_what_is_due_needs_the_chance_of_the_next_new_product(ann: Shop, next_new: float, shelves: list[str]) -> None:
    """Of four places two are for what is due: milk is likely, tea has a chance of 0.2; soap would come next."""
    chance = pl.when(pl.col("product_id") == "tea").then(0.2).otherwise(0.9)
    due = ann.predictions.with_columns(probability_14d=chance, urgency=pl.lit("urgent"))
    last = (pl.col("last_day") - pl.duration(days=60)).cast(pl.Date)
    shop = replace(ann, predictions=due.with_columns(last_day=last), rankings=ranked(0.05, 0.05, next_new, 0.01))
    assert shop.list("ann#homepage", count=4, due_share=0.5)["shelf"].to_list() == shelves


def test_what_fills_a_list_up_keeps_the_chance_of_the_rankings(ann: Shop) -> None:
    """One new product is one too many of its category, and comes back at the end of the list."""
    shop = replace(ann, rankings=ranked(0.08, 0.07, 0.06, 0.05))
    rows = shop.list("ann#homepage", count=8)
    found = dict(rows.filter(pl.col("product_id").is_in(NEW)).select("product_id", "confidence").iter_rows())
    assert found == dict(zip(NEW, (0.08, 0.07, 0.06, 0.05), strict=True))
