from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.settings import PredictionSettings
from omnix_cli.steps.answers.blending import Calibration, blend, calibrate, outcomes
from omnix_cli.steps.cycles import KEPT_GAPS
from omnix_cli.steps.evaluation.forecast_metrics import brier_score, calibration_error, reliability
from tests.conftest import purchases
from tests.unit.steps.frames import AS_OF, cycles_of, days_ago, frame

PREDICTIONS = frame(
    "predictions",
    *(
        {
            "customer_id": customer,
            "product_id": product,
            "interval_days": 10.0,
            "date_p10": AS_OF + timedelta(days=2),
            "predicted_date": AS_OF + timedelta(days=4),
            "date_p90": AS_OF + timedelta(days=6),
            "next_expected_date": AS_OF + timedelta(days=4),
            "predictor": "statistical",
        }
        for customer in ("ann", "bob")
        for product in ("milk", "tea")
    ),
).collect()
NOBODY = pl.DataFrame(schema={"customer_id": pl.String, "product_id": pl.String})


SHARES = st.floats(0, 1)
PAST = st.lists(st.tuples(SHARES, SHARES, st.booleans()), max_size=60)


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
    assert row["next_expected_date"] == row["predicted_date"]
    kept = ("probability_7d", "probability_14d", "probability_28d", "expected_quantity")
    assert {name: row[name] for name in kept} == {name: before[name] for name in kept}
    assert row["urgency"] == "upcoming"
    others = pl.col("customer_id") + pl.col("product_id") != "annmilk"
    assert result.filter(others).equals(PREDICTIONS.filter(others))


def test_the_window_is_widened_but_by_no_more_than_an_interval() -> None:
    assert ahead(milk(blended(pattern(0))), "date_p10", "predicted_date", "date_p90") == [0, 0, 6]
    assert ahead(milk(blended(pattern(9))), "date_p10", "predicted_date", "date_p90") == [2, 9, 9]
    assert ahead(milk(blended(pattern(399))), "date_p10", "predicted_date", "date_p90") == [2, 16, 16]


def test_all_chances_are_scaled_to_the_calibrated_one_and_decide_the_urgency() -> None:
    """The statistics say 0.8 * 0.9 for the window, the calibrated statement 0.5471 = 0.8 * 0.6839: rates are halved."""
    row = milk(blended(pattern(3), statistical=0.2, stated=0.0, outcomes=9))
    assert row["probability_14d"] == pytest.approx(1 - 0.5**0.5, abs=2e-3)
    assert row["probability_7d"] == pytest.approx(1 - 0.7**0.5, abs=2e-3)
    assert row["urgency"] == "later"


def test_what_was_due_before_the_day_of_the_run_is_overdue_and_expected_on_the_day_the_model_says() -> None:
    """Bought five days ago, every three days."""
    row = milk(blended(pattern(3, interval=3.0), statistical=0.2, stated=0.0, outcomes=9))
    assert row["urgency"] == "overdue"
    assert ahead(row, "date_p10", "predicted_date", "next_expected_date", "date_p90") == [-2, -2, 3, 6]


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


def past(rows: list[tuple[float, float, bool]]) -> pl.DataFrame:
    return pl.DataFrame(
        rows, schema={"stated": pl.Float64, "statistical": pl.Float64, "happened": pl.Boolean}, orient="row"
    )


def confidence(calibration: Calibration, stated: list[float], statistical: list[float]) -> list[float]:
    return list(calibration.chance(np.array(stated), np.array(statistical)))


def test_without_outcomes_it_is_the_statistical_chance() -> None:
    assert confidence(calibrate(past([])), [0.9, 0.1], [0.3, 0.0]) == [0.3, 0.0]


@settings(deadline=None)
@given(PAST, st.lists(SHARES, min_size=2, max_size=9), SHARES)
def test_it_rises_with_both_and_stays_a_chance(
    rows: list[tuple[float, float, bool]], ladder: list[float], fixed: float
) -> None:
    calibration, ladder = calibrate(past(rows)), sorted(ladder)
    for values in (
        confidence(calibration, ladder, [fixed] * len(ladder)),
        confidence(calibration, [fixed] * len(ladder), ladder),
    ):
        assert values == sorted(values)
        assert all(0 <= value <= 1 for value in values)


