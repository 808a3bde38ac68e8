"""Measures of quality on held-out data of frames of lists, for tests and benchmarks."""

from __future__ import annotations

import numpy as np
import polars as pl

from omnix_cli.steps.evaluation.forecast_metrics import area_under_curve, coverage, log_loss

__all__ = ["area_under_curve", "coverage", "log_loss", "ndcg_at_k", "recall_at_k"]


def recall_at_k(recommended: pl.DataFrame, truth: pl.DataFrame, k: int) -> float:
    """The mean over the customers of `truth` of: products of the truth among the first k recommended / their number.

    `recommended` has `customer_id`, `product_id` and `rank` (from 1), `truth` has `customer_id` and `product_id`, one
    row each; a customer to whom nothing was recommended counts 0."""
    hits = _hits(recommended, truth, k).group_by("customer_id").agg(pl.len().alias("hits"))
    wanted = truth.group_by("customer_id").agg(pl.len().alias("wanted"))
    share = pl.col("hits").fill_null(0) / pl.col("wanted")
    return _mean_over_customers(wanted.join(hits, on="customer_id", how="left").select("customer_id", value=share))


def ndcg_at_k(recommended: pl.DataFrame, truth: pl.DataFrame, k: int) -> float:
    """The mean over the customers of `truth` of DCG / IDCG with binary gains, the ideal list cut at min(|truth|, k)
    (Järvelin & Kekäläinen 2002). Frames as in `recall_at_k`."""
    discount = 1 / (pl.col("rank") + 1).log(2)
    gained = _hits(recommended, truth, k).group_by("customer_id").agg(discount.sum().alias("gained"))
    ideal = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(k) + 2))])
    wanted = truth.group_by("customer_id").agg(pl.len().clip(upper_bound=k).alias("wanted"))
    best = pl.Series("best", ideal[wanted["wanted"].to_numpy()])
    joined = wanted.with_columns(best).join(gained, on="customer_id", how="left")
    return _mean_over_customers(joined.select("customer_id", value=pl.col("gained").fill_null(0) / pl.col("best")))


def _hits(recommended: pl.DataFrame, truth: pl.DataFrame, k: int) -> pl.DataFrame:
    best = recommended.filter(pl.col("rank") <= k).select("customer_id", "product_id", "rank")
    return best.join(truth, on=["customer_id", "product_id"], how="semi")


def _mean_over_customers(values: pl.DataFrame) -> float:
    """Summed in the order of customers, so that the last digit is always the same."""
    return float(values.sort("customer_id")["value"].to_numpy().mean()) if values.height else float("nan")
