"""The customers and products of a question, without personal data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from itertools import groupby

import polars as pl

from omnix_cli.predictors.bedrock.personal_data import Scanner

NO_NAME = "product"
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class SubjectRow:
    """A product of a customer: its cycle and its statistical forecast. The name and the category are free of personal
    data."""

    product_id: str
    name: str
    category: str | None
    purchase_days: int
    last_day: date
    gap_days: Sequence[int]
    typical_quantity: float
    interval_days: float
    next_expected_date: date
    date_p10: date
    date_p90: date
    probability_28d: float
    window_chance: float


@dataclass(frozen=True)
class Subject:
    """A customer to ask about. `history` is a hash of the purchases, `spend` the amount per shopping day."""

    customer_id: str
    history: str
    first_day: date
    last_day: date
    shopping_days: int
    rows: tuple[SubjectRow, ...]
    spend: Decimal | None = None

    @property
    def prior(self) -> str:
        """The statistical forecast as JSON: for each product the first and last day of the window, and the
        chance of a purchase in it."""
        forecast = {row.product_id: [str(row.date_p10), str(row.date_p90), row.window_chance] for row in self.rows}
        return json.dumps(forecast, separators=(",", ":"), sort_keys=True)


def scrubbed(pairs: pl.DataFrame, scanner: Scanner) -> tuple[pl.DataFrame, int]:
    """The pairs without personal data, and how many names and categories were replaced: a name with personal data by
    its category, or by `product`; a category with personal data is removed."""
    products = pairs.select("product_id", "name", "category").unique("product_id").sort("product_id")
    categories = [None if text is None or scanner.kinds(text) else text for text in products["category"]]
    is_personal = [text is not None and bool(scanner.kinds(text)) for text in products["name"]]
    names = [
        (category or NO_NAME) if personal or not name else name
        for name, category, personal in zip(products["name"], categories, is_personal, strict=True)
    ]
    replaced = products.select(
        "product_id",
        pl.Series("name", names, dtype=pl.String),
        pl.Series("category", categories, dtype=pl.String),
    )
    fit = pairs.drop("name", "category").join(replaced, on="product_id", how="left", maintain_order="left")
    hidden = sum(a != b for a, b in zip(categories, products["category"], strict=True))
    return fit, sum(is_personal) + hidden


def subjects(pairs: pl.DataFrame) -> Iterator[Subject]:
    """The customers of the pairs, in the same order."""
    for customer, lines in groupby(pairs.iter_rows(named=True), key=lambda line: str(line["customer_id"])):
        rows = list(lines)
        first = rows[0]
        days, spend = first["customer_shopping_days"], first["customer_spend"]
        yield Subject(
            customer_id=customer,
            history=first["history"],
            first_day=first["customer_first_day"],
            last_day=first["customer_last_day"],
            shopping_days=days,
            rows=tuple(SubjectRow(**{part.name: row[part.name] for part in fields(SubjectRow)}) for row in rows),
            spend=None if spend is None else (Decimal(spend) / days).quantize(_CENT),
        )
