from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.services.as_of import parse_day, resolve_as_of, stray_days
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
    for text in ("0001-01-01", "1969-12-31", "9999-12-31"):
        with pytest.raises(ConfigError, match="is not in the years 1970 to 2200"):
            resolve(text)
    with pytest.raises(ConfigError, match="as-of 'soon' is not a day"):
        resolve("soon")


def shop(*further: str) -> MemoryFrame:
    """Nine months of purchases, one a day, and further days."""
    days = [f"{date(2017, 1, 1) + timedelta(days=day)}" for day in range(270)]
    return MemoryFrame("purchases", purchases(*(("ann", "milk", day) for day in (*days, *further))))


def test_a_stray_row_does_not_move_the_night_and_is_told() -> None:
    assert resolve("latest", shop("2019-03-20")) == date(2017, 9, 28)
    assert "1 purchase lies years apart" in str(stray_days(shop("2019-03-20")))
    for early in ("1999-12-31", "1990-01-01"):
        assert resolve("latest", shop(early)) == date(2017, 9, 28)
        assert str(stray_days(shop(early))).endswith(f"2017-01-01 to 2017-09-27: {early}")


def test_an_honest_newest_day_is_never_moved() -> None:
    reopened = ("2018-09-01",)
    assert resolve("latest", shop(*reopened)) == date(2018, 9, 2)
    back_after_years = tuple(f"2019-05-0{day}" for day in range(1, 5))
    assert resolve("latest", shop(*back_after_years)) == date(2019, 5, 5)
    young = MemoryFrame("purchases", purchases(("ann", "milk", "2017-01-01"), ("ann", "milk", "2019-01-08")))
    assert resolve("latest", young) == date(2019, 1, 9)
    assert stray_days(shop()) is None
    assert stray_days(young) is None
