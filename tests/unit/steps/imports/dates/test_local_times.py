from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.steps.imports.dates.local_times import local_days, to_instants

ZONES = sorted(
    zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix", "right"))
)
TIMES = st.datetimes(datetime(1980, 1, 1), datetime(2037, 12, 1))


@settings(deadline=None)
@given(st.sampled_from(ZONES), TIMES, st.lists(st.integers(0, 4000), min_size=1, max_size=20))
def test_times_of_any_zone_are_those_that_python_knows(zone: str, first: datetime, minutes: list[int]) -> None:
    local = pl.Series([first + timedelta(minutes=number) for number in minutes], dtype=pl.Datetime("us"))
    local = pl.concat([local] * 300)  # so many that they are looked up by quarters
    found = to_instants(local, zone)
    for written, instant in zip(local[: len(minutes)], found, strict=False):
        expected = written.replace(tzinfo=ZoneInfo(zone))
        exists = expected.astimezone(ZoneInfo("UTC")).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == written
        assert instant == expected if exists else instant is None or written.time() == datetime.min.time()
    days = local_days(found, zone)
    assert days.to_list() == [None if one is None else one.astimezone(ZoneInfo(zone)).date() for one in found]


@pytest.mark.parametrize(
    ("zone", "day", "hour"),
    [
        ("America/Sao_Paulo", date(2018, 11, 4), 3),
        ("Asia/Beirut", date(2022, 3, 27), 22),
        ("Africa/Cairo", date(2023, 4, 28), 22),
    ],
)
def test_a_day_without_midnight_begins_with_its_first_instant(zone: str, day: date, hour: int) -> None:
    found = to_instants(pl.Series([day] * 500).cast(pl.Datetime("us")), zone)
    assert found.dt.hour().unique().to_list() == [hour]
    assert local_days(found, zone).unique().to_list() == [day]
