"""What a shopkeeper takes for granted of a customer's lists: returns, fill-ups, diets, budgets, consent, variety."""

from __future__ import annotations

import logging
import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.integration.small_shops import FIRST, GOODS, LAST, catalogue, figures, grocer, line, run, shop

RETURNS = "[purchases]\nreturns = { negative_quantity = true }\n"


def _due(workspace: object) -> set[str]:
    return set(workspace.due(days=365, limit=10_000)["customer_id"])  # type: ignore[attr-defined]


def test_what_was_returned_in_full_is_neither_new_nor_due(tmp_path: Path) -> None:
    """Nine brought a lamp back that five others kept; it is new for those who never had it."""
    day = LAST - timedelta(days=20)
    kept = [line(f"c{number:02}", "lamp", day) for number in (9, 11, 13, 15, 17)]
    back = [line(f"c{n:02}", "lamp", day + timedelta(days=3 * (q < 0)), quantity=q) for n in range(9) for q in (1, -1)]
    (tmp_path / "m.toml").write_text(RETURNS)
    workspace = shop(tmp_path, [*grocer(), *kept, *back], mapping=str(tmp_path / "m.toml"))
    record = run(workspace)
    assert workspace.frame("returned").rows() == [(f"c{number:02}", "lamp") for number in range(9)]
    lists = workspace.frame("recommendations").filter(product_id="lamp")
    assert not set(lists["customer_id"]) & {f"c{number:02}" for number in range(9)}
    assert figures(record, "recommend")["removed_returned"] > 0
    others = {"c19", "c21", "c23"}
    assert set(lists.filter(pl.col("shelf") == "new_for_you")["customer_id"]) & others


def test_fill_ups_come_before_durables_that_the_customer_owns(tmp_path: Path) -> None:
    """Everybody bought one of three ovens once. Nobody is offered an oven of the kind he has while others are left."""
    ovens = [line(f"c{n:02}", f"oven{n % 3}", FIRST + timedelta(days=120 + n % 20)) for n in range(24)]
    workspace = shop(tmp_path, [*grocer(), *ovens], recommend__count=8)
    run(workspace)
    pages = workspace.frame("recommendations").filter(kind="personal")
    assert pages.group_by("customer_id").len()["len"].unique().to_list() == [8]
    owned = pages.filter(pl.col("product_id") == "oven" + (pl.col("customer_id").str.slice(1).cast(int) % 3).cast(str))
    assert owned.is_empty()
    everything = shop(tmp_path / "long", [*grocer(), *ovens], recommend__count=50)
    run(everything)
    last = everything.frame("recommendations").filter(kind="personal").sort("customer_id", "rank")
    assert last.group_by("customer_id").len()["len"].unique().to_list() == [len(GOODS) + 3]
    assert set(last.filter(product_id="oven0")["shelf"]) <= {"new_for_you", "fallback"}


def test_a_toy_given_once_is_due_for_nobody(tmp_path: Path) -> None:
    """Twenty gave a toy in December; it is no place below the chance of a new product."""
    toys = [line(f"c{number:02}", "toy", LAST - timedelta(days=30 + number % 5)) for number in range(20)]
    workspace = shop(tmp_path, [*grocer(), *toys])
    run(workspace)
    pages = workspace.frame("recommendations").filter(kind="personal")
    for (_,), page in pages.group_by("customer_id"):
        due, fills = (
            page.filter(pl.col("shelf") == "due_again"),
            page.filter(pl.col("tags").list.contains("fills_up")),
        )
        new = fills.filter(pl.col("shelf") == "new_for_you")["confidence"].max()
        assert new is None or due["confidence"].min() >= new


def test_nothing_bought_within_half_its_rhythm_is_due_again(tmp_path: Path) -> None:
    workspace = shop(tmp_path, grocer())
    run(workspace)
    due = workspace.frame("recommendations").filter(pl.col("shelf") == "due_again", pl.col("kind") == "personal")
    known = workspace.frame("predictions").select("customer_id", "product_id", "interval_days", "last_day", "urgency")
    rows = due.join(known, on=["customer_id", "product_id"])
    elapsed = (pl.lit(LAST + timedelta(days=1)) - pl.col("last_day")).dt.total_days()
    assert rows.height == due.height > 0
    assert rows.filter(2 * elapsed < pl.col("interval_days")).is_empty()
    assert due.group_by("customer_id").agg(pl.col("confidence").is_sorted(descending=True).alias("s"))["s"].all()


