from __future__ import annotations

import polars as pl
import pytest

from omnix_cli.steps.imports.groups.identity import CHANGED, FILE, MADE
from omnix_cli.steps.imports.groups.plain_groups import numbered, plain
from omnix_cli.steps.imports.groups.stated_lines import GROUP
from tests.unit.steps.imports.groups.order_lines import identified


def rows(*quantities: float) -> pl.DataFrame:
    return identified(*quantities).with_columns(pl.lit(1, pl.UInt64).alias(GROUP))


def test_lines_of_one_file_that_all_stand_are_plain() -> None:
    assert plain(rows(1, 2, 1), "purchases").to_list() == [1]


@pytest.mark.parametrize(
    "other",
    [
        pl.int_range(pl.len(), dtype=pl.Int32).alias(FILE),
        pl.lit("cancelled").alias("kind"),
        pl.lit(False).alias(MADE),
        pl.lit("2019-01-01##o#%line 1").alias("purchase_id"),
        pl.col("purchased_at").alias(CHANGED),
    ],
)
def test_lines_that_may_take_each_others_place_are_not(other: pl.Expr) -> None:
    assert plain(rows(1, 2).with_columns(other), "purchases").is_empty()


def test_lines_are_numbered_by_place_and_equal_ones_together() -> None:
    found = rows(1, 2, 1, 3)
    assert numbered(found, "purchases").to_list() == [f"2019-01-01##o#p{end}" for end in ("", "#3", "#2", "#4")]
    backwards = found.reverse()
    assert numbered(backwards, "purchases").reverse().equals(numbered(found, "purchases"))
