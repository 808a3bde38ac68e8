"""The step `similarity` run on a few lines and products."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl

from omnix_cli.protocols.steps import Resources, StepOutput
from omnix_cli.schemas import FRAMES
from omnix_cli.settings import PrivacySettings, SimilaritySettings
from omnix_cli.steps.neighbours.similarity import similarity

AS_OF = date(2026, 3, 1)


def purchases(*lines: tuple) -> pl.DataFrame:
    """Lines of (customer, product, order or None, days before AS_OF, quantity, unit price or None)."""
    empty = FRAMES["purchases"].empty()
    rows = [
        {
            "purchase_id": str(number),
            "customer_id": customer,
            "product_id": product,
            "order_id": order,
            "purchased_at": datetime(2026, 3, 1, tzinfo=UTC) - timedelta(days=age),
            "purchase_day": AS_OF - timedelta(days=age),
            "quantity": float(quantity),
            "unit_price": price,
            "promotion_used": False,
            "kind": "purchase",
        }
        for number, (customer, product, order, age, quantity, price) in enumerate(lines)
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(empty.columns) | dict(empty.schema))


def products(*rows: dict) -> pl.DataFrame:
    empty = FRAMES["products"].empty()
    full = [{"name": " ", "tags": [], "dietary": []} | row for row in rows]
    return pl.DataFrame(full, schema=dict(empty.schema)) if rows else empty


def solve(
    lines: pl.DataFrame, catalogue: pl.DataFrame | None = None, *, min_customers=1, resources=None, **parameters
) -> StepOutput:
    return similarity(
        lines.lazy(),
        (products() if catalogue is None else catalogue).lazy(),
        as_of=AS_OF,
        parameters=SimilaritySettings(**({"min_support": 1, "shrink": 0.0} | parameters)),
        privacy=PrivacySettings(min_customers=min_customers),
        resources=resources or Resources(threads=1, memory_bytes=2**30),
    )


def pair(output: StepOutput, product: str, neighbour: str) -> dict:
    frame = output.frames["neighbours"]
    return frame.row(by_predicate=(pl.col("product_id") == product) & (pl.col("neighbour_id") == neighbour), named=True)
