"""Whom to ask a model about, and about which products."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

import polars as pl

from omnix_cli.days.chances import window_chance

NO_CONSENT = "no consent"
TOO_LITTLE_HISTORY = "too little history"
NOTHING_EXPECTED = "nothing expected"
REASONS = (NO_CONSENT, TOO_LITTLE_HISTORY, NOTHING_EXPECTED)

_PAIR = ["customer_id", "product_id"]
_FORECAST = ("interval_days", "next_expected_date", "date_p10", "date_p90", "probability_28d", "window_chance")
_CUSTOMER = ("customer_first_day", "customer_last_day", "customer_shopping_days")
_HISTORY = ("product_id", "name", "category", "purchase_days", "last_day", "gap_days", "typical_quantity")


@dataclass(frozen=True)
class Choice:
    """`pairs`: the customers and products to ask about, the likeliest product of each customer first, with cycle,
    statistical forecast, `name` and `category` (null if unknown), and the customer's `history` and `customer_spend`.
    `skipped`: the other customers, with the `reason`."""

    pairs: pl.DataFrame
    skipped: pl.DataFrame


def choose(
    cycles: pl.DataFrame,
    predictions: pl.DataFrame,
    products: pl.DataFrame,
    customers: pl.DataFrame,
    *,
    default_consent: bool,
    min_purchase_days: int,
    products_per_customer: int,
    as_of: date,
) -> Choice:
    """Chooses customers who consent (`default_consent` if the profile is missing or does not say) and have products
    bought on at least `min_purchase_days` days; of these products, the `products_per_customer` most likely to be bought
    within 28 days, ties by product id. The window of the forecast begins at `as_of` at the earliest: a model is asked
    about the days to come. A product whose id would break a line of the prompt's table is left out."""
    consent = (
        cycles.select("customer_id")
        .unique()
        .join(customers.select("customer_id", "consent_ai_analysis"), on="customer_id", how="left")
        .select("customer_id", consent=pl.col("consent_ai_analysis").fill_null(default_consent))
    )
    readable = ~pl.col("product_id").str.contains(r"[|\p{Cc}]")
    regular = (
        cycles.filter(pl.col("purchase_days") >= min_purchase_days, readable)
        .join(consent.filter("consent"), on="customer_id", how="semi")
        .join(products.select("product_id", "name", "category"), on="product_id", how="left")
    )
    ahead = predictions.filter(pl.col("interval_days").is_not_null()).with_columns(
        date_p10=pl.max_horizontal("date_p10", pl.lit(as_of)), window_chance=window_chance().round(6)
    )
    forecast = regular.join(ahead.select(*_PAIR, *_FORECAST), on=_PAIR)
    by_chance = forecast.sort("customer_id", -pl.col("probability_28d"), "product_id")
    pairs = by_chance.group_by("customer_id", maintain_order=True).head(products_per_customer)
    return Choice(
        pairs.join(_histories(regular), on="customer_id", how="left", maintain_order="left")
        .join(_spend(cycles), on="customer_id", how="left", maintain_order="left")
        .select(*_HISTORY, "customer_id", "history", "customer_spend", *_CUSTOMER, *_FORECAST),
        _skipped(consent, regular, pairs),
    )


def _histories(regular: pl.DataFrame) -> pl.DataFrame:
    """A hash of what is known about all regular products of a customer, including those that are not asked about: which
    ones are likeliest changes from day to day, and that alone is no reason to ask again."""
    gaps = pl.col("gap_days").cast(pl.List(pl.String)).list.join(",")
    parts = [(gaps if name == "gap_days" else pl.col(name).cast(pl.String)).fill_null("") for name in _HISTORY]
    lines = regular.sort(_PAIR).select("customer_id", line=pl.concat_str(parts, separator="|"))
    texts = lines.group_by("customer_id", maintain_order=True).agg(pl.col("line").str.join("\n"))
    hashes = [hashlib.sha256(text.encode()).hexdigest()[:16] for text in texts["line"]]
    return texts.select("customer_id", pl.Series("history", hashes, dtype=pl.String))


def _spend(cycles: pl.DataFrame) -> pl.DataFrame:
    """The total spend of a customer; null when no price is known."""
    known = pl.col("spend").count() > 0
    return cycles.group_by("customer_id").agg(pl.when(known).then(pl.col("spend").sum()).alias("customer_spend"))


def _skipped(consent: pl.DataFrame, regular: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    has_history = pl.col("customer_id").is_in(regular["customer_id"].unique().implode())
    return (
        consent.join(pairs, on="customer_id", how="anti")
        .select(
            "customer_id",
            reason=pl.when(~pl.col("consent"))
            .then(pl.lit(NO_CONSENT))
            .when(~has_history)
            .then(pl.lit(TOO_LITTLE_HISTORY))
            .otherwise(pl.lit(NOTHING_EXPECTED)),
        )
        .sort("customer_id")
    )
