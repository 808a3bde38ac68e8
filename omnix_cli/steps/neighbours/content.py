"""Similar descriptions: the attributes of products as numbers, and the nearest products by them.

Content likeness is the weighted mean of category, brand, price and text. It needs no purchase, so products nobody has
bought yet have neighbours too. Products with equal descriptions are computed once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from omnix_cli.kernels.content import Attributes, Index, Postings, Ranked, Weights, nearest, spread
from omnix_cli.kernels.threads import equal_blocks, share_out

_WORD = r"[\p{L}][\p{L}\p{N}]+"
_DESCRIPTION = ["category", "brand", "price", "words"]


@dataclass(frozen=True)
class Descriptions:
    """The distinct sets of attributes, in order of their first product, and the set of each product."""

    things: Attributes
    thing_of: NDArray[np.int32]

    @property
    def tell_needs(self) -> bool:
        """Whether they say anything about what products are for: a category or a word."""
        return bool((self.things.category >= 0).any() or len(self.things.word))


def describe(product_ids: pl.Series, catalogue: pl.DataFrame, prices_paid: pl.DataFrame) -> Descriptions:
    """The attributes of the products (sorted ids), from the catalogue; a price it does not give is the median paid.

    `catalogue` has product_id, name, category, brand, supplier, price, tags; `prices_paid` product_id, price_paid.
    The brand is the pair of brand and supplier, as far as given; the words are those of name and tags."""
    described = (
        pl.DataFrame({"product_id": product_ids})
        .join(catalogue, on="product_id", how="left", maintain_order="left")
        .join(prices_paid, on="product_id", how="left", maintain_order="left")
        .select(
            "category",
            pl.when(pl.any_horizontal(pl.col("brand", "supplier").is_not_null()))
            .then(pl.concat_str(pl.col("brand", "supplier").fill_null(""), separator="\n"))
            .alias("brand"),
            pl.coalesce(pl.col("price").cast(pl.Float64), "price_paid").alias("price"),
            _words().alias("words"),
        )
    )
    distinct = described.unique(maintain_order=True).with_row_index("thing")
    thing_of = described.join(distinct, on=_DESCRIPTION, how="left", nulls_equal=True, maintain_order="left")["thing"]
    category, brand = (_numbered(distinct[label]) for label in ("category", "brand"))
    price = distinct["price"].fill_null(float("nan")).to_numpy()
    things = Attributes(category, brand, price, *_weigh_words(distinct["words"]))
    return Descriptions(things, thing_of.to_numpy().astype(np.int32))


def _words() -> pl.Expr:
    """The distinct words of name and tags, sorted, in one string."""
    text = pl.concat_str(pl.col("name").fill_null(""), pl.col("tags").list.join(" ").fill_null(""), separator=" ")
    return text.str.to_lowercase().str.extract_all(_WORD).list.unique().list.sort().list.join(" ")


def _numbered(values: pl.Series) -> NDArray[np.int32]:
    """The rank of each string among the distinct ones, -1 for null."""
    return (values.rank("dense").cast(pl.Int32) - 1).fill_null(-1).to_numpy()


def _weigh_words(texts: pl.Series) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
    """Where each text's words begin, the words as numbers, and their weights: the smoothed inverse document frequency
    ln((1 + N) / (1 + n)) + 1 (Salton and Buckley 1988), scaled to norm 1 within a text."""
    words = (
        pl.DataFrame({"text": np.arange(len(texts)), "word": texts.str.split(" ")})
        .explode("word")
        .filter(pl.col("word") != "")
        .with_columns(pl.col("word").rank("dense").cast(pl.Int32) - 1)
        .sort("text", "word")
    )
    text, word = words["text"].to_numpy(), words["word"].to_numpy()
    weight = (np.log((1 + len(texts)) / (1 + np.bincount(word))) + 1)[word]
    norm = np.sqrt(np.bincount(text, weight**2, minlength=len(texts)))
    start = np.concatenate([[0], np.cumsum(np.bincount(text, minlength=len(texts)))])
    return start, word, weight / norm[text]


def content_neighbours(described: Descriptions, weights: Weights, *, neighbours: int, threads: int) -> Ranked:
    """The best neighbours of each product by content (keys: see `kernels.topk`)."""
    things, thing_of = described.things, described.thing_of
    sets, products, k = len(things.category), len(thing_of), neighbours
    by_category = _postings(things.category, things.price)
    category_place = np.zeros(sets, dtype=np.int64)
    category_place[by_category.thing] = np.arange(len(by_category.thing))
    holder = np.repeat(np.arange(sets, dtype=np.int32), np.diff(things.word_start))
    by_word = _postings(things.word, holder, of=holder, weight=things.word_weight)
    index = Index(by_category, category_place, _postings(things.brand), by_word)
    best_sets = Ranked(np.empty((sets, k + 1), dtype=np.int64), np.zeros(sets, dtype=np.int64))
    blocks = equal_blocks(np.ones(sets, dtype=np.int64), threads)
    members = _postings(thing_of)
    best = Ranked(np.empty((products, k), dtype=np.int64), np.zeros(products, dtype=np.int64))
    share_out(blocks, threads, lambda _, first, last: nearest(first, last, k + 1, things, weights, index, best_sets))
    share_out(blocks, threads, lambda _, first, last: spread(first, last, k, best_sets, members, best))
    return best


def _postings(
    attribute: NDArray[np.int32],
    order: NDArray[np.float64] | NDArray[np.int32] | None = None,
    *,
    of: NDArray[np.int32] | None = None,
    weight: NDArray[np.float64] | None = None,
) -> Postings:
    """Who has each attribute, in `order` within it; `of` names the holder of each entry if it is not its index."""
    place = np.lexsort((attribute,) if order is None else (order, attribute))
    place = place[np.searchsorted(attribute[place], 0) :]
    start = np.concatenate([[0], np.cumsum(np.bincount(attribute[place]))])
    holder = place.astype(np.int32) if of is None else of[place]
    return Postings(start, holder, np.zeros(0) if weight is None else weight[place])
