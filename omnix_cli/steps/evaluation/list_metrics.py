"""Metrics of ranked lists: one value for each customer with a truth, by the conventions that are published.

A customer without a list counts 0; one without a truth is left out, of every metric alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from omnix_cli.steps.evaluation.splits import Codes, Floats

Bools = npt.NDArray[np.bool_]
CONVENTIONS = ("omnix", "rectools", "lenskit", "reality-check")


@dataclass(frozen=True)
class Judged:
    """Lists beside the truth: which places hit, of customers with `wanted` true products each."""

    hits: Bools
    wanted: Codes

    @property
    def places(self) -> int:
        return int(self.hits.shape[1])


def values(judged: Judged, convention: str = "omnix") -> dict[str, Floats]:
    """Each metric of each customer; `rules` says how."""
    k = judged.places
    hits = judged.hits.astype(np.float64)
    found, wanted = hits.sum(axis=1), judged.wanted.astype(np.float64)
    rank = np.arange(1, k + 1)
    discount = 1 / np.maximum(np.log2(rank), 1) if convention == "lenskit" else 1 / np.log2(rank + 1)
    ideals = _ideal(int(max(k, judged.wanted.max(initial=0))), convention)
    ideal_hits = {"rectools": np.full(len(wanted), k), "reality-check": judged.wanted}.get(
        convention, np.minimum(judged.wanted, k)
    )
    first = np.where(hits.any(axis=1), hits.argmax(axis=1) + 1.0, np.inf)
    return {
        f"recall@{k}": found / (np.minimum(wanted, k) if convention == "lenskit" else wanted),
        f"ndcg@{k}": (hits @ discount) / ideals[ideal_hits],
        f"precision@{k}": found / k,
        f"hit_rate@{k}": (found > 0).astype(np.float64),
        f"mrr@{k}": 1 / first,
    }


def rules(k: int, convention: str = "omnix") -> dict[str, str]:
    """What each metric means, in words."""
    wanted = f"min(true products, {k})" if convention == "lenskit" else "true products"
    ideal = {
        "rectools": f"{k} hits",
        "reality-check": "as many hits as true products",
    }.get(convention, f"min(true products, {k}) hits")
    gain = "1 / max(1, log2(place))" if convention == "lenskit" else "1 / log2(place + 1)"
    return {
        f"recall@{k}": f"hits in the first {k} / {wanted}",
        f"ndcg@{k}": f"a hit is worth {gain}; divided by the worth of {ideal} at the top",
        f"precision@{k}": f"hits in the first {k} / {k}",
        f"hit_rate@{k}": f"1 with a hit in the first {k}, else 0",
        f"mrr@{k}": f"1 / place of the first hit in the first {k}, else 0",
    }


def _ideal(most: int, convention: str) -> Floats:
    rank = np.arange(1, most + 1)
    worth = 1 / np.maximum(np.log2(rank), 1) if convention == "lenskit" else 1 / np.log2(rank + 1)
    return np.concatenate([[0.0], np.cumsum(worth)])
