"""Stored frames from a few words: what a test does not say has a plain value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from omnix_cli.protocols.steps import Resources, whole
from omnix_cli.schemas import FRAMES
from omnix_cli.settings import NO_RULES, RecommendSettings
from omnix_cli.steps.cycles import cycles
from omnix_cli.steps.lists.assortment import assortment
from omnix_cli.steps.ranking.nightly import ranking
from tests.conftest import purchases

AS_OF = date(2024, 6, 1)
_PLAIN: dict[str, dict[str, Any]] = {
    "products": {"tags": [], "dietary": []},
    "customers": {
        "dietary_restrictions": [],
        "favorite_categories": [],
        "brand_preferences": [],
        "preferred_shopping_times": [],
    },
    "neighbours": {"rank": 1},
    "rankings": {"contributions": []},
    "popularity": {"scope": "all", "confidence": 0.0, "reason": "bought by many customers"},
    "predictions": {
        "interval_days": 4.0,
        "predicted_date": AS_OF,
        "date_p10": AS_OF,
        "date_p90": AS_OF,
        "next_expected_date": AS_OF,
        "probability_7d": 0.3,
        "probability_14d": 0.5,
        "probability_28d": 0.7,
        "alive": 0.9,
        "expected_quantity": 1.0,
        "urgency": "later",
        "purchase_days": 3,
        "last_day": AS_OF - timedelta(days=5),
        "reason": "you buy this about every 10 days",
        "predictor": "by hand",
        "predictor_version": "1",
        "fallback": False,
    },
}


def frame(name: str, *rows: Mapping[str, Any]) -> pl.LazyFrame:
    """The stored frame `name` of these rows, in its order; a column that is not given is plain or null."""
    spec = FRAMES[name]
    columns = spec.schema.column_names()
    plain = dict.fromkeys(columns) | _PLAIN.get(name, {})
    full = [{**plain, **row} for row in rows]
    if not full:
        return spec.empty().lazy()
    types = {column: kind for column, kind in spec.empty().schema.items() if not kind.is_decimal()}
    return spec.conform(pl.DataFrame(full, schema_overrides=types, infer_schema_length=None).sort(spec.sort)).lazy()


def interactions(*lines: tuple[str, str, str, int]) -> pl.LazyFrame:
    """Interactions from (customer, product, type, days before `AS_OF`) tuples, later lines later in the day."""
    rows = []
    for number, (customer, product, kind, days_ago) in enumerate(lines):
        day = AS_OF - timedelta(days=days_ago)
        rows.append(
            {
                "interaction_id": f"interaction-{number:04}",
                "customer_id": customer,
                "product_id": product,
                "interaction_type": kind,
                "occurred_at": datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + timedelta(seconds=number),
                "interaction_day": day,
            }
        )
    return frame("interactions", *rows)


def days_ago(number: int) -> str:
    return (AS_OF - timedelta(days=number)).isoformat()


def cycles_of(lines: pl.DataFrame) -> pl.LazyFrame:
    return cycles(lines.lazy(), as_of=AS_OF).frames["cycles"].lazy()


def predictions_of(cycles: pl.LazyFrame, **columns: pl.Expr) -> pl.LazyFrame:
    """One plain prediction for each cycle."""
    pairs = cycles.select("customer_id", "product_id", "last_day", "purchase_days").collect().to_dicts()
    return frame("predictions", *pairs).with_columns(**columns)


def assortment_of(products: pl.LazyFrame, cycles: pl.LazyFrame, settings: RecommendSettings) -> pl.LazyFrame:
    """What a shop offers whose last sales are those of the cycles."""
    sales = cycles.select("customer_id", "product_id", pl.col("last_day").cast(pl.String)).collect().rows()
    lines = purchases(*sales).lazy() if sales else frame("purchases")
    step = assortment(lines, products, as_of=AS_OF, rules=NO_RULES, **settings.of_products)
    return step.frames["assortment"].lazy()


def rankings_of(
    cycles: pl.LazyFrame, returned: pl.LazyFrame, popularity: pl.LazyFrame, neighbours: pl.LazyFrame
) -> pl.LazyFrame:
    """The frame `rankings` of a shop without a fitted ranker."""
    known = (frame("purchases"), frame("products"), cycles, returned, popularity, neighbours)
    resources = Resources(threads=1, memory_bytes=2**30)
    return whole(ranking(*known, frame("ranker"), as_of=AS_OF, resources=resources)).frames["rankings"].lazy()
