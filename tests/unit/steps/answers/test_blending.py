from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl

from omnix_cli.settings import PredictionSettings
from omnix_cli.steps.answers.blending import blend
from omnix_cli.steps.answers.calibration import Calibration
from tests.unit.steps.frames import AS_OF, frame

PREDICTIONS = frame(
    "predictions",
    *(
        {
            "customer_id": customer,
            "product_id": product,
            "date_p10": AS_OF + timedelta(days=2),
            "predicted_date": AS_OF + timedelta(days=4),
            "date_p90": AS_OF + timedelta(days=6),
            "predictor": "statistical",
            "confidence": 0.8,
        }
        for customer in ("ann", "bob")
        for product in ("milk", "tea")
    ),
).collect()
NOBODY = pl.DataFrame(schema={"customer_id": pl.String, "product_id": pl.String})


def pattern(ahead: int, *, interval: float = 5.0, reasoning: str | None = "because") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "customer_id": ["ann"],
            "product_id": ["milk"],
            "answered_interval": [interval],
            "answered_date": [AS_OF + timedelta(days=ahead)],
            "stated": [0.9],
            "reasoning": [reasoning],
        },
        schema_overrides={"reasoning": pl.String},
    )


def blended(patterns: pl.DataFrame, failed: pl.DataFrame = NOBODY, **calibration: Any) -> pl.DataFrame:
    return blend(
        PREDICTIONS,
        patterns,
        failed,
        calibration=Calibration(**calibration),
        settings=PredictionSettings(),
        predictor="bedrock",
        predictor_version="p@1:abc model",
        as_of=AS_OF,
    )


def ahead(row: dict[str, Any], *columns: str) -> list[int]:
    return [(row[column] - AS_OF).days for column in columns]


def milk(frame: pl.DataFrame) -> dict[str, Any]:
    return frame.row(by_predicate=(pl.col("customer_id") == "ann") & (pl.col("product_id") == "milk"), named=True)


def test_dates_intervals_and_words_come_from_the_model_and_chances_from_the_statistics() -> None:
    result = blended(pattern(3))
    row, before = milk(result), milk(PREDICTIONS)
    assert ahead(row, "date_p10", "predicted_date", "date_p90") == [2, 3, 6]
    assert (row["interval_days"], row["reason"]) == (5.0, "because")
    assert (row["predictor"], row["predictor_version"], row["fallback"]) == ("bedrock", "p@1:abc model", False)
    kept = ("probability_7d", "probability_14d", "probability_28d", "alive", "expected_quantity", "confidence")
    assert {name: row[name] for name in kept} == {name: before[name] for name in kept}
    assert row["urgency"] == "upcoming"
    others = pl.col("customer_id") + pl.col("product_id") != "annmilk"
    assert result.filter(others).equals(PREDICTIONS.filter(others))


def test_the_window_is_widened_but_by_no_more_than_an_interval() -> None:
    assert ahead(milk(blended(pattern(0))), "date_p10", "predicted_date", "date_p90") == [0, 0, 6]
    assert ahead(milk(blended(pattern(9))), "date_p10", "predicted_date", "date_p90") == [2, 9, 9]
    assert ahead(milk(blended(pattern(399))), "date_p10", "predicted_date", "date_p90") == [2, 16, 16]


def test_the_confidence_is_recalibrated_and_decides_the_urgency() -> None:
    row = milk(blended(pattern(3), statistical=0.2, stated=0.0, outcomes=9))
    assert row["confidence"] == 0.568874
    assert row["urgency"] == "later"


def test_an_answer_whose_day_has_passed_is_left_out() -> None:
    assert blended(pattern(-1)).equals(PREDICTIONS)


def test_where_there_are_no_words_the_statistical_ones_stay() -> None:
    assert milk(blended(pattern(3, reasoning=None)))["reason"] == "you buy this about every 10 days"


def test_only_those_who_were_asked_about_and_failed_are_fallbacks() -> None:
    failed = pl.DataFrame({"customer_id": ["bob"], "product_id": ["tea"], "more": [1]})
    result = blended(pattern(3), failed)
    assert result.filter("fallback").select("customer_id", "product_id", "predictor").rows() == [
        ("bob", "tea", "statistical")
    ]


def test_a_pattern_without_a_prediction_adds_nothing() -> None:
    strange = pattern(3).with_columns(product_id=pl.lit("beer"))
    assert blended(strange).equals(PREDICTIONS)
