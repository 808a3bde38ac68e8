"""Diversity: no list of nothing but one category, or of one product in ten colours."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

_FEW = 3
"""So many of one category are never too many."""
_LEAST_WORDS = 3
"""Shorter names say too little without one of their words: olive oil, olive soap."""


def name_groups(products: pl.DataFrame) -> pl.Series:
    """For each row of `products` (product_id, name), what it shares with near-identical products; null without a name.

    Names are near-identical that are equal, or differ in one word of three or more. A word with a digit is never that
    one: milk 1 % and milk 2 % are two products. Of the texts that a name gives when one of its words is left out, the
    one that most names give is the group; if no other name gives any of them, the name itself.
    """
    words = pl.col("name").str.to_lowercase().str.extract_all(r"[\p{L}\p{M}\p{N}]+(?:[.,]\d+)?%?|%")
    named = (
        products.select("name", words=words.list.sort()).with_row_index("row").filter(pl.col("words").list.len() > 0)
    )
    texts = named.select(whole=pl.col("words").list.join(" "), words="words").unique("whole").sort("whole")
    shortened = (
        texts.filter(pl.col("words").list.len() >= _LEAST_WORDS)
        .with_columns(place=pl.int_ranges(pl.col("words").list.len()))
        .explode("place")
        .filter(~pl.col("words").list.get(pl.col("place")).str.contains(r"[\d%]"))
        .select(
            "whole",
            group=pl.concat_list(
                pl.col("words").list.head(pl.col("place")),
                pl.col("words").list.slice(pl.col("place") + 1, pl.col("words").list.len()),
            ).list.join(" "),
        )
        .unique()
        .with_columns(names=pl.len().over("group"))
        .filter(pl.col("names") > 1)
        .sort("whole", -pl.col("names").cast(pl.Int64), "group")
        .unique("whole", keep="first", maintain_order=True)
    )
    groups = (
        named.select("row", whole=pl.col("words").list.join(" "))
        .join(shortened.select("whole", "group"), on="whole", how="left")
        .select("row", group=pl.coalesce("group", "whole"))
    )
    rows = pl.DataFrame({"row": pl.int_range(products.height, eager=True, dtype=pl.UInt32)})
    return rows.join(groups.with_columns(pl.col("row").cast(pl.UInt32)), on="row", how="left", maintain_order="left")[
        "group"
    ]


def crowding(
    offers: pl.DataFrame, assortment: pl.DataFrame, *, within: str, count: int, max_share: float, max_alike: int
) -> pl.Series:
    """Which of the offers, best first within each list (the column `within`: texts or numbers), are one too many of
    their kind: more than `max_alike` of near-identical names, or, names aside, more than `max_share` of `count` places
    of one category (three always may).

    Offers of the shelf `due_again` count, but only their names make them one too many."""
    most = max(_FEW, round(max_share * count))
    kinds = assortment.select("product_id", pl.col("category", "name_group").rank("dense"))
    own = pl.col("shelf").cast(pl.String) == "due_again" if "shelf" in offers.columns else pl.lit(False)
    is_text = offers.schema[within] == pl.String
    number = pl.col(within).cast(pl.Categorical).to_physical() if is_text else pl.col(within)
    facts = offers.select("product_id", list=number, own=own).join(
        kinds, on="product_id", how="left", maintain_order="left"
    )
    lists = facts["list"].to_numpy().astype(np.int64)
    names, categories = (facts[name].fill_null(0).to_numpy().astype(np.int64) for name in ("name_group", "category"))
    alike = (names > 0) & (_occurrence(lists, names, np.ones(len(lists), bool)) > max_alike)
    too_many = (categories > 0) & (_occurrence(lists, categories, ~alike) > most)
    return pl.Series("crowded", alike | (too_many & ~facts["own"].fill_null(False).to_numpy()))


def _occurrence(
    lists: npt.NDArray[np.int64], kinds: npt.NDArray[np.int64], counted: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """For each row, the rows of its list and kind that are `counted`, up to itself."""
    key = lists * (int(kinds.max(initial=0)) + 1) + kinds
    order = np.argsort(key, kind="stable")
    running = np.cumsum(counted[order])
    starts = np.flatnonzero(np.r_[True, np.diff(key[order]) != 0][: len(order)])
    before = np.repeat(np.r_[0, running][starts], np.diff(np.r_[starts, len(order)]))
    found = np.empty(len(order), np.int64)
    found[order] = running - before
    return found
