from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from omnix_cli.predictors.statistical import StatisticalPredictor
from omnix_cli.schemas import FRAMES
from omnix_cli.settings import PredictionSettings
from omnix_cli.steps.cycles import cycles
from omnix_cli.steps.evaluation.forecast_metrics import calibration_error, reliability
from omnix_cli.steps.forecasts.rhythms import rhythms
from tests.conftest import purchases
from tests.histories import START, catalogue, households
from tests.measures import area_under_curve, coverage

AS_OF = START + timedelta(days=300)


def forecast(
    lines: pl.DataFrame,
    products: pl.LazyFrame | None = None,
    *,
    as_of: date = AS_OF,
    settings: PredictionSettings | None = None,
) -> tuple[pl.DataFrame, dict[str, int | float | str]]:
    parameters = settings or PredictionSettings()
    shelf = FRAMES["products"].empty().lazy() if products is None else products
    pairs = cycles(lines.lazy(), as_of=as_of).frames["cycles"].lazy()
    learnt = rhythms(lines.lazy(), pairs, shelf, as_of=as_of, personal_purchases=parameters.personal_purchases).frames
    output = StatisticalPredictor(parameters).predict(
        pairs, learnt["rhythms"].lazy(), learnt["forecast_model"].lazy(), shelf, as_of=as_of
    )
    return output.frames["predictions"], output.figures


@pytest.fixture(scope="module")
def population() -> pl.DataFrame:
    """Predictions for 300 households, with `true`: days until the next purchase, null when none came in 100 days."""
    lines = households(300, days=400, seed=2)
    later = lines.filter(pl.col("purchase_day") >= AS_OF).group_by("customer_id", "product_id")
    outcome = later.agg((pl.col("purchase_day").min() - pl.lit(AS_OF)).dt.total_days().alias("true"))
    predictions, _ = forecast(lines, catalogue(), settings=PredictionSettings(min_alive=0))
    since = {
        name: (pl.col(name) - pl.lit(AS_OF)).dt.total_days() for name in ("date_p10", "date_p90", "next_expected_date")
    }
    return predictions.with_columns(**since).join(outcome, on=["customer_id", "product_id"], how="left")


def test_known_rhythms_are_recovered(population: pl.DataFrame) -> None:
    middle = dict(population.group_by("product_id").agg(pl.col("interval_days").median()).iter_rows())
    for product, days in {"milk": 5, "bread": 7, "tea": 14, "soap": 25, "oil": 40}.items():
        assert middle[product] == pytest.approx(days, rel=0.15)


def test_probabilities_come_true(population: pl.DataFrame) -> None:
    true = population["true"].fill_null(10_000).to_numpy()
    for days in (7, 14, 28):
        predicted = population[f"probability_{days}d"].to_numpy()
        assert predicted.mean() == pytest.approx((true < days).mean(), abs=0.03)
        assert calibration_error(reliability(predicted, true < days, bins=5)) < 0.06


def test_those_who_gave_up_are_told_from_those_who_buy(population: pl.DataFrame) -> None:
    assert area_under_curve(population["alive"].to_numpy(), population["true"].is_not_null().to_numpy()) > 0.95


def test_four_of_five_purchases_fall_into_the_window(population: pl.DataFrame) -> None:
    bought = population.drop_nulls("true")
    held = coverage(*(bought[name].to_numpy() for name in ("date_p10", "date_p90", "true")))
    assert 0.72 < held < 0.95


def test_predicted_dates_beat_the_plain_mean_gap(population: pl.DataFrame) -> None:
    bought = population.drop_nulls("true")
    late = (pl.lit(AS_OF) - pl.col("last_day")).dt.total_days()
    ours = (bought["next_expected_date"] - bought["true"]).abs().mean()
    simple = bought.select((pl.col("interval_days") - late - pl.col("true")).abs().mean()).item()
    assert isinstance(ours, float) and ours < simple
    relative = bought.select(
        (pl.col("next_expected_date") - pl.col("true")).abs() / pl.col("interval_days")
    ).to_series()
    assert np.median(relative.to_numpy()) < 0.4


def test_silence_lowers_the_chance_to_be_alive_until_nothing_is_predicted() -> None:
    lines = households(150, days=300, seed=4).filter(pl.col("purchase_day") < AS_OF)
    regular = purchases(*(("zoe", "milk", str(START + timedelta(days=5 * number))) for number in range(60)))
    alive = []
    for silent_days in (0, 10, 20, 40, 80):
        kept = regular.filter(pl.col("purchase_day") < AS_OF - timedelta(days=silent_days))
        frame, _ = forecast(pl.concat([lines, kept]), catalogue(), settings=PredictionSettings(min_alive=0))
        alive.append(frame.filter(customer_id="zoe")["alive"].item())
    assert alive == sorted(alive, reverse=True)
    assert alive[0] > 0.85 and alive[-1] < 0.3
    frame, figures = forecast(
        pl.concat([lines, kept]), catalogue(), settings=PredictionSettings(min_alive=alive[-1] + 0.01)
    )
    assert frame.filter(customer_id="zoe").is_empty()
    assert int(figures["silent_pairs"]) >= 1


def reasons(frame: pl.DataFrame) -> dict[tuple[str, str], str]:
    return {(row["customer_id"], row["product_id"]): row["reason"] for row in frame.to_dicts()}


