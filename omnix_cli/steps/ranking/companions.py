"""Products bought by the same customers, and customers who buy alike: sparse matrices and look-ups in them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import sparse

from omnix_cli.kernels.threads import equal_blocks, share_out
from omnix_cli.steps.coded_days import Codes
from omnix_cli.steps.ranking.baskets import Baskets, Floats, Ints

NEIGHBOURS = 20
SHRINK = 10.0
MIN_SUPPORT = 3
NEAREST = 100
MOST_REFERENCES = 4_000
"""Nearest customers are looked for among at most so many, evenly spread over the ids: time stays linear."""
GROUPS = 7
_PLACES = 9  # distances are compared to so many places, so that equal customers tie


def neighbour_matrix(customer: Codes, product: Codes, shape: tuple[int, int], *, threads: int) -> sparse.csr_array:
    """Row i holds the 20 nearest products of product i by the customers who bought both (of the pairs of `customer` and
    `product`, each once): the cosine of the 0/1 purchases times n / (n + 10), n the customers with both, at least 3."""
    from omnix_cli.kernels.accumulators import Lookups
    from omnix_cli.kernels.co_purchase import neighbours, workload
    from omnix_cli.kernels.incidence import build
    from omnix_cli.kernels.measures import COSINE, SUPPORT_SHIFT, Rule

    customers, products = shape
    buyers = np.bincount(product, minlength=products).astype(np.float64)
    kept = (buyers >= MIN_SUPPORT)[product]  # others have no neighbours
    matrix = build(
        customer[kept].astype(np.uint32),
        product[kept].astype(np.uint32),
        np.full(int(kept.sum()), 1 << 32, dtype=np.int64),
        group_count=customers,
        item_count=products,
    )
    rule = Rule(COSINE, NEIGHBOURS, MIN_SUPPORT, MIN_SUPPORT, SHRINK)
    none = Lookups(np.zeros(matrix.items + 1, np.int64), np.zeros(0, np.int32), np.zeros((0, 2), np.int64))
    owner = np.zeros(0, np.int32)
    found, _ = neighbours(matrix, workload(matrix), rule, owner=owner, lookups=none, threads=threads)
    source = np.repeat(np.arange(products), np.diff(found.start))
    both = (found.evidence[:, 0] >> SUPPORT_SHIFT).astype(np.float64)
    cosine = both / np.sqrt(buyers[source] * buyers[found.index]) * both / (both + SHRINK)
    return sparse.csr_array((cosine, found.index, found.start), shape=(products, products))


def taste_vectors(baskets: Baskets, asked: Ints, count: Ints, customers: Ints) -> sparse.csr_array:
    """One row for each of the rising `customers`: decayed frequencies in seven groups of baskets, as TIFUKNN has them
    (Hu et al., SIGIR 2020; both decays .9), from the baskets before the day asked, so many as `count` says (one of each
    for every customer of the shop; the day is `NEVER` for those between the `customers`)."""
    kept = baskets.before(asked, baskets.entries(customers))
    customer, product, number = (
        part[kept].astype(np.int64) for part in (baskets.customer, baskets.product, baskets.number)
    )
    count = count[customer]
    grouped = count > GROUPS
    group = np.where(grouped, number * GROUPS // np.maximum(count, 1), number)
    first = np.where(grouped, -(-group * count // GROUPS), number)
    last = np.where(grouped, -(-(group + 1) * count // GROUPS) - 1, number)
    groups = np.minimum(count, GROUPS)
    weight = 0.9 ** (last - number) / (last - first + 1) * 0.9 ** (groups - 1 - group) / np.maximum(groups, 1)
    row = np.searchsorted(customers, customer)
    return matrix_of(row, product, weight, (len(customers), baskets.products))


def references(baskets: Ints) -> Ints:
    """Of the customers with any baskets (how many each has), at most 4,000, evenly spread over the ids."""
    has_history = np.flatnonzero(baskets)
    return has_history[:: max(1, -(-len(has_history) // MOST_REFERENCES))]


class Sums:
    """Rows that are weighted sums of the rows of a matrix: made where they are looked at, and never kept."""

    def __init__(self, weights: sparse.csr_array, rows: sparse.csr_array, *, threads: int) -> None:
        """Row i is the sum of weights[i, j] times rows[j]."""
        self._parts = (*_arrays(weights), *_arrays(rows))
        self._shape = (weights.shape[0], rows.shape[1])
        self._blocks = equal_blocks(np.diff(weights.indptr).astype(np.int64) + 1, threads)
        self._threads = threads

    def highest(self, barred: sparse.csr_array, most: int) -> tuple[Ints, Ints]:
        """Row and column of the `most` highest positive values of each row where `barred` has no entry; of equal ones
        the lower columns."""
        from omnix_cli.kernels import sparse_rows

        found = np.empty((self._shape[0], most), dtype=np.int32)
        start, column, _ = _arrays(barred)
        sums = sparse_rows.WeightedRows(*self._parts)
        self._run(lambda first, last, room: sparse_rows.highest_sums(first, last, sums, start, column, room, found))
        row, place = np.nonzero(found >= 0)
        return row, found[row, place].astype(np.int64)

    def at(self, row: Ints, column: Ints) -> Floats:
        """The values at these places; `row` must rise."""
        from omnix_cli.kernels import sparse_rows

        start = np.searchsorted(row, np.arange(self._shape[0] + 1))
        found = np.empty(len(row))
        sums = sparse_rows.WeightedRows(*self._parts)
        self._run(lambda first, last, room: sparse_rows.sums_at(first, last, sums, start, column, room, found))
        return found

    def _run(self, rows: Callable[[int, int, Floats], None]) -> None:
        rooms = np.zeros((self._threads, self._shape[1]))
        share_out(self._blocks, self._threads, lambda thread, first, last: rows(first, last, rooms[thread]))


class NearestCustomers:
    """The mean vector of the customers whose vectors are nearest to one's own."""

    def __init__(self, reference: Ints, vectors: sparse.csr_array, *, threads: int) -> None:
        """Among the customers `reference`, whose vectors these are."""
        self._threads = threads
        self.reference = reference
        self._vectors = vectors
        self._by_product = self._vectors.tocsc()
        self._squares = _squares(self._vectors)

    def means(self, customer: Ints, vectors: sparse.csr_array) -> Sums:
        """One row per customer, whose own vectors these are: the mean of the 100 nearest others (Euclidean)."""
        count = min(NEAREST, len(self.reference) - 1)
        if count < 1:
            none = sparse.csr_array((len(customer), len(self.reference)))
            return Sums(none, self._vectors, threads=self._threads)
        distance = np.round(_squares(vectors)[:, None] + self._squares[None, :] - 2 * self._dot(vectors), _PLACES)
        distance[customer[:, None] == self.reference[None, :]] = np.inf
        nearest = np.sort(np.argpartition(distance, count - 1, axis=1)[:, :count], axis=1)
        start = np.arange(len(customer) + 1) * count
        share = np.full(nearest.size, 1 / count)
        chosen = sparse.csr_array((share, nearest.ravel(), start), shape=distance.shape)
        return Sums(chosen, self._vectors, threads=self._threads)

    def _dot(self, vectors: sparse.csr_array) -> Floats:
        from omnix_cli.kernels.sparse_rows import add_dot_products

        total = np.zeros((vectors.shape[0], len(self.reference)))
        one, other = vectors, self._by_product

        def add(_: int, first: int, last: int) -> None:
            mine = (one.indptr, one.indices, one.data)
            add_dot_products(first, last, *mine, other.indptr, other.indices, other.data, total)

        share_out(equal_blocks(np.diff(one.indptr) + 1, self._threads), self._threads, add)
        return total


def matrix_of(row: Ints, column: Ints, values: Floats, shape: tuple[int, int]) -> sparse.csr_array:
    """The entries as a matrix; its indexes rise within each row."""
    matrix = sparse.coo_array((values, (row, column)), shape=shape).tocsr()
    matrix.sort_indices()
    return matrix


def places(matrix: sparse.csr_array) -> tuple[Ints, Ints]:
    """Row and column of each entry."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)), matrix.indices.astype(np.int64)


def values_at(matrix: sparse.csr_array, row: Ints, column: Ints) -> Floats:
    """The values at these places, 0 where the matrix has no entry; its indexes rise within each row."""
    width = matrix.shape[1]
    rows, columns = places(matrix)
    keys = rows * width + columns
    wanted = row * width + column
    place = np.searchsorted(keys, wanted)
    is_there = np.append(keys, -1)[place] == wanted
    return np.where(is_there, np.append(matrix.data, 0.0)[place], 0.0)


def _arrays(matrix: sparse.csr_array) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], Floats]:
    """The matrix as kernels take it."""
    return matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32), matrix.data.astype(np.float64)


def _squares(vectors: sparse.csr_array) -> Floats:
    return np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel()
