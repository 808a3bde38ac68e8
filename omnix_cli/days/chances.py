"""Chances of a purchase within any number of days, from the chances that a prediction holds.

The expected number of purchases within t days, H(t) = -log(1 - chance), is known for 7, 14 and 28 days and for the time
that `alive` is about. It grows evenly between them (a constant rate), and no further after that time.
"""

from __future__ import annotations

from itertools import pairwise

import polars as pl

INTERVALS_ALIVE = 4.0
MIN_ALIVE_DAYS = 28.0
MAX_ALIVE_DAYS = 182.0
LONG_INTERVALS_ALIVE = 2.0
WINDOW_SHARE = 0.8
"""The share of the purchases within the time of `alive` that fall into the window of a prediction."""
STATED_DAYS = (7, 14, 28)
_MOST = 1 - 1e-9
_LEAST_SCALED, _MOST_SCALED = 1e-6, 1 - 1e-6


def alive_days(interval_days: pl.Expr) -> pl.Expr:
    """The days that `alive` is about: four intervals, at least 28 days; at most 182, or two intervals if that is more.
    Without an interval, 182."""
    most = pl.max_horizontal(pl.lit(MAX_ALIVE_DAYS), LONG_INTERVALS_ALIVE * interval_days)
    return (INTERVALS_ALIVE * interval_days).clip(MIN_ALIVE_DAYS, most).fill_null(MAX_ALIVE_DAYS)


def chance_within(days: int | pl.Expr) -> pl.Expr:
    """The chance of a purchase within `days` days, the day of the run being the first, of rows of `predictions`.

    It reads `probability_*d`, `alive` and `interval_days`; for 7, 14 and 28 days it is the stated chance."""
    if isinstance(days, int) and days in STATED_DAYS:
        return pl.col(f"probability_{days}d")
    known = [(pl.lit(0.0), pl.lit(0.0))]
    known += [(pl.lit(float(stated)), _expected(f"probability_{stated}d")) for stated in STATED_DAYS]
    known.append((alive_days(pl.col("interval_days")), pl.max_horizontal(_expected("alive"), known[-1][1])))
    total = pl.lit(0.0)
    for (start, before), (end, after) in pairwise(known):
        share = ((days - start) / (end - start).clip(1e-9)).clip(0.0, 1.0)
        total = total + share * (after - before)
    return 1 - (-total).exp()


def window_chance() -> pl.Expr:
    """The chance of a purchase inside the window of a prediction."""
    return WINDOW_SHARE * pl.col("alive")


def scaled_to(window_chance: pl.Expr) -> tuple[pl.Expr, ...]:
    """`probability_*d` and `alive` with all rates multiplied so that a purchase inside the window has this chance."""
    alive = (window_chance / WINDOW_SHARE).clip(0.0, _MOST_SCALED)
    factor = (1 - alive).log() / (1 - pl.col("alive").clip(_LEAST_SCALED, _MOST_SCALED)).log()
    chances = (*(f"probability_{days}d" for days in STATED_DAYS), "alive")
    return tuple((1 - (1 - pl.col(name)) ** factor).round(6).alias(name) for name in chances)


def _expected(column: str) -> pl.Expr:
    return -(1 - pl.col(column).clip(0.0, _MOST)).log()
