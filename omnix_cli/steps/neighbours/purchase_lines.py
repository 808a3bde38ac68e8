"""The purchase history as numbers: who bought which product together, with what weight."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from omnix_cli.steps.cycles import fixed_point, from_fixed_point
from omnix_cli.steps.history import SEEN_COLUMNS, seen

WEIGHT_ONE = 2**32
"""Weights are whole multiples of 1 / WEIGHT_ONE, so that they add up to the same in any order."""

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
    weight: NDArray[np.int64]
    """0 where an earlier line carries the weight."""
    unit_price: pl.Series


def purchase_lines(
    purchases: pl.LazyFrame, *, as_of: date, baskets: bool, half_life_days: float | None
) -> PurchaseLines:
    """Reads the history before `as_of`. A line weighs log1p(quantity) * 0.5 ** (age in days / half-life), at least
    1 / WEIGHT_ONE; a basket is an order, or a customer's day where lines name no order.

    Lines of one product on one day of a group count together, as if the units stood in one line: the first carries the
    weight of all, the others weigh 0."""
    columns = ["unit_price", *(["order_id"] if baskets else [])]
    lines = (
        seen(purchases.select(*SEEN_COLUMNS, *columns), as_of=as_of)
        .select(
            "customer_id",
            "product_id",
            "purchase_day",
            pl.col("quantity"),
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
    weight = lines["weight"].to_numpy()
    several = _several(group, product, lines["purchase_day"].cast(pl.Int32).to_numpy(), len(product_ids))
    if len(several):
        weight = weight.copy()
        weight[several["line"].to_numpy()] = 0
        units = lines[several["line"]].with_columns(several["key"])
        joined = _joined(units, several["line"]).with_columns(weight=_weight(as_of, half_life_days))
        weight[joined["line"].to_numpy()] = joined["weight"].to_numpy()
    return PurchaseLines(
        product_ids, product, group, group_count, owner, len(customer_ids), weight, lines["unit_price"]
    )


def _weight(as_of: date, half_life_days: float | None) -> pl.Expr:
    weight = pl.col("quantity").log1p()
    if half_life_days is not None:
        age_days = (pl.lit(as_of) - pl.col("purchase_day")).dt.total_days()
        weight = weight * pl.lit(0.5).pow(age_days / half_life_days)
    return (weight * WEIGHT_ONE).round().clip(lower_bound=1).cast(pl.Int64)


def _several(
    group: NDArray[np.uint32], product: NDArray[np.uint32], day: NDArray[np.int32], products: int
) -> pl.DataFrame:
    """The lines that share their group, product and day with others; a `key` says with which.

    Most histories have few: one sort of whole numbers finds them."""
    earliest = day.min(initial=0)
    days = int(day.max(initial=0)) - int(earliest) + 1
    key = group.astype(np.uint64) * np.uint64(max(products, 1)) + product
    if (int(key.max(initial=0)) + 1) * days >= 2**64:
        key = np.unique(key, return_inverse=True)[1].astype(np.uint64)
    key = key * np.uint64(days) + (day - earliest).astype(np.uint64)
    rising = np.sort(key)
    repeated = np.unique(rising[1:][rising[1:] == rising[:-1]])
    line = pl.Series(key).is_in(pl.Series(repeated).implode()).arg_true()
    return pl.DataFrame({"line": line, "key": key[line.to_numpy()]})


def _joined(lines: pl.DataFrame, line: pl.Series) -> pl.DataFrame:
    """One row for each key: its first line, and its units, summed so that the order of lines does not matter."""
    units = from_fixed_point(fixed_point(pl.col("quantity")).sum()).alias("quantity")
    return lines.with_columns(line).group_by("key").agg(units, pl.col("purchase_day").first(), pl.col("line").min())


def _baskets(
    customer: NDArray[np.uint32], order_id: pl.Series, day: pl.Series
) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    """The basket of each line, and the customer of each basket."""
    from omnix_cli.kernels.encoding import number_hashes

    orders, order = encode(order_id)
    days = day.cast(pl.Int32).to_numpy()
    nameless = order_id.is_null().to_numpy()
    order = np.where(nameless, len(orders) + days - days.min(initial=0), order)
    basket = (customer.astype(np.uint64) << np.uint64(32)) | order.astype(np.uint64)
    first_row, number = number_hashes(basket ^ (basket >> np.uint64(32)))  # one to one, and spread over the low bits
    distinct = basket[first_row]
    rank = np.empty(len(distinct), dtype=np.uint32)
    rank[np.argsort(distinct)] = np.arange(len(distinct), dtype=np.uint32)
    return rank[number], (np.sort(distinct) >> np.uint64(32)).astype(np.int32)


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
