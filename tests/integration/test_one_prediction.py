"""A customer and a product have one date, one state and one chance, wherever the results of a run show them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from omnix_cli import open_workspace
from omnix_cli.api.workspace import Workspace
from omnix_cli.stores.sqlite.store import SqliteStore

ROOT = Path(__file__).parents[2]
SHOWN = ("predicted_date", "next_expected_date", "urgency")
PAIR = ("customer_id", "product_id")
EVERYTHING = 1_000_000
CONTEXTS = ("homepage", "replenishment", "usual")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sample")


@pytest.fixture(scope="module")
def workspace(folder: Path) -> Workspace:
    sources = [
        {"kind": "products", "files": [str(ROOT / "sample_data/products.csv.gz")], "mapping": "complete-journey"},
        {"kind": "purchases", "files": [str(ROOT / "sample_data/purchases.csv.gz")], "mapping": "complete-journey"},
    ]
    settings = {"imports.timezone": "America/New_York", "imports.sources": sources, "similarity.neighbours": 10}
    workspace = open_workspace(folder, settings=settings)
    report = workspace.run()
    assert report.run is not None and report.run.exit_code == 0
    return workspace


@pytest.fixture(scope="module")
def predictions(workspace: Workspace) -> pl.DataFrame:
    return workspace.frame("predictions")


@pytest.fixture(scope="module")
def said(predictions: pl.DataFrame) -> Mapping[tuple[Any, ...], dict[str, Any]]:
    return predictions.rows_by_key(PAIR, named=True, unique=True)


def test_dates_fit_their_states_and_their_windows(predictions: pl.DataFrame, workspace: Workspace) -> None:
    day = workspace.frame("purchases")["purchase_day"].max()
    assert isinstance(day, date)
    inside = pl.col("predicted_date").is_between("date_p10", "date_p90")
    is_late = pl.col("urgency") == "overdue"
    in_the_past = pl.col("predicted_date") <= day
    chances = ("probability_7d", "probability_14d", "probability_28d", "alive")
    in_order = pl.all_horizontal(pl.col(a) <= pl.col(b) for a, b in pairwise(chances))
    assert predictions.filter(is_late).height > 100
    for rule in (inside, is_late == in_the_past, pl.col("next_expected_date") > day, in_order):
        assert predictions.filter(~rule).is_empty()


def test_lists_show_the_prediction(said: Mapping[Any, Any], workspace: Workspace) -> None:
    lists = workspace.frame("recommendations")
    known = 0
    for item in lists.iter_rows(named=True):
        prediction = said.get((item["customer_id"], item["product_id"]))
        if prediction is None:
            assert item["predicted_date"] is None and item["urgency"] is None
            continue
        known += 1
        assert {name: item[name] for name in SHOWN} == {name: prediction[name] for name in SHOWN}
        assert item["confidence"] == prediction["probability_14d"]
    assert known > 1_000
    assert set(lists["kind"]) == {"personal", "replenishment", "usual"}


def test_published_items_show_the_prediction(said: Mapping[Any, Any], workspace: Workspace, folder: Path) -> None:
    customers = sorted(workspace.frame("recommendations")["customer_id"].unique())
    seen = 0
    with closing(SqliteStore(folder / "store.sqlite")) as store:
        ids = [f"{customer}#{context}" for customer in customers for context in CONTEXTS]
        for item in store.get_many("recommendations", ids):
            for entry in item["recommendations"]:
                prediction = said.get((item["customerId"], entry["productId"]))
                if prediction is None:
                    assert {"predictedPurchaseDate", "nextExpectedDate", "urgency"}.isdisjoint(entry)
                    continue
                seen += 1
                assert entry["predictedPurchaseDate"] == str(prediction["predicted_date"])
                assert entry["urgency"] == prediction["urgency"]
                assert float(entry["confidence"]) == pytest.approx(prediction["probability_14d"], abs=5.1e-5)
                expected = str(prediction["next_expected_date"]) if prediction["urgency"] == "overdue" else None
                assert entry.get("nextExpectedDate") == expected
    assert seen > 1_000


@pytest.mark.parametrize("days", [7, 14, 28])
def test_what_is_due_is_chosen_and_sorted_by_its_chance(
    said: Mapping[Any, Any], workspace: Workspace, days: int
) -> None:
    due = workspace.due(days=days, limit=EVERYTHING)
    assert due["probability"].is_sorted(descending=True)
    assert due.height > 0.95 * len(said)  # all but what may not be offered
    for row in due.iter_rows(named=True):
        prediction = said[row["customer_id"], row["product_id"]]
        assert row["probability"] == prediction[f"probability_{days}d"]
        assert {name: row[name] for name in SHOWN} == {name: prediction[name] for name in SHOWN}


def test_more_days_never_lower_the_chance(workspace: Workspace) -> None:
    chances = [
        workspace.due(days=days, limit=EVERYTHING).select(*PAIR, pl.col("probability").alias(f"within_{days}"))
        for days in (3, 7, 10, 14, 21, 28, 60)
    ]
    joined = chances[0]
    for following in chances[1:]:
        joined = joined.join(following, on=PAIR)
    for a, b in pairwise(joined.columns[2:]):
        assert (joined[a] <= joined[b] + 1e-6).all()


def test_a_customer_s_rhythm_shows_the_prediction(said: Mapping[Any, Any], workspace: Workspace) -> None:
    customer = next(iter(said))[0]
    rows = workspace.customer(customer, limit=EVERYTHING)
    for row in rows.iter_rows(named=True):
        prediction = said.get((customer, row["product_id"]), dict.fromkeys((*SHOWN, "probability_14d")))
        names = (*SHOWN, "probability_14d")
        assert {name: row[name] for name in names} == {name: prediction[name] for name in names}
