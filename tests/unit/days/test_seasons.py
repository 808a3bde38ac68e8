from __future__ import annotations

from datetime import date

import pytest

from omnix_cli.days.seasons import season_on


@pytest.mark.parametrize(
    ("day", "northern", "southern"),
    [
        ("2017-12-01", "winter", "summer"),
        ("2018-02-28", "winter", "summer"),
        ("2018-03-01", "spring", "autumn"),
        ("2018-08-31", "summer", "winter"),
        ("2018-09-01", "autumn", "spring"),
    ],
)
def test_seasons_begin_on_the_first_of_a_month(day: str, northern: str, southern: str) -> None:
    found = date.fromisoformat(day)
    assert (season_on(found, "northern"), season_on(found, "southern")) == (northern, southern)
