from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

from omnix_cli.services.importing.held.order_days import OrderDays
from omnix_cli.steps.imports.groups.identity import RETURNED, WRITTEN
from tests.conftest import MemoryFrame, purchases

NO_EDGES = pl.Series([], dtype=pl.String)
NOTHING = MemoryFrame("purchases", purchases())


@pytest.mark.parametrize("kept", [4, 1 << 20])
def test_order_ids_on_several_days_are_counted_without_returns(kept: int) -> None:
    days = OrderDays(kept=kept)
    for day in (1, 1, 2):
        orders = ["a", "b" if day == 1 else "c", "d"]
        rows = {"order_id": orders, WRITTEN: [datetime(2020, 1, day)] * 3, RETURNED: [False, False, day == 2]}
        days.add(pl.DataFrame(rows))
    assert days.counts(NOTHING, NO_EDGES)["order_on_several_days"] == 1 or kept == 4


@pytest.mark.parametrize(
    ("day", "product", "kind", "edges", "counts"),
    [
        (1, "milk", "purchase", [], (0, 1)),
        (1, "tea", "purchase", [], (0, 0)),
        (1, "milk", "cancelled", [], (0, 0)),
        (1, "milk", "purchase", ["2020-01-01##o"], (0, 0)),
        (2, "milk", "purchase", [], (1, 0)),
    ],
)
def test_orders_are_compared_with_stored_ones(
    day: int, product: str, kind: str, edges: list[str], counts: tuple[int, int]
) -> None:
    stored = purchases(("c", "tea", "2020-01-01"), order_id=pl.lit("o"), purchase_id=pl.lit("2020-01-01##o#tea"))
    days = OrderDays(products=True)
    rows = purchases(("c", product, f"2020-01-0{day}"), order_id=pl.lit("o"), kind=pl.lit(kind))
    days.add(rows.with_columns(pl.lit(datetime(2020, 1, day)).alias(WRITTEN), pl.lit(False).alias(RETURNED)))
    found = days.counts(MemoryFrame("purchases", stored), pl.Series(edges, dtype=pl.String))
    assert (found["order_on_several_days"], found["fewer_products"]) == counts