def test_who_gets_no_list_is_counted_and_told_why(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is labelled, so nobody knows what is vegan; soap is no food."""
    people = [
        {"customer_id": "c00", "dietary_restrictions": "vegan", "budget_max": None},
        {"customer_id": "new", "dietary_restrictions": None, "budget_max": "0.10"},
    ]
    plain = catalogue(price="2.50")
    workspace = shop(tmp_path / "a", grocer(), products=plain, customers=people)
    told = figures(run(workspace), "recommend")
    assert {name: count for name, count in told.items() if name.startswith("without_list")} == {
        "without_list": 2,
        "without_list_budget": 1,
        "without_list_dietary": 1,
    }
    assert workspace.frame("unlisted").rows() == [("c00", "dietary"), ("new", "budget")]
    for customer, reason in (("c00", "the diet of the profile"), ("new", "the budget of the profile")):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert workspace.recommendations(customer).is_empty()
        assert reason in caplog.text
    caplog.clear()
    assert set(workspace.recommendations("stranger")["shelf"]) == {"fallback"}
    assert re.search("`stranger` has no purchases before [0-9-]+ and no profile; popular products instead", caplog.text)
    soap = catalogue(price="2.50", category=dict.fromkeys(GOODS, "Grocery") | {"p03": "Household"})
    stays = shop(tmp_path / "b", grocer(), products=soap, customers=people)
    run(stays)
    assert stays.recommendations("c00")["product_id"].to_list() == ["p03"]


def test_a_budget_does_not_take_away_an_own_staple(tmp_path: Path) -> None:
    prices = dict.fromkeys(GOODS, "2.00") | {"bread": "9.00", "p03": "9.00"}
    people = [{"customer_id": f"c{number:02}", "budget_max": "5.00"} for number in range(24)]
    workspace = shop(tmp_path, grocer(), products=catalogue(price=prices), customers=people)
    run(workspace)
    pages = workspace.frame("recommendations").filter(kind="personal")
    bought = workspace.frame("cycles").select("customer_id", "product_id")
    assert pages.filter(product_id="bread").height
    assert pages.filter(product_id="p03").join(bought, on=["customer_id", "product_id"], how="anti").is_empty()


def test_without_consent_a_customer_is_in_no_output_but_the_popular_products(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    people = [{"customer_id": "c00", "consent_personalisation": False}, {"customer_id": "c01"}]
    workspace = shop(tmp_path / "a", grocer(), customers=people)
    run(workspace)
    personal = [workspace.frame(name)["customer_id"] for name in ("predictions", "rankings")]
    assert "c00" not in set(pl.concat(personal)) | _due(workspace)
    assert "c01" in _due(workspace)
    own = workspace.frame("recommendations").filter(customer_id="c00")
    assert own["shelf"].unique().to_list() == ["fallback"]
    assert own["predicted_date"].null_count() == own["urgency"].null_count() == own.height
    assert workspace.due(customer="c00", days=365).is_empty()
    assert workspace.recommendations("c00", context="replenishment").is_empty()
    assert "`c00` has no list for this context: there is no consent to personalisation" in caplog.text
    silent = shop(tmp_path / "b", grocer(), customers=people, privacy__consent_personalisation=False)
    run(silent)
    assert silent.frame("predictions").is_empty()
    assert silent.frame("rankings").is_empty()
    assert _due(silent) == set()


def test_no_list_of_ten_nearly_identical_products(tmp_path: Path) -> None:
    """Mugs of twelve colours sell best, to everybody; only for who looks at a mug, nothing else is similar."""
    colours = ["red", "green", "blue", "pink", "white", "black", "grey", "brown", "mauve", "lilac", "amber", "olive"]
    mugs = [
        line(f"c{number:02}", f"mug{m:02}", LAST - timedelta(days=(number + m) % 50))
        for m in range(12)
        for number in range(24)
        if (number + m) % 3
    ]
    other = catalogue(category={one: f"kind {one}" for one in GOODS})
    kinds = [{"product_id": f"mug{m:02}", "name": f"Stoneware mug {colour}", "category": "mugs"}
             for m, colour in enumerate(colours)]  # fmt: skip
    workspace = shop(tmp_path, [*grocer(), *mugs], products=[*other, *kinds])
    run(workspace)
    lists = pl.concat([workspace.frame("recommendations").filter(kind="personal"), workspace.frame("shop_lists")])
    seen = Counter(
        {str(list_id): rows["product_id"].str.starts_with("mug").sum() for (list_id,), rows in
         lists.filter(pl.col("rank") <= 10).group_by("list_id") if rows.height == 10}
    )  # fmt: skip
    assert len(seen) > 20
    assert max(number for name, number in seen.items() if not name.startswith("similar#mug")) <= 3
    free = shop(
        tmp_path / "free", [*grocer(), *mugs], products=[*other, *kinds],
        recommend__max_alike=50, recommend__max_share_of_category=1.0,
    )  # fmt: skip
    run(free)
    top = free.frame("shop_lists").filter(pl.col("list_id") == "popular#all", pl.col("rank") <= 10)
    assert top["product_id"].str.starts_with("mug").sum() > 3


def test_variety_leaves_no_place_empty(tmp_path: Path) -> None:
    same = catalogue(name="Stoneware mug", category="mugs")
    workspace = shop(tmp_path, grocer(), products=same)
    run(workspace)
    pages = workspace.frame("recommendations").filter(kind="personal")
    assert pages.group_by("customer_id").len()["len"].unique().to_list() == [10]
    assert workspace.frame("shop_lists").filter(list_id="popular#all").height == len(GOODS)
