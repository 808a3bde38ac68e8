"""From the pairs that are asked about to the parts of a prompt, cleared of personal data."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby

import polars as pl

from omnix_cli.predictors.bedrock.prompts.prompt_files import Subject, SubjectRow
from omnix_cli.predictors.bedrock.prompts.pseudonyms import Scanner

NO_NAME = "product"
_CENT = Decimal("0.01")


def scrubbed(pairs: pl.DataFrame, scanner: Scanner) -> tuple[pl.DataFrame, int]:
    """The pairs with names fit to be sent, and how many products had another one: a name that holds personal data is
    replaced by its category, or by `product`; a category that does is left out."""
    products = pairs.select("product_id", "name", "category").unique("product_id").sort("product_id")
    categories = [None if text is None or scanner.found(text) else text for text in products["category"]]
    found = [text is not None and bool(scanner.found(text)) for text in products["name"]]
    names = [
        (category or NO_NAME) if is_found or not name else name
        for name, category, is_found in zip(products["name"], categories, found, strict=True)
    ]
    shown = products.select(
        "product_id",
        pl.Series("name", names, dtype=pl.String),
        pl.Series("category", categories, dtype=pl.String),
    )
    fit = pairs.drop("name", "category").join(shown, on="product_id", how="left", maintain_order="left")
    hidden = sum(a != b for a, b in zip(categories, products["category"], strict=True))
    return fit, sum(found) + hidden


def subjects(pairs: pl.DataFrame) -> Iterator[Subject]:
    """The customers of the pairs, in their order."""
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
            rows=tuple(
                SubjectRow(
                    product_id=row["product_id"],
                    product_name=row["name"],
                    category=row["category"],
                    purchase_days=row["purchase_days"],
                    last_day=row["last_day"],
                    gap_days=tuple(row["gap_days"]),
                    typical_quantity=row["typical_quantity"],
                    interval_days=row["interval_days"],
                    predicted_date=row["predicted_date"],
                    date_p10=row["date_p10"],
                    date_p90=row["date_p90"],
                    probability_28d=row["probability_28d"],
                    confidence=row["confidence"],
                )
                for row in rows
            ),
            spend=None if spend is None else (Decimal(spend) / days).quantize(_CENT),
        )
