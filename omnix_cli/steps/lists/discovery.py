"""Products that are new to a customer: the neighbours of what the customer buys."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from omnix_cli.steps.coded_days import blocks, starts
from omnix_cli.steps.lists.ranked_lists import best_of_each

SOURCES_PER_CUSTOMER = 60
NEIGHBOURS_PER_SOURCE = 20
SHRINK_CUSTOMERS = 10
_LINKS_AT_ONCE = 1 << 18
_Ints = npt.NDArray[np.int64]
_PAIR = ["customer_id", "product_id"]


@dataclass(frozen=True)
class NeighbourTable:
    """The neighbours as a sparse matrix: `scores[i, j]` is the score of product j as a neighbour of product i."""

    product_ids: pl.Series
    """Sorted; the code of a product is its index here."""
    scores: sparse.csr_array

    @classmethod
    def of(cls, neighbours: pl.LazyFrame) -> NeighbourTable:
        """From the 20 nearest of the frame `neighbours`."""
        rows = _nearest(neighbours).select("product_id", "neighbour_id", "score").collect()
        ids = pl.concat([rows["product_id"].unique(), rows["neighbour_id"].unique()]).unique().sort()
        source, target = (codes(rows[end], ids) for end in ("product_id", "neighbour_id"))
        order = np.lexsort((target, source))
        starts = np.searchsorted(source[order], np.arange(len(ids) + 1))
        entries = (rows["score"].to_numpy()[order], target[order], starts)
        return cls(ids, sparse.csr_array(entries, shape=(len(ids), len(ids))))


def codes(ids: pl.Series, known: pl.Series) -> npt.NDArray[np.int32]:
    """The index of each id in `known`, sorted ids that contain them all."""
    return ids.cast(pl.Enum(known)).to_physical().to_numpy().astype(np.int32)


def with_neighbours(neighbours: pl.LazyFrame) -> pl.Series:
    """The products that have a neighbour."""
    return neighbours.filter(pl.col("rank") == 1).select("product_id").unique().collect().to_series()


def sources(baskets: pl.DataFrame, among: pl.Series) -> pl.DataFrame:
    """The 60 products of each customer with the highest `weight` (bought often and recently) `among` those with
    neighbours; ties by product id."""
    known = baskets.filter(pl.col("product_id").is_in(among.implode()), pl.col("weight") > 0)
    return best_of_each(known, SOURCES_PER_CUSTOMER, by="weight")


def new_products(baskets: pl.DataFrame, sources: pl.DataFrame, table: NeighbourTable, *, most: int) -> pl.DataFrame:
    """Per customer the `most` best products never bought: customer_id, product_id, score; best first.

    The score of a product is its mean score as a neighbour of the customer's `sources`, weighed by their weight; a
    source that it is no neighbour of counts as 0.
    """
    customers = baskets["customer_id"].unique().sort()
    owned = _matrix(baskets.filter(pl.col("product_id").is_in(table.product_ids.implode())), customers, table)
    weights = _matrix(sources, customers, table)
    rows, products, scores = _best(weights @ table.scores, owned, most)
    totals = np.bincount(codes(sources["customer_id"], customers), sources["weight"].to_numpy(), len(customers))
    ids = {"customer_id": customers.gather(rows), "product_id": table.product_ids.gather(products)}
    return best_of_each(pl.DataFrame({**ids, "score": scores / totals[rows]}), most)


def _matrix(pairs: pl.DataFrame, customers: pl.Series, table: NeighbourTable) -> sparse.csr_array:
    places = (codes(pairs["customer_id"], customers), codes(pairs["product_id"], table.product_ids))
    shape = (len(customers), len(table.product_ids))
    return sparse.coo_array((pairs["weight"].to_numpy(), places), shape=shape).tocsr()


def _best(
    scores: sparse.csr_array, owned: sparse.csr_array, most: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    """Row, column and score of the `most` highest entries of each row that are not owned, and of all that tie."""
    best = [(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0))]
    is_owned = np.zeros(scores.shape[1], dtype=bool)
    for row in range(scores.shape[0]):
        mine = owned.indices[owned.indptr[row] : owned.indptr[row + 1]]
        entries = slice(scores.indptr[row], scores.indptr[row + 1])
        columns, values = scores.indices[entries], scores.data[entries]
        is_owned[mine] = True
        fresh = ~is_owned[columns] & (values > 0)
        is_owned[mine] = False
        columns, values = columns[fresh], values[fresh]
        if len(values) > most:
            high = values >= np.partition(values, len(values) - most)[len(values) - most]
            columns, values = columns[high], values[high]
        best.append((np.full(len(values), row), columns, values))
    rows, products, best_scores = zip(*best, strict=True)
    return np.concatenate(rows), np.concatenate(products), np.concatenate(best_scores)


def strongest_sources(
    picks: pl.DataFrame, sources: pl.DataFrame, neighbours: pl.LazyFrame, *, min_customers: int
) -> pl.DataFrame:
    """The strongest source of each pick (customer_id, product_id): `source_id`, `same_category`, and `together`, the
    customers who bought both, null if fewer than `min_customers` did; in the order of the picks."""
    picked = picks.select("product_id").unique()
    together = pl.when(pl.col("customers") >= min_customers).then(pl.col("customers").cast(pl.Int64))
    links = (
        _nearest(neighbours)
        .select("score", "same_category", source_id="product_id", product_id="neighbour_id", together=together)
        .join(picked.lazy(), on="product_id", how="semi")
        .collect()
    )
    picks = picks.select(_PAIR).filter(pl.col("product_id").is_in(links["product_id"].implode()))
    linking = sources.filter(
        pl.col("product_id").is_in(links["source_id"].implode()),
        pl.col("customer_id").is_in(picks["customer_id"].implode()),
    )
    found, link = _heaviest_links(picks, linking, links)
    return pl.concat([picks[found], links.select("source_id", "together", "same_category")[link]], how="horizontal")


def _heaviest_links(picks: pl.DataFrame, sources: pl.DataFrame, links: pl.DataFrame) -> tuple[_Ints, _Ints]:
    """The rows of the picks that a link (source_id, product_id, score) joins to a source of their customer, and for
    each the row of the link with the highest weight times score; of equal ones that of the first source_id."""
    customers = picks["customer_id"].unique().sort()
    products = pl.concat([links["source_id"], links["product_id"]]).unique().sort()
    pick_of, pick = codes(picks["customer_id"], customers), codes(picks["product_id"], products)
    owner, source = codes(sources["customer_id"], customers), codes(sources["product_id"], products)
    key = codes(links["source_id"], products) * np.int64(len(products)) + codes(links["product_id"], products)
    by_owner, by_key = np.argsort(owner, kind="stable"), np.argsort(key)
    source, weight = source[by_owner] * np.int64(len(products)), sources["weight"].to_numpy()[by_owner]
    key, score = np.append(key[by_key], -1), links["score"].to_numpy()[by_key]
    start = np.searchsorted(owner[by_owner], np.arange(len(customers) + 1))
    count = np.diff(start)[pick_of]
    parts = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    for first, last in blocks(count, _LINKS_AT_ONCE):
        pairs = count[first:last]  # of each pick with the sources of its customer
        begin = np.cumsum(pairs) - pairs
        mine = np.arange(pairs.sum()) + np.repeat(start[pick_of[first:last]] - begin, pairs)
        wanted = source[mine] + np.repeat(pick[first:last], pairs)
        place = np.searchsorted(key[:-1], wanted)
        joined = np.flatnonzero(key[place] == wanted)
        mine, place = mine[joined], place[joined]
        row = first + np.searchsorted(begin, joined, side="right") - 1
        order = np.lexsort((source[mine], -(weight[mine] * score[place]), row))
        best = order[starts(row[order])]
        parts.append((row[best], by_key[place[best]]))
    rows, found = zip(*parts, strict=True)
    return np.concatenate(rows), np.concatenate(found)


def first_time(popularity: pl.DataFrame) -> pl.DataFrame:
    """The rows of `popularity` with the chance of a first purchase as their `confidence`: that of any purchase within
    14 days by a customer who shops now, times the share of the product's purchases that are first ones."""
    shares = popularity.filter(pl.col("kind") == "popular").select("product_id", first=1 - pl.col("repeat_share"))
    first = pl.col("confidence") * pl.col("first").fill_null(1.0)
    return (
        popularity.join(shares, on="product_id", how="left", maintain_order="left")
        .with_columns(confidence=first)
        .drop("first")
    )


def _nearest(neighbours: pl.LazyFrame) -> pl.LazyFrame:
    return neighbours.filter(pl.col("rank") <= NEIGHBOURS_PER_SOURCE)
