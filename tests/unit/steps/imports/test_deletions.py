"""Rows that were deleted at their source."""

from __future__ import annotations

import polars as pl

from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.inputs import DELETED, ITEM, ROW_NUMBER
from omnix_cli.schemas import FRAMES
from omnix_cli.steps.imports import deletions
from tests.conftest import purchases

RAW = pl.DataFrame(
    {
        "purchase_id": ["1", "2", "3"],
        "customer_id": ["ann", None, None],
        DELETED: [False, True, True],
        ROW_NUMBER: pl.Series([1, 2, 3], dtype=pl.UInt64),
        ITEM: pl.Series([0, 0, 0], dtype=pl.UInt32),
    }
)


def test_a_deletion_of_which_only_the_id_is_known_is_split_off() -> None:
    rows, bare = deletions.split_bare(RAW, ColumnMapping(kind="purchases"))
    assert rows["purchase_id"].to_list() == ["1"]
    assert bare["purchase_id"].to_list() == ["2", "3"]


def test_a_known_purchase_is_cancelled_and_an_unknown_one_quarantined() -> None:
    _, bare = deletions.split_bare(RAW, ColumnMapping(kind="purchases"))
    known = purchases(("ann", "p", "2020-01-01")).with_columns(purchase_id=pl.lit("2"))
    cancelled = deletions.cancelled(bare, known)
    assert cancelled.select("purchase_id", "kind").rows() == [("2", "cancelled")]
    (unknown,) = deletions.nothing_done(bare, known, "purchases", "a").to_dicts()
    assert (unknown["value"], unknown["expected"], unknown["reason"]) == (
        "3",
        True,
        "deleted there, never imported here",
    )


def test_rows_of_other_kinds_are_kept() -> None:
    (problem,) = deletions.set_aside(RAW, ColumnMapping(kind="products"))
    assert (problem.mask.to_list(), problem.expected) == ([False, True, True], True)
    assert deletions.set_aside(RAW.drop(DELETED), ColumnMapping(kind="products")) == []
    assert FRAMES["products"].key == ("product_id",)
