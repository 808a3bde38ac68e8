"""The nearest products of each product: bought together, described alike, and both blended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import polars.selectors as cs
from numpy.typing import NDArray

from omnix_cli.protocols.steps import Resources, StepOutput
from omnix_cli.schemas import Neighbours
from omnix_cli.settings import PrivacySettings, SimilaritySettings
from omnix_cli.steps.name_patterns import matches
from omnix_cli.steps.neighbours.calibration import STEPS, expected_by_content
from omnix_cli.steps.neighbours.purchase_lines import PurchaseLines, purchase_lines
from omnix_cli.steps.neighbours.relations import baskets_of_products, relation

if TYPE_CHECKING:  # numba takes half a second to import: only when the step runs
    from omnix_cli.kernels.blend import Chosen, Scoring
    from omnix_cli.kernels.co_purchase import Neighbours as CoPurchaseNeighbours
    from omnix_cli.kernels.content import Ranked
    from omnix_cli.kernels.overlaps import GroupLists
    from omnix_cli.steps.neighbours.co_purchase import CoPurchases
    from omnix_cli.steps.neighbours.content import Descriptions

_CATALOGUE = ["product_id", "name", "category", "brand", "supplier", "price", "tags"]


def similarity(
    purchases: pl.LazyFrame,
    products: pl.LazyFrame,
    *,
    as_of: date,
    parameters: SimilaritySettings,
    privacy: PrivacySettings,
    resources: Resources,
    excluded_customers: Sequence[str] = (),
) -> StepOutput:
    """The frame `neighbours`: for every product of the history and the catalogue its best neighbours.

    Candidates are the best by co-purchase and the best by content; both scores are computed for all of them. The score
    estimates the co-purchase score: by its own counts as far as there are enough, for the rest by what pairs of the
    same content have on average in this shop (`calibration`); see `kernels.blend.blended`. So content leads only where
    purchases say little, as for new products. Ties go to the lower product id. Pairs of fewer than
    `privacy.min_customers` customers, and those bought together no more than by chance, show no co-purchase figure.
    Purchases of `excluded_customers` (patterns) do not count.
    """
    from omnix_cli.kernels.blend import Scoring
    from omnix_cli.kernels.content import Weights
    from omnix_cli.steps.neighbours.co_purchase import bought_together, co_purchases, fits_symmetric
    from omnix_cli.steps.neighbours.content import content_neighbours, describe

    baskets, half_life_days = parameters.basis == "basket", parameters.half_life_days
    counted = purchases.filter(~matches(pl.col("customer_id"), excluded_customers)) if excluded_customers else purchases
    lines = purchase_lines(counted, as_of=as_of, baskets=baskets, half_life_days=half_life_days)
    catalogue = products.select(_CATALOGUE).collect()
    product_ids = pl.concat([lines.product_ids, catalogue["product_id"]]).unique().sort()
    described = describe(product_ids, catalogue, _prices_paid(lines))
    product = product_ids.search_sorted(lines.product_ids).to_numpy()[lines.product]
    bought = co_purchases(lines, product, products=len(product_ids), parameters=parameters, privacy=privacy)
    baskets_of = baskets_of_products(lines, product, products=len(product_ids)) if described.tell_needs else None
    del lines, product
    symmetric = fits_symmetric(bought, resources)
    threads, weights = resources.threads, Weights(**parameters.content.model_dump())
    alike = content_neighbours(described, weights, neighbours=parameters.neighbours, threads=threads)
    together, evidence, figures = bought_together(bought, alike, threads=threads, symmetric=symmetric)
    share, content = parameters.co_purchase_weight, np.linspace(0, 1, STEPS)
    scoring = Scoring(bought.rule, bought.scales, described.things, described.thing_of, weights, share, content)
    chosen = _blend(together, alike, evidence, scoring, threads)
    del together, alike, evidence
    return StepOutput({"neighbours": _frame(product_ids, bought, described, chosen, baskets_of)}, figures)


def _prices_paid(lines: PurchaseLines) -> pl.DataFrame:
    """The median unit price of each product in the history."""
    paid = pl.DataFrame({"product": lines.product, "price_paid": lines.unit_price}).drop_nulls()
    median = paid.group_by("product").agg(pl.col("price_paid").median().cast(pl.Float64).round(4))
    return median.select(lines.product_ids.gather(median["product"]).alias("product_id"), "price_paid")


def _blend(
    together: CoPurchaseNeighbours, alike: Ranked, evidence: NDArray[np.int64], scoring: Scoring, threads: int
) -> Chosen:
    from omnix_cli.kernels.blend import Candidates, Chosen, blend, score_by_content
    from omnix_cli.kernels.threads import equal_blocks, share_out

    products, k = alike.keys.shape
    bought = (together.start, together.index, together.evidence)
    start = np.concatenate([[0], np.cumsum(alike.counts)])
    candidates = Candidates(*bought, alike.keys, alike.counts, start, evidence)
    scoring = scoring._replace(expected=expected_by_content(score_by_content(candidates, scoring, STEPS)))
    taken, neighbour = np.zeros(products, dtype=np.int64), np.empty((products, k), dtype=np.int32)
    score, co_purchase, content = (np.empty((products, k)) for _ in range(3))
    same_need, pairs = np.empty((products, k), dtype=np.bool_), np.empty((products, k, 2), dtype=np.int64)
    chosen = Chosen(taken, neighbour, score, co_purchase, content, same_need, pairs)
    blocks = equal_blocks(np.diff(together.start) + alike.counts, threads)
    share_out(blocks, threads, lambda _, first, last: blend(first, last, candidates, scoring, chosen))
    return chosen


def _frame(
    product_ids: pl.Series,
    bought: CoPurchases,
    described: Descriptions,
    chosen: Chosen,
    baskets_of: GroupLists | None,
) -> pl.DataFrame:
    """The chosen neighbours with every component, as `schemas.Neighbours` has them."""
    from omnix_cli.kernels.content import text_likeness_of_pairs
    from omnix_cli.kernels.measures import CUSTOMERS_MASK, SUPPORT_SHIFT
    from omnix_cli.kernels.overlaps import shared_share

    taken = np.arange(chosen.neighbour.shape[1]) < chosen.taken[:, None]
    product, rank = np.nonzero(taken)
    neighbour = chosen.neighbour[taken]
    counts, dot = chosen.evidence[taken].T
    things, scales = described.things, bought.scales
    one, other = described.thing_of[product], described.thing_of[neighbour]
    pairs = pl.DataFrame(
        {
            "product_id": product_ids.gather(product),
            "rank": (rank + 1).astype(np.uint16),
            "neighbour_id": product_ids.gather(neighbour),
            "score": chosen.score[taken],
            "co_purchase": chosen.co_purchase[taken],
            "content": chosen.content[taken],
            "support": (counts >> SUPPORT_SHIFT).astype(np.uint32),
            "customers": (counts & CUSTOMERS_MASK).astype(np.uint32),
            "cosine": np.minimum(dot * (scales.inverse_norm[product] * scales.inverse_norm[neighbour]), 1.0),
            "degree": scales.degree[product],
            "neighbour_degree": scales.degree[neighbour],
            "category": things.category[one],
            "neighbour_category": things.category[other],
            "brand": things.brand[one],
            "neighbour_brand": things.brand[other],
            "price": things.price[one],
            "neighbour_price": things.price[other],
            "text_similarity": text_likeness_of_pairs(things, one, other),
            "same_need": chosen.same_need[taken],
            "shared_baskets": shared_share(baskets_of, product, neighbour) if baskets_of else np.zeros(len(product)),
        }
    )
    return _with_components(pairs, scales.groups)


def _with_components(pairs: pl.DataFrame, groups: float) -> pl.DataFrame:
    """Adds the measures and the parts of content; a figure that may not be shown or compared is null."""
    floats = pairs.lazy().with_columns(cs.float().fill_nan(None))
    support = pl.col("support").cast(pl.Float64)
    measures = {
        "jaccard": support / (pl.col("degree") + pl.col("neighbour_degree") - support),
        "lift": support * groups / (pl.col("degree") * pl.col("neighbour_degree")),
        "conditional": support / pl.col("degree"),
    }
    prices = ("price", "neighbour_price")
    ratio = pl.min_horizontal(*prices) / pl.max_horizontal(*prices)
    both_priced = pl.all_horizontal(pl.col(*prices).is_not_null())
    co_purchase_columns = ["cosine", "jaccard", "lift", "conditional", "support", "customers"]
    return (
        floats.with_columns(
            **measures,
            same_category=_same("category"),
            same_brand=_same("brand"),
            relation=relation(pl.col("same_need")),
            price_similarity=pl.when(both_priced).then(ratio.fill_nan(1.0)),
        )
        .with_columns(pl.when(pl.col("co_purchase").is_not_null()).then(pl.col(*co_purchase_columns)))
        .select(Neighbours.column_names())
        .collect()
    )


def _same(attribute: str) -> pl.Expr:
    """Whether both have the same; null where it is missing on both sides."""
    other = pl.col(f"neighbour_{attribute}")
    known = (pl.col(attribute) >= 0) | (other >= 0)
    return pl.when(known).then(pl.col(attribute) == other)
