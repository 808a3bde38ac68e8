from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.services.as_of import parse_day, resolve_as_of
from tests.conftest import MemoryFrame, purchases

NIGHT = datetime(2018, 1, 15, 23, 30, tzinfo=UTC)
BOUGHT = MemoryFrame("purchases", purchases(("ann", "milk", "2018-01-01"), ("ann", "milk", "2018-01-08")))


def resolve(as_of: str, frame: MemoryFrame = BOUGHT, timezone: str = "UTC") -> date:
    return resolve_as_of(as_of, purchases=frame, now=NIGHT, timezone=timezone)


def test_latest_is_the_day_after_the_newest_purchase() -> None:
    assert resolve("latest") == date(2018, 1, 9)
    with pytest.raises(DataError, match="no purchases yet"):
        resolve("latest", MemoryFrame("purchases", purchases()))


def test_today_is_the_day_in_the_time_zone_of_the_shop() -> None:
    assert resolve("today") == date(2018, 1, 15)
    assert resolve("today", timezone="Europe/Paris") == date(2018, 1, 16)


def test_a_date_is_itself_and_nothing_else_is_a_day() -> None:
    assert resolve("2017-12-24") == parse_day("2017-12-24") == date(2017, 12, 24)
    with pytest.raises(ConfigError, match="as-of 'soon' is not a day"):
        resolve("soon")
