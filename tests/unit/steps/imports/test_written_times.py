from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest

from omnix_cli.steps.imports.instants import Clock, instant
from omnix_cli.steps.imports.written_times import written_times


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "America/New_York"])
@pytest.mark.parametrize("shop", ["UTC", "Asia/Tokyo"])
def test_what_is_written_is_the_same_in_every_zone(zone: str, shop: str) -> None:
    texts = pl.Series(["2019-03-01 23:30", "2019-03-01", "2019-03-01T23:30:00+05:00", "1551483000"])
    clock = Clock((), False, zone, shop)
    wall = written_times(instant(texts, (), clock).values, texts, clock)
    night, utc = datetime(2019, 3, 1, 23, 30), datetime(2019, 3, 1, 18, 30)
    assert wall.to_list() == [night, datetime(2019, 3, 1), utc, night]
    days = pl.Series([date(2019, 3, 1)])
    assert written_times(instant(days, (), clock).values, days, clock).to_list() == [datetime(2019, 3, 1)]
