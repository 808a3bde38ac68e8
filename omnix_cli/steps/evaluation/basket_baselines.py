"""Simple rules that rank the products of a next basket: what every method has to beat.

Each takes a split and which of its rows are known, and gives a `Scorer`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse

from omnix_cli.steps.evaluation.ranked_items import PARTS, Bools, Lists, Scorer, known_products
from omnix_cli.steps.evaluation.splits import Codes, Floats, Split

Baseline = Callable[[Split, Bools, Codes], Scorer]
"""Takes a split, which rows are known, and the questions that will be asked."""
RECENT_DAYS = 28
BATCH_CELLS = 8_000_000
"""Scores held at a time: questions x products, or x customers."""


def ranked(split: Split, baseline: Baseline, *, places: int, days: int = 7) -> Lists:
    """The first items of every question. What others bought is known as of the first question of the same week."""
    lists = Lists.empty(len(split.asked), places)
    for questions, known in split.snapshots(days):
        score = baseline(split, known, questions)
        fill(lists, split, score, questions)
    return lists


def fill(lists: Lists, split: Split, score: Scorer, questions: Codes, parts: Sequence[str] = PARTS) -> None:
    """Sets the lists of some questions, a batch at a time."""
    size = _batch(len(split.products))
    for first in range(0, len(questions), size):
        batch = questions[first : first + size]
        lists.fill(split, batch, score(batch), known_products(split, batch), parts)


def popular(split: Split, known: Bools, questions: Codes) -> Scorer:
    """By the number of baskets with the product."""
    share = _popularity(split, known)
    return lambda batch: np.tile(share, (len(batch), 1))


def popular_lately(split: Split, known: Bools, questions: Codes) -> Scorer:
    """By the number of baskets with the product in the last 28 days before the first question of the week."""
    newest = split.asked_day[questions].min()
    share = _popularity(split, known & (split.day >= newest - RECENT_DAYS))
    return lambda batch: np.tile(share, (len(batch), 1))


def frequency(split: Split, known: Bools, questions: Codes) -> Scorer:
    """By the number of own baskets with the product, equal ones by popularity; then popular products."""
    return _filled(split, known, lambda row, question: np.ones(len(row)), by_popularity=True)


def decayed(days: float) -> Baseline:
    """By the own baskets with the product, each worth exp(-age / days), in baskets without dates; then popular
    products."""

    def baseline(split: Split, known: Bools, questions: Codes) -> Scorer:
        return _filled(split, known, lambda row, question: np.exp(-(split.asked_day[question] - split.day[row]) / days))

    return baseline


def item_neighbours(split: Split, known: Bools, questions: Codes) -> Scorer:
    """Item kNN (Sarwar et al., WWW 2001): the sum of the cosines between a product and the own products, of who bought
    what; all neighbours count."""
    bought = sparse.coo_array(
        (np.ones(int(known.sum())), (split.who[known], split.what[known])),
        shape=(len(split.customers), len(split.products)),
    ).tocsr()
    bought.data[:] = 1.0
    norm = 1 / np.sqrt(np.maximum(bought.sum(axis=0), 1))
    unit = (bought @ sparse.diags_array(norm)).tocsr()

    def score(batch: Codes) -> Floats:
        own = split.own(batch, lambda row, question: np.ones(len(row)))
        own.data[:] = 1.0
        return np.asarray((own @ sparse.diags_array(norm) @ bought.T @ unit).todense())

    return score


class Tifuknn(NamedTuple):
    """The settings of TIFUKNN: decay within a group of baskets and between groups, the number of groups, neighbours,
    and the share of the own vector."""

    within: float = 0.9
    between: float = 0.7
    groups: int = 7
    neighbours: int = 300
    own_share: float = 0.7

    def baseline(self) -> Baseline:
        return lambda split, known, questions: _blended(nearest(split, known, questions, self), self.own_share)


class Profiles(NamedTuple):
    """Vectors of the customers of some questions, and the mean of those of their nearest customers."""

    questions: Codes
    own: sparse.csr_array
    others: dict[int, sparse.csr_array]


def nearest(split: Split, known: Bools, questions: Codes, settings: Tifuknn, *more: int) -> Profiles:
    """Temporal frequencies of baskets, and those of the nearest customers (Hu et al., SIGIR 2020). `more` are further
    numbers of neighbours."""
    everybody = _vectors(split, np.flatnonzero(known), split.who[known], len(split.customers), settings)
    place, row = split.own_rows(questions)
    own = _vectors(split, row, place, len(questions), settings)
    squares = np.asarray(everybody.multiply(everybody).sum(axis=1)).ravel()
    counts = sorted({settings.neighbours, *more})
    nobody = np.flatnonzero(squares == 0)
    chosen = {count: [np.zeros((0, 0), np.int64)] for count in counts}
    most = min(counts[-1], max(len(squares) - len(nobody) - 1, 0))
    size = _batch(len(squares))
    for first in range(0, len(questions), size):
        batch = slice(first, first + size)
        distance = squares - 2 * (own[batch] @ everybody.T).toarray()  # the own square changes no order
        distance[:, nobody] = np.inf
        distance[np.arange(len(distance)), split.asked[questions[batch]]] = np.inf
        order = _smallest(distance, most)
        for count in counts:
            chosen[count].append(order[:, :count])
    means = {count: _mean_of(np.concatenate(chosen[count][1:]), everybody) for count in counts}
    return Profiles(questions, own, means)


def _batch(columns: int) -> int:
    return max(BATCH_CELLS // max(columns, 1), 1)


def _blended(profiles: Profiles, own_share: float) -> Scorer:
    (others,) = profiles.others.values()
    return scored(profiles, own_share, others)


def scored(profiles: Profiles, own_share: float, others: sparse.csr_array) -> Scorer:
    """The own vector blended with that of others; products in neither are not offered."""
    place = {int(question): number for number, question in enumerate(profiles.questions)}

    def score(batch: Codes) -> Floats:
        rows = [place[int(question)] for question in batch]
        dense = np.asarray((own_share * profiles.own[rows] + (1 - own_share) * others[rows]).todense())
        dense[dense == 0] = -np.inf
        return dense

    return score


def _vectors(split: Split, rows: Codes, owner: Codes, size: int, settings: Tifuknn) -> sparse.csr_array:
    """The temporal frequency vectors of `size` owners of rows, each owner's rows in order of time."""
    shape = (size, len(split.products))
    if not len(rows):
        return sparse.csr_array(shape)
    trip = split.trip[rows]
    trips = np.zeros(size, np.int64)
    np.maximum.at(trips, owner, trip + 1)
    trips = trips[owner]
    is_grouped = trips > settings.groups
    group = np.where(is_grouped, trip * settings.groups // trips, trip)
    groups = np.where(is_grouped, settings.groups, trips)
    last = np.where(is_grouped, -(-(group + 1) * trips // settings.groups) - 1, trip)
    first = np.where(is_grouped, -(-group * trips // settings.groups), trip)
    in_group = settings.within ** (last - trip) / (last - first + 1)
    weight = in_group * settings.between ** (groups - 1 - group) / groups
    vectors: sparse.csr_array = sparse.coo_array((weight, (owner, split.what[rows])), shape=shape).tocsr()
    return vectors


def _smallest(distance: Floats, most: int) -> Codes:
    """The columns of the `most` smallest values of each row, smallest first; ties by column."""
    if most <= 0:
        return np.zeros((len(distance), 0), np.int64)
    found = np.empty((len(distance), most), np.int64)
    for row, line in enumerate(distance):
        limit = np.partition(line, most - 1)[most - 1]
        near = np.flatnonzero(line <= limit)
        found[row] = near[np.argsort(line[near], kind="stable")][:most]
    return found


def _mean_of(chosen: Codes, vectors: sparse.csr_array) -> sparse.csr_array:
    rows, count = chosen.shape
    share = np.full(chosen.size, 1 / max(count, 1))
    pick = sparse.coo_array(
        (share, (np.repeat(np.arange(rows), count), chosen.ravel())), shape=(rows, vectors.shape[0])
    )
    mean: sparse.csr_array = (pick.tocsr() @ vectors).tocsr()
    return mean


def _popularity(split: Split, known: Bools) -> Floats:
    return np.bincount(split.what[known], minlength=len(split.products)).astype(np.float64)


def _filled(
    split: Split, known: Bools, weigh: Callable[[Codes, Codes], Floats], *, by_popularity: bool = False
) -> Scorer:
    """Own products by their weight, then the others by how popular they are (below every own one)."""
    share = _popularity(split, known)
    share = share / (share.max(initial=0) + 1)

    def score(batch: Codes) -> Floats:
        own = np.asarray(split.own(batch, weigh).todense())
        return np.where(known_products(split, batch), own + share if by_popularity else own, share - 2)

    return score
