from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

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
