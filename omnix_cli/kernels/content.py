"""The top-k neighbours by content: products with similar descriptions.

Only pairs that share a category, a brand or a word are compared. A word or brand of more than WINDOW attribute sets
leads to no candidates, and in a category of more than WINDOW of them each looks at its WINDOW nearest by price.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from omnix_cli.kernels.compiled import compiled
from omnix_cli.kernels.topk import INDEX_BITS, INDEX_MASK, cut, key_of, settle

WINDOW = 4096
MISSING = -1


class Attributes(NamedTuple):
    """The attributes of a list of things (products, or distinct sets of attributes); MISSING or NaN if unknown."""

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
def text_likeness(
    start: NDArray[np.int64], word: NDArray[np.int32], weight: NDArray[np.float64], i: int, j: int
) -> float:
    """The cosine of the words of two things; NaN where neither has any."""
    a, end_a = start[i], start[i + 1]
    b, end_b = start[j], start[j + 1]
    if a == end_a and b == end_b:
        return np.nan
    total = 0.0
    while a < end_a and b < end_b:
        word_a, word_b = word[a], word[b]
        if word_a == word_b:
            total += weight[a] * weight[b]
        a += word_a <= word_b
        b += word_b <= word_a
    return min(total, 1.0)


@compiled
def text_likeness_of_pairs(things: Attributes, one: NDArray[np.int32], other: NDArray[np.int32]) -> NDArray[np.float64]:
    """The cosine of the words of each pair of things."""
    start, word, weight = things.word_start, things.word, things.word_weight
    result = np.empty(len(one))
    for pair in range(len(one)):
        result[pair] = text_likeness(start, word, weight, one[pair], other[pair])
    return result


@compiled
def likeness(
    category: int,
    other_category: int,
    brand: int,
    other_brand: int,
    price: float,
    other_price: float,
    text: float,
    weights: Weights,
) -> float:
    """The weighted mean of the parts. A part that both lack is left out and the rest rescaled; one that only one of
    them has counts as unlike. Prices p <= q are alike by p / q: half for twice the price, without a step.
    NaN where nothing but prices can be compared."""
    total = shared = 0.0
    if category != MISSING or other_category != MISSING:
        shared += weights.category
        total += weights.category * (category == other_category)
    if brand != MISSING or other_brand != MISSING:
        shared += weights.brand
        total += weights.brand * (brand == other_brand)
    if not np.isnan(text):
        shared += weights.text
        total += weights.text * text
    if shared == 0:
        return np.nan
    if price == price or other_price == other_price:  # either is a number
        shared += weights.price
        if price == other_price:
            total += weights.price
        elif price < other_price or price > other_price:
            total += weights.price * (min(price, other_price) / max(price, other_price))
    return total / shared


class Index(NamedTuple):
    """Who has each attribute."""

    by_category: Postings
    """In order of price within a category."""
    category_place: NDArray[np.int64]
    """The index of each thing in `by_category`."""
    by_brand: Postings
    by_word: Postings


class Ranked(NamedTuple):
    """A row of keys per thing, best first; the first `counts` are filled."""

    keys: NDArray[np.int64]
    counts: NDArray[np.int64]


class Candidates(NamedTuple):
    """The things compared with one of them."""

    thing: NDArray[np.int32]
    looked_at: NDArray[np.int32]
    """The thing that this one was last compared with."""
    text: NDArray[np.float64]
    """The likeness of the texts so far."""


@compiled
def _add(i: int, candidates: Candidates, found: int, postings: Postings, start: int, end: int) -> int:
    """Adds the things of a stretch of postings; returns how many candidates there are."""
    thing, looked_at, listed = candidates.thing, candidates.looked_at, postings.thing
    for posting in range(start, end):
        j = listed[posting]
        if looked_at[j] != i:
            looked_at[j] = i
            thing[found] = j
            found += 1
    return found


@compiled
def _add_by_words(i: int, candidates: Candidates, things: Attributes, by_word: Postings) -> int:
    """Looks at the things that share a word with thing i, adding up the cosine; returns how many they are."""
    found, text, weight = 0, candidates.text, by_word.weight
    for place in range(things.word_start[i], things.word_start[i + 1]):
        start, end = by_word.start[things.word[place]], by_word.start[things.word[place] + 1]
        if end - start > WINDOW:
            continue
        found = _add(i, candidates, found, by_word, start, end)
        for posting in range(start, end):
            text[by_word.thing[posting]] += things.word_weight[place] * weight[posting]
    return found


@compiled
def _add_by_labels(i: int, candidates: Candidates, found: int, things: Attributes, index: Index) -> int:
    """Looks at those of its category, the nearest by price if there are many, and of its brand."""
    by_category, category_place, by_brand = index.by_category, index.category_place, index.by_brand
    category, brand = things.category[i], things.brand[i]
    if category != MISSING:
        start, end = by_category.start[category], by_category.start[category + 1]
        start = max(start, min(category_place[i] - WINDOW // 2, end - WINDOW))
        found = _add(i, candidates, found, by_category, start, min(end, start + WINDOW))
    if brand != MISSING and by_brand.start[brand + 1] - by_brand.start[brand] <= WINDOW:
        found = _add(i, candidates, found, by_brand, by_brand.start[brand], by_brand.start[brand + 1])
    return found


@compiled
def nearest(first: int, last: int, k: int, things: Attributes, weights: Weights, index: Index, best: Ranked) -> None:
    """Writes the k best of each of the things [first, last), the thing itself among them, to `best`."""
    category, brand, price, word_start = things.category, things.brand, things.price, things.word_start
    count = len(category)
    thing, text = np.empty(count, dtype=np.int32), np.zeros(count, dtype=np.float64)
    candidates = Candidates(thing, np.full(count, MISSING, dtype=np.int32), text)
    keys = np.empty(2 * k, dtype=np.int64)
    no_evidence = np.empty((2 * k, 0), dtype=np.int64)
    for i in range(first, last):
        found = _add_by_words(i, candidates, things, index.by_word)
        found = _add_by_labels(i, candidates, found, things, index)
        filled, threshold = 0, -1
        for place in range(found):
            j = thing[place]
            wordless = word_start[i] == word_start[i + 1] and word_start[j] == word_start[j + 1]
            words = np.nan if wordless else min(text[j], 1.0)
            text[j] = 0.0
            score = likeness(category[i], category[j], brand[i], brand[j], price[i], price[j], words, weights)
            if np.isnan(score) or key_of(score, j) <= threshold:
                continue
            keys[filled] = key_of(score, j)
            filled += 1
            if filled == 2 * k:
                threshold = cut(keys, no_evidence, 0, filled, k)
                filled = k
        best.counts[i] = settle(keys, no_evidence, filled, k)
        for rank in range(best.counts[i]):
            best.keys[i, rank] = keys[rank]


@compiled
def spread(first: int, last: int, k: int, best_sets: Ranked, members: Postings, best: Ranked) -> None:
    """From neighbours of the attribute sets [first, last) to the k best neighbours of their products (`members`).

    Products of one set are equally like; needs the k + 1 best sets, of equal ones those with the lowest product."""
    set_keys, member_start, member = best_sets.keys, members.start, members.thing
    keys = np.empty(2 * (k + 1), dtype=np.int64)
    no_evidence = np.empty((len(keys), 0), dtype=np.int64)
    for one in range(first, last):
        filled, threshold = 0, -1
        for place in range(best_sets.counts[one]):
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
        filled = settle(keys, no_evidence, filled, k + 1)
        for posting in range(member_start[one], member_start[one + 1]):
            product = member[posting]
            count = 0
            for place in range(filled):
                if count < k and INDEX_MASK - (keys[place] & INDEX_MASK) != product:
                    best.keys[product, count] = keys[place]
                    count += 1
            best.counts[product] = count
