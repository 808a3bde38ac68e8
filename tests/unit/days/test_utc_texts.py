from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from omnix_cli.days.utc_texts import iso


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2018, 1, 15, 3, tzinfo=UTC), "2018-01-15T03:00:00.000Z"),
        (datetime(2018, 1, 15, 3, 0, 0, 1_999, tzinfo=UTC), "2018-01-15T03:00:00.001Z"),
        (datetime(2018, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), "2017-12-31T23:00:00.000Z"),
    ],
)
def test_an_instant_is_written_in_utc_with_milliseconds(moment: datetime, text: str) -> None:
    assert iso(moment) == text
