from __future__ import annotations

from datetime import date, timedelta
from math import exp, log

import numpy as np
import polars as pl
import pytest

from omnix_cli.schemas import FRAMES
from omnix_cli.settings import PredictionSettings
from omnix_cli.steps.cycles import cycles
from omnix_cli.steps.forecasts.evidence import shared_rhythms
from omnix_cli.steps.forecasts.rhythms import model_frame, model_parts, rhythms
from tests.conftest import purchases

AS_OF = date(2024, 7, 1)
SETTINGS = PredictionSettings()


def catalogue(**categories: str | None) -> pl.LazyFrame:
    return pl.LazyFrame(
        {"product_id": list(categories), "category": list(categories.values())},
        schema={"product_id": pl.String, "category": pl.String},
    )


def learn(lines: pl.DataFrame, products: pl.LazyFrame, as_of: date = AS_OF) -> dict[str, pl.DataFrame]:
    pairs = cycles(lines.lazy(), as_of=as_of).frames["cycles"].lazy()
    return dict(rhythms(lines.lazy(), pairs, products, as_of=as_of, personal_purchases=3).frames)


def test_the_ladder_of_rhythms_by_hand() -> None:
    lines = purchases(
        ("ann", "oat", "2024-06-01"),
        ("ann", "oat", "2024-06-11"),
        ("bob", "oat", "2024-06-01"),
        ("bob", "oat", "2024-06-21"),
        ("bob", "rye", "2024-05-01"),
        ("cid", "pen", "2024-06-29"),
    )
    frame = learn(lines, catalogue(oat="grain", rye="grain", pen=None))["rhythms"]
    rows = {(row["level"], row["key"]): row for row in frame.to_dicts()}
    assert set(rows) == {("global", ""), ("category", "grain")} | {("product", key) for key in ("oat", "rye", "pen")}

    logs = log(10) + log(20)
    everything = (logs + log(30)) / (2 + 1)
    grain = (logs + 20 * everything) / (2 + 20)
    expected_gaps = {
        ("global", ""): everything,
        ("category", "grain"): grain,
        ("product", "oat"): (logs + 10 * grain) / (2 + 10),
        ("product", "rye"): grain,
        ("product", "pen"): everything,
    }
    for key, expected in expected_gaps.items():
        assert rows[key]["mean_log_gap"] == pytest.approx(expected, abs=1e-5)

    days = {"oat": 30 + 30, "rye": 61, "pen": 2}
    rate = (2 + 2) / (sum(days.values()) + 2 * 365)
    grain_rate = (2 + 2) / (days["oat"] + days["rye"] + 2 / rate)
    assert rows["global", ""]["daily_rate"] == pytest.approx(rate)
    assert rows["product", "oat"]["daily_rate"] == pytest.approx((2 + 2) / (days["oat"] + 2 / grain_rate))
    assert rows["product", "pen"]["daily_rate"] == pytest.approx((0 + 2) / (days["pen"] + 2 / rate))

    oat = rows["product", "oat"]
    assert (oat["pairs"], oat["repeaters"], oat["gaps"], oat["last_day"]) == (2, 2, 2, date(2024, 6, 21))
    assert (oat["buyers_7d"], oat["buyers_28d"]) == (0, 2)
    ages = [30, 20, 30, 10]
    assert oat["recency_weight"] == pytest.approx(sum(exp(-age / 60) for age in ages), abs=1e-4)


def test_customers_behind_a_category_are_counted_once() -> None:
    lines = purchases(*(("ann", product, day) for product in ("oat", "rye") for day in ("2024-06-01", "2024-06-08")))
    frame = learn(lines, catalogue(oat="grain", rye="grain"))["rhythms"]
    assert frame.filter(level="category")["repeaters"].to_list() == [1]


def test_nothing_to_learn_from_is_not_a_failure() -> None:
    frames = learn(purchases(("ann", "oat", "2024-07-01")), catalogue())
    assert frames["rhythms"].is_empty()
    assert frames["forecast_model"].is_empty()


@pytest.mark.parametrize(
    "lines",
    [
        [("ann", "oat", "2024-06-30")],
        [("ann", "oat", "2024-06-01"), ("bob", "rye", "2024-06-20")],
        [("ann", "oat", f"2024-06-{day:02}") for day in (1, 8, 15, 22)],
        [("ann", "oat", "2020-01-01")],
    ],
    ids=["one day", "no repeat", "one customer", "long ago"],
)
def test_little_history_gives_a_finite_model(lines: list[tuple[str, str, str]]) -> None:
    frames = learn(purchases(*lines), FRAMES["products"].empty().lazy())
    assert np.isfinite(frames["forecast_model"]["value"].to_numpy()).all()
    assert set(frames["forecast_model"]["part"]) == {"interval", "hazard_personal", "hazard_shared"}


def test_no_row_of_the_day_or_later_is_seen() -> None:
    lines = purchases(
        *(("ann", "oat", str(date(2024, 1, 1) + timedelta(days=9 * number))) for number in range(30)),
        *(("bob", "rye", str(date(2024, 1, 3) + timedelta(days=20 * number))) for number in range(12)),
    )
    products = catalogue(oat="grain", rye="grain")
    told = lines.filter(pl.col("purchase_day") < AS_OF)
    assert told.height < lines.height
    for name, frame in learn(lines, products).items():
        assert frame.equals(learn(told, products)[name])


def test_order_of_rows_leaves_no_trace() -> None:
    random = np.random.default_rng(7)
    lines = purchases(
        *(
            (f"c{customer}", f"p{product}", str(date(2024, 1, 1) + timedelta(days=int(day))), 1.3)
            for customer in range(20)
            for product in range(4)
            for day in random.choice(180, size=random.integers(1, 8), replace=False)
        )
    )
    products = catalogue(p0="a", p1="a", p2="b", p3=None)
    shuffled = lines.sample(fraction=1, shuffle=True, seed=1)
    for name, frame in learn(lines, products).items():
        assert frame.equals(learn(shuffled, products)[name])


def test_the_model_survives_its_frame() -> None:
    parts = {"interval": {"level": 0.25, "own": 1.0}, "hazard_shared": {"level": -2.0}}
    assert model_parts(model_frame(parts)) == parts


def test_shared_rhythms_without_a_catalogue_know_no_category() -> None:
    pairs = cycles(purchases(("ann", "oat", "2024-06-01")).lazy(), as_of=AS_OF).frames["cycles"]
    frame = shared_rhythms(pairs.lazy(), FRAMES["products"].empty().lazy(), as_of=AS_OF)
    assert frame["level"].to_list() == ["global", "product"]
