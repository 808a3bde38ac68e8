from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from omnix_cli.protocols.inputs import WRITTEN_AT
from tests.unit.steps.imports.lines import LINE, cleaned, why

SKIPPED = "02:30 was skipped in Europe/Berlin when the clocks went forward: are the times UTC (`written_timezone`)?"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2020-03-01T10:20:30Z", datetime(2020, 3, 1, 10, 20, 30, tzinfo=UTC)),
        ("2020-03-01T10:20:30.500+02:00", datetime(2020, 3, 1, 8, 20, 30, 500000, tzinfo=UTC)),
        ("2020-03-01T10:20Z", datetime(2020, 3, 1, 10, 20, tzinfo=UTC)),
        ("2020-03-01 10:20-05:00", datetime(2020, 3, 1, 15, 20, tzinfo=UTC)),
        ("20200301T102030Z", datetime(2020, 3, 1, 10, 20, 30, tzinfo=UTC)),
        ("20200301T1020+0200", datetime(2020, 3, 1, 8, 20, tzinfo=UTC)),
        ("20200301T102030", datetime(2020, 3, 1, 9, 20, 30, tzinfo=UTC)),
        ("Sun, 01 Mar 2020 10:20:30 +0000", datetime(2020, 3, 1, 10, 20, 30, tzinfo=UTC)),
        ("1 Mar 2020 10:20 -0500", datetime(2020, 3, 1, 15, 20, tzinfo=UTC)),
        ("2020-03-01 10:20", datetime(2020, 3, 1, 9, 20, tzinfo=UTC)),
        ("2020-03-01", datetime(2020, 2, 29, 23, tzinfo=UTC)),
        ("20200301", datetime(2020, 2, 29, 23, tzinfo=UTC)),
        ("31/01/2020 8:05", datetime(2020, 1, 31, 7, 5, tzinfo=UTC)),
        ("31.01.20", datetime(2020, 1, 30, 23, tzinfo=UTC)),
        ("1 Mar 2020", datetime(2020, 2, 29, 23, tzinfo=UTC)),
        ("Mar 1, 2020 1:05 PM", datetime(2020, 3, 1, 12, 5, tzinfo=UTC)),
        ("1583058030", datetime(2020, 3, 1, 10, 20, 30, tzinfo=UTC)),
        ("2017-03-05 10:11:12+00", datetime(2017, 3, 5, 10, 11, 12, tzinfo=UTC)),
        ("2017-03-05 10:11:12+0530", datetime(2017, 3, 5, 4, 41, 12, tzinfo=UTC)),
        ("2017-03-05 10:11:12 UTC", datetime(2017, 3, 5, 10, 11, 12, tzinfo=UTC)),
        ("2017-03-05 10:11:12.123456 UTC", datetime(2017, 3, 5, 10, 11, 12, 123456, tzinfo=UTC)),
        ("05-MAR-17 10.11.12.000000 AM", datetime(2017, 3, 5, 9, 11, 12, tzinfo=UTC)),
        ("05-MAR-17 10.11.12.000000 PM +02:00", datetime(2017, 3, 5, 20, 11, 12, tzinfo=UTC)),
        ("Sat, 09 Mar 2019 23:50:12 GMT", datetime(2019, 3, 9, 23, 50, 12, tzinfo=UTC)),
        ("Sat, 9 Mar 2019 23:50:12 EST", datetime(2019, 3, 10, 4, 50, 12, tzinfo=UTC)),
        ("Sat Mar  9 23:50:12 2019", datetime(2019, 3, 9, 22, 50, 12, tzinfo=UTC)),
        ("Sat Mar 09 2019 23:50:12 GMT+0100 (Central European Time)", datetime(2019, 3, 9, 22, 50, 12, tzinfo=UTC)),
        ("2019-03-09T23:50:12+01:00[Europe/Paris]", datetime(2019, 3, 9, 22, 50, 12, tzinfo=UTC)),
        ("09MAR2019:23:50:12", datetime(2019, 3, 9, 22, 50, 12, tzinfo=UTC)),
        ("2019-03-09T23:50:12.123456789Z", datetime(2019, 3, 9, 23, 50, 12, 123456, tzinfo=UTC)),
        ("29/03/2019 10:00", datetime(2019, 3, 29, 9, tzinfo=UTC)),
        ("10:00 29/03/2019", datetime(2019, 3, 29, 9, tzinfo=UTC)),
        ("29/03/2019, 10:00:00", datetime(2019, 3, 29, 9, tzinfo=UTC)),
        ("20170305.0", datetime(2017, 3, 4, 23, tzinfo=UTC)),
        ("20170305101112", datetime(2017, 3, 5, 9, 11, 12, tzinfo=UTC)),
        ("43895.5", datetime(2020, 3, 5, 11, tzinfo=UTC)),
        ("43895", datetime(2020, 3, 4, 23, tzinfo=UTC)),
        ("1583058030.5", datetime(2020, 3, 1, 10, 20, 30, 500000, tzinfo=UTC)),
        ("1583058030000000", datetime(2020, 3, 1, 10, 20, 30, tzinfo=UTC)),
        ("1583058030000000000", datetime(2020, 3, 1, 10, 20, 30, tzinfo=UTC)),
        ("1583058030000", datetime(2020, 3, 1, 10, 20, 30, tzinfo=UTC)),
    ],
)
def test_times_in_the_usual_spellings(written: str, read: datetime) -> None:
    result = cleaned({**LINE, "purchased_at": written}, zone="Europe/Berlin")
    assert result.rows["purchased_at"].to_list() == [read]


