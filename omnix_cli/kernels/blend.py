"""Merges co-purchase and content neighbours: the k best of both lists by the blended score."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from omnix_cli.kernels.compiled import compiled
from omnix_cli.kernels.content import MISSING, Attributes, Weights, likeness, text_likeness
from omnix_cli.kernels.measures import CUSTOMERS_MASK, SUPPORT_SHIFT, Rule, Scales, counts_as_pair, measure_of
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
    expected: NDArray[np.float64]
    """The co-purchase score to expect of a pair by its content, at content 0, ..., 1 in equal steps."""


NEED_CONTENT = 0.5
"""Products of one category, or without categories of one text, are alike enough to meet the same need from here on."""
RESERVED = 5
"""One in so many neighbours is kept for products of the same need, where there are some."""


class Chosen(NamedTuple):
    """The k best of each product: a row per product; the first `taken` are filled."""

    taken: NDArray[np.int64]
    neighbour: NDArray[np.int32]
    score: NDArray[np.float64]
    co_purchase: NDArray[np.float64]
    content: NDArray[np.float64]
    same_need: NDArray[np.bool_]
    evidence: NDArray[np.int64]


@compiled
def is_same_need(category: int, other_category: int, text: float, content: float) -> bool:
    """Whether two products seem to be for the same need: of one category, or, where neither has one, of one text."""
    if category == MISSING and other_category == MISSING:
        return text >= NEED_CONTENT
    return category == other_category and content >= NEED_CONTENT


@compiled
def co_purchase_score(
    rule: Rule, cosine: float, weight: float, counts: int, degree: float, other_degree: float, groups: float
) -> float:
    """The shrunk measure of a pair; NaN if it may not be shown, or is not bought together more than by chance."""
    support = counts >> SUPPORT_SHIFT
    if support < rule.min_support or (counts & CUSTOMERS_MASK) < rule.min_customers:
        return np.nan
    if not counts_as_pair(rule, weight, support, degree, other_degree, groups):
        return np.nan
    measure = measure_of(rule.measure, cosine, support, degree, other_degree, groups)
    return measure * (weight / (weight + rule.shrink))


@compiled
def expected_score(content: float, expected: NDArray[np.float64]) -> float:
    """The co-purchase score to expect by content, between the steps of `expected` in proportion."""
    place = content * (len(expected) - 1)
    low = min(int(place), len(expected) - 2)
    return float(expected[low] + (place - low) * (expected[low + 1] - expected[low]))


@compiled
def blended(co_purchase: float, content: float, trust: float, co_purchase_weight: float) -> float:
    """The estimate of co-purchase, shrunk toward what the content lets expect instead of toward 0:
    t * measure + (1 - t) * expected, with t the `trust` in the measure and t * measure = `co_purchase`.

    A weight w other than one half leans to one side: the parts count min(1, 2 w) and min(1, 2 (1 - w)). An absent
    part counts as 0."""
    score = 0.0
    if not np.isnan(co_purchase):
        score += min(1.0, 2 * co_purchase_weight) * co_purchase
    if not np.isnan(content):
        score += min(1.0, 2 - 2 * co_purchase_weight) * (1 - trust) * content
    return score


@compiled
def score_by_content(candidates: Candidates, scoring: Scoring, steps: int) -> NDArray[np.float64]:
    """For the pairs that content proposes, per step of content: the sum of their co-purchase scores (0 where there is
    none), and how many they are. Only products that could have one count: each in `min_support` groups or more."""
    rule, scales = scoring.rule, scoring.scales
    degree, unit, norm = scales.degree, scales.unit, scales.inverse_norm
    total = np.zeros((steps, 2))
    for i in range(len(candidates.alike_count)):
        for place in range(candidates.alike_count[i]):
            key = candidates.alike[i, place]
            j = INDEX_MASK - (key & INDEX_MASK)
            if min(degree[i], degree[j]) < rule.min_support:
                continue
            answer = candidates.alike_start[i] + place
            counts, dot = candidates.alike_evidence[answer, 0], candidates.alike_evidence[answer, 1]
            cosine, weight = dot * (norm[i] * norm[j]), dot * (unit[i] * unit[j])
            score = co_purchase_score(rule, cosine, weight, counts, degree[i], degree[j], scales.groups)
            step = int(score_of(key) * (steps - 1) + 0.5)
            total[step, 0] += 0.0 if np.isnan(score) else score
            total[step, 1] += 1
    return total


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
def _keep_same_need(
    found: int,
    k: int,
    keys: NDArray[np.int64],
    place_of: NDArray[np.int64],
    same_need: NDArray[np.bool_],
    content: NDArray[np.float64],
) -> None:
    """Swaps the last of the first k candidates with later ones of the same need, and leaves the first k sorted."""
    missing = k // RESERVED
    for rank in range(min(found, k)):
        missing -= same_need[place_of[rank, 0]]
    last = k - 1
    while missing > 0 and found > k:
        best = -1
        for rank in range(k, found):
            place = place_of[rank, 0]
            if same_need[place] and (best < 0 or content[place] > content[place_of[best, 0]]):
                best = rank
        while last >= 0 and same_need[place_of[last, 0]]:
            last -= 1
        if best < 0 or last < 0:
            break
        keys[last], keys[best] = keys[best], keys[last]
        place_of[last, 0], place_of[best, 0] = place_of[best, 0], place_of[last, 0]
        missing -= 1
    sort_descending(keys, place_of, 0, min(found, k))


@compiled
def blend(first: int, last: int, candidates: Candidates, scoring: Scoring, chosen: Chosen) -> None:
    """Chooses the neighbours of the products [first, last) from both their lists: the best by score, but the last
    places go to the most alike of the same need until those are one in `RESERVED`."""
    rule, scales, things, thing_of, weights, co_purchase_weight, expected = scoring
    k = rule.neighbours
    keys, place_of = np.empty(2 * k, dtype=np.int64), np.empty((2 * k, 1), dtype=np.int64)
    neighbour, evidence = np.empty(2 * k, dtype=np.int32), np.empty((2 * k, 2), dtype=np.int64)
    co_purchase, content = np.empty(2 * k, dtype=np.float64), np.empty(2 * k, dtype=np.float64)
    same_need = np.empty(2 * k, dtype=np.bool_)
    listed = np.full(len(thing_of), -1, dtype=np.int32)
    category, brand, price, word_start, word, word_weight = things
    groups, degree, norm, unit = scales
    for i in range(first, last):
        found, own = _gather(i, candidates, listed, neighbour, evidence), thing_of[i]
        for place in range(found):
            j = neighbour[place]
            other = thing_of[j]
            text = text_likeness(word_start, word, word_weight, own, other)
            content[place] = likeness(
                category[own], category[other], brand[own], brand[other], price[own], price[other], text, weights
            )
            same_need[place] = is_same_need(category[own], category[other], text, content[place])
            cosine = evidence[place, 1] * (norm[i] * norm[j])
            weight = evidence[place, 1] * (unit[i] * unit[j])
            score = co_purchase_score(rule, cosine, weight, evidence[place, 0], degree[i], degree[j], groups)
            trust = 0.0 if np.isnan(score) else weight / (weight + rule.shrink)
            foreseen = np.nan if np.isnan(content[place]) else expected_score(content[place], expected)
            co_purchase[place] = score
            keys[place] = key_of(blended(score, foreseen, trust, co_purchase_weight), j)
            place_of[place, 0] = place
        sort_descending(keys, place_of, 0, found)
        _keep_same_need(found, k, keys, place_of, same_need, content)
        chosen.taken[i] = min(found, k)
        for rank in range(chosen.taken[i]):
            place = place_of[rank, 0]
            chosen.neighbour[i, rank] = neighbour[place]
            chosen.score[i, rank] = score_of(keys[rank])
            chosen.co_purchase[i, rank] = co_purchase[place]
            chosen.content[i, rank] = content[place]
            chosen.same_need[i, rank] = same_need[place]
            chosen.evidence[i, rank, 0] = evidence[place, 0]
            chosen.evidence[i, rank, 1] = evidence[place, 1]
