from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl

from omnix_cli.steps.answers.choosing import Choice, choose
from tests.conftest import purchases
from tests.unit.steps.frames import AS_OF, cycles_of, days_ago, frame, predictions_of

PRODUCTS = frame("products", *({"product_id": id, "name": id.title(), "category": "food"} for id in ("milk", "tea")))
EVERYBODY = frame("customers", {"customer_id": "no", "consent_ai_analysis": False})


def bought(customer: str, product: str, *ago: int) -> list[tuple[str, str, str]]:
    return [(customer, product, days_ago(number)) for number in ago]


LINES = [
    *bought("ann", "milk", 40, 30, 20, 10),
    *bought("ann", "tea", 41, 31, 21, 11),
    *bought("ann", "salt", 3),
    *bought("bob", "tea", 9, 8, 7),
    *bought("no", "milk", 40, 30, 20, 10),
    *bought("off", "milk", 400, 390, 380, 370),
]


def chosen(lines: list[tuple[str, str, str]], *, consent: bool = True, products: int = 20, **columns: Any) -> Choice:
    cycles = cycles_of(purchases(*lines))
    expected = predictions_of(cycles.filter(pl.col("customer_id") != "off"), **columns)
    return choose(
        cycles.collect(),
        expected.collect(),
        PRODUCTS.collect(),
        EVERYBODY.collect(),
        default_consent=consent,
        min_purchase_days=4,
        products_per_customer=products,
        as_of=AS_OF,
    )


def test_who_is_asked_about_and_why_others_are_not() -> None:
    choice = chosen(LINES)
    assert choice.pairs.select("customer_id", "product_id", "name", "category").rows() == [
        ("ann", "milk", "Milk", "food"),
        ("ann", "tea", "Tea", "food"),
    ]
    assert dict(choice.skipped.iter_rows()) == {
        "bob": "too little history",
        "no": "no consent",
        "off": "nothing expected",
    }


def test_silence_of_a_profile_means_the_default() -> None:
    choice = chosen(LINES, consent=False)
    assert choice.pairs.is_empty()
    assert set(choice.skipped["reason"]) == {"no consent"}


def test_the_likeliest_products_come_first_ties_by_id() -> None:
    later = pl.when(pl.col("product_id") == "tea").then(0.9).otherwise(0.7)
    assert chosen(LINES, probability_28d=later).pairs["product_id"].to_list() == ["tea", "milk"]
    assert chosen(LINES, products=1).pairs["product_id"].to_list() == ["milk"]


def test_a_product_id_that_would_break_the_table_is_left_out() -> None:
    lines = [*LINES, *bought("eve", "a|b", 40, 30, 20, 10), *bought("fay", "a\nb", 40, 30, 20, 10)]
    assert (
        chosen(lines).skipped.filter(pl.col("customer_id").is_in(["eve", "fay"]))["reason"].to_list()
        == ["too little history"] * 2
    )


def history(lines: list[tuple[str, str, str]], **options: Any) -> str:
    return str(chosen(lines, **options).pairs.filter(customer_id="ann")["history"][0])


def test_the_history_does_not_depend_on_the_forecast() -> None:
    before = history(LINES)
    assert history(LINES[::-1]) == before
    assert history([*LINES, *bought("ann", "salt", 2), *bought("bob", "tea", 2)]) == before
    assert history(LINES, products=1) == before
    moved = pl.lit(AS_OF + timedelta(days=3))
    assert history(LINES, predicted_date=moved, date_p90=moved, probability_28d=pl.lit(0.1)) == before


def test_a_purchase_of_a_regular_product_changes_the_history() -> None:
    before = history(LINES)
    assert history([*LINES, *bought("ann", "milk", 1)]) != before
    assert history([*LINES, *bought("ann", "tea", 1)], products=1) != before
    assert history([*LINES, *bought("ann", "salt", 9, 8, 7)]) != before


def test_spend_is_the_customer_s_over_all_products() -> None:
    pairs = chosen(LINES).pairs
    assert [float(value) for value in pairs["customer_spend"]] == [18.0, 18.0]
    assert pairs["customer_shopping_days"].to_list() == [9, 9]
    assert pairs["customer_last_day"].to_list() == [date.fromisoformat(days_ago(3))] * 2
