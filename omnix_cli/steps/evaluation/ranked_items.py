"""The first items of scored products: all, those bought before, and the others, with ties broken by a stated rule."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from omnix_cli.steps.evaluation.splits import Codes, Floats, Split

PARTS = ("all", "repeat", "new")
TIES = "equal scores in the order of a hash of customer and product"
NOTHING = -1
"""Stands where a list has no more items."""
Bools = npt.NDArray[np.bool_]
Scorer = Callable[[Codes], Floats]
"""Scores every product for some questions: questions x products; -inf for what is not offered."""


@dataclass(frozen=True, eq=False)
class Lists:
    """The first items of every question, best first: one array (questions x places) of products for each part."""

    items: dict[str, Codes]

    @classmethod
    def empty(cls, questions: int, places: int) -> Lists:
        return cls({part: np.full((questions, places), NOTHING) for part in PARTS})

    def fill(self, split: Split, questions: Codes, scores: Floats, known: Bools, parts: Sequence[str] = PARTS) -> None:
        """Sets the lists of some questions. `repeat` has the best of the products bought before, `new` the best of the
        others, `all` the best of both."""
        for part in parts:
            shown = scores if part == "all" else np.where(known == (part == "repeat"), scores, -np.inf)
            self.items[part][questions] = first_items(shown, self.items[part].shape[1], split, questions)


def first_items(scores: Floats, places: int, split: Split, questions: Codes) -> Codes:
    """The products with the highest scores of each row; among equal ones those whose hash with the customer is lowest.

    A model that says the same of all products so shows each customer a list of chance."""
    found = np.full((len(scores), places), NOTHING)
    for row, question in enumerate(questions):
        line = scores[row]
        if len(line) > places:
            least = np.partition(line, len(line) - places)[len(line) - places]
            best = np.flatnonzero((line >= least) & (line > -np.inf))
        else:
            best = np.flatnonzero(line > -np.inf)
        tie = _mixed(_hashes(split)[1][best] ^ _hashes(split)[0][split.asked[question]])
        best = best[np.lexsort((tie, -line[best]))][:places]
        found[row, : len(best)] = best
    return found


def framed(scores: pl.DataFrame, split: Split) -> Scorer:
    """Scores from a frame: customer_id, product_id, score."""
    known = scores.filter(
        pl.col("customer_id").is_in(split.customers.implode()), pl.col("product_id").is_in(split.products.implode())
    )
    who = known["customer_id"].cast(pl.Enum(split.customers)).to_physical().to_numpy().astype(np.int64)
    what = known["product_id"].cast(pl.Enum(split.products)).to_physical().to_numpy().astype(np.int64)
    order = np.argsort(who, kind="stable")
    who, what, value = who[order], what[order], known["score"].to_numpy()[order]
    starts = np.searchsorted(who, np.arange(len(split.customers) + 1))

    def score(questions: Codes) -> Floats:
        dense = np.full((len(questions), len(split.products)), -np.inf)
        for row, question in enumerate(questions):
            mine = slice(starts[split.asked[question]], starts[split.asked[question] + 1])
            dense[row, what[mine]] = value[mine]
        return dense

    return score


def known_products(split: Split, questions: Codes) -> Bools:
    """Which products the customers of some questions bought before: questions x products."""
    place, row = split.own_rows(questions)
    known = np.zeros((len(questions), len(split.products)), dtype=bool)
    known[place, split.what[row]] = True
    return known


def _hashes(split: Split) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    made: tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]] | None = split.__dict__.get("_hashes")
    if made is None:
        made = _hash(split.customers), _hash(split.products)
        split.__dict__["_hashes"] = made
    return made


def _hash(ids: pl.Series) -> npt.NDArray[np.uint64]:
    digests = b"".join(hashlib.sha256(one.encode()).digest()[:8] for one in ids)
    return np.frombuffer(digests, dtype=np.uint64)


def _mixed(value: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Spreads the bits (Steele et al. 2014, SplitMix64)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
