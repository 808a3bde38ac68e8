"""Which times callers may give."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from omnix_cli.errors import InvalidRecord
from omnix_cli.services.customers.given_times import check_time

NOON = datetime(2018, 1, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("1989-12-31T23:59:59", "is before 1990"),
        ("1990-01-01T00:00:00", None),
        ("2018-01-15T12:05:00", None),
        ("2018-01-15T12:05:01", "is in the future"),
    ],
)
def test_a_time_is_between_1990_and_now_by_a_clock_that_may_be_a_little_ahead(given: str, reason: str | None) -> None:
    moment = datetime.fromisoformat(given).replace(tzinfo=UTC)
    if reason is None:
        check_time("timestamp", moment, now=NOON)
        return
    with pytest.raises(InvalidRecord) as caught:
        check_time("timestamp", moment, now=NOON)
    assert caught.value.problems == (("timestamp", reason),)


def test_the_date_of_an_order_may_be_to_come() -> None:
    check_time("orderDate", datetime(2030, 1, 1, tzinfo=UTC), now=None)
