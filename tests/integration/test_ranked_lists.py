"""A shop with enough customers to learn from: from its files to the lists in the order of the ranker."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from omnix_cli import open_workspace
from omnix_cli.api.workspace import Workspace
from tests.unit.steps.ranking.shops import shop


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """After a run: 80 customers, each with favourites of the own."""
    folder: Path = tmp_path_factory.mktemp("learned")
    lines = shop(customers=80).rename({"day": "purchased_at"}).with_columns(quantity=1)
    lines.write_csv(folder / "purchases.csv")
    settings = {"ranking.min_label_baskets": 40, "ranking.method": "logistic", "recommend.usual_count": 5}
    workspace = open_workspace(folder / "workspace", settings=settings)
    workspace.imports.files("purchases", [str(folder / "purchases.csv")])
    workspace.run()
    return workspace


def test_the_usual_list_is_in_the_order_of_the_ranker(learned: Workspace) -> None:
    rankings = learned.frame("rankings").filter("known", pl.col("rank") <= 5)
    lists = learned.frame("recommendations").filter(pl.col("kind") == "usual")
    columns = ["customer_id", "rank", "product_id"]
    assert lists.select(columns).sort(columns).equals(rankings.select(columns).sort(columns), null_equal=True)
    shown = learned.recommendations("c07", context="usual")
    assert shown["product_id"].to_list() == lists.filter(customer_id="c07").sort("rank")["product_id"].to_list()


def test_new_products_come_in_the_order_of_the_ranker(learned: Workspace) -> None:
    new = learned.frame("recommendations").filter(pl.col("shelf") == "new_for_you", pl.col("kind") == "personal")
    rank = new.join(
        learned.frame("rankings").filter(~pl.col("known")), on=["customer_id", "product_id"], suffix="_of_all"
    ).sort("customer_id", "rank")
    assert rank.height == new.height > 80
    rises = rank.select(pl.col("rank_of_all").diff().over("customer_id")).to_series().drop_nulls()
    assert (rises > 0).all()


def test_what_is_usual_has_the_chance_and_the_date_of_its_prediction(learned: Workspace) -> None:
    both = (
        learned.frame("recommendations")
        .filter(pl.col("kind") == "usual")
        .join(learned.frame("predictions"), on=["customer_id", "product_id"], suffix="_said")
    )
    assert both.height
    assert np.array_equal(both["confidence"], both["probability_14d"])
    assert both["predicted_date"].equals(both["predicted_date_said"], check_names=False)


def test_the_run_says_what_ranked(learned: Workspace) -> None:
    run = learned.run().run
    assert run is not None
    figures = {step.name: step.figures for step in run.steps}
    assert figures["ranking"]["known"] == figures["ranker"]["known"] == "logistic"
    assert figures["ranker"]["known_label_baskets"] == 80