def test_a_column_may_mix_spellings() -> None:
    result = cleaned({**LINE, "purchased_at": "2020-03-01"}, {**LINE, "purchased_at": "01 Mar 2020 10:00"})
    assert result.rows["purchase_day"].to_list() == [date(2020, 3, 1)] * 2


def test_the_day_is_the_shops_and_times_may_be_written_in_another_zone() -> None:
    late = {**LINE, "purchased_at": "2020-01-02 03:00:00"}
    result = cleaned(late, zone="America/New_York", written_timezone="UTC")
    assert result.rows["purchase_day"].to_list() == [date(2020, 1, 1)]
    assert result.rows["purchased_at"].to_list() == [datetime(2020, 1, 2, 3, tzinfo=UTC)]


def test_a_time_that_the_clocks_skip_is_bad_and_one_they_repeat_is_the_first() -> None:
    times = [{**LINE, "purchased_at": time} for time in ("2020-03-29 02:30:00", "2019-10-27 02:30:00")]
    result = cleaned(*times, zone="Europe/Berlin")
    assert why(result) == [("purchased_at", "2020-03-29 02:30:00", SKIPPED)]
    assert result.rows["purchased_at"].to_list() == [datetime(2019, 10, 27, 0, 30, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("number", "day"),
    [
        (20170305, date(2017, 3, 5)),
        (20170305.0, date(2017, 3, 5)),
        (43895, date(2020, 3, 5)),
        (43895.75, date(2020, 3, 5)),
        (1583058030, date(2020, 3, 1)),
        (1583058030.25, date(2020, 3, 1)),
        (1583058030000, date(2020, 3, 1)),
        (1583058030000000.0, date(2020, 3, 1)),
        (1583058030000000000, date(2020, 3, 1)),
    ],
)
def test_numbers_are_date_keys_serial_days_or_epochs(number: float, day: date) -> None:
    assert cleaned({**LINE, "purchased_at": number}).rows["purchase_day"].to_list() == [day]


def test_serial_days_are_read_only_where_the_whole_column_is_so() -> None:
    mixed = cleaned({**LINE, "purchased_at": "43895"}, {**LINE, "purchased_at": "2020-03-05"})
    assert why(mixed) == [("purchased_at", "43895", "before 1990")]
    assert mixed.rows["purchase_day"].to_list() == [date(2020, 3, 5)]


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/Sao_Paulo", "2018-11-04"),
        ("America/Santiago", "2019-09-08"),
        ("Africa/Cairo", "2014-05-16"),
        ("Asia/Beirut", "2019-03-31"),
        ("America/Havana", "2019-03-10"),
    ],
)
@pytest.mark.parametrize("clock", ["", " 00:00:00", "T00:00"])
def test_a_day_without_midnight_is_that_day(zone: str, day: str, clock: str) -> None:
    result = cleaned({**LINE, "purchased_at": f"{day}{clock}"}, zone=zone)
    assert result.rows["purchase_day"].to_list() == [date.fromisoformat(day)]
    typed = cleaned({**LINE, "purchased_at": date.fromisoformat(day)}, zone=zone)
    assert typed.rows["purchased_at"].to_list() == result.rows["purchased_at"].to_list()


