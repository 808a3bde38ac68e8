"""Measures of quality on held-out data that only tests and benchmarks report."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.stats import rankdata

from omnix_cli.steps.forecasts.evaluation import Bools, Floats


def area_under_curve(score: Floats, happened: Bools) -> float:
    """AUC: the chance that a case that happened has the higher score, ties counting half; NaN without both kinds."""
    positives = int(happened.sum())
    negatives = len(happened) - positives
    if not positives or not negatives:
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[happened].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def log_loss(probability: Floats, happened: Bools) -> float:
    """The mean of -log of the probability given to what happened, probabilities kept 1e-9 away from 0 and 1."""
    kept = np.clip(probability, 1e-9, 1 - 1e-9)
    return float(-np.where(happened, np.log(kept), np.log1p(-kept)).mean())


def coverage(first_days: Floats, last_days: Floats, true_days: Floats) -> float:
    """The share of true days within their window, both ends included."""
    return float(((true_days >= first_days) & (true_days <= last_days)).mean())


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
