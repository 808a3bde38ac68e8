from __future__ import annotations

import polars as pl
import pytest

from omnix_cli.steps.imports.dates.orders import order_evidence


@pytest.mark.parametrize(
    ("written", "orders"),
    [
        ("13/04/2024", {"day first"}),
        ("04-13-2024 10:00", {"month first"}),
        ("10:00, 4.3.2024", {"day first", "month first"}),
        ("24/03/04", {"day first", "year first"}),
        ("99/03/04", {"year first"}),
        (" 1/4/24", {"day first", "month first"}),
    ],
)
def test_a_date_shows_the_orders_in_which_it_can_be_read(written: str, orders: set[str]) -> None:
    assert list(order_evidence(pl.Series([written]), 2026)) == [orders]


@pytest.mark.parametrize(
    "written", ["2024-03-04", "20240304", "45/45/2024", "31/02/2024", "05-MAR-17 10.11.12 AM", "", None]
)
def test_other_texts_and_days_that_do_not_exist_show_nothing(written: str | None) -> None:
    assert not order_evidence(pl.Series([written], dtype=pl.String), 2026)
