"""Items to store, and any items that a store must keep."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from omnix_cli.protocols.tables import TableStore

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BY_CUSTOMER = "customerId-purchaseDate-index"

MakeStore = Callable[[], TableStore]
"""Opens the same store once more, as another process would."""

any_items = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)
"""For property tests that several classes inherit."""


def purchase(number: int, customer: str = "c1", day: str = "2026-01-01", **more: Any) -> dict[str, Any]:
    return {"id": f"p{number:04d}", "customerId": customer, "productId": "milk", "purchaseDate": day, **more}


def ids(items: Any) -> list[str]:
    return [item["id"] for item in items]


def all_pages(store: TableStore, limit: int, **options: Any) -> list[str]:
    found, cursor = [], None
    while True:
        page = store.query("purchase-history", BY_CUSTOMER, "c1", now=NOW, limit=limit, cursor=cursor, **options)
        assert len(page.items) <= limit
        found += ids(page.items)
        cursor = page.cursor
        if cursor is None:
            return found


# DynamoDB numbers have up to 38 digits; JSON integers are kept within 64 bits.
numbers = st.integers(-(2**63), 2**63 - 1) | st.decimals(allow_nan=False, allow_infinity=False, places=None).filter(
    lambda number: len(number.as_tuple().digits) <= 38 and -100 <= number.adjusted() <= 100
)
text = st.text(st.characters(exclude_categories=["Cs"]))
names = text.filter(bool)
values = st.recursive(
    text | numbers | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=20,
)
attributes = st.dictionaries(names.filter(lambda name: name not in ("id", "category")), values, max_size=5)


def numbers_in(value: Any) -> list[Any]:
    if isinstance(value, dict | list):
        return [
            number for part in (value.values() if isinstance(value, dict) else value) for number in numbers_in(part)
        ]
    return [value] if isinstance(value, int | float | Decimal) else []


def names_in(value: Any) -> set[str]:
    """The names of all maps in a value."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {*(value if isinstance(value, dict) else ()), *(name for part in parts for name in names_in(part))}
