from __future__ import annotations

import polars as pl
import pytest

from omnix_cli.settings import PredictionSettings
from omnix_cli.steps.forecasts.urgency import urgency

SETTINGS = PredictionSettings(
    urgent_days=3, urgent_confidence=0.5, upcoming_days=7, upcoming_confidence=0.3, lapsed_alive=0.2
)


@pytest.mark.parametrize(
    ("days_ahead", "confidence", "alive", "elapsed", "expected"),
    [
        (3, 0.51, 0.9, 5, "urgent"),
        (3, 0.50, 0.9, 5, "upcoming"),
        (7, 0.31, 0.9, 5, "upcoming"),
        (7, 0.30, 0.9, 5, "later"),
        (8, 0.90, 0.9, 5, "later"),
        (8, 0.90, 0.9, 11, "overdue"),
        (8, 0.90, 0.1, 11, "lapsed"),
        (1, 0.90, 0.1, 11, "urgent"),
    ],
)
def test_the_first_rule_that_holds_decides(
    days_ahead: int, confidence: float, alive: float, elapsed: int, expected: str
) -> None:
    row = pl.DataFrame(
        {
            "days_ahead": [days_ahead],
            "confidence": [confidence],
            "alive": [alive],
            "elapsed_days": [elapsed],
            "interval_days": [10.0],
        }
    )
    assert row.select(urgency(SETTINGS)).item() == expected
