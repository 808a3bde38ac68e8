"""What the statistical predictor needs beyond one customer: the shared rhythms and the fitted models.

The models are fitted on the history, cut at earlier days: the purchases before such a day are the evidence, those
between it and the day of the run the outcome. Rows of the day of the run or later are never used.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import polars as pl

from omnix_cli import schemas
from omnix_cli.days.trading_days import closing_days
from omnix_cli.protocols.checkpoints import Figures
from omnix_cli.protocols.steps import StepOutput
from omnix_cli.steps.forecasts.boosting import fit_chance_trees, fit_interval_trees
from omnix_cli.steps.forecasts.evidence import shared_rhythms
from omnix_cli.steps.forecasts.hazard import Coefficients, columns, fit_hazard
from omnix_cli.steps.forecasts.intervals import fit_interval, sampled_gaps
from omnix_cli.steps.forecasts.looking_back import looks_back, stride_of

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
    coded = products.with_columns(pl.col("category").cast(pl.Categorical))  # quicker to group by than texts
    shared = shared_rhythms(cycles.with_columns(pl.col("customer_id").cast(pl.Categorical)), coded, as_of=as_of)
    if shared.is_empty():
        return StepOutput({"rhythms": shared, "forecast_model": schemas.FRAMES["forecast_model"].empty()})
    gaps = sampled_gaps(cycles, shared.lazy(), products, as_of=as_of, personal_purchases=personal_purchases)
    interval = fit_interval(gaps)
    history_days = gaps.select(pl.col("history_days").max().fill_null(0)).item()
    interval_trees = fit_interval_trees(gaps, interval, history_days=history_days)
    looks = looks_back(purchases, products, as_of=as_of, personal_purchases=personal_purchases)
    personal = looks.filter(pl.col("own_gaps") > 0)
    hazard = _fit(_thinned(personal))
    parts = {
        "interval": interval,
        INTERVAL_TREES: interval_trees,
        PERSONAL: hazard,
        CHANCE_TREES: fit_chance_trees(personal, hazard),
        SHARED: _fit(looks.filter(pl.col("own_gaps") == 0)),
        CLOSED: dict.fromkeys(closing_days(_customers_by_day(purchases, as_of)), 1.0),
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


def _customers_by_day(purchases: pl.LazyFrame, as_of: date) -> dict[date, int]:
    """The days on which the shop sold anything, and to how many."""
    sold = purchases.filter(pl.col("purchase_day") < as_of, pl.col("kind") == "purchase")
    counts = sold.group_by("purchase_day").agg(pl.col("customer_id").n_unique())
    return dict(counts.collect().iter_rows())


def _thinned(looks: pl.DataFrame) -> pl.DataFrame:
    """Every k-th row, weighing k times as much, when there are too many for a fit by Newton's method."""
    stride = stride_of(looks.height, MAX_HAZARD_ROWS)
    return looks.gather_every(stride).with_columns(pl.col("weight") * stride)


def _fit(looks: pl.DataFrame) -> Coefficients:
    days_ahead = looks["days_ahead"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    followed, weight = (looks[name].cast(pl.Float64).to_numpy() for name in ("followed_days", "weight"))
    return fit_hazard(columns(looks.lazy()), days_ahead, followed, weight)
