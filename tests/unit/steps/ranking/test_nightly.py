"""The two steps of a run."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from omnix_cli.frames.ranked import RANKER_PARTS
from omnix_cli.protocols.steps import Resources, StepOutput, whole
from omnix_cli.settings import RankingSettings
from omnix_cli.steps.cycles import cycles
from omnix_cli.steps.ranking.features import NAMES
from omnix_cli.steps.ranking.formula_ranking import formula_ranking
from omnix_cli.steps.ranking.nightly import fit_ranker, ranking
from omnix_cli.steps.ranking.ranker import FEATURES
from omnix_cli.steps.ranking.rankings import rank
from tests.conftest import purchases
from tests.unit.steps.frames import frame
from tests.unit.steps.ranking.shops import START, question, shop

AS_OF = START + timedelta(days=90)


def lines(rows: pl.DataFrame) -> pl.LazyFrame:
    return purchases(*rows.select("customer_id", "product_id", pl.col("day").cast(pl.String)).rows()).lazy()


def night(bought: pl.LazyFrame, *, method: Any = "boosting", threads: int = 1, as_of: date = AS_OF) -> StepOutput:
    resources = Resources(threads=threads, memory_bytes=2**30)
    settings = RankingSettings(method=method)
    fitted = fit_ranker(bought, frame("products"), as_of=as_of, parameters=settings, resources=resources)
    rhythm = cycles(bought, as_of=as_of).frames
    others = (rhythm["cycles"].lazy(), rhythm["returned"].lazy(), frame("popularity"), frame("neighbours"))
    ranker = fitted.frames["ranker"].lazy()
    ranked = whole(ranking(bought, frame("products"), *others, ranker, as_of=as_of, resources=resources))
    return StepOutput({**fitted.frames, **ranked.frames}, {**fitted.figures, **ranked.figures})


def test_a_run_ranks_as_the_same_question_does() -> None:
    rows = shop()
    asked = rank(rows, question(rows, AS_OF), method="boosting", min_label_baskets=2)
    made = night(lines(rows)).frames["rankings"].select(asked.columns)
    key = ["customer_id", "product_id"]
    assert made.sort(key).equals(asked.sort(key))


@pytest.mark.parametrize("method", ["logistic", "boosting"])
def test_contributions_add_up_to_the_logit_of_the_score(method: str) -> None:
    made = night(lines(shop()), method=method).frames["rankings"].filter(pl.col("rank") <= 30)
    logit = made.select((pl.col("score") / (1 - pl.col("score"))).log()).to_series().to_numpy()
    total = made.select(pl.col("contributions").list.eval(pl.element().struct.field("value")).list.sum())
    assert total.to_series().to_numpy() == pytest.approx(logit, abs=1e-9)
    named = set(made["contributions"].explode().struct.field("feature"))
    assert named <= {*NAMES, "rest", "base"}


def test_the_same_purchases_give_the_same_bytes() -> None:
    rows = shop()
    once, again = night(lines(rows)), night(lines(rows.sample(fraction=1, shuffle=True, seed=2)), threads=2)
    for name in ("ranker", "rankings"):
        assert once.frames[name].equals(again.frames[name]), name


def test_what_was_returned_in_full_is_neither_known_nor_new() -> None:
    rows = shop()
    bought = lines(rows).collect()
    of_pair = (pl.col("customer_id") == "c00") & (pl.col("product_id") == bought["product_id"][0])
    pair = bought.filter(of_pair)
    back = pair.with_columns(
        kind=pl.lit("return").cast(bought.schema["kind"]),
        purchase_id=pl.col("purchase_id") + "r",
        purchased_at=pl.col("purchased_at") + timedelta(hours=1),
    )
    for method in ("logistic", "formula"):
        made = night(pl.concat([bought, back]).lazy(), method=method).frames["rankings"]
        assert made.filter(of_pair).is_empty()


def test_an_empty_history_ranks_nothing() -> None:
    made = night(frame("purchases"))
    assert made.frames["rankings"].is_empty()
    assert made.figures["customers"] == 0


def test_anonymous_orders_are_nobodys() -> None:
    rows = shop()
    anonymous = rows.head(30).with_columns(customer_id=pl.lit("anonymous#1"))
    with_them, without = night(lines(pl.concat([rows, anonymous]))), night(lines(rows))
    assert with_them.frames["rankings"].equals(without.frames["rankings"])


def test_one_stray_day_long_ago_is_no_trouble() -> None:
    stray = pl.DataFrame({"customer_id": ["c00"], "product_id": ["p01"], "day": [date(1970, 1, 2)]})
    score = night(lines(pl.concat([shop(), stray]))).frames["rankings"]["score"].to_numpy()
    assert np.isfinite(score).all()


def test_without_a_model_the_formula_of_the_lists_fills_the_frame() -> None:
    bought = lines(shop())
    rhythm = cycles(bought, as_of=AS_OF).frames["cycles"].lazy()
    near = frame("neighbours", {"product_id": "p00", "neighbour_id": "p99", "score": 0.5})
    made = formula_ranking(rhythm, frame("returned"), frame("popularity"), near, as_of=AS_OF, most_new=5)
    owners = rhythm.filter(pl.col("product_id") == "p00").select("customer_id").collect()
    new = made.filter(~pl.col("known"))
    assert set(new["product_id"]) == {"p99"}
    assert set(new["customer_id"]) == set(owners["customer_id"])
    assert made.filter("known").height == rhythm.select(pl.len()).collect().item()


def test_the_frame_has_a_row_for_each_number_of_each_part() -> None:
    made = night(lines(shop()), method="logistic").frames["ranker"]
    assert set(made["part"]) == set(RANKER_PARTS) == set(FEATURES)
    slopes = made.filter(pl.col("model") == "logistic", pl.col("feature") != "base")
    assert {part: set(rows["feature"]) for (part,), rows in slopes.group_by("part")} == {
        part: set(names) for part, names in FEATURES.items()
    }
