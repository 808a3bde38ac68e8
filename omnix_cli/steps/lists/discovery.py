"""Products that are new to a customer: the neighbours of what the customer buys."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from omnix_cli.steps.lists.ranked_lists import best_of_each

SOURCES_PER_CUSTOMER = 60
NEIGHBOURS_PER_SOURCE = 20
SHRINK_CUSTOMERS = 10
_PAIR = ["customer_id", "product_id"]


@dataclass(frozen=True)
class NeighbourTable:
    """The neighbours as a sparse matrix: `scores[i, j]` is the score of product j as a neighbour of product i."""

    product_ids: pl.Series
    """Sorted; the code of a product is its index here."""
    scores: sparse.csr_array
    facts: pl.DataFrame
    """The evidence for each entry of `scores`: `source` and `target` (codes), score, same_category; `together`, the
    customers who bought both, null if too few did; and `lift`, how much more often the customers of the source buy the
    target than others do, shrunk where few bought both: 1 + (lift - 1) * together / (together + 10)."""

    @classmethod
    def of(cls, neighbours: pl.LazyFrame, *, min_customers: int) -> NeighbourTable:
        """From the 20 nearest of the frame `neighbours`; links of fewer than `min_customers` customers are hidden."""
        together = pl.when(pl.col("customers") >= min_customers).then(pl.col("customers").cast(pl.Int64))
        rows = (
            neighbours.filter(pl.col("rank") <= NEIGHBOURS_PER_SOURCE)
            .select("product_id", "neighbour_id", "score", "lift", "same_category", together=together)
            .collect()
        )
        ids = pl.concat([rows["product_id"].unique(), rows["neighbour_id"].unique()]).unique().sort()
        source, target = (pl.Series(codes(rows[end], ids)) for end in ("product_id", "neighbour_id"))
        facts = rows.drop("product_id", "neighbour_id").with_columns(source=source, target=target)
        facts = facts.sort("source", "target")
        starts = np.searchsorted(facts["source"].to_numpy(), np.arange(len(ids) + 1))
        entries = (facts["score"].to_numpy(), facts["target"].to_numpy(), starts)
        held_back = 1 + (pl.col("lift") - 1) * pl.col("together") / (pl.col("together") + SHRINK_CUSTOMERS)
        scores = sparse.csr_array(entries, shape=(len(ids), len(ids)))
        return cls(ids, scores, facts.with_columns(lift=held_back))


def codes(ids: pl.Series, known: pl.Series) -> npt.NDArray[np.int32]:
    """The index of each id in `known`, sorted ids that contain them all."""
    return ids.cast(pl.Enum(known)).to_physical().to_numpy().astype(np.int32)


def sources(baskets: pl.DataFrame, table: NeighbourTable) -> pl.DataFrame:
    """The 60 products of each customer with the highest `weight` (bought often and recently) among those with
    neighbours; ties by product id."""
    known = baskets.filter(pl.col("product_id").is_in(table.product_ids.implode()), pl.col("weight") > 0)
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


def strongest_sources(picks: pl.DataFrame, sources: pl.DataFrame, table: NeighbourTable) -> pl.DataFrame:
    """The strongest source of each pick (customer_id, product_id): `source_id` and the facts of that pair."""
    links = picks.select(_PAIR).join(sources.select("customer_id", "weight", source_id="product_id"), on="customer_id")
    links = links.filter(pl.col("product_id").is_in(table.product_ids.implode()))
    source, target = (pl.Series(codes(links[name], table.product_ids)) for name in ("source_id", "product_id"))
    return (
        links.with_columns(source=source, target=target)
        .join(table.facts, on=["source", "target"])
        .sort(*_PAIR, -(pl.col("weight") * pl.col("score")), "source_id")
        .unique(_PAIR, keep="first", maintain_order=True)
        .select(*_PAIR, "source_id", "together", "lift", "same_category")
    )
