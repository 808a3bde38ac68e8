"""A healthy shop, and what is noticed about it when something is changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from omnix_cli.records import Finding
from omnix_cli.schemas import FRAMES
from omnix_cli.steps.advice.findings import findings
from omnix_cli.stores.inputs.rule_files import product_rules

FIRST_DAY = date(2024, 1, 1)
PRODUCTS = [f"p{number:03}" for number in range(30)]
Line = dict[str, Any]


def line(customer: str, product: str, day: date | int, order: str | None, **changes: Any) -> Line:
    """A purchase line; a day may be a number from the first one."""
    when = day if isinstance(day, date) else FIRST_DAY + timedelta(days=day)
    at = datetime(when.year, when.month, when.day, 10, int(sum(map(ord, f"{customer}{order}"))) % 60, tzinfo=UTC)
    plain = {"quantity": 1.0, "unit_price": "2.00", "total_price": "2.00", "kind": "purchase", "promotion_used": False}
    names = {"customer_id": customer, "product_id": product, "order_id": order}
    return plain | names | {"purchased_at": at, "purchase_day": when} | changes


def healthy(days: int = 120) -> list[Line]:
    """Two of sixty customers a day, three products an order; closed on every seventh day."""
    lines = []
    for day in (day for day in range(days) if day % 7):
        for till in (0, 1):
            customer = (2 * day + till) % 60
            wanted = [PRODUCTS[(day + 7 * till + 11 * number + customer) % 30] for number in range(3)]
            lines += [line(f"c{customer:02}", product, day, f"o{day:03}{till}") for product in dict.fromkeys(wanted)]
    return lines


def catalogue(ids: Iterable[str] = PRODUCTS, category: str | None = "Food", **columns: Any) -> pl.LazyFrame:
    """Products with these ids."""
    rows = [{"product_id": one, "name": f"Fine {one}", "category": category, "tags": [], "dietary": []} for one in ids]
    return _frame("products", [row | columns for row in rows])


def noticed(
    lines: Sequence[Line],
    products: pl.LazyFrame | None = None,
    customers: Iterable[str] = (),
    visits: Iterable[tuple[str, str]] = (),
    excluded: Sequence[str] = (),
    staff: Sequence[str] = (),
    **others: Sequence[str],
) -> dict[str, Finding]:
    """The findings by code, each of them once; `excluded` are categories, `others` the patterns of other kinds."""
    empty: dict[str, list[str]] = {"dietary_restrictions": [], "favorite_categories": [], "brand_preferences": []}
    people = [{"customer_id": one, **empty, "preferred_shopping_times": []} for one in customers]
    at = datetime(2024, 1, 1, tzinfo=UTC)
    seen = [
        {"interaction_id": f"{number}", "customer_id": customer, "product_id": product, "interaction_type": "view"}
        | {"occurred_at": at, "interaction_day": at.date()}
        for number, (customer, product) in enumerate(visits)
    ]
    frames = {
        "purchases": _frame("purchases", [{"purchase_id": f"{number}"} | one for number, one in enumerate(lines)]),
        "products": catalogue() if products is None else products,
        "customers": _frame("customers", people),
        "interactions": _frame("interactions", seen),
    }
    exclusions = {"category": excluded} | dict(others)
    found = findings(frames, exclusions=exclusions, excluded_customers=staff, rules=product_rules())
    assert len({one.code for one in found}) == len(found)
    assert all(one.rows and one.text and one.hint for one in found)
    return {one.code: one for one in found}


def _frame(name: str, rows: Sequence[Line]) -> pl.LazyFrame:
    spec = FRAMES[name]
    plain = dict.fromkeys(spec.schema.column_names())
    made = pl.DataFrame([plain | row for row in rows], infer_schema_length=None) if rows else spec.empty()
    return spec.conform(made).lazy()
