"""What was known of all pairs on an earlier day: as `steps.cycles.pair_rhythms`, of which it is a part, only faster.

The rows of a pair lie together, so its sums are sums of slices, and nothing is grouped or joined. Most pairs have one
purchase day: gaps are looked at for the others alone."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from omnix_cli.steps.cycles import RECENCY_DAYS, burst_days, fixed_point, from_fixed_point

_SUMS = ("log", "bought", "bought_square", "product")
Ints = npt.NDArray[np.int64]


def known_pairs(days: pl.DataFrame, *, as_of: date) -> pl.DataFrame:
    """The columns of `pair_rhythms` that the rhythms shared by all are made of, from `numbered` purchase days."""
    start = np.flatnonzero(np.diff(days["pair"].to_numpy(), prepend=-1))
    count = np.diff(start, append=days.height)
    age = (pl.lit(as_of) - pl.col("purchase_day")).dt.total_days()
    weight = days.select(fixed_point((-age / RECENCY_DAYS).exp())).to_series().to_numpy()
    pairs = days.select("pair", "customer_id", "product_id", first_day="purchase_day")[start].with_columns(
        purchase_days=pl.Series(count, dtype=pl.UInt32),
        last_day=days["purchase_day"].gather(start + count - 1),
        recency_weight=pl.Series(np.add.reduceat(weight, start)),
        typical_quantity=_medians(days["quantity"], start, count),
    )
    gaps = _between_occasions(days, pairs, start, count)
    place = gaps["place"].to_numpy()
    occasions = np.ones(len(count), dtype=np.uint32)
    occasions[place] += gaps["gaps"].to_numpy()
    statistics = ("mean_log_gap", "quantity_square", "quantity_gap_product")
    return pairs.with_columns(
        from_fixed_point(pl.col("recency_weight")),
        occasions=pl.Series(occasions),
        **{name: _spread(gaps[name], place, len(count)) for name in statistics},
    )


def _between_occasions(days: pl.DataFrame, pairs: pl.DataFrame, start: Ints, count: Ints) -> pl.DataFrame:
    """The statistics of the gaps between occasions of each pair that has any, with its `place` among the pairs."""
    repeated = np.flatnonzero(count > 1)
    place = np.repeat(repeated, count[repeated] - 1)
    # The rows after the first one of their pair.
    later = np.flatnonzero(np.repeat(count > 1, count) & (np.arange(days.height) != np.repeat(start, count)))
    span = (pl.col("last_day") - pl.col("first_day")).dt.total_days()
    mean_gap = span / (pl.col("purchase_days").cast(pl.Int64) - 1)
    burst = pairs[repeated].select(burst_days(mean_gap)).to_series().to_numpy()
    log_gap, bought = pl.col("gap").cast(pl.Float64).log(), pl.col("bought")
    values = (log_gap, bought, bought**2, bought * log_gap)
    rows = (
        pl.DataFrame({"place": place, "burst": np.repeat(burst, count[repeated] - 1)})
        .with_columns(gap=days["gap"].gather(later), bought=days["quantity"].gather(later - 1).log())
        .filter(pl.col("gap") > pl.col("burst"))
        .select("place", *(fixed_point(value).alias(name) for name, value in zip(_SUMS, values, strict=True)))
    )
    owner = rows["place"].to_numpy()
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    sums = {name: np.add.reduceat(rows[name].to_numpy(), first) if len(first) else first for name in _SUMS}
    gaps, total = pl.col("gaps"), {name: from_fixed_point(pl.col(name)) for name in _SUMS}
    mean_bought = total["bought"] / gaps
    return pl.DataFrame(
        {"place": owner[first], "gaps": np.diff(first, append=len(owner)), **sums},
        schema={"place": pl.Int64, "gaps": pl.UInt32, **dict.fromkeys(_SUMS, pl.Int64)},
    ).select(
        "place",
        "gaps",
        mean_log_gap=total["log"] / gaps,
        quantity_square=(total["bought_square"] - mean_bought * total["bought"]).clip(0),
        quantity_gap_product=total["product"] - mean_bought * total["log"],
    )


def _spread(values: pl.Series, place: Ints, count: int) -> pl.Series:
    """So many values: these at their places, else null."""
    number = np.full(count, len(values))
    number[place] = np.arange(len(values))
    return pl.concat([values, pl.Series([None], dtype=values.dtype)]).gather(number)


def _medians(values: pl.Series, start: Ints, count: Ints) -> pl.Series:
    """The medians of the slices of these values."""
    table, several = values.to_numpy(), np.flatnonzero(count > 2)
    if len(several):
        rows = np.flatnonzero(np.repeat(count > 2, count))
        table = table.copy()
        table[rows] = table[rows[np.lexsort((table[rows], np.repeat(several, count[several])))]]
    return pl.Series((table[start + (count - 1) // 2] + table[start + count // 2]) / 2)
