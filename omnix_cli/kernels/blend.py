"""Merges co-purchase and content neighbours: the k best of both lists by the blended score."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from omnix_cli.kernels.compiled import compiled
from omnix_cli.kernels.content import Attributes, Weights, likeness, text_likeness
from omnix_cli.kernels.measures import CUSTOMERS_MASK, SUPPORT_SHIFT, Rule, Scales, measure_of
from omnix_cli.kernels.topk import INDEX_MASK, key_of, score_of, sort_descending


class Candidates(NamedTuple):
    """Both lists of every product."""

    bought_start: NDArray[np.int64]
    bought: NDArray[np.int32]
    bought_evidence: NDArray[np.int64]
    alike: NDArray[np.int64]
    """A row of keys per product; the first `alike_count` are filled."""
    alike_count: NDArray[np.int64]
    alike_start: NDArray[np.int64]
    """Where a product's rows of `alike_evidence` begin."""
    alike_evidence: NDArray[np.int64]


class Scoring(NamedTuple):
    """What the two parts of the score need."""

    rule: Rule
    scales: Scales
    things: Attributes
    thing_of: NDArray[np.int32]
    """The attribute set of each product."""
    weights: Weights
    co_purchase_weight: float


class Chosen(NamedTuple):
    """The k best of each product: a row per product; the first `taken` are filled."""

    taken: NDArray[np.int64]
    neighbour: NDArray[np.int32]
    score: NDArray[np.float64]
    co_purchase: NDArray[np.float64]
    content: NDArray[np.float64]
    evidence: NDArray[np.int64]


@compiled
def co_purchase_score(
    rule: Rule, cosine: float, counts: int, degree: float, other_degree: float, groups: float
) -> float:
    """The shrunk measure of a pair; NaN if it may not be shown."""
    support = counts >> SUPPORT_SHIFT
    if support < rule.min_support or (counts & CUSTOMERS_MASK) < rule.min_customers:
        return np.nan
    measure = measure_of(rule.measure, cosine, support, degree, other_degree, groups)
    return measure * (support / (support + rule.shrink))


@compiled
def blended(co_purchase: float, content: float, co_purchase_weight: float) -> float:
    """w * co-purchase + (1 - w) * content, an absent part counting as 0: no evidence, no score."""
    score = 0.0
    if not np.isnan(co_purchase):
        score += co_purchase_weight * co_purchase
    if not np.isnan(content):
        score += (1 - co_purchase_weight) * content
    return score


@compiled
def _gather(
    i: int, candidates: Candidates, listed: NDArray[np.int32], neighbour: NDArray[np.int32], evidence: NDArray[np.int64]
) -> int:
    """Writes product i's candidates of both lists, each once, with their evidence; returns how many."""
    found = 0
    for place in range(candidates.bought_start[i], candidates.bought_start[i + 1]):
        neighbour[found] = candidates.bought[place]
        evidence[found, 0] = candidates.bought_evidence[place, 0]
        evidence[found, 1] = candidates.bought_evidence[place, 1]
        listed[neighbour[found]] = i
        found += 1
    for place in range(candidates.alike_count[i]):
        j = INDEX_MASK - (candidates.alike[i, place] & INDEX_MASK)
        if listed[j] != i:
            neighbour[found] = j
            answer = candidates.alike_start[i] + place
            evidence[found, 0] = candidates.alike_evidence[answer, 0]
            evidence[found, 1] = candidates.alike_evidence[answer, 1]
            found += 1
    return found


@compiled
def blend(first: int, last: int, candidates: Candidates, scoring: Scoring, chosen: Chosen) -> None:
    """Chooses the neighbours of the products [first, last) from both their lists."""
    rule, scales, things, thing_of, weights, co_purchase_weight = scoring
    k = rule.neighbours
    keys, place_of = np.empty(2 * k, dtype=np.int64), np.empty((2 * k, 1), dtype=np.int64)
    neighbour, evidence = np.empty(2 * k, dtype=np.int32), np.empty((2 * k, 2), dtype=np.int64)
    co_purchase, content = np.empty(2 * k, dtype=np.float64), np.empty(2 * k, dtype=np.float64)
    listed = np.full(len(thing_of), -1, dtype=np.int32)
    category, brand, price, word_start, word, word_weight = things
    groups, degree, norm = scales
    for i in range(first, last):
        found, own = _gather(i, candidates, listed, neighbour, evidence), thing_of[i]
        for place in range(found):
            j = neighbour[place]
            other = thing_of[j]
            text = text_likeness(word_start, word, word_weight, own, other)
            content[place] = likeness(
                category[own], category[other], brand[own], brand[other], price[own], price[other], text, weights
            )
            cosine = evidence[place, 1] * (norm[i] * norm[j])
            co_purchase[place] = co_purchase_score(rule, cosine, evidence[place, 0], degree[i], degree[j], groups)
            keys[place] = key_of(blended(co_purchase[place], content[place], co_purchase_weight), j)
            place_of[place, 0] = place
        sort_descending(keys, place_of, 0, found)
        chosen.taken[i] = min(found, k)
        for rank in range(chosen.taken[i]):
            place = place_of[rank, 0]
            chosen.neighbour[i, rank] = neighbour[place]
            chosen.score[i, rank] = score_of(keys[rank])
            chosen.co_purchase[i, rank] = co_purchase[place]
            chosen.content[i, rank] = content[place]
            chosen.evidence[i, rank, 0] = evidence[place, 0]
            chosen.evidence[i, rank, 1] = evidence[place, 1]
