from __future__ import annotations

from functools import partial
from pathlib import Path

import polars as pl
import pytest

from omnix_cli.errors import DataError
from omnix_cli.services.importing.held.current_lines import NO_RECORDS
from omnix_cli.services.importing.held.disputed_rows import DisputedRows
from omnix_cli.services.importing.identify_rows import Identifier
from omnix_cli.stores.inputs.spill import DiskSpill
from tests.unit.steps.imports.groups.order_lines import stated


@pytest.fixture
def disputed(tmp_path: Path) -> partial[DisputedRows]:
    """Three groups of two lines each; nothing is stored."""
    lines = DiskSpill(tmp_path)
    for group in range(3):
        lines.add(stated(1.0, 2.0).with_columns(pl.lit(group, pl.UInt64).alias("_group")))
    return partial(DisputedRows, Identifier("purchases"), lines, DiskSpill(tmp_path), NO_RECORDS)


@pytest.mark.parametrize(("size", "pieces"), [(1, [2, 2, 2]), (2, [2, 2, 2]), (4, [4, 2]), (100, [6])])
def test_all_rows_of_a_group_come_together(disputed: partial[DisputedRows], size: int, pieces: list[int]) -> None:
    found = list(disputed().groups(size))
    assert sorted((some.stated.height for some in found), reverse=True) == pieces
    assert sum(some.stated["_group"].n_unique() for some in found) == 3
    assert all(some.current.is_empty() for some in found)


def test_a_group_that_memory_may_not_hold_is_refused(disputed: partial[DisputedRows]) -> None:
    assert list(disputed(_largest=2).groups(100))
    with pytest.raises(DataError, match=r"more than 1 lines are about the same thing: 2019-01-01##o#p"):
        list(disputed(_largest=1).groups(100))
