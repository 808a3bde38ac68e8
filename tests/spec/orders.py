"""Orders described by tables, and what the steps about customers make of them. The day of the run is 2024-06-01."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl

from omnix_cli.protocols.steps import Engine
from omnix_cli.schemas import FRAMES
from tests.spec.ascii_tables import rows
from tests.spec.shop import PLAN, run
from tests.unit.steps.frames import AS_OF, frame


def order_lines(table: str) -> pl.LazyFrame:
    """Lines of a table with customer and day or days ago, and if it matters order, product, time (UTC), total, kind."""
    return lines_of(
        {
            "customer_id": row["customer"],
            "purchase_day": date.fromisoformat(str(row["day"]))
            if row.get("day")
            else AS_OF - timedelta(days=int(str(row["days ago"]))),
            "time": row.get("time"),
            "order_id": row.get("order"),
            "product_id": row.get("product") or "milk",
            "total_price": row.get("total"),
            "kind": row.get("kind") or "purchase",
        }
        for row in rows(table)
    )


def lines_of(lines: Iterable[dict[str, Any]]) -> pl.LazyFrame:
    """Order lines of customer_id and purchase_day; what else is left out is plain."""
    spec = FRAMES["purchases"]
    full = []
    for number, line in enumerate(lines):
        given = dict(line)
        at = datetime.combine(given["purchase_day"], time.fromisoformat(given.pop("time", None) or "00:00"), UTC)
        plain = dict.fromkeys(spec.schema.column_names()) | {
            "purchase_id": f"line-{number:05}",
            "product_id": "milk",
            "purchased_at": at,
            "quantity": 1.0,
            "promotion_used": False,
            "kind": "purchase",
        }
        full.append(plain | given)
    return spec.conform(pl.DataFrame(full, infer_schema_length=None).sort("customer_id")).lazy()


def patterns(engine: Engine, purchases: pl.LazyFrame, *people: dict[str, Any], **settings: Any) -> pl.DataFrame:
    """The shopping patterns, with columns as a table names them."""
    given = {"timezone": "UTC", "hemisphere": "northern", "consent": True} | settings
    shop = run(
        engine, PLAN["shop_orders"], {"purchases": purchases}, "shop_orders", as_of=AS_OF, timezone=given["timezone"]
    )
    inputs = {"purchases": purchases, "customers": frame("customers", *people), "shop_orders": shop.lazy()}
    found = run(engine, PLAN["shopping_patterns"], inputs, "shopping_patterns", as_of=AS_OF, **given)
    return found.rename(
        {
            "customer_id": "customer",
            "average_order_value": "average",
            "shopping_frequency": "frequency",
            "preferred_times": "times",
        }
    )


def segments(engine: Engine, purchases: pl.LazyFrame) -> pl.DataFrame:
    """The segments, with columns as a table names them."""
    back = {"customer": "customer_id", "average": "average_order_value"}
    names = back | {"frequency": "shopping_frequency", "times": "preferred_times"}
    known = patterns(engine, purchases).rename(names).lazy()
    found = run(engine, PLAN["segments"], {"shopping_patterns": known}, "segments", as_of=AS_OF)
    return found.rename(
        {"customer_id": "customer", "late_after": "late", "at_risk_after": "at risk", "lapsed_after": "lapsed"}
    )
