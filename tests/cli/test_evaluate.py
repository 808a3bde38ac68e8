"""`omnix evaluate` as a user calls it: figures, kept evaluations, floors, past predictions."""

from __future__ import annotations

import json
import random
import tarfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from omnix_cli import open_workspace
from omnix_cli.errors import ConfigError, DataError
from omnix_cli.stores.inputs.customer_ids import read_customer_ids
from tests.cli.conftest import CUSTOMERS, FIRST_DAY, Omnix

PRODUCTS = [f"p{number:02}" for number in range(12)]
END = FIRST_DAY + timedelta(days=140)


def figures(answer: str) -> dict[tuple[str, str, str], dict[str, Any]]:
    return {(row["part"], row["metric"], row["method"]): row for row in json.loads(answer)}


def write_purchases(file: Path, lines: list[tuple[str, str, date]]) -> None:
    rows = [f"{who},{what},{who}-{day},{day}T10:00:00Z,1,2.50" for who, what, day in lines]
    file.write_text("\n".join(["customer_id,product_id,order_id,purchased_at,quantity,total_price", *rows]) + "\n")


def lively(customers: int = 40, weeks: int = 16) -> list[tuple[str, str, date]]:
    """A shop in which everybody has some favourites, and tries another product now and then."""
    chance = random.Random(4)
    lines = set()
    for number in range(customers):
        mine = chance.sample(PRODUCTS, 4)
        for week in range(weeks):
            day = FIRST_DAY + timedelta(days=7 * week + chance.randrange(5))
            lines |= {(f"c{number:02}", product, day) for product in mine if chance.random() < 0.6}
            lines.add((f"c{number:02}", chance.choice(PRODUCTS), day))
    return sorted(lines)


@pytest.fixture
def market(omnix: Omnix, tmp_path: Path) -> Omnix:
    write_purchases(tmp_path / "lively.csv", lively())
    assert omnix("import", "purchases", "lively.csv").code == 0
    return omnix


def test_every_metric_says_its_rule_its_customers_and_its_interval(market: Omnix) -> None:
    answer = market("evaluate", "next-basket", "--places", "5", "--format", "json")
    assert answer.code == 0, answer.err
    found = figures(answer.out)
    methods = {method for _, _, method in found}
    assert {"popular", "popular of 28 days", "personal frequency, filled", "TIFUKNN, tuned", "item kNN"} <= methods
    ours = found["all", "recall@5", "omnix, formula"]
    assert ours["customers"] == 40
    assert 0 <= ours["low"] <= ours["value"] <= ours["high"] <= 1
    assert ours["rule"] == "hits in the first 5 / true products"
    assert ours["against"] in methods and ours["verdict"] in ("better", "worse", "no difference")
    assert ours["value"] > found["all", "recall@5", "popular"]["value"]
    assert len({row["customers"] for (part, metric, _), row in found.items() if part == "all" and "@" in metric}) == 1
    assert "ties: equal scores in the order of a hash" in answer.err
    assert "chosen: decay" in answer.err


def test_the_same_question_gets_the_kept_answer(market: Omnix) -> None:
    ask = ("evaluate", "next-basket", "--places", "4", "--format", "json")
    first, again = market(*ask), market(*ask)
    assert first.out == again.out
    runs = json.loads(market("runs", "list", "--format", "json").out)
    assert [(run["command"], run["steps_run"]) for run in runs] == [
        ("evaluate next-basket", 0),
        ("evaluate next-basket", 1),
    ]
    assert market("evaluate", "show", "--format", "json").out == first.out
    by_python = open_workspace(".omnix").evaluate.show(runs[1]["run_id"])
    assert json.loads(by_python.evaluations.drop("row").write_json()) == json.loads(first.out)


def test_two_evaluations_are_compared(market: Omnix, tmp_path: Path) -> None:
    market("evaluate", "next-basket", "--format", "json")
    before = open_workspace(".omnix").evaluate.show().run.run_id
    write_purchases(tmp_path / "more.csv", [(one, "p00", END) for one in ("c01", "c02", "c03")])
    market("import", "purchases", "more.csv")
    asked = market("evaluate", "next-basket", "--compare", before, "--format", "json")
    bare = market("evaluate", "--compare", before, "--format", "json")
    assert asked.code == bare.code == 0, asked.err
    assert asked.out == bare.out
    rows = {(row["part"], row["metric"], row["method"]): row for row in json.loads(asked.out)}
    popular = rows["all", "recall@10", "popular"]
    assert popular["change"] == pytest.approx(popular["after"] - popular["before"])
    assert market("evaluate").code == 2
    assert market("evaluate", "--compare", "19990101").code in (2, 3)


