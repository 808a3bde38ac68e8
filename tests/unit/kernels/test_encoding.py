from __future__ import annotations

import numpy as np

from omnix_cli.kernels.encoding import number_hashes


def test_hashes_are_numbered_in_the_order_they_appear() -> None:
    first_row, numbers = number_hashes(np.array([70, 5, 70, 9, 5], dtype=np.uint64))
    assert first_row.tolist() == [0, 1, 3]
    assert numbers.tolist() == [0, 1, 0, 2, 1]


def test_the_table_grows_and_forgets_nothing() -> None:
    hashes = np.arange(200_000, dtype=np.uint64) * np.uint64(2**20)  # low bits alike: every one collides
    first_row, numbers = number_hashes(np.concatenate([hashes[:3000], hashes[:3000]]))
    assert first_row.tolist() == list(range(3000))
    assert numbers.tolist() == list(range(3000)) * 2
    first_row, numbers = number_hashes(np.arange(200_000, dtype=np.uint64))
    assert (first_row == np.arange(200_000)).all()
    assert (numbers == np.arange(200_000)).all()
