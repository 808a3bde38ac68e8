"""What the statistical predictor needs beyond one customer: the shared rhythms and the fitted models.

The models are fitted on the history, cut at earlier days: the purchases before such a day are the evidence, those
between it and the day of the run the outcome. Rows of the day of the run or later are never used.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from math import ceil, exp

import numpy as np
import polars as pl

from omnix_cli import schemas
from omnix_cli.days.trading_days import closing_days
from omnix_cli.protocols.checkpoints import Figures
from omnix_cli.protocols.steps import StepOutput
from omnix_cli.steps.cycles import pair_cycles
from omnix_cli.steps.forecasts.boosting import fit_chance_trees, fit_interval_trees
from omnix_cli.steps.forecasts.evidence import evidence, shared_rhythms
from omnix_cli.steps.forecasts.hazard import Coefficients, columns, fit_hazard
from omnix_cli.steps.forecasts.intervals import fit_interval, sampled_gaps
from omnix_cli.steps.forecasts.pair_features import with_customer_habits, with_latest_purchases
from omnix_cli.steps.history import SEEN_COLUMNS, of_customers, seen

LOOK_BACK_DAYS = (14, 28, 56, 112)
LOOK_BACK_MEMORY_DAYS = 60.0
MIN_HISTORY_DAYS = 14
MAX_LINES = 3_000_000
MAX_PAIRS_PER_LOOK = {"personal": 40_000, "shared": 12_000}
MAX_HAZARD_ROWS = 48_000
PERSONAL, SHARED = "hazard_personal", "hazard_shared"
INTERVAL_TREES, CHANCE_TREES, CLOSED = "interval_trees", "chance_trees", "closed"
_TREES = (INTERVAL_TREES, CHANCE_TREES)


def rhythms(
    purchases: pl.LazyFrame, cycles: pl.LazyFrame, products: pl.LazyFrame, *, as_of: date, personal_purchases: int
) -> StepOutput:
    """The frames `rhythms` (see `evidence.shared_rhythms`) and `forecast_model`.

    The model's parts: `interval` (see `steps.forecasts.intervals`) from all gaps, `hazard_personal` and
    `hazard_shared` (see `steps.forecasts.hazard`) for pairs with and without a rhythm of their own, from the evidence
    14 to 112 days back, where a look back of d days weighs exp(-d / 60). `interval_trees` and `chance_trees` (see
    `steps.forecasts.boosting`) where they win; `closed` has the days on which the shop does not trade (see
    `days.trading_days`). A long history is sampled: every k-th customer.
    """
    shared = shared_rhythms(cycles, products, as_of=as_of)
    if shared.is_empty():
        return StepOutput({"rhythms": shared, "forecast_model": schemas.FRAMES["forecast_model"].empty()})
    gaps = sampled_gaps(cycles, shared.lazy(), products, as_of=as_of, personal_purchases=personal_purchases)
    interval = fit_interval(gaps)
    history_days = gaps.select(pl.col("history_days").max().fill_null(0)).item()
    interval_trees = fit_interval_trees(gaps, interval, history_days=history_days)
    looks = _looks_back(_learning_lines(purchases, as_of), products, as_of, personal_purchases)
    personal = looks.filter(pl.col("own_gaps") > 0)
    hazard = _fit(_thinned(personal))
    parts = {
        "interval": interval,
        INTERVAL_TREES: interval_trees,
        PERSONAL: hazard,
        CHANCE_TREES: fit_chance_trees(personal, hazard),
        SHARED: _fit(looks.filter(pl.col("own_gaps") == 0)),
        CLOSED: dict.fromkeys(closing_days(_days_sold(purchases, as_of)), 1.0),
    }
    figures: Figures = {"pairs_looked_back_at": looks.height}
    figures |= {name: "used" if parts[name] else "not used" for name in _TREES}
    return StepOutput({"rhythms": shared, "forecast_model": model_frame(parts)}, figures)


def model_frame(parts: Mapping[str, Coefficients]) -> pl.DataFrame:
    """The parts as the frame `forecast_model`."""
    rows = [(part, term, value) for part, terms in parts.items() for term, value in terms.items()]
    frame = pl.DataFrame(rows, schema=["part", "term", "value"], orient="row")
    return schemas.FRAMES["forecast_model"].conform(frame.sort("part", "term"))


def model_parts(forecast_model: pl.DataFrame) -> dict[str, Coefficients]:
    """The parts of the frame `forecast_model`."""
    parts: dict[str, Coefficients] = {}
    for part, term, value in forecast_model.iter_rows():
        parts.setdefault(part, {})[term] = value
    return parts


def _learning_lines(purchases: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """The lines to learn from, in memory: of all customers, or of every k-th when there are too many lines."""
    lines = of_customers(purchases).filter(pl.col("purchase_day") < as_of).select(SEEN_COLUMNS)
    stride = _stride(lines.select(pl.len()).collect().item(), MAX_LINES)
    if stride > 1:
        customers = lines.select("customer_id").unique().sort("customer_id").gather_every(stride)
        lines = lines.join(customers, on="customer_id", how="semi")
    return lines.collect().lazy()


def _looks_back(purchases: pl.LazyFrame, products: pl.LazyFrame, as_of: date, personal_purchases: int) -> pl.DataFrame:
    """The evidence of earlier days with what came after: `days_ahead` of a purchase, `followed_days`, `weight`."""
    first_day = purchases.select(pl.col("purchase_day").min()).collect().item()
    history_days = (as_of - first_day).days
    possible = [days for days in LOOK_BACK_DAYS if history_days - days >= MIN_HISTORY_DAYS]
    return pl.concat(
        _look_back(purchases, products, as_of, days, personal_purchases) for days in possible or [history_days // 2]
    )


def _look_back(
    purchases: pl.LazyFrame, products: pl.LazyFrame, as_of: date, days: int, personal_purchases: int
) -> pl.DataFrame:
    """One day's evidence for every k-th pair (its weight is k), and the next purchase before `as_of`."""
    day = as_of - timedelta(days=days)
    known = pair_cycles(purchases, as_of=day)
    shared = shared_rhythms(known.lazy(), products, as_of=day)
    known = with_customer_habits(known.lazy(), products).collect()
    personal = pl.col("occasions") >= personal_purchases
    kinds = {"personal": known.filter(personal), "shared": known.filter(~personal)}
    strides = {name: _stride(kind.height, MAX_PAIRS_PER_LOOK[name]) for name, kind in kinds.items()}
    sample = pl.concat(
        kind.gather_every(strides[name]).with_columns(pl.lit(strides[name]).alias("stride"))
        for name, kind in kinds.items()
    ).with_columns((pl.col("stride") * exp(-days / LOOK_BACK_MEMORY_DAYS)).alias("weight"))
    past = evidence(sample.lazy(), shared.lazy(), products, as_of=day, personal_purchases=personal_purchases)
    next_days = (
        seen(purchases.join(sample.lazy(), on=["customer_id", "product_id"], how="semi"), as_of=as_of)
        .filter(pl.col("purchase_day") >= day)
        .group_by("customer_id", "product_id")
        .agg((pl.col("purchase_day").min() - pl.lit(day)).dt.total_days().alias("days_ahead"))
    )
    return (
        with_latest_purchases(past, as_of=day)
        .lazy()
        .join(next_days, on=["customer_id", "product_id"], how="left")
        .with_columns(pl.lit(days).alias("followed_days"))
        .sort("customer_id", "product_id")
        .collect()
    )


def _days_sold(purchases: pl.LazyFrame, as_of: date) -> list[date]:
    """The days on which the shop sold anything."""
    sold = purchases.filter(pl.col("purchase_day") < as_of, pl.col("kind") == "purchase").select("purchase_day")
    return sold.unique().collect(engine="streaming")["purchase_day"].to_list()


def _thinned(looks: pl.DataFrame) -> pl.DataFrame:
    """Every k-th row, weighing k times as much, when there are too many for a fit by Newton's method."""
    stride = _stride(looks.height, MAX_HAZARD_ROWS)
    return looks.gather_every(stride).with_columns(pl.col("weight") * stride)


def _fit(looks: pl.DataFrame) -> Coefficients:
    days_ahead = looks["days_ahead"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    followed, weight = (looks[name].cast(pl.Float64).to_numpy() for name in ("followed_days", "weight"))
    return fit_hazard(columns(looks.lazy()), days_ahead, followed, weight)


def _stride(rows: int, at_most: int) -> int:
    return max(1, ceil(rows / at_most))
