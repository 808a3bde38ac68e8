"""The purchase history as numbers: who bought which product together, with what weight."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from omnix_cli.steps.history import SEEN_COLUMNS, seen

_PIECE_ROWS = 1 << 18


@dataclass(frozen=True)
class PurchaseLines:
    """Parallel arrays of the lines, and what their numbers mean."""

    product_ids: pl.Series
    """The products bought, sorted; `product` numbers them."""
    product: NDArray[np.uint32]
    group: NDArray[np.uint32]
    """The customer or basket, numbered so that baskets of a customer are neighbours."""
    group_count: int
    owner: NDArray[np.int32]
    """The customer of each basket; empty where groups are customers."""
    customers: int
    day: NDArray[np.int32]
    weight: NDArray[np.int64]
    unit_price: pl.Series


def purchase_lines(
    purchases: pl.LazyFrame, *, as_of: date, baskets: bool, half_life_days: float | None
) -> PurchaseLines:
    """Reads the history before `as_of`. A line weighs 1, whatever its quantity, or with a half-life
    0.5 ** (age in days / half-life), at least 1 / WEIGHT_ONE. A basket is an order of one day (a subscription may
    repeat its order id), or a customer's day where lines name no order."""
    columns = ["unit_price", *(["order_id"] if baskets else [])]
    lines = (
        seen(purchases.select(*SEEN_COLUMNS, *columns), as_of=as_of)
        .select(
            "customer_id",
            "product_id",
            "purchase_day",
            _weight(as_of, half_life_days).alias("weight"),
            pl.col("unit_price").cast(pl.Float32),
            *([pl.col("order_id")] if baskets else []),
        )
        .collect(engine="streaming")
    )
    with ThreadPoolExecutor(2) as pool:
        encoded = pool.map(encode, (lines["product_id"], lines["customer_id"]))
        (product_ids, product), (customer_ids, customer) = encoded
    group, owner, group_count = customer, np.zeros(0, dtype=np.int32), len(customer_ids)
    if baskets:
        group, owner = _baskets(customer, lines["order_id"], lines["purchase_day"])
        group_count = len(owner)
    weight, price = lines["weight"].to_numpy(), lines["unit_price"]
    day = lines["purchase_day"].cast(pl.Int32).to_numpy()
    return PurchaseLines(product_ids, product, group, group_count, owner, len(customer_ids), day, weight, price)


def _weight(as_of: date, half_life_days: float | None) -> pl.Expr:
    from omnix_cli.kernels.incidence import WEIGHT_ONE

    if half_life_days is None:
        return pl.lit(WEIGHT_ONE, pl.Int64)
    age_days = (pl.lit(as_of) - pl.col("purchase_day")).dt.total_days()
    return (pl.lit(0.5).pow(age_days / half_life_days) * WEIGHT_ONE).round().clip(lower_bound=1).cast(pl.Int64)


def _baskets(
    customer: NDArray[np.uint32], order_id: pl.Series, day: pl.Series
) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    """The basket of each line, and the customer of each basket. Lines without an order share a number for none."""
    _, order = encode(order_id)
    days = day.cast(pl.Int32).to_numpy()
    _, order_of_day = _ranked(days - days.min(initial=0), order)
    baskets, basket = _ranked(customer, order_of_day)
    return basket, (baskets >> np.uint64(32)).astype(np.int32)


def _ranked(
    upper: NDArray[np.uint32] | NDArray[np.int32], lower: NDArray[np.uint32]
) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    """The distinct pairs, sorted, each in one number of 64 bits, and each pair's number among them."""
    from omnix_cli.kernels.encoding import number_hashes

    keys = (upper.astype(np.uint64) << np.uint64(32)) | lower
    first_row, number = number_hashes(keys ^ (keys >> np.uint64(32)))  # one to one, and spread over the low bits
    distinct = keys[first_row]
    rank = np.empty(len(distinct), dtype=np.uint32)
    rank[np.argsort(distinct)] = np.arange(len(distinct), dtype=np.uint32)
    return np.sort(distinct), rank[number]


def encode(column: pl.Series) -> tuple[pl.Series, NDArray[np.uint32]]:
    """The distinct strings of a column, sorted, and each row's number among them.

    About eight times as fast as a cast to Categorical, which hashes as well but keeps a shared table: here the rows
    are numbered by their 64-bit hashes, and the numbers are then checked against the strings themselves."""
    from omnix_cli.kernels.encoding import number_hashes

    first_row, numbers = number_hashes(column.hash().to_numpy())
    values = column.gather(first_row)
    if not _are_named(values, numbers, column):  # two strings of one hash: about once in 10**9 million columns
        values = column.unique()
        numbers = column.replace_strict(values, np.arange(len(values)), return_dtype=pl.UInt32).to_numpy()
    order = values.arg_sort().to_numpy()
    rank = np.empty(len(values), dtype=np.uint32)
    rank[order] = np.arange(len(values), dtype=np.uint32)
    return values.gather(order), rank[numbers]


def _are_named(values: pl.Series, numbers: NDArray[np.uint32], column: pl.Series) -> bool:
    """Whether the values by these numbers are those of the column; looked at piece by piece to spare memory."""
    starts = range(0, len(column), _PIECE_ROWS)
    pieces = (slice(start, start + _PIECE_ROWS) for start in starts)
    return not any((values.gather(numbers[piece]) != column[piece]).any() for piece in pieces)
