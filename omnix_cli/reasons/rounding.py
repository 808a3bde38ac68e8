"""How reasons state what all customers did: in round numbers, which stay true for many nights.

An exact count of a popular product is another one every night, and two of them, a night apart, tell of the customer who
bought in between.
"""

from __future__ import annotations

import polars as pl


def at_least(count: pl.Expr) -> pl.Expr:
    """The count rounded down to one of 1, 2, 3, 5, 10, 20, 50, 100, 200, 500, ..."""
    digits = count.cast(pl.String)
    first = digits.str.head(1)
    leading = (
        pl.when(first >= "5")
        .then(pl.lit("5"))
        .when((first >= "3") & (count < 10))
        .then(pl.lit("3"))
        .when(first >= "2")
        .then(pl.lit("2"))
        .otherwise(first)
    )
    return (leading + digits.str.slice(1).str.replace_all(r"\d", "0")).cast(pl.Int64)


def about_percent(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """The share of whole numbers in percent, to the nearest 5 %, below 10 % to the nearest whole one; halves go up."""
    part, whole = part.cast(pl.Int64), whole.cast(pl.Int64)
    fives = (200 * part + 5 * whole) // (10 * whole) * 5
    ones = (200 * part + whole) // (2 * whole)
    return pl.when(10 * part >= whole).then(fives).otherwise(ones)
