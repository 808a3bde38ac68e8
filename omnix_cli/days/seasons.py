"""The four seasons of the year, north and south of the equator."""

from __future__ import annotations

from datetime import date
from typing import Literal

Hemisphere = Literal["northern", "southern"]

SEASONS = ("spring", "summer", "autumn", "winter")
FIRST_SEASON = {"northern": 3, "southern": 1}
"""The season from December to February, as an index of SEASONS."""


def season_on(day: date, hemisphere: Hemisphere) -> str:
    """The meteorological season of a day: December to February is winter in the north, summer in the south."""
    return SEASONS[(day.month % 12 // 3 + FIRST_SEASON[hemisphere]) % len(SEASONS)]
