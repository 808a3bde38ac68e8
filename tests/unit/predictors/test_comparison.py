"""Predictors side by side: contenders whose errors are known beforehand, and the gate that rests on them."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from omnix_cli.predictors.comparison import PAIR, GatedPredictor, HeldOut, Score, compare, held_out, is_at_least_as_good
from omnix_cli.predictors.statistical import StatisticalPredictor
from omnix_cli.protocols.steps import Predictor, StepOutput
from omnix_cli.schemas import FRAMES
from omnix_cli.settings import PredictionSettings
from omnix_cli.steps.cycles import cycles
from omnix_cli.steps.forecasts.rhythms import rhythms
from tests.contracts.test_predictor import predict
from tests.histories import START, catalogue, households

HISTORY = households(80, days=240, seed=3)
CUT = START + timedelta(days=180)
UNTIL = CUT + timedelta(days=28)
SETTINGS = PredictionSettings(compare_customers=50)
ALL = HeldOut(CUT, UNTIL, customers=1_000, default_consent=True, personal_purchases=3)
STATISTICAL = StatisticalPredictor(SETTINGS)


class Late:
    """The statistics, every date so many days later."""

    inputs = (*STATISTICAL.inputs, "customers")
    outputs = ("predictions", "usage")
    by_customer: tuple[str, ...] = ()
    version = "1"

    def __init__(self, days: int, name: str = "late") -> None:
        self.days, self.name = days, name

    def parameters(self) -> dict[str, int]:
        return {"days": self.days}

    def predict(self, *, customers: pl.LazyFrame, as_of: date, **frames: pl.LazyFrame) -> StepOutput:
        told = STATISTICAL.predict(**frames, as_of=as_of).frames["predictions"]
        late = pl.duration(days=self.days)
        dates = ("predicted_date", "next_expected_date", "date_p90")
        moved = told.with_columns(*(pl.col(name) + late for name in dates), predictor=pl.lit(self.name))
        asked = moved.select("customer_id").unique().sort("customer_id")
        usage = asked.with_columns(
            question=pl.lit("q"),
            state=pl.lit("asked"),
            way=pl.lit("on_demand"),
            model=pl.lit("m"),
            prompt=pl.lit("p"),
            input_tokens=pl.lit(100.0),
            output_tokens=pl.lit(20.0),
            cache_read_tokens=pl.lit(50.0),
            cache_write_tokens=pl.lit(0.0),
            cost=pl.lit(0.25),
        )
        spec = FRAMES["usage"]
        return StepOutput({"predictions": moved, "usage": spec.conform(usage)}, {"asked": asked.height})


def customers(*refusing: str) -> pl.LazyFrame:
    ids = sorted(HISTORY["customer_id"].unique())
    frame = pl.DataFrame({"customer_id": ids}).with_columns(
        consent_ai_analysis=pl.when(pl.col("customer_id").is_in(refusing)).then(False)
    )
    return frame.lazy()


def scores(*contenders: Predictor, people: pl.LazyFrame | None = None, period: HeldOut = ALL) -> list[Score]:
    named = {contender.name: contender for contender in contenders}
    people = customers() if people is None else people
    return compare(named, HISTORY.lazy(), catalogue(), people, period=period)


def test_dates_are_judged_by_the_first_purchase_of_the_held_out_time() -> None:
    (score,) = scores(STATISTICAL)
    known = HISTORY.filter(pl.col("purchase_day") < CUT)
    told = predict(STATISTICAL, known, as_of=CUT)
    bought = (
        HISTORY.filter(pl.col("purchase_day").is_between(CUT, UNTIL, closed="left"))
        .group_by(PAIR)
        .agg(pl.col("purchase_day").min())
    )
    both = told.join(bought, on=PAIR)
    error = np.abs((both["next_expected_date"] - both["purchase_day"]).dt.total_days().to_numpy())
    assert (score.pairs, score.bought) == (told.height, both.height)
    assert score.mean_error_days == pytest.approx(error.mean())
    assert score.within_7_days == pytest.approx((error <= 7).mean())


def test_a_predictor_that_is_a_month_late_is_worse_and_costs_what_it_says() -> None:
    statistical, late = scores(STATISTICAL, Late(30))
    assert late.mean_error_days > statistical.mean_error_days + 10
    assert not is_at_least_as_good(late, statistical)
    assert is_at_least_as_good(statistical, statistical)
    assert late.cost == pytest.approx(0.25 * late.customers)
    assert (late.input_tokens, late.output_tokens) == (150 * late.customers, 20 * late.customers)
    assert statistical.cost == statistical.input_tokens == 0


def test_only_consenting_customers_take_part_and_no_more_than_asked_for() -> None:
    everyone = scores(STATISTICAL, Late(0))[1].customers
    assert scores(STATISTICAL, Late(0), people=customers("c0001", "c0002"))[1].customers == everyone - 2
    few = HeldOut(CUT, UNTIL, customers=10, default_consent=True, personal_purchases=3)
    assert 0 < scores(STATISTICAL, Late(0), period=few)[1].customers <= 10
    nobody = HeldOut(CUT, UNTIL, customers=10, default_consent=False, personal_purchases=3)
    assert scores(STATISTICAL, Late(0), period=nobody)[1].pairs == 0


def test_nothing_after_the_cut_is_known_to_the_contenders() -> None:
    (score,) = scores(STATISTICAL)
    shortened = HISTORY.filter(pl.col("purchase_day") < UNTIL)
    (again,) = compare({"statistical": STATISTICAL}, shortened.lazy(), catalogue(), customers(), period=ALL)
    assert (score.mean_error_days, score.brier, score.bought) == (again.mean_error_days, again.brier, again.bought)


def test_the_held_out_time_is_over_and_stays_the_same_for_a_while() -> None:
    first = held_out(date(2024, 3, 1), SETTINGS, default_consent=True)
    assert first.until <= date(2024, 3, 1) and first.until - first.cut == timedelta(days=28)
    days = (date(2024, 3, 1) + timedelta(days=day) for day in range(28))
    times = {held_out(day, SETTINGS, default_consent=True) for day in days}
    assert len(times) == 2


def gated(challenger: Predictor) -> StepOutput:
    gate = GatedPredictor(challenger, STATISTICAL, SETTINGS, default_consent=True)
    known = HISTORY.filter(pl.col("purchase_day") < UNTIL + timedelta(days=28))
    as_of = UNTIL + timedelta(days=27)
    pairs = cycles(known.lazy(), as_of=as_of).frames["cycles"]
    learnt = rhythms(known.lazy(), pairs.lazy(), catalogue(), as_of=as_of, personal_purchases=3).frames
    frames = {
        "purchases": known.lazy(),
        "cycles": pairs.lazy(),
        "rhythms": learnt["rhythms"].lazy(),
        "forecast_model": learnt["forecast_model"].lazy(),
        "products": catalogue(),
        "customers": customers(),
    }
    assert set(gate.inputs) == set(frames)
    return gate.predict(**frames, as_of=as_of)


def test_a_worse_challenger_is_not_published_and_the_figures_say_why() -> None:
    output = gated(Late(30))
    assert set(output.frames["predictions"]["predictor"]) == {"statistical"}
    assert output.frames["usage"].is_empty()
    assert str(output.figures["gate"]).startswith("statistical: late ")
    assert float(output.figures["gate_dollars"]) > 0


def test_a_challenger_as_good_as_the_champion_is_published() -> None:
    output = gated(Late(0, "twin"))
    assert set(output.frames["predictions"]["predictor"]) == {"twin"}
    assert output.frames["usage"].height > 0
    assert str(output.figures["gate"]).startswith("twin: ")
