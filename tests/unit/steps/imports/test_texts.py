from __future__ import annotations

from datetime import UTC, datetime

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
