"""Products bought by the same customers, and customers who buy alike: sparse matrices and look-ups in them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import sparse

from omnix_cli.steps.ranking.baskets import Baskets, Floats, Ints, OwnPairs

NEIGHBOURS = 20
SHRINK = 10.0
MIN_SUPPORT = 3
NEAREST = 100
MOST_REFERENCES = 4_000
"""Nearest customers are looked for among at most so many, evenly spread over the ids: time stays linear."""
GROUPS = 7
_PLACES = 9  # distances are compared to so many places, so that equal customers tie


def neighbour_matrix(pairs: OwnPairs, shape: tuple[int, int], *, threads: int) -> sparse.csr_array:
    """Row i holds the 20 nearest products of product i by the customers who bought both: the cosine of the 0/1
    purchases times n / (n + 10), n the customers with both, at least 3."""
    from omnix_cli.kernels.accumulators import Lookups
    from omnix_cli.kernels.co_purchase import neighbours, workload
    from omnix_cli.kernels.incidence import build
    from omnix_cli.kernels.measures import COSINE, SUPPORT_SHIFT, Rule

    customers, products = shape
    one = np.full(len(pairs.customer), 1 << 32, dtype=np.int64)
    matrix = build(
        pairs.customer.astype(np.uint32),
        pairs.product.astype(np.uint32),
        one,
        group_count=customers,
        item_count=products,
    )
    rule = Rule(COSINE, NEIGHBOURS, MIN_SUPPORT, MIN_SUPPORT, SHRINK)
    none = Lookups(np.zeros(matrix.items + 1, np.int64), np.zeros(0, np.int32), np.zeros((0, 2), np.int64))
    owner = np.zeros(0, np.int32)
    found, _ = neighbours(matrix, workload(matrix), rule, owner=owner, lookups=none, threads=threads)
    buyers = np.bincount(pairs.product, minlength=products).astype(np.float64)
    source = np.repeat(np.arange(products), np.diff(found.start))
    both = (found.evidence[:, 0] >> SUPPORT_SHIFT).astype(np.float64)
    cosine = both / np.sqrt(buyers[source] * buyers[found.index]) * both / (both + SHRINK)
    return sparse.csr_array((cosine, found.index, found.start), shape=(products, products))


def taste_vectors(baskets: Baskets, asked: Ints) -> sparse.csr_array:
    """One row per customer: decayed frequencies in seven groups of baskets, as TIFUKNN has them (Hu et al., SIGIR
    2020; both decays .9), from the baskets before the day asked."""
    kept = baskets.day < asked[baskets.customer]
    customer, product, number = (part[kept] for part in (baskets.customer, baskets.product, baskets.number))
    count = baskets.count_before(asked)[customer]
    grouped = count > GROUPS
    group = np.where(grouped, number * GROUPS // np.maximum(count, 1), number)
    first = np.where(grouped, -(-group * count // GROUPS), number)
    last = np.where(grouped, -(-(group + 1) * count // GROUPS) - 1, number)
    groups = np.minimum(count, GROUPS)
    weight = 0.9 ** (last - number) / (last - first + 1) * 0.9 ** (groups - 1 - group) / np.maximum(groups, 1)
    return matrix_of(customer, product, weight, (baskets.customers, baskets.products))


class NearestCustomers:
    """The mean vector of the customers whose vectors are nearest to one's own."""

    def __init__(self, vectors: sparse.csr_array, *, threads: int) -> None:
        self._threads = threads
        has_history = np.flatnonzero(np.diff(vectors.indptr))
        stride = max(1, -(-len(has_history) // MOST_REFERENCES))
        self.reference = has_history[::stride]
        self._vectors = vectors[self.reference]
        self._by_product = self._vectors.tocsc()
        self._squares = _squares(self._vectors)

    def means(self, customer: Ints, vectors: sparse.csr_array) -> sparse.csr_array:
        """One row per customer, whose own vectors these are: the mean of the 100 nearest others (Euclidean)."""
        count = min(NEAREST, len(self.reference) - 1)
        if count < 1:
            return sparse.csr_array(vectors.shape)
        distance = np.round(_squares(vectors)[:, None] + self._squares[None, :] - 2 * self._dot(vectors), _PLACES)
        distance[customer[:, None] == self.reference[None, :]] = np.inf
        return self._mean(np.sort(np.argpartition(distance, count - 1, axis=1)[:, :count], axis=1))

    def _mean(self, nearest: Ints) -> sparse.csr_array:
        """Row i is the mean of the vectors of the references `nearest[i]`."""
        from omnix_cli.kernels.sparse_rows import count_of_sums, fill_sums
        from omnix_cli.kernels.threads import equal_blocks, share_out

        (rows, count), columns = nearest.shape, self._vectors.shape[1]
        indptr, indices, data = self._vectors.indptr, self._vectors.indices, self._vectors.data
        blocks, entries = equal_blocks(np.ones(rows, dtype=np.int64), self._threads), np.zeros(rows, dtype=np.int64)
        share_out(
            blocks,
            self._threads,
            lambda _, first, last: count_of_sums(first, last, nearest, indptr, indices, columns, entries),
        )
        start = np.concatenate([[0], np.cumsum(entries)])
        column, total = np.empty(start[-1], dtype=np.int32), np.zeros(start[-1])
        share_out(
            blocks,
            self._threads,
            lambda _, first, last: fill_sums(
                first, last, nearest, 1 / count, indptr, indices, data, columns, start, column, total
            ),
        )
        return sparse.csr_array((total, column, start), shape=(rows, columns))

    def _dot(self, vectors: sparse.csr_array) -> Floats:
        from omnix_cli.kernels.sparse_rows import add_dot_products
        from omnix_cli.kernels.threads import equal_blocks, share_out

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


def highest(matrix: sparse.csr_array, not_of: sparse.csr_array, most: int) -> tuple[Ints, Ints]:
    """Row and column of the `most` highest entries of each row where `not_of` has none; of equal ones the lower
    columns."""
    rows, columns = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    barred = np.zeros(matrix.shape[1], dtype=bool)
    for row, found, values in _rows(matrix):
        owned = not_of.indices[not_of.indptr[row] : not_of.indptr[row + 1]]
        barred[owned] = True
        fresh = ~barred[found]
        barred[owned] = False
        found, values = found[fresh], values[fresh]
        if len(values) > most:
            high = values >= np.partition(values, len(values) - most)[len(values) - most]
            found, values = found[high], values[high]
            found = found[np.lexsort((found, -values))[:most]]
        rows.append(np.full(len(found), row))
        columns.append(found.astype(np.int64))
    return np.concatenate(rows), np.concatenate(columns)


def values_at(matrix: sparse.csr_array, row: Ints, column: Ints) -> Floats:
    """The values at these places, 0 where the matrix has no entry; `row` must rise."""
    values = np.zeros(len(row))
    dense = np.zeros(matrix.shape[1])
    start = np.searchsorted(row, np.arange(matrix.shape[0] + 1))
    for number, found, entries in _rows(matrix):
        if start[number] < start[number + 1]:
            dense[found] = entries
            wanted = slice(start[number], start[number + 1])
            values[wanted] = dense[column[wanted]]
            dense[found] = 0.0
    return values


def _rows(matrix: sparse.csr_array) -> Iterator[tuple[int, npt.NDArray[np.int32], Floats]]:
    start = matrix.indptr
    for row in range(matrix.shape[0]):
        entries = slice(start[row], start[row + 1])
        yield row, matrix.indices[entries], matrix.data[entries].astype(np.float64, copy=False)


def _squares(vectors: sparse.csr_array) -> Floats:
    return np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel()