@pytest.mark.parametrize("unit", ["ms", "us"])
@pytest.mark.parametrize(
    ("year", "reason"),
    [
        (1800, "before 1990"),
        (2500, "in the future"),
        (9999, "in the future"),
        (200_000, "outside the years 1000 to 9999"),
    ],
)
def test_years_out_of_range_are_set_aside_with_the_value_of_the_file(unit: str, year: int, reason: str) -> None:
    stored = int((year + 0.5 - 1970) * 365.2425 * 86_400) * (1_000 if unit == "ms" else 1_000_000)
    for zone in (None, "UTC"):
        column = pl.Series([stored]).cast(pl.Datetime(unit, zone))  # type: ignore[arg-type]
        frame = pl.DataFrame({**LINE, "purchased_at": column})
        ((_, value, why_not),) = why(cleaned(frame=frame, zone="Europe/Paris"))
        assert why_not == reason
        assert value is not None
        assert value.startswith(f"{year}-") or value == str(stored)


@pytest.mark.parametrize("day", [-2_000_000_000, 2_000_000_000])
def test_dates_of_no_calendar_are_set_aside(day: int) -> None:
    frame = pl.DataFrame({**LINE, "purchased_at": pl.Series([day], dtype=pl.Int32).cast(pl.Date)})
    assert why(cleaned(frame=frame)) == [("purchased_at", str(day), "outside the years 1000 to 9999")]


def test_the_time_as_written_does_not_depend_on_the_zone() -> None:
    lines = [{**LINE, "purchased_at": time} for time in ("2020-03-01 10:00", "2020-03-01T10:00:00+02:00")]
    for zone in ("UTC", "Asia/Tokyo"):
        written = cleaned(*lines, zone=zone).rows[WRITTEN_AT].to_list()
        assert written == [datetime(2020, 3, 1, 10), datetime(2020, 3, 1, 10) - timedelta(hours=2)]


@pytest.mark.parametrize("dtype", [pl.Int32, pl.Int64, pl.UInt64, pl.Float64, pl.Decimal(10, 0)])
@pytest.mark.parametrize(
    ("number", "formats", "day"),
    [
        (20170305, ["%Y%m%d"], date(2017, 3, 5)),
        (5032017, ["%d%m%Y"], date(2017, 3, 5)),  # numbers have no zero in front
        (16032017, ["%d%m%Y"], date(2017, 3, 16)),
        (50317, ["%d%m%y"], date(2017, 3, 5)),
        (20170305, ["%d%m%Y", "%Y%m%d"], date(2017, 3, 5)),
    ],
)
def test_formats_of_the_mapping_read_numbers(dtype: pl.DataType, number: int, formats: list[str], day: date) -> None:
    frame = pl.DataFrame({**LINE, "purchased_at": pl.Series([number]).cast(dtype)})
    assert cleaned(frame=frame, date_formats=formats).rows["purchase_day"].to_list() == [day]


def test_numbers_that_the_formats_of_the_mapping_do_not_fit_are_set_aside() -> None:
    frame = pl.DataFrame({**LINE, "purchased_at": pl.Series([20170305])})
    assert why(cleaned(frame=frame, date_formats=["%d%m%Y"])) == [("purchased_at", "20170305", "not a date")]
