"""Histories of a whole shop from a few words, and the step `popularity` run on them."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from omnix_cli.protocols.steps import StepOutput
from omnix_cli.steps.lists.popularity import popularity
from tests.conftest import purchases
from tests.unit.steps.frames import AS_OF, days_ago, frame

Line = tuple[str, str, str]


def popularity_of(
    lines: list[Line] | pl.DataFrame,
    *,
    as_of: date = AS_OF,
    interest: pl.LazyFrame | None = None,
    products: pl.LazyFrame | None = None,
    min_customers: int = 1,
    **settings: Any,
) -> StepOutput:
    return popularity(
        lines.lazy() if isinstance(lines, pl.DataFrame) else purchases(*lines).lazy(),
        frame("interactions") if interest is None else interest,
        frame("products") if products is None else products,
        as_of=as_of,
        min_customers=min_customers,
        **{"trending_window_days": 28, "hemisphere": "northern", **settings},
    )


def run(
    lines: list[Line] | pl.DataFrame, *, kind: str | None = None, scope: str | None = None, **how: Any
) -> pl.DataFrame:
    output = popularity_of(lines, **how).frames["popularity"]
    wanted = output.filter(pl.col("kind") == kind) if kind else output
    return wanted.filter(pl.col("scope") == scope) if scope else wanted


def bought(product: str, customers: int, day: int) -> list[Line]:
    return [(f"customer-{number:03}", product, days_ago(day)) for number in range(customers)]


def by_product(rows: pl.DataFrame, column: str) -> dict[str, Any]:
    return dict(rows.select("product_id", column).iter_rows())


def steady_shop() -> list[Line]:
    """As many customers in the last 28 days as in the 28 days before; open every day."""
    return [*bought("steady", 100, 10), *bought("steady", 100, 40), *open_shop(56, every=1)]


def year(product: str, by_month: dict[int, int], *, first_year: int = 2023) -> list[Line]:
    """So many customers a month, each once, on the 15th, in the year before `AS_OF`."""
    days = {month: date(first_year if month >= 6 else first_year + 1, month, 15) for month in range(1, 13)}
    return [
        (f"{product}-{month}-{number}", product, days[month].isoformat())
        for month, customers in by_month.items()
        for number in range(customers)
    ]


def a_year_of(products: dict[str, dict[int, int]]) -> list[Line]:
    """A year of a shop that sells something every third day."""
    return [*open_shop(365), *(line for product, months in products.items() for line in year(product, months))]


def years_of(products: dict[str, dict[int, int]], *, years: int = 2) -> list[Line]:
    """The same in each of so many years."""
    lines = [
        (f"{customer}-{first_year}", product, day)
        for first_year in range(2024 - years, 2024)
        for name, months in products.items()
        for customer, product, day in year(name, months, first_year=first_year)
    ]
    return [*open_shop(365 * years), *lines]


def open_shop(days: int, *, every: int = 3) -> list[Line]:
    """One customer buys salt every third day: the shop is open all the time."""
    return [("first", "salt", days_ago(day)) for day in range(days, 0, -every)]
