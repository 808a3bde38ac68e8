"""The top-k neighbours by content: products that are described alike.

Only pairs that share a category, a brand or a word are looked at. A word or brand of more than WINDOW attribute sets
leads to no candidates, and in a category of more than WINDOW of them each looks at its WINDOW nearest by price.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from omnix_cli.kernels.compiled import compiled
from omnix_cli.kernels.topk import INDEX_BITS, INDEX_MASK, cut, key_of, sort_descending

WINDOW = 4096
MISSING = -1


class Attributes(NamedTuple):
    """What is known of each of a list of things, products or distinct sets of attributes; MISSING or NaN if not."""

    category: NDArray[np.int32]
    brand: NDArray[np.int32]
    price: NDArray[np.float64]
    word_start: NDArray[np.int64]
    """The words of thing i are `word[word_start[i]:word_start[i + 1]]`, rising; their weights have norm 1."""
    word: NDArray[np.int32]
    word_weight: NDArray[np.float64]


class Weights(NamedTuple):
    """The share of each part in the score."""

    category: float
    brand: float
    price: float
    text: float


class Postings(NamedTuple):
    """The things that have an attribute a: `thing[start[a]:start[a + 1]]`."""

    start: NDArray[np.int64]
    thing: NDArray[np.int32]
    weight: NDArray[np.float64]


@compiled
def price_likeness(one: float, other: float) -> float:
    """The smaller price as a share of the larger: 1 for equal prices, 0.5 for twice the price, without a step."""
    larger = max(one, other)
    return 1.0 if larger == 0 else min(one, other) / larger


@compiled
def text_likeness(things: Attributes, i: int, j: int) -> float:
    """The cosine of the two lists of words."""
    total = 0.0
    a, b = things.word_start[i], things.word_start[j]
    while a < things.word_start[i + 1] and b < things.word_start[j + 1]:
        if things.word[a] == things.word[b]:
            total += things.word_weight[a] * things.word_weight[b]
        step_a, step_b = things.word[a] <= things.word[b], things.word[b] <= things.word[a]
        a += step_a
        b += step_b
    return min(total, 1.0)


@compiled
def text_likeness_of_pairs(things: Attributes, one: NDArray[np.int32], other: NDArray[np.int32]) -> NDArray[np.float64]:
    """The cosine of the words of each pair; NaN where neither has any."""
    result = np.full(len(one), np.nan)
    for pair in range(len(one)):
        i, j = one[pair], other[pair]
        if things.word_start[i + 1] > things.word_start[i] or things.word_start[j + 1] > things.word_start[j]:
            result[pair] = text_likeness(things, i, j)
    return result


@compiled
def likeness(things: Attributes, i: int, j: int, text: float, weights: Weights) -> float:
    """The weighted mean of the parts, given the likeness of the texts. A part that both lack is left out and the rest
    rescaled; one that one of them lacks counts as unlike. NaN where nothing but prices can be compared."""
    total = shared = 0.0
    if things.category[i] != MISSING or things.category[j] != MISSING:
        shared += weights.category
        total += weights.category * (things.category[i] == things.category[j])
    if things.brand[i] != MISSING or things.brand[j] != MISSING:
        shared += weights.brand
        total += weights.brand * (things.brand[i] == things.brand[j])
    if things.word_start[i + 1] > things.word_start[i] or things.word_start[j + 1] > things.word_start[j]:
        shared += weights.text
        total += weights.text * text
    if shared == 0:
        return np.nan
    if not (np.isnan(things.price[i]) and np.isnan(things.price[j])):
        shared += weights.price
        if not (np.isnan(things.price[i]) or np.isnan(things.price[j])):
            total += weights.price * price_likeness(things.price[i], things.price[j])
    return total / shared


@compiled
def nearest(
    first: int,
    last: int,
    k: int,
    things: Attributes,
    weights: Weights,
    by_category: Postings,
    category_place: NDArray[np.int64],
    by_brand: Postings,
    by_word: Postings,
    out_keys: NDArray[np.int64],
    out_count: NDArray[np.int64],
) -> None:
    """The k best of the things [first, last), themselves among them, as keys, best first.

    `by_category` is in order of price within a category; `category_place` says where each thing stands in it."""
    count = len(things.category)
    text = np.zeros(count, dtype=np.float64)
    looked_at = np.full(count, MISSING, dtype=np.int32)
    candidates = np.empty(count, dtype=np.int32)
    keys = np.empty(2 * k, dtype=np.int64)
    no_evidence = np.empty((2 * k, 0), dtype=np.int64)
    for i in range(first, last):
        found = 0
        for place in range(things.word_start[i], things.word_start[i + 1]):
            word = things.word[place]
            start, end = by_word.start[word], by_word.start[word + 1]
            if end - start > WINDOW:
                continue
            for posting in range(start, end):
                j = by_word.thing[posting]
                text[j] += things.word_weight[place] * by_word.weight[posting]
                if looked_at[j] != i:
                    looked_at[j] = i
                    candidates[found] = j
                    found += 1
        spans = ((0, 0), (0, 0))
        if things.category[i] != MISSING:
            start, end = by_category.start[things.category[i]], by_category.start[things.category[i] + 1]
            low = max(start, min(category_place[i] - WINDOW // 2, end - WINDOW))
            spans = ((low, min(end, low + WINDOW)), spans[1])
        if things.brand[i] != MISSING:
            start, end = by_brand.start[things.brand[i]], by_brand.start[things.brand[i] + 1]
            if end - start <= WINDOW:
                spans = (spans[0], (start, end))
        for posting in range(spans[0][0], spans[0][1]):
            j = by_category.thing[posting]
            if looked_at[j] != i:
                looked_at[j] = i
                candidates[found] = j
                found += 1
        for posting in range(spans[1][0], spans[1][1]):
            j = by_brand.thing[posting]
            if looked_at[j] != i:
                looked_at[j] = i
                candidates[found] = j
                found += 1
        filled, threshold = 0, np.int64(-1)
        for place in range(found):
            j = candidates[place]
            score = likeness(things, i, j, min(text[j], 1.0), weights)
            text[j] = 0.0
            if np.isnan(score):
                continue
            key = key_of(score, j)
            if key > threshold:
                keys[filled] = key
                filled += 1
                if filled == 2 * k:
                    threshold = cut(keys, no_evidence, 0, filled, k)
                    filled = k
        if filled > k:
            cut(keys, no_evidence, 0, filled, k)
            filled = k
        sort_descending(keys, no_evidence, 0, filled)
        out_keys[i, :filled] = keys[:filled]
        out_count[i] = filled


@compiled
def spread(
    first: int,
    last: int,
    k: int,
    set_keys: NDArray[np.int64],
    set_count: NDArray[np.int64],
    member_start: NDArray[np.int64],
    member: NDArray[np.int32],
    out_keys: NDArray[np.int64],
    out_count: NDArray[np.int64],
) -> None:
    """From neighbours of the attribute sets [first, last) to the k best neighbours of their products.

    Products of one set are equally like; needs the k + 1 best sets, of equal ones those with the lowest product."""
    keys = np.empty(2 * (k + 1), dtype=np.int64)
    no_evidence = np.empty((len(keys), 0), dtype=np.int64)
    for one in range(first, last):
        filled, threshold = 0, np.int64(-1)
        for place in range(set_count[one]):
            score = set_keys[one, place] >> INDEX_BITS
            other = INDEX_MASK - (set_keys[one, place] & INDEX_MASK)
            start = member_start[other]
            for posting in range(start, min(member_start[other + 1], start + k + 1)):
                key = (score << INDEX_BITS) | (INDEX_MASK - member[posting])
                if key > threshold:
                    keys[filled] = key
                    filled += 1
                    if filled == len(keys):
                        threshold = cut(keys, no_evidence, 0, filled, k + 1)
                        filled = k + 1
        if filled > k + 1:
            cut(keys, no_evidence, 0, filled, k + 1)
            filled = k + 1
        sort_descending(keys, no_evidence, 0, filled)
        for posting in range(member_start[one], member_start[one + 1]):
            product = member[posting]
            count = 0
            for place in range(filled):
                if count < k and INDEX_MASK - (keys[place] & INDEX_MASK) != product:
                    out_keys[product, count] = keys[place]
                    count += 1
            out_count[product] = count