def test_formats_and_files(market: Omnix, tmp_path: Path) -> None:
    assert market("evaluate", "next-basket", "--format", "parquet", "--output", "figures.parquet").code == 0
    assert pl.read_parquet(tmp_path / "figures.parquet").height > 20
    table = market("evaluate", "show")
    assert "[low, high]: 95 % bootstrap interval" in table.err
    assert "recall@10" in table.out
    assert market("evaluate", "show", "--format", "csv").out.startswith("part,metric,method,")


@pytest.mark.parametrize(
    "how", [("--as-of", "once"), ("--as-of", str(FIRST_DAY + timedelta(days=80))), ("--order-only",)]
)
def test_other_ways_to_ask(market: Omnix, how: tuple[str, ...]) -> None:
    answer = market("evaluate", "next-basket", *how, "--customers", "20", "--format", "json")
    assert answer.code == 0, answer.err
    assert figures(answer.out)["all", "recall@10", "popular"]["customers"] == 20


def test_order_only_needs_no_dates(market: Omnix) -> None:
    """The same order of baskets on other days gives the same figures."""
    other = [(who, what, FIRST_DAY + 3 * (day - FIRST_DAY)) for who, what, day in lively()]
    write_purchases(Path("stretched.csv"), other)
    market("import", "purchases", "stretched.csv", "--workspace", "stretched")
    ask = ("evaluate", "next-basket", "--order-only", "--format", "json")
    assert json.loads(market(*ask).out) == json.loads(market(*ask, "--workspace", "stretched").out)
    answer = market("evaluate", "next-basket", "--order-only", "--as-of", "once")
    assert answer.code == 2 and "without dates" in answer.err


def test_a_published_split_names_its_test_customers(market: Omnix) -> None:
    Path("split.json").write_text(json.dumps({"train": ["c00"], "test": ["c01", "c02", "c03", "zoe", "c01"]}))
    Path("lines.txt").write_text("c01\nc02\n\nc03\nzoe\n")
    ask = ("evaluate", "next-basket", "--order-only", "--format", "json", "--test-customers")
    one, other = market(*ask, "split.json"), market(*ask, "lines.txt")
    assert one.out == other.out
    assert figures(one.out)["all", "recall@10", "popular"]["customers"] == 3
    assert "unknown customers: 1" in one.err and "unknown first: zoe" in one.err
    nobody = market(*ask, "nobody.txt")
    assert nobody.code == 2, nobody.err
    Path("nobody.txt").write_text("\n")
    assert market(*ask, "nobody.txt").code == 3
    Path("nobody.txt").write_text("zoe\n")
    answer = market(*ask, "nobody.txt")
    assert (answer.code, answer.out.strip()) == (0, "[]")
    assert "missing: none of the test customers has 2 baskets" in answer.err


