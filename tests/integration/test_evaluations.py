"""What evaluations do behind the command line: real steps on a cut history, gates, and what is kept."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from omnix_cli import open_workspace
from omnix_cli.api.evaluate import Evaluate
from omnix_cli.errors import ConfigError, DataError
from omnix_cli.plan import plan as steps_of
from omnix_cli.predictors.statistical import StatisticalPredictor
from omnix_cli.protocols.steps import Resources
from omnix_cli.reports.evaluation_tables import evaluation_notes, tables
from omnix_cli.services.evaluation.asked_baskets import BasketQuestions, evaluate_next_basket
from omnix_cli.services.evaluation.asked_purchases import PurchaseQuestions, evaluate_next_purchase, follow_up
from omnix_cli.services.evaluation.basket_contenders import formula
from omnix_cli.services.evaluation.cut_history import Plan, lines_of
from omnix_cli.services.evaluation.evaluations import VERSION, evaluation_step
from omnix_cli.services.evaluation.later_neighbours import NeighbourQuestions, evaluate_similarity
from omnix_cli.services.evaluation.live_outcomes import PREFIX, evaluate_live
from omnix_cli.services.evaluation.quality_floors import gate, objection
from omnix_cli.services.evaluation.shown_lists import ListQuestions, evaluate_lists
from omnix_cli.settings import QualitySettings, Settings
from omnix_cli.steps.evaluation.similarity import later_partners
from omnix_cli.steps.evaluation.splits import dated_baskets, last_baskets, next_baskets
from tests.cli.test_evaluate import lively
from tests.conftest import purchases
from tests.histories import START, catalogue, households

LINES = households(60, days=160, seed=7)
END = START + timedelta(days=160)


@pytest.fixture(scope="module")
def plan() -> Plan:
    settings = Settings()
    steps = steps_of(StatisticalPredictor(settings.prediction))
    return Plan(steps, settings, Resources(1, 2**30))


def sources(plan: Plan, lines: pl.DataFrame) -> dict[str, pl.LazyFrame]:
    full = catalogue().with_columns(tags=pl.lit([], pl.List(pl.String)), dietary=pl.lit([], pl.List(pl.String)))
    empty = plan.sources({})["products"].collect_schema()
    products = full.with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in empty.items() if name not in full.collect_schema()
    )
    return plan.sources({"purchases": lines.lazy(), "products": products.select(empty.names())})


def asking(plan: Plan, function: Any, lines: pl.DataFrame, **given: Any) -> pl.DataFrame:
    frames = sources(plan, lines)
    if function is evaluate_next_basket:
        frames = {name: frames[name] for name in ("purchases", "products")}
    return function(**frames, as_of=END, plan=plan, may_go_on=lambda: None, **given).frames["evaluations"]


def test_steps_on_a_cut_history_see_nothing_of_that_day_or_later(plan: Plan) -> None:
    cut = START + timedelta(days=100)
    whole = plan.compute(["recommend"], sources(plan, LINES), as_of=cut)
    past = plan.compute(["recommend"], sources(plan, LINES.filter(pl.col("purchase_day") < cut)), as_of=cut)
    assert whole["recommendations"].height > 100
    assert all(frame.equals(past[name]) for name, frame in whole.items())


def test_the_formula_is_that_of_a_run(plan: Plan) -> None:
    """Asked on one day of all, its order is that of the shelf of a run on that day."""
    cut = START + timedelta(days=120)
    baskets = dated_baskets(LINES.lazy(), as_of=END)
    split = next_baskets(baskets, cut=cut)
    lists = formula(split, plan, places=3)
    run = plan.compute(["cycles", "popularity"], sources(plan, LINES), as_of=cut)
    from omnix_cli.steps.lists.next_basket import CYCLE_COLUMNS, next_basket

    scored = next_basket(run["cycles"].select(CYCLE_COLUMNS), run["popularity"].filter(kind="popular"), as_of=cut)
    best = scored.sort("customer_id", "basket_score", descending=[False, True]).group_by("customer_id").first()
    first = dict(best.select("customer_id", "product_id").iter_rows())
    ours = split.products.gather(lists.items["all"][:, 0]).to_list()
    assert ours == [first[one] for one in split.customers.gather(split.asked)]


def test_rows_of_a_split_are_purchases(plan: Plan) -> None:
    split = last_baskets(dated_baskets(LINES.lazy(), as_of=END), is_dated=True)
    lines = lines_of(split, np.arange(5))
    assert lines.schema == LINES.schema
    assert lines["purchase_day"].dtype == pl.Date and lines["quantity"].to_list() == [1.0] * 5


MARKET = purchases(*[(who, what, str(day)) for who, what, day in lively()])


@pytest.mark.parametrize(
    ("function", "asked", "lines"),
    [
        (evaluate_next_basket, BasketQuestions(places=3), LINES),
        (evaluate_next_purchase, PurchaseQuestions(), LINES),
        (evaluate_similarity, NeighbourQuestions(as_of="2017-10-20", places=3), MARKET),
        (evaluate_lists, ListQuestions(places=3), LINES),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_the_order_of_rows_changes_nothing(plan: Plan, function: Any, asked: Any, lines: pl.DataFrame) -> None:
    first = asking(plan, function, lines, asked=asked)
    assert first.height > 5
    assert first.equals(asking(plan, function, lines.sample(fraction=1.0, shuffle=True, seed=1), asked=asked))


def test_the_confidence_of_lists_is_judged_on_those_who_did_not_come_too(plan: Plan) -> None:
    cut = END - timedelta(days=28)
    stays_away = pl.col("customer_id").hash(seed=1) % 3 == 0
    lines = LINES.filter(~stays_away | (pl.col("purchase_day") < cut))
    found = asking(plan, evaluate_lists, lines, asked=ListQuestions(places=3, as_of=str(cut)))
    of_homepage = found.filter(method="omnix, homepage")
    asked = of_homepage.filter(part="all", metric="recall@3")["customers"].item()
    judged = of_homepage.filter(part="confidence", metric="calibration_error")["customers"].item()
    before = lines.filter(pl.col("purchase_day") < cut)["customer_id"].n_unique()
    assert asked < before
    assert judged == before
    sample = asking(plan, evaluate_lists, lines, asked=ListQuestions(places=3, as_of=str(cut), customers=10))
    assert sample.filter(method="omnix, homepage", part="confidence")["customers"].unique().to_list() == [10]


def test_chances_are_asked_before_a_quarter_of_a_short_history() -> None:
    assert [follow_up(days) for days in (0, 3, 40, 365, 4000)] == [1, 1, 10, 92, 92]


def test_what_was_predicted_and_bought_is_counted_by_hand() -> None:
    said = pl.LazyFrame(
        {
            "customer_id": ["a", "a", "b", "c"],
            "product_id": ["milk", "tea", "milk", "milk"],
            **{f"probability_{days}d": [0.9, 0.1, 0.8, 0.2] for days in (7, 14, 28)},
            "urgency": ["urgent", "later", "urgent", "later"],
            "next_expected_date": [date(2024, 5, day) for day in (3, 9, 10, 20)],
            "predictor": ["bedrock", "bedrock", "statistical", "statistical"],
        }
    )
    lines = LINES.head(3).with_columns(
        customer_id=pl.Series(["a", "b", "c"]),
        product_id=pl.lit("milk"),
        purchase_day=pl.Series([date(2024, 5, 1), date(2024, 5, 8), date(2024, 4, 30)]),
    )
    products = pl.LazyFrame({"product_id": ["milk"], "category": ["Dairy"]})
    output = evaluate_live(
        lines.lazy(),
        products,
        as_of=date(2024, 5, 16),
        customers=None,
        min_customers=3,
        may_go_on=lambda: None,
        **{f"{PREFIX}2024-05-01": said},
    )
    rows = {
        (part, metric): value
        for part, metric, value in output.frames["evaluations"].select("part", "metric", "value").iter_rows()
    }
    assert rows["all predictions, 7 days", "happened"] == 0.25, "of four, one came on the first day"
    assert rows["all predictions, 14 days", "happened"] == 0.5
    assert rows["predictor bedrock, 14 days", "said"] == 0.5
    assert rows["predictor statistical, 14 days", "happened"] == 0.5
    assert rows["category Dairy, 14 days", "happened"] == pytest.approx(2 / 3, abs=1e-6)
    assert rows["chance from 0.9, 14 days", "happened"] == 1
    assert rows["all predictions, 7 days", "date_error"] == 2, "said the third, came on the first"
    assert rows["all predictions, 14 days", "date_error"] == 2
    assert output.figures["open_28d"] == 4 and ("all predictions, 28 days", "said") not in rows


def test_floors_say_what_is_below_and_what_is_above() -> None:
    floors = QualitySettings(min_recall_at_10=0.2, max_calibration_error=0.05)
    assert objection({"recall_at_10": 0.2, "calibration_error": 0.05}, floors=floors) is None
    assert objection({"missing": "no customer has two baskets"}, floors=floors) is None
    said = objection({"recall_at_10": 0.1, "calibration_error": 0.06}, floors=floors)
    assert said == (
        "recall_at_10 0.1000 is below quality.min_recall_at_10 0.2; "
        "calibration_error 0.0600 is above quality.max_calibration_error 0.05"
    )


def test_without_a_floor_nothing_is_measured(plan: Plan) -> None:
    assert gate(QualitySettings(customers=3), lambda: plan, lambda: None) is None
    made = gate(QualitySettings(min_ndcg_at_10=0.1), lambda: plan, lambda: None)
    assert made is not None and made.step.name == "evaluate-quality"


def test_another_setting_is_another_question(plan: Plan) -> None:
    def key(settings: Settings) -> Any:
        return evaluation_step("lists", lambda: None, (), Plan(plan.steps, settings, plan.resources), {}).extra_key()  # type: ignore[arg-type,return-value]

    changed = Settings.model_validate({"recommend": {"count": 5}})
    assert key(Settings()) == key(Settings()) != key(changed)
    assert VERSION


def test_tables_have_one_column_a_metric_and_marks(plan: Plan) -> None:
    made = asking(plan, evaluate_next_basket, LINES, asked=BasketQuestions(places=3))
    (table,) = [one for one in tables(made) if "recall@3" in one.columns]
    ours = table.filter(part="all", method="omnix, formula")["recall@3"].item()
    assert ours[-1] in "+-=" and "[" in ours
    assert any(line.startswith("ndcg@3: ") for line in evaluation_notes(made, {"asked": 3}))


def test_two_products_bought_in_one_basket_later_are_partners() -> None:
    rows = [(f"c{n}", n, product) for n in range(3) for product in ("milk", "bread")]
    rows += [("c0", 10 + n, product) for n, product in enumerate(("tea", "jam", "milk"))]
    baskets = pl.DataFrame(rows, schema=["customer_id", "basket", "product_id"], orient="row")
    partners = later_partners(baskets, baskets["product_id"].unique())
    assert partners.rows() == [("bread", "milk", 3), ("milk", "bread", 3)]


def test_a_workspace_evaluates_in_python(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "shop")
    assert isinstance(workspace.evaluate, Evaluate)
    with pytest.raises(DataError, match="no run keeps an evaluation"):
        workspace.evaluate.show()
    with pytest.raises(ConfigError, match="no convention"):
        workspace.evaluate.next_basket(convention="mine")
    columns = {"customer_id": "customer_id", "product_id": "product_id", "purchased_at": "purchase_day"}
    LINES.select(columns.values()).write_csv(tmp_path / "lines.csv")
    workspace.imports.files("purchases", str(tmp_path / "lines.csv"), columns=columns)
    asked = sorted(LINES["customer_id"].unique())[:7]
    report = workspace.evaluate.next_basket(test_customers=asked, places=3, order_only=True)
    assert report.figures["asked"] == 7 and not report.missing
    assert workspace.evaluate.show(report.run.run_id).evaluations.equals(report.evaluations)
    again = workspace.evaluate.next_basket(test_customers=asked, places=3, order_only=True, force=True)
    assert again.evaluations.equals(report.evaluations), "the same question, the same bytes"
    same = workspace.evaluate.compare(report.run.run_id, again.run.run_id).frame
    assert same["change"].drop_nulls().abs().sum() == 0
