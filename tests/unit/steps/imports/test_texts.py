from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from omnix_cli.steps.imports.texts import all_digits
from tests.unit.steps.imports.lines import LINE, cleaned


def test_ids_are_trimmed_and_keep_their_leading_zeros() -> None:
    result = cleaned({**LINE, "customer_id": " 007 ", "product_id": "0010"})
    assert result.rows.select("customer_id", "product_id").row(0) == ("007", "0010")


def test_whole_number_ids_lose_what_a_spreadsheet_added() -> None:
    result = cleaned({**LINE, "customer_id": "17850.0"}, whole_number_ids=True)
    assert result.rows["customer_id"].to_list() == ["17850"]


def test_typed_columns_keep_their_values() -> None:
    line = {
        **LINE,
        "customer_id": 12.0,
        "quantity": 2,
        "purchased_at": datetime(2020, 1, 1, 5),
        "unit_price": float("nan"),
    }
    row = cleaned(line).rows.row(0, named=True)
    assert (row["customer_id"], row["quantity"], row["unit_price"]) == ("12", 2.0, None)
    assert row["purchased_at"] == datetime(2020, 1, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("texts", "digits"),
    [
        (["1", "007"], True),
        (["1", ""], False),
        (["1", None], False),
        (["1"] * 100 + ["C1"], False),
        (["1"] * 100 + [" 1"], False),
        (["1", "\u0661"], False),  # a digit, but no ASCII one
        (["-1"], False),
        ([], False),
    ],
)
def test_ids_that_are_all_digits(texts: list[str | None], digits: bool) -> None:
    assert all_digits(pl.Series(texts, dtype=pl.String)) == digits


def test_numbers_are_no_texts() -> None:
    assert not all_digits(pl.Series([1, 2]))
