"""Simple rules for when a customer buys a product again: what every forecast has to beat."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from omnix_cli.steps.evaluation.buying_models import BgNbd
from omnix_cli.steps.evaluation.forecast_metrics import Floats

PAIR = ("customer_id", "product_id")
SHRINKAGE = 3
DECAY_DAYS = 60


def purchase_days(baskets: pl.DataFrame) -> pl.DataFrame:
    """One row a pair of customer and product, from its baskets: purchase days, first and last (in days since 1970), and
    the sums of its gaps and of their logs."""
    gap = pl.col("day").diff().cast(pl.Float64)
    return (
        baskets.sort(*PAIR, "day")
        .group_by(PAIR, maintain_order=True)
        .agg(
            purchase_days=pl.len().cast(pl.Int64),
            first=pl.col("day").min().cast(pl.Int64),
            last=pl.col("day").max().cast(pl.Int64),
            log_sum=gap.log().sum(),
        )
    )


def gap_rules(pairs: pl.DataFrame, median_gap: float, model: BgNbd) -> dict[str, Floats]:
    """The next gap of each pair, in days, by rule; `median_gap` is that of all gaps."""
    gaps = pairs["purchase_days"].to_numpy() - 1.0
    span = (pairs["last"] - pairs["first"]).to_numpy().astype(np.float64)
    logs = pairs["log_sum"].to_numpy()
    overall = float(logs.sum() / max(gaps.sum(), 1))
    constant = np.full(len(gaps), median_gap)
    return {
        "constant gap": constant,
        "own mean gap": np.where(gaps > 0, span / np.maximum(gaps, 1), median_gap),
        "own log-mean gap, shrunk": np.exp((logs + SHRINKAGE * overall) / (gaps + SHRINKAGE)),
        "BG/NBD": model.median_gap(gaps, span),
    }


def decayed_count(pairs: pl.DataFrame, cut: date) -> Floats:
    """The purchase days times exp(-elapsed / 60 days)."""
    elapsed = (cut - date(1970, 1, 1)).days - pairs["last"].to_numpy()
    return np.asarray(pairs["purchase_days"].to_numpy() * np.exp(-elapsed / DECAY_DAYS))
