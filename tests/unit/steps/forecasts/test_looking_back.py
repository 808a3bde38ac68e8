from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from omnix_cli.steps.forecasts import looking_back
from omnix_cli.steps.forecasts.looking_back import looks_back
from tests.conftest import purchases

AS_OF = date(2024, 7, 1)
PRODUCTS = pl.LazyFrame({"product_id": ["milk", "oats"], "category": ["dairy", "grain"]})


def days_ago(number: int) -> str:
    return (AS_OF - timedelta(days=number)).isoformat()


def look(lines: pl.DataFrame, days: int) -> dict[tuple[str, str], dict[str, object]]:
    found = looks_back(lines.lazy(), PRODUCTS, as_of=AS_OF, personal_purchases=3)
    rows = found.filter(pl.col("followed_days") == days).to_dicts()
    return {(row["customer_id"], row["product_id"]): row for row in rows}


def test_a_look_back_knows_what_came_before_and_what_came_next() -> None:
    lines = purchases(
        *(("ann", "milk", days_ago(number)) for number in (80, 60, 40, 20, 9)), ("bob", "oats", days_ago(70))
    )
    row = look(lines, 14)[("ann", "milk")]
    assert (row["purchase_days"], row["elapsed_days"], row["days_ahead"]) == (4, 6, 5)
    earlier = look(lines, 28)
    assert (earlier[("ann", "milk")]["purchase_days"], earlier[("ann", "milk")]["days_ahead"]) == (3, 8)
    assert earlier[("bob", "oats")]["days_ahead"] is None


def test_what_was_returned_later_still_counted_on_the_day() -> None:
    lines = purchases(*(("ann", "milk", days_ago(number)) for number in (80, 60, 40)), ("bob", "oats", days_ago(75)))
    back = purchases(("ann", "milk", days_ago(5))).with_columns(
        pl.lit("return").cast(lines.schema["kind"]).alias("kind"), purchase_id=pl.lit("back")
    )
    row = look(pl.concat([lines, back]), 14)[("ann", "milk")]
    assert (row["purchase_days"], row["elapsed_days"]) == (3, 26)
    assert row["customer_purchase_days"] == 3


def test_every_kth_pair_stands_for_k(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking_back, "MAX_PAIRS_PER_LOOK", {"personal": 2, "shared": 4})
    rhythmic = [(f"c{n}", "milk", days_ago(days)) for n in range(6) for days in (60, 50, 40)]
    once = [(f"c{n}", "oats", days_ago(60 + n)) for n in range(4)]
    found = look(purchases(*rhythmic, *once), 14)
    assert {pair: row["stride"] for pair, row in found.items()} == {
        **dict.fromkeys([("c0", "milk"), ("c3", "milk")], 3),
        **dict.fromkeys([(f"c{n}", "oats") for n in range(4)], 1),
    }
    assert found[("c0", "milk")]["customer_products"] == 2, "habits are of all pairs, not of the sampled ones"
    assert found[("c0", "milk")]["pairs_product"] == 6
