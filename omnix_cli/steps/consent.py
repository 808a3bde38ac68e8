"""Whose data may be used for more than what the shop as a whole buys."""

from __future__ import annotations

import polars as pl


def with_consent(rows: pl.LazyFrame, customers: pl.LazyFrame, *, default: bool) -> pl.LazyFrame:
    """The rows of customers who consent to personalisation, or of whom only the `default` is known; none of customers
    whose profile was withdrawn."""
    consent = pl.col("consent_personalisation").fill_null(default) & ~pl.col("withdrawn").fill_null(False)
    said = customers.select("customer_id", consents=consent)
    if default:
        return rows.join(said.filter(~pl.col("consents")), on="customer_id", how="anti", maintain_order="left")
    return rows.join(said.filter("consents"), on="customer_id", how="semi", maintain_order="left")
