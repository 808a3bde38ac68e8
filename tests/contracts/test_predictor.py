"""What every predictor promises, whatever it forecasts with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import polars as pl
import pytest
from pydantic import SecretStr

from omnix_cli.days.chances import chance_within
from omnix_cli.predictors.bedrock.batches.reply_source import ModelAccess
from omnix_cli.predictors.bedrock.predictor import BedrockPredictor
from omnix_cli.predictors.bedrock.prompts.prompt_files import load_prompt
from omnix_cli.predictors.statistical import StatisticalPredictor
from omnix_cli.protocols.steps import Predictor
from omnix_cli.schemas import FRAMES, URGENCIES
from omnix_cli.settings import BedrockSettings, PredictionSettings
from omnix_cli.steps.cycles import cycles
from omnix_cli.steps.forecasts.rhythms import rhythms
from tests.histories import START, catalogue, households
from tests.memory_answers import ForecastingAsker, MemoryLedger

AS_OF = START + timedelta(days=150)
SETTINGS = PredictionSettings()
HISTORY = households(60, days=200, seed=11)


def bedrock(settings: PredictionSettings) -> Predictor:
    """A model that forecasts from the numbers of its prompt, and a ledger that nobody has written to."""
    ledger = MemoryLedger()
    return BedrockPredictor(
        StatisticalPredictor(settings),
        ModelAccess(ledger, lambda: ForecastingAsker(ledger)),
        load_prompt("replenishment"),
        BedrockSettings(pseudonym_secret=SecretStr("0123456789abcdef0123456789abcdef")),
        settings,
        default_consent=True,
    )


Make = Callable[[PredictionSettings], Predictor]


@pytest.fixture(params=[StatisticalPredictor, bedrock])
def make(request: pytest.FixtureRequest) -> Make:
    chosen: Make = request.param
    return chosen


@pytest.fixture
def predictor(make: Make) -> Predictor:
    return make(SETTINGS)


def predict(predictor: Predictor, lines: pl.DataFrame, *customers: str, as_of: date = AS_OF) -> pl.DataFrame:
    """The predictions from these lines; of these customers only, if any are named."""
    pairs = cycles(lines.lazy(), as_of=as_of).frames["cycles"]
    learnt = rhythms(lines.lazy(), pairs.lazy(), catalogue(), as_of=as_of, personal_purchases=3).frames
    chosen = pairs.filter(pl.col("customer_id").is_in(customers)) if customers else pairs
    known = {
        "cycles": chosen.lazy(),
        "rhythms": learnt["rhythms"].lazy(),
        "forecast_model": learnt["forecast_model"].lazy(),
        "products": catalogue(),
        "customers": FRAMES["customers"].empty().lazy(),
    }
    output = predictor.predict(**{name: known[name] for name in predictor.inputs}, as_of=as_of)
    assert set(output.frames) == set(predictor.outputs)
    return output.frames["predictions"]


def test_the_frame_is_as_the_schema_says_and_in_order(predictor: Predictor) -> None:
    frame = predict(predictor, HISTORY)
    spec = FRAMES["predictions"]
    assert frame.height > 50
    assert spec.conform(frame).equals(frame)
    assert frame.equals(frame.sort(spec.sort))


def test_dates_fit_their_states_and_lie_in_their_windows(predictor: Predictor) -> None:
    """What is overdue was due before the day of the run; no other date lies before it."""
    for as_of in (AS_OF, AS_OF + timedelta(days=60), AS_OF + timedelta(days=120)):
        frame = predict(predictor, HISTORY, as_of=as_of)
        assert (frame["next_expected_date"] >= as_of).all()
        assert (frame["date_p10"] <= frame["predicted_date"]).all()
        assert (frame["predicted_date"] <= frame["date_p90"]).all()
        assert (frame["next_expected_date"] <= frame["date_p90"]).all()
        overdue = frame["urgency"] == "overdue"
        late, others = frame.filter(overdue), frame.filter(~overdue)
        assert late.height
        assert (late["predicted_date"] < as_of).all() and (late["predicted_date"] == late["date_p10"]).all()
        assert (others["predicted_date"] == others["next_expected_date"]).all()
        assert (others["date_p10"] >= as_of).all()


def test_longer_waits_have_larger_chances(predictor: Predictor) -> None:
    frame = predict(predictor, HISTORY)
    assert (frame["probability_7d"] <= frame["probability_14d"]).all()
    assert (frame["probability_14d"] <= frame["probability_28d"]).all()
    assert (frame["probability_28d"] <= frame["alive"]).all()


def test_a_slice_of_customers_gets_the_same_rows(predictor: Predictor) -> None:
    whole = predict(predictor, HISTORY)
    customers = sorted(HISTORY["customer_id"].unique())
    slices = [predict(predictor, HISTORY, *customers[start : start + 23]) for start in range(0, len(customers), 23)]
    assert whole.equals(pl.concat(slices))


def test_order_of_rows_leaves_no_trace(predictor: Predictor) -> None:
    shuffled = HISTORY.sample(fraction=1, shuffle=True, seed=5)
    assert predict(predictor, shuffled).equals(predict(predictor, HISTORY))


def test_no_row_of_the_day_or_later_is_seen(predictor: Predictor) -> None:
    known = HISTORY.filter(pl.col("purchase_day") < AS_OF)
    assert known.height < HISTORY.height
    assert predict(predictor, known).equals(predict(predictor, HISTORY))


def test_nothing_known_gives_no_predictions(predictor: Predictor) -> None:
    assert predict(predictor, HISTORY, as_of=START).is_empty()


def test_alerts_keep_to_their_terms(predictor: Predictor) -> None:
    frame = predict(predictor, HISTORY)
    assert set(frame["urgency"]) <= set(URGENCIES)
    is_urgent = frame.select(chance_within(SETTINGS.urgent_days) >= SETTINGS.urgent_probability).to_series()
    is_upcoming = frame.select(chance_within(SETTINGS.upcoming_days) >= SETTINGS.upcoming_probability).to_series()
    assert (frame.filter(is_urgent)["urgency"] == "urgent").all()
    assert (frame.filter(is_upcoming & ~is_urgent)["urgency"] == "upcoming").all()
    assert set(frame.filter(~is_urgent & ~is_upcoming)["urgency"]).isdisjoint({"urgent", "upcoming"})
    assert {"urgent", "upcoming"} <= set(frame["urgency"])


def test_every_prediction_says_why_and_by_whom(predictor: Predictor) -> None:
    frame = predict(predictor, HISTORY)
    assert (frame["reason"].str.len_chars() > 10).all()
    assert set(frame["predictor"]) == {predictor.name, "statistical"}
    versions = frame.group_by("predictor").agg(pl.col("predictor_version").n_unique())["predictor_version"]
    assert set(versions) == {1} and (frame["predictor_version"] != "").all()


def test_other_settings_are_other_parameters(make: Make) -> None:
    assert make(SETTINGS).parameters() == make(SETTINGS).parameters()
    assert make(SETTINGS).parameters() != make(PredictionSettings(min_alive=0.5)).parameters()


def test_the_same_again_gives_the_same_rows(predictor: Predictor) -> None:
    assert predict(predictor, HISTORY).equals(predict(predictor, HISTORY))