def test_a_published_split_is_read_from_its_files(omnix: Omnix) -> None:
    """No import, no dates: the same figures as of the same baskets imported as orders of days."""
    lines = [(who, what, (day - FIRST_DAY).days) for who, what, day in lively()]
    last = {who: max(day for other, _, day in lines if other == who) for who, _, _ in lines}
    for name, rows in (
        ("history.csv", [line for line in lines if line[2] < last[line[0]]]),
        ("future.csv", [line for line in lines if line[2] == last[line[0]]]),
    ):
        Path(name).write_text(
            "\n".join(["user_id,product_id,order_number", *(",".join(map(str, row)) for row in rows)])
        )
    Path("keyset.json").write_text(json.dumps({"train": ["c09"], "test": ["c01", "c02", "c03"]}))
    write_purchases(Path("dated.csv"), lively())
    omnix("import", "purchases", "dated.csv", "--workspace", "dated")
    ask = ("evaluate", "next-basket", "--test-customers", "keyset.json", "--format", "json")
    split = omnix(*ask, "--history", "history.csv", "--truth", "future.csv")
    assert split.code == 0, split.err
    assert json.loads(split.out) == json.loads(omnix(*ask, "--order-only", "--workspace", "dated").out)
    assert figures(split.out)["all", "recall@10", "popular"]["customers"] == 3
    assert omnix(*ask, "--truth", "future.csv").code == 2, "a truth needs a history"
    assert omnix(*ask, "--history", "nowhere.csv").code == 2


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("customer_id,name\na,Ann\nb,Bob\na,Ann\n", ["a", "b"]),
        ("user_id\n7\n8\n", ["7", "8"]),
        ('"a b"\nc\n', ["a b", "c"]),
        ("[1, 2, 2]", ["1", "2"]),
        ("﻿a\r\nb\r\n", ["a", "b"]),
        ("id\tage\nx\t3\n", ["x"]),
    ],
)
def test_files_that_name_customers(tmp_path: Path, text: str, ids: list[str]) -> None:
    (tmp_path / "ids").write_text(text)
    assert read_customer_ids(tmp_path / "ids") == ids


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b'{"train": []}', b"[1.5]", b"[", b"\xff\xfe", b"customer_id\n", b"[" * 5000]
)
def test_files_that_name_no_customer(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ids").write_bytes(content)
    with pytest.raises(DataError):
        read_customer_ids(tmp_path / "ids")


def test_the_future_changes_nothing_that_is_said(market: Omnix, tmp_path: Path) -> None:
    """Only the truth of the day changes: whatever is bought from the cut on, the lists stay the same."""
    cut = FIRST_DAY + timedelta(days=84)
    changed = [line if line[2] < cut else (line[0], "p00", line[2]) for line in lively()]
    write_purchases(tmp_path / "changed.csv", sorted(set(changed)))
    market("import", "purchases", "changed.csv", "--workspace", "changed")
    for question in (("next-basket", "--as-of", str(cut)), ("lists", "--as-of", str(cut))):
        shown = [
            {key: row["value"] for key, row in figures(answer.out).items() if key[1] == "median_popularity"}
            for place in (".omnix", "changed")
            for answer in [market("evaluate", *question, "--format", "json", "--workspace", place)]
        ]
        assert shown[0] and {key: shown[1].get(key) for key in shown[0]} == shown[0], question


def test_chances_dates_neighbours_and_lists_are_judged_beside_simple_rules(market: Omnix) -> None:
    chances = figures(market("evaluate", "next-purchase", "--format", "json").out)
    assert {"omnix", "BG/NBD", "count x exp(-elapsed / 60)"} == {
        method for part, metric, method in chances if (part, metric) == ("all pairs, 14 days", "auc")
    }
    gaps = {method for part, metric, method in chances if metric == "mean_error"}
    assert gaps == {"constant gap", "own mean gap", "own log-mean gap, shrunk", "BG/NBD", "omnix"}
    table = json.loads(market("evaluate", "show", "--reliability", "--format", "json").out)
    assert {row["method"] for row in table} == {"omnix", "BG/NBD"}
    assert all(row["low"] <= row["happened"] <= row["high"] for row in table)
    similar = market("evaluate", "similarity", "--format", "json")
    assert similar.code == 0, similar.err
    of_neighbours = {method for _, metric, method in figures(similar.out) if metric == "ndcg@10"}
    assert {"shrunk cosine, customers", "omnix, as set", "omnix, complements", "omnix, substitutes"} <= of_neighbours
    lists = figures(market("evaluate", "lists", "--format", "json").out)
    assert ("all", "recall@10", "omnix, homepage") in lists
    assert ("confidence", "calibration_error", "omnix, homepage") in lists


@pytest.mark.parametrize("question", ["next-basket", "next-purchase", "similarity", "lists", "live"])
def test_too_little_history_is_said_and_no_error(omnix: Omnix, tmp_path: Path, question: str) -> None:
    assert omnix("evaluate", question).code == 3, "no purchases at all"
    write_purchases(tmp_path / "one.csv", [("ann", "milk", FIRST_DAY), ("bob", "tea", FIRST_DAY)])
    omnix("import", "purchases", "one.csv")
    answer = omnix("evaluate", question, "--format", "json")
    assert (answer.code, answer.out.strip()) == (0, "[]"), answer.err
    assert "missing: " in answer.err
    assert omnix("evaluate", question).code == 0


def test_a_night_below_a_floor_is_not_published_and_the_next_good_one_is(market: Omnix) -> None:
    Path("omnix.toml").write_text("[quality]\nmin_recall_at_10 = 0.99\n")
    answer = market("run")
    assert answer.code == 3, answer.err
    assert "not published: recall_at_10 0." in answer.err
    assert "is below quality.min_recall_at_10 0.99" in answer.err
    record = open_workspace(".omnix").runs.show()
    assert (record.status, record.exit_code) == ("failed", 3)
    assert "below quality.min_recall_at_10" in str(record.error)
    assert record.step("publish") is None and record.step("evaluate-quality") is not None
    assert market("publish").code == 3, "nor by hand"
    assert market("recommend").code == 0, "what publishes nothing needs no floor"
    Path("omnix.toml").write_text("[quality]\nmin_recall_at_10 = 0.01\nmax_calibration_error = 0.9\n")
    good = market("run")
    assert good.code == 0, good.err
    published = open_workspace(".omnix").runs.show()
    assert published.step("publish") is not None
    figures_of_gate = published.step("evaluate-quality")
    assert figures_of_gate is not None and float(figures_of_gate.figures["recall_at_10"]) > 0.01


def test_a_dry_run_says_what_the_floor_would_keep_back_and_force_publishes(market: Omnix) -> None:
    Path("omnix.toml").write_text("[quality]\nmin_ndcg_at_10 = 0.99\n")
    assert market("run").code == 3
    dry = market("run", "--dry-run", "--format", "json")
    publish = json.loads(dry.out)[-1]
    assert (publish["step"], publish["status"]) == ("publish", "skipped")
    assert "min_ndcg_at_10" in publish["why"]
    forced = market("publish", "--force")
    assert forced.code == 0, forced.err
    assert "published by --force" in forced.err


def test_past_predictions_are_joined_with_what_was_bought_since(shop: Omnix, tmp_path: Path) -> None:
    nights = [FIRST_DAY + timedelta(days=days) for days in (98, 105, 133)]
    for night in nights:
        assert shop("predict", "--as-of", str(night)).code == 0
    answer = shop("evaluate", "live", "--format", "json")
    assert answer.code == 0, answer.err
    found = figures(answer.out)
    workspace = open_workspace(".omnix")
    said = pl.concat([workspace.frame("predictions", as_of=str(night)).with_columns(night=night) for night in nights])
    end = date.fromisoformat(str(workspace.frame("purchases")["purchase_day"].max())) + timedelta(days=1)
    bought = workspace.frame("purchases").select("customer_id", "product_id", "purchase_day").unique()
    closed = said.filter(pl.col("night") + timedelta(days=14) <= end)
    hits = closed.join(bought, on=["customer_id", "product_id"]).filter(
        pl.col("purchase_day").is_between(pl.col("night"), pl.col("night") + timedelta(days=13))
    )
    hit = hits.unique(["customer_id", "product_id", "night"]).height
    row = found["all predictions, 14 days", "happened", "omnix"]
    assert (row["cases"], row["value"]) == (closed.height, pytest.approx(hit / closed.height, abs=1e-6))
    assert row["customers"] == len(CUSTOMERS)
    mean = found["all predictions, 14 days", "said", "omnix"]["value"]
    assert mean == pytest.approx(closed["probability_14d"].to_numpy().mean(), abs=1e-6)
    assert ("predictor statistical, 7 days", "brier", "omnix") in found
    assert any(part.startswith("category Dairy") for part, _, _ in found)
    assert any(part.startswith("urgency ") for part, _, _ in found)
    assert f"open 28d: {said.filter(pl.col('night') + timedelta(days=28) > end).height:,}" in answer.err


def test_predictions_of_an_older_release_count_too(omnix: Omnix) -> None:
    with tarfile.open(Path(__file__).parents[1] / "fixtures" / "workspace-0.1.0.tar.gz") as archive:
        archive.extractall(".", filter="data")
    answer = omnix("evaluate", "live", "--format", "json")
    assert answer.code == 0, answer.err
    assert figures(answer.out)["predictor statistical, 14 days", "said", "omnix"]["cases"] == 339


def test_settings_of_a_question_are_checked(market: Omnix) -> None:
    assert market("evaluate", "next-basket", "--as-of", "yesterday").code == 2
    with pytest.raises(ConfigError):
        open_workspace(".omnix").evaluate.next_basket(as_of="2024-13-01")
