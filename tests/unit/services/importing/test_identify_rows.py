"""Ids of the rows of one import."""

from __future__ import annotations

import polars as pl
import pytest

from omnix_cli.errors import DataError
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER
from omnix_cli.services.importing.identify_rows import Identifier, among
from omnix_cli.steps.imports.groups.identity import FILE, MADE, RETURNED, WRITTEN
from tests.conftest import purchases


def rows(*ids: str | None, customers: str = "") -> pl.DataFrame:
    lines = purchases(*((customers[number : number + 1] or "c", "p", "2020-01-01") for number in range(len(ids))))
    return lines.with_columns(
        pl.Series("purchase_id", ids, dtype=pl.String),
        pl.lit("o").alias("order_id"),
        pl.col("purchased_at").dt.replace_time_zone(None).alias(WRITTEN),
        pl.lit(False).alias(RETURNED),
        pl.lit(0, pl.Int32).alias(FILE),
        pl.int_range(pl.len(), dtype=pl.UInt64).alias(ROW_NUMBER),
        pl.lit(0, pl.UInt32).alias(ITEM),
    )


def test_missing_ids_are_made() -> None:
    identified = Identifier("purchases").ordered(rows(None, "given", None))
    assert identified[MADE].to_list() == [True, False, True]
    assert identified["purchase_id"].to_list() == ["2020-01-01##o#p", "given", "2020-01-01##o#p"]
    assert Identifier("purchases", scope=()).identified(rows(None))["purchase_id"].to_list() == ["##o#p"]


def test_an_id_is_not_shared_by_customers_of_one_file() -> None:
    identifier = Identifier("purchases")
    with pytest.raises(DataError, match="`two` is given to rows of different customers"):
        identifier.stated(identifier.identified(rows("two", "two", customers="ab")))


@pytest.mark.parametrize("size", [3, 1000])
def test_hashes_are_found_among_few_and_many(size: int) -> None:
    some = pl.Series(range(0, 2 * size, 2), dtype=pl.UInt64).to_numpy()
    assert among(pl.Series([0, 1, 2, 2 * size], dtype=pl.UInt64).to_numpy(), some).tolist() == [
        True,
        False,
        True,
        False,
    ]