@settings(deadline=None)
@given(PAST, st.randoms(use_true_random=False))
def test_the_order_of_outcomes_leaves_no_trace(rows: list[tuple[float, float, bool]], random: Random) -> None:
    shuffled = random.sample(rows, len(rows))
    assert calibrate(past(shuffled)) == calibrate(past(rows))


def test_few_outcomes_move_it_little_and_many_decide_it() -> None:
    """A model that always says 0.9 and is right half of the time, where the statistics say 0.7."""
    moved = [
        confidence(calibrate(past([(0.9, 0.7, bool(number % 2)) for number in range(count)])), [0.9], [0.7])[0]
        for count in (2, 20, 2_000)
    ]
    assert 0.65 < moved[0] < 0.7
    assert moved[0] > moved[1] > moved[2]
    assert moved[2] == pytest.approx(0.5, abs=0.01)


def test_an_overconfident_model_becomes_honest_and_what_it_knows_is_used() -> None:
    random = np.random.default_rng(3)
    statistical, own = random.normal(0, 0.7, 4_000), random.normal(0, 1, 4_000)
    happened = random.random(4_000) < 1 / (1 + np.exp(-statistical - own))
    said = 1 / (1 + np.exp(-statistical - 3 * own - 1))
    known = 1 / (1 + np.exp(-statistical))
    learnt, held = slice(0, 2_000), slice(2_000, 4_000)
    rows = pl.DataFrame({"stated": said, "statistical": known, "happened": happened})
    ours = calibrate(rows[learnt]).chance(said[held], known[held])
    assert calibration_error(reliability(said[held], happened[held])) > 0.15
    assert calibration_error(reliability(ours, happened[held])) < 0.04
    assert brier_score(ours, happened[held]) < brier_score(known[held], happened[held]) - 0.02


def test_a_model_that_knows_nothing_leaves_the_statistics_as_they_are() -> None:
    random = np.random.default_rng(4)
    known = random.random(3_000)
    rows = pl.DataFrame(
        {"stated": random.random(3_000), "statistical": known, "happened": random.random(3_000) < known}
    )
    grid = np.linspace(0.1, 0.9, 9)
    assert np.abs(calibrate(rows).chance(np.full(9, 0.95), grid) - grid).max() < 0.06


def answer(customer: str, product: str, day: int, first: int, last: int, stated: float = 0.8) -> dict[str, object]:
    """An answer with its day and window in days before the run."""
    date = {
        name: AS_OF - timedelta(days=ago) for name, ago in (("date", day), ("window_from", first), ("window_to", last))
    }
    return {"customer_id": customer, "product_id": product, "stated": stated, "statistical": 0.6, **date}


def test_an_outcome_is_whether_it_was_bought_within_the_window() -> None:
    lines = purchases(
        *(("ann", "milk", days_ago(number)) for number in (50, 40, 30, 20, 10)), ("ann", "tea", days_ago(5))
    )
    told = [
        answer("ann", "milk", 30, 32, 28, 0.1),  # bought on the day
        answer("ann", "milk", 37, 39, 31, 0.2),  # between two purchases
        answer("ann", "milk", 41, 39, 31, 0.3),  # the date widens the window to the purchase of 40
        answer("ann", "milk", 1, 3, 0, 0.4),  # not over yet
        answer("ann", "soap", 30, 32, 28, 0.5),  # never bought since
        answer("eve", "milk", 30, 32, 28, 0.6),  # of whom nothing is known any more
        answer("ann", "milk", 12, 20, 15, 0.7),  # the first day counts
    ]
    result = outcomes(pl.DataFrame(told), cycles_of(lines).collect(), as_of=AS_OF)
    assert dict(result.select("stated", "happened").iter_rows()) == {
        0.1: True,
        0.2: False,
        0.3: True,
        0.5: False,
        0.7: True,
    }
    assert set(result["statistical"]) == {0.6}


def test_answers_older_than_the_kept_purchase_days_are_left_out() -> None:
    lines = purchases(*(("ann", "milk", days_ago(number)) for number in range(1, KEPT_GAPS + 20)))
    told = pl.DataFrame([answer("ann", "milk", 30, 31, 29), answer("ann", "milk", 20, 21, 19)])
    assert outcomes(told, cycles_of(lines).collect(), as_of=AS_OF)["happened"].to_list() == [True]
