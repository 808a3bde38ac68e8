"""What the statistical predictor needs beyond one customer: the shared rhythms, and what the past has taught.

Everything fitted here comes from the history itself, cut at earlier days: what was known on such a day makes the
evidence, what was bought between it and the day of the run is the answer. No row of the day of the run or later is seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from math import ceil, exp

import numpy as np
import polars as pl

from omnix_cli import schemas
from omnix_cli.protocols import StepOutput
from omnix_cli.settings import PredictionSettings
from omnix_cli.steps.cycles import pair_cycles
from omnix_cli.steps.evidence import evidence
from omnix_cli.steps.hazard import TERMS, Coefficients, columns, fit_hazard
from omnix_cli.steps.history import seen
from omnix_cli.steps.intervals import fit_interval
from omnix_cli.steps.shared_rhythms import shared_rhythms

LOOK_BACK_DAYS = (14, 28, 56, 84, 126, 168)
LOOK_BACK_MEMORY_DAYS = 60.0
MIN_HISTORY_DAYS = 14
MAX_LINES = 3_000_000
MAX_PAIRS_PER_LOOK = 25_000
PERSONAL, SHARED = "hazard_personal", "hazard_shared"
_NEEDED = ("purchase_id", "customer_id", "product_id", "purchased_at", "purchase_day", "quantity", "total_price", "kind")


def rhythms(
    purchases: pl.LazyFrame,
    cycles: pl.LazyFrame,
    products: pl.LazyFrame,
    *,
    as_of: date,
    parameters: PredictionSettings,
) -> StepOutput:
    """The frames `rhythms` (see `steps.shared_rhythms`) and `forecast_model`.

    The model's parts: `interval` (see `steps.intervals`) from all gaps, `hazard_personal` and `hazard_shared` (see
    `steps.hazard`) for pairs with and without a rhythm of their own, from the evidence 14 to 168 days back, where a
    look back of d days weighs exp(-d / 60). Of a long history every k-th customer is taken.
    """
    shared = shared_rhythms(cycles, products, as_of=as_of)
    if shared.is_empty():
        return StepOutput({"rhythms": shared, "forecast_model": schemas.FRAMES["forecast_model"].empty()})
    personal = parameters.personal_purchases
    today = evidence(cycles, shared.lazy(), products, as_of=as_of, personal_purchases=personal)
    interval = fit_interval(today, personal_purchases=personal)
    looks = list(_looks_back(_sample(purchases, as_of), products, as_of, personal))
    parts = {
        "interval": interval,
        PERSONAL: _fit([look.filter(pl.col("own_gaps") > 0) for look in looks]),
        SHARED: _fit([look.filter(pl.col("own_gaps") == 0) for look in looks]),
    }
    figures = {"looks_back": len(looks), "pairs_looked_at": sum(look.height for look in looks)}
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


def _sample(purchases: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """The lines to learn from, in memory: of all customers, or of every k-th when there are too many lines."""
    lines = purchases.filter(pl.col("purchase_day") < as_of).select(_NEEDED)
    stride = ceil(lines.select(pl.len()).collect().item() / MAX_LINES)
    if stride > 1:
        customers = lines.select("customer_id").unique().sort("customer_id").gather_every(stride)
        lines = lines.join(customers, on="customer_id", how="semi")
    return lines.collect().lazy()


def _looks_back(
    purchases: pl.LazyFrame, products: pl.LazyFrame, as_of: date, personal_purchases: int
) -> Iterator[pl.DataFrame]:
    """The evidence of earlier days with what came after: `days_ahead` of the next purchase, `followed_days`."""
    first_day = purchases.select(pl.col("purchase_day").min()).collect().item()
    history_days = (as_of - first_day).days
    possible = [days for days in LOOK_BACK_DAYS if history_days - days >= MIN_HISTORY_DAYS]
    for days in possible or ([history_days // 2] if history_days > 1 else []):
        day = as_of - timedelta(days=days)
        known = pair_cycles(purchases, as_of=day).lazy()
        shared = shared_rhythms(known, products, as_of=day)
        told = evidence(known, shared.lazy(), products, as_of=day, personal_purchases=personal_purchases)
        later = _next_purchases(purchases, day, as_of)
        yield (
            told.drop("gap_days")
            .join(later, on=["customer_id", "product_id"], how="left")
            .with_columns(
                (pl.col("next_day") - pl.lit(day)).dt.total_days().alias("days_ahead"),
                pl.lit(days).alias("followed_days"),
            )
            .sort("customer_id", "product_id")
            .collect()
        )


def _next_purchases(purchases: pl.LazyFrame, day: date, as_of: date) -> pl.LazyFrame:
    return (
        seen(purchases, as_of=as_of)
        .filter(pl.col("purchase_day") >= day)
        .group_by("customer_id", "product_id")
        .agg(pl.col("purchase_day").min().alias("next_day"))
    )


def _fit(looks: list[pl.DataFrame]) -> Coefficients:
    """The model of one kind of pairs. Of each look back every k-th pair is taken and stands for k."""
    samples = [
        look.gather_every(stride).with_columns(pl.lit(stride * exp(-days / LOOK_BACK_MEMORY_DAYS)).alias("weight"))
        for look, days, stride in ((look, look["followed_days"].first(), _stride(look.height)) for look in looks)
        if isinstance(days, int)
    ]
    if not samples:
        return dict.fromkeys(TERMS, 0.0)
    sample = pl.concat(samples)
    followed, weight = (sample[name].cast(pl.Float64).to_numpy() for name in ("followed_days", "weight"))
    days_ahead = sample["days_ahead"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return fit_hazard(columns(sample.lazy()), days_ahead, followed, weight)


def _stride(rows: int) -> int:
    return max(1, ceil(rows / MAX_PAIRS_PER_LOOK))
