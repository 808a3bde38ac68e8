from __future__ import annotations

import polars as pl
import pytest

from omnix_cli.settings import PredictionSettings
from omnix_cli.steps.forecasts.urgency import silence, urgency

SETTINGS = PredictionSettings(
    urgent_days=7, urgent_probability=0.5, upcoming_days=14, upcoming_probability=0.6, lapsed_alive=0.2
)


def state(**columns: float) -> str:
    plain = {
        "purchase_days": 5,
        "own_gaps": 4,
        "interval_days": 10.0,
        "longest_usual_days": 20.0,
        "elapsed_days": 5,
        "probability_7d": 0.3,
        "probability_14d": 0.4,
        "probability_28d": 0.7,
        "alive": 0.9,
    }
    return str(pl.DataFrame([plain | columns]).select(urgency(SETTINGS, silence(SETTINGS))).item())


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, "later"),
        ({"probability_7d": 0.5}, "urgent"),
        ({"probability_7d": 0.499, "probability_14d": 0.6}, "upcoming"),
        ({"probability_7d": 0.499, "probability_14d": 0.599}, "later"),
        ({"elapsed_days": 10}, "later"),
        ({"elapsed_days": 11}, "overdue"),
        ({"elapsed_days": 11, "probability_7d": 0.5}, "urgent"),
        ({"elapsed_days": 21}, "overdue"),
        ({"elapsed_days": 21, "alive": 0.19}, "lapsed"),
        ({"elapsed_days": 20, "alive": 0.19}, "overdue"),
        ({"elapsed_days": 5, "alive": 0.19}, "later"),
        ({"purchase_days": 1, "own_gaps": 0, "alive": 0.19, "elapsed_days": 300}, "unlikely"),
        ({"purchase_days": 1, "own_gaps": 0, "alive": 0.21}, "later"),
        ({"purchase_days": 2, "own_gaps": 0, "alive": 0.19}, "unlikely"),
        ({"purchase_days": 2, "own_gaps": 0, "alive": 0.19, "elapsed_days": 300}, "lapsed"),
    ],
)
def test_the_first_rule_that_holds_decides(columns: dict[str, float], expected: str) -> None:
    assert state(**columns) == expected
