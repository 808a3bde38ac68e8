"""Which products are bought together: the co-purchase kernel applied to the purchase history."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omnix_cli.kernels import co_purchase
from omnix_cli.kernels.accumulators import Lookups
from omnix_cli.kernels.compiled import is_cached
from omnix_cli.kernels.content import Ranked
from omnix_cli.kernels.incidence import Incidence, build
from omnix_cli.kernels.measures import MEASURES, Rule, Scales
from omnix_cli.kernels.topk import indexes_of
from omnix_cli.protocols.checkpoints import Figures
from omnix_cli.protocols.steps import Resources
from omnix_cli.settings import PrivacySettings, SimilaritySettings
from omnix_cli.steps.neighbours.purchase_lines import PurchaseLines

USUAL_SIZE = 2.0
"""Customers (baskets) of more than so many times the median's products weigh less. On Complete Journey NDCG@10 of later
baskets was .344 with 1 to 3, .335 without."""

_SUMS_PER_SECOND = 8e7  # multiply-adds of one thread, selection included, on a 2.5 GHz server core
_NEIGHBOURS_PER_SECOND = 5e5  # content, blend and frame
_COMPILING_SECONDS = 25
_RESULT_BYTES = 150  # per neighbour: the arrays of both lists, the blend and the frame


@dataclass(frozen=True)
class CoPurchases:
    """The matrix of an assortment, ready for the walk; items have the numbers of the assortment's products."""

    matrix: Incidence
    owner: NDArray[np.int32]
    customers: int
    work: co_purchase.Workload
    rule: Rule

    @property
    def scales(self) -> Scales:
        """What the measures need, by product number."""
        by_item = co_purchase.scales_of(self.matrix)
        position = np.argsort(self.matrix.code)
        return Scales(by_item.groups, *(array[position] for array in by_item[1:]))


def co_purchases(
    lines: PurchaseLines,
    product: NDArray[np.uint32],
    *,
    products: int,
    parameters: SimilaritySettings,
    privacy: PrivacySettings,
) -> CoPurchases:
    """The matrix of the lines; `product` is each line's product among all `products` of the assortment."""
    matrix = build(
        lines.group,
        product,
        lines.weight,
        group_count=lines.group_count,
        item_count=products,
        max_items_per_group=parameters.max_products_per_customer,
        usual_size=USUAL_SIZE,
    )
    fewest = (parameters.min_support, privacy.min_customers)
    # With a half-life, the weights of a pair say how old its purchases are: then only its support counts.
    min_weight = parameters.min_support if parameters.half_life_days is None else 0.0
    rule = Rule(MEASURES[parameters.measure], parameters.neighbours, *fewest, parameters.shrink, float(min_weight))
    return CoPurchases(matrix, lines.owner, lines.customers, co_purchase.workload(matrix), rule)


def fits_symmetric(bought: CoPurchases, resources: Resources) -> bool:
    """Whether the faster walk fits into the memory; reports the expected time and memory before the work begins."""
    matrix, work, rule, threads = bought.matrix, bought.work, bought.rule, resources.threads
    result = sum(array.nbytes for array in matrix) + _RESULT_BYTES * matrix.items * rule.neighbours
    symmetric = result + co_purchase.walk_bytes(matrix, work, rule, threads, one_sided=False)
    fits = symmetric <= resources.memory_bytes
    expected = symmetric if fits else result + co_purchase.walk_bytes(matrix, work, rule, threads, one_sided=True)
    pairs = min(work.multiply_adds, matrix.items * (matrix.items - 1) // 2)
    sums = work.multiply_adds if fits else int(work.whole_sums.sum())
    seconds = sums / _SUMS_PER_SECOND / threads + matrix.items * rule.neighbours / _NEIGHBOURS_PER_SECOND
    resources.say(
        f"similarity: {sums:,} multiply-adds for at most {pairs:,} pairs of {matrix.items:,} products; "
        f"expected {seconds:.1f} s and {expected / 1e9:.2f} GB on {threads} threads"
        + ("" if fits else f", row by row: both ends at once would take {symmetric / 1e9:.2f} GB")
        + ("" if is_cached() else f"; compiling the kernels first takes about {_COMPILING_SECONDS} s, this once")
    )
    return fits


def bought_together(
    bought: CoPurchases, alike: Ranked, *, threads: int, symmetric: bool
) -> tuple[co_purchase.Neighbours, NDArray[np.int64], Figures]:
    """The neighbours by co-purchase; the evidence of the pairs that content proposes (`alike`), in their order; and
    the figures."""
    matrix = bought.matrix
    filled = np.arange(alike.keys.shape[1]) < alike.counts[:, None]
    lookups, answer = _lookups(matrix, np.nonzero(filled)[0], indexes_of(alike.keys[filled]))
    found, tally = co_purchase.neighbours(
        matrix, bought.work, bought.rule, owner=bought.owner, lookups=lookups, threads=threads, one_sided=not symmetric
    )
    figures: Figures = {
        "customers": bought.customers,
        "products": int((matrix.degree > 0).sum()),
        "nonzeros": len(matrix.entries),
        "multiply_adds": bought.work.multiply_adds,
        "cooccurring_pairs": tally.cooccurring,
        "pairs_with_support": tally.with_support,
        "pairs_suppressed": tally.suppressed,
    }
    return found, lookups.evidence[answer], figures


def _lookups(matrix: Incidence, one: NDArray[np.int64], other: NDArray[np.int32]) -> tuple[Lookups, NDArray[np.int64]]:
    """The pairs (product numbers) as lookups of the walk, and the index of each pair's answer."""
    position = np.argsort(matrix.code).astype(np.int32)
    row = np.maximum(position[one], position[other])
    order = np.argsort(row, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=matrix.items))])
    answer = np.empty(len(order), dtype=np.int64)
    answer[order] = np.arange(len(order))
    item = np.minimum(position[one], position[other])[order]
    return Lookups(start, item, np.zeros((len(order), 2), dtype=np.int64)), answer
