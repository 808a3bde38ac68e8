"""Stored rows are recognised by hashes; `tests/integration/test_line_identity.py` has whole imports."""

from __future__ import annotations

import numpy as np
import polars as pl

from omnix_cli.services.importing.held.current_lines import CurrentLines


def hashes(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.uint64)


def lines() -> CurrentLines:
    """Group 1 with one line, group 2 with two equal lines and another one, group 3 with a cancelled one."""
    rows = {"group": [2, 1, 2, 2, 3], "exact": [20, 10, 20, 21, 30], "stands": [True, True, True, True, False]}
    schema = {"group": pl.UInt64, "exact": pl.UInt64}
    return CurrentLines([pl.DataFrame(rows, schema_overrides=schema).with_columns(again=pl.lit(False))])


def test_a_file_with_exactly_the_current_lines_changes_nothing() -> None:
    current = lines()
    known = current.known(hashes(1, 2, 2, 2), hashes(10, 20, 21, 20), hashes(2, 3, 4, 5))
    assert known.all()
    assert current.end_of_file(0, hashes()).is_empty()
    assert not current.noisy_groups().size


def test_groups_that_a_file_has_otherwise_are_noisy_and_recorded() -> None:
    current = lines()
    known = current.known(hashes(1, 2, 2, 3, 9), hashes(11, 20, 20, 30, 90), hashes(2, 3, 4, 5, 6))
    assert known.tolist() == [False, True, True, False, False]
    records = current.end_of_file(7, hashes())
    assert records.select("group", "exact", "hits", "first", "last").rows() == [(2, 20, 2, 3, 4)]
    assert current.noisy_groups().tolist() == [1, 2, 3]