def every(
    days: int, *customers: str, product: str = "oats", times: int = 4, last: int = 11
) -> list[tuple[str, str, str]]:
    return [
        (name, product, str(AS_OF - timedelta(days=last + days * number)))
        for name in customers
        for number in range(times)
    ]


def once(product: str, ago: int, *customers: str) -> list[tuple[str, str, str]]:
    return [(name, product, str(AS_OF - timedelta(days=ago))) for name in customers]


def on(ago: int) -> str:
    day = AS_OF - timedelta(days=ago)
    return f"{day.day} {day:%B %Y}"


def test_reasons_are_facts_in_words() -> None:
    lines = purchases(
        *every(12, "ann", "bob", "cid"),
        *once("oats", 1, "dan"),
        *every(10, "eve", times=2, last=30),
        *once("bran", 2, "dan"),
        *once("pens", 3, "dan"),
    )
    products = pl.LazyFrame({"product_id": ["oats", "bran", "pens"], "category": ["cereal", "cereal", None]})
    frame, _ = forecast(lines, products, settings=PredictionSettings(min_alive=0))
    said = reasons(frame)
    assert said["ann", "oats"] == f"you buy this about every 12 days (3 gaps), last on {on(11)}"
    shared = "did so after about 12 days (about 80 % did); you bought it"
    assert said["dan", "oats"] == f"customers who bought it again {shared} once, on {on(1)}"
    assert said["eve", "oats"] == f"customers who bought it again {shared} twice, last on {on(30)}"
    assert said["dan", "bran"] == f"customers who bought a product of this kind again {shared} once, on {on(2)}"
    assert said["dan", "pens"] == f"it is not known how often customers buy this again; you bought it once, on {on(3)}"


def test_too_few_customers_are_not_spoken_of() -> None:
    frame, _ = forecast(
        purchases(*every(10, "ann", "bob", times=2), *once("oats", 20, "cid")), settings=PredictionSettings(min_alive=0)
    )
    assert set(frame["reason"].str.split(";").list.first()) == {"it is not known how often customers buy this again"}


@pytest.mark.parametrize(
    ("again", "begin"),
    [
        (2, "few customers buy this again; you bought"),
        (3, "few customers buy this again (about 10 % did); you bought"),
        (6, "customers who bought it again did so after about 10 days (about 20 % did); you bought"),
    ],
)
def test_a_rhythm_is_shared_only_by_a_large_enough_share(again: int, begin: str) -> None:
    """Of 30 who bought a toy, some bought it twice. Oats of the same kind are bought every week by everybody."""
    names = [f"c{number:02}" for number in range(30)]
    lines = [*every(10, *names[:again], product="toy", times=2, last=3), *once("toy", 40, *names[again:])]
    products = pl.LazyFrame({"product_id": ["oats", "toy"], "category": ["things", "things"]})
    frame, _ = forecast(
        purchases(*lines, *every(7, *names, times=20)), products, settings=PredictionSettings(min_alive=0)
    )
    toys = frame.filter(product_id="toy", customer_id="c29")
    assert toys["reason"].item().startswith(begin)
    assert (toys["interval_days"].item() is None) == begin.startswith("few")


def test_purchase_days_of_one_burst_are_one_occasion() -> None:
    """Four times a year on five days in a row: about every three months, not every day."""
    burst = [
        ("ann", "paint", str(AS_OF - timedelta(days=20 + 90 * quarter + day)))
        for quarter in range(4)
        for day in range(5)
    ]
    frame, _ = forecast(purchases(*burst), as_of=AS_OF, settings=PredictionSettings(min_alive=0, personal_purchases=3))
    row = frame.to_dicts()[0]
    assert row["purchase_days"] == 20
    assert row["reason"] == f"you buy this about every 86 days (3 gaps), last on {on(20)}"
    assert row["interval_days"] == 86


def test_one_purchase_in_all_gives_a_cautious_prediction() -> None:
    frame, figures = forecast(purchases(("ann", "oats", str(AS_OF - timedelta(days=1)))))
    row = frame.to_dicts()[0]
    assert row["interval_days"] is None
    assert row["probability_14d"] < 0.3 and row["urgency"] in ("later", "unlikely")
    assert figures == {"silent_pairs": 0}


def test_fewer_purchases_than_a_personal_rhythm_needs_leave_the_product_s_own() -> None:
    lines = households(80, days=300, seed=9)
    hasty = purchases(*(("zoe", "oil", str(AS_OF - timedelta(days=days))) for days in (4, 3)))
    frame, _ = forecast(pl.concat([lines, hasty]), catalogue(), settings=PredictionSettings(min_alive=0))
    zoe = frame.filter(customer_id="zoe")
    assert zoe["interval_days"].item() > 15
    assert zoe["reason"].item().startswith("customers who bought it again did so after about")


def test_expected_quantity_leans_to_the_product_while_little_is_known() -> None:
    lines = purchases(
        ("ann", "oats", "2024-10-01", 8), *((f"c{number}", "oats", "2024-10-02", 1) for number in range(9))
    )
    frame, _ = forecast(lines, settings=PredictionSettings(min_alive=0))
    product_mean = (8 + 9 * 1) / 10
    assert frame.filter(customer_id="ann")["expected_quantity"].item() == pytest.approx(
        (8 + 2 * product_mean) / 3, abs=1e-3
    )
