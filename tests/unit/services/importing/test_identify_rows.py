"""Ids of the rows of one import."""

from __future__ import annotations

import polars as pl
import pytest

from omnix_cli.errors import DataError
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER
from omnix_cli.services.importing.identify_rows import Identifier, among
from omnix_cli.steps.imports.identity import FILE, MADE
from tests.conftest import purchases


def rows(*ids: str | None, customers: str = "") -> pl.DataFrame:
    lines = purchases(*((customers[number : number + 1] or "c", "p", "2020-01-01") for number in range(len(ids))))
    return lines.with_columns(
        pl.Series("purchase_id", ids, dtype=pl.String),
        pl.lit("o").alias("order_id"),
        pl.lit(0, pl.Int32).alias(FILE),
        pl.int_range(pl.len(), dtype=pl.UInt64).alias(ROW_NUMBER),
        pl.lit(0, pl.UInt32).alias(ITEM),
    )


def test_missing_ids_are_made_and_repeated_lines_numbered() -> None:
    identifier = Identifier("purchases")
    ordered = identifier.ordered(rows(None, "given", None))
    assert ordered[MADE].to_list() == [True, False, True]
    assert identifier.numbered(ordered)["purchase_id"].to_list() == ["c#o#p", "given", "c#o#p#2"]


def test_numbers_continue_after_those_that_are_taken() -> None:
    identifier = Identifier("purchases")
    identifier.count_numbers_taken([rows("c#o#p", "c#o#p#2")])
    assert identifier.numbered(identifier.ordered(rows(None)))["purchase_id"].to_list() == ["c#o#p#3"]


def test_only_given_ids_with_a_number_may_equal_a_numbered_one() -> None:
    identifier = Identifier("purchases")
    ordered = identifier.ordered(rows("x", "c#o#p#2", None))
    assert identifier.may_be_numbered(ordered).to_list() == [False, True, False]
    assert not identifier.may_be_numbered(identifier.ordered(rows(None, None))).any()


def test_an_id_is_not_shared_by_customers_of_one_or_two_calls() -> None:
    identifier = Identifier("purchases")
    identifier.numbered(identifier.ordered(rows("one", customers="a")))
    with pytest.raises(DataError, match="`one` is given to rows of different customers"):
        identifier.numbered(identifier.ordered(rows("one", customers="b")))
    both = Identifier("purchases")
    with pytest.raises(DataError, match="`two`"):
        both.numbered(both.ordered(rows("two", "two", customers="ab")))


@pytest.mark.parametrize("size", [3, 1000])
def test_hashes_are_found_among_few_and_many(size: int) -> None:
    some = pl.Series(range(0, 2 * size, 2), dtype=pl.UInt64).to_numpy()
    assert among(pl.Series([0, 1, 2, 2 * size], dtype=pl.UInt64).to_numpy(), some).tolist() == [
        True,
        False,
        True,
        False,
    ]
