"""Habits that a shopkeeper knows, from the file to the prediction: seasons, stocks, bursts, shut days, toys."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from omnix_cli import open_workspace

HEADER = "customer_id,product_id,order_id,purchased_at,quantity,total_price"
RECIPE = "[purchases]\nreturns = { negative_quantity = true }\n"
Line = tuple[str, str, date, int]


def predictions(
    folder: Path, lines: Iterable[Line], *, as_of: date, mapping: str = "", **settings: Any
) -> pl.DataFrame:
    """The predictions of a shop that sold these lines: customer, product, day, units."""
    rows = [f"{who},{what},{who}-{day},{day}T10:00:00,{units},{units * 2}.00" for who, what, day, units in lines]
    (folder / "lines.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    (folder / "mapping.toml").write_text(RECIPE)
    workspace = open_workspace(folder / "workspace", settings={"as_of": str(as_of), **settings})
    workspace.imports.files("purchases", [str(folder / "lines.csv")], mapping=str(folder / "mapping.toml"))
    report = workspace.predict()
    assert report.run is not None and report.run.exit_code == 0
    return workspace.frame("predictions")


def weekly(customers: int, first: date, last: date, *, product: str = "bread", open_days: int = 7) -> Iterable[Line]:
    """Customers who buy every week, each on a day of their own among the open days of the week."""
    monday = first - timedelta(days=first.weekday())
    for number in range(customers):
        day = monday + timedelta(days=number % open_days)
        while day <= last:
            if day >= first:
                yield f"c{number:02}", product, day, 1
            day += timedelta(days=7)


def one(rows: pl.DataFrame, customer: str, product: str) -> dict[str, Any]:
    found = rows.filter(customer_id=customer, product_id=product)
    return found.row(0, named=True)


@pytest.mark.parametrize(
    ("as_of", "due"), [(date(2024, 12, 1), 2024), (date(2024, 12, 20), 2025), (date(2025, 3, 1), 2025)]
)
def test_a_tree_each_december(tmp_path: Path, as_of: date, due: int) -> None:
    """Five Decembers: likely before the day, and next December after it; never given up in between."""
    years = range(2019 if due == 2024 else 2020, due)
    trees = [(f"c{number:02}", "tree", date(year, 12, 4 + number % 7), 1) for year in years for number in range(12)]
    lines = [*weekly(12, date(2019, 10, 1), as_of), *trees]
    rows = predictions(tmp_path, lines, as_of=as_of).filter(product_id="tree")
    assert rows.height == 12
    for row in rows.iter_rows(named=True):
        assert row["predicted_date"].year == due and row["predicted_date"].month == 12
        assert row["urgency"] in (("urgent", "upcoming", "later") if due == 2024 else ("later",))
        assert row["reason"].startswith(("you buy this about every 365 days (4 gaps)", "you buy this about every 366"))
        assert (row["probability_28d"] > 0.6) == (due == 2024)
        assert row["alive"] > 0.6


def test_what_was_bought_once_is_unlikely_and_what_was_bought_often_has_lapsed(tmp_path: Path) -> None:
    as_of = date(2024, 6, 1)
    often = weekly(20, date(2023, 12, 1), date(2024, 2, 1), product="jam")
    once = [(f"c{number:02}", "toy", date(2024, 3, 1 + number), 1) for number in range(20)]
    bread = weekly(20, date(2023, 12, 1), as_of - timedelta(days=1))
    rows = predictions(tmp_path, [*often, *once, *bread], as_of=as_of, **{"prediction.min_alive": 0.0})
    states = {product: set(rows.filter(product_id=product)["urgency"]) for product in ("jam", "toy", "bread")}
    assert states["jam"] == {"lapsed"}
    assert states["toy"] == {"unlikely"}
    assert not states["bread"] & {"lapsed", "unlikely"}


def test_a_toy_that_nobody_buys_twice_borrows_no_rhythm(tmp_path: Path) -> None:
    as_of = date(2024, 1, 15)
    toys = [(f"c{number:02}", "toy", date(2023, 12, 1 + number % 20), 1) for number in range(35)]
    bread = weekly(35, date(2023, 9, 1), as_of - timedelta(days=1))
    rows = predictions(tmp_path, [*toys, *bread], as_of=as_of, **{"prediction.min_alive": 0.0})
    toy, bread_rows = rows.filter(product_id="toy"), rows.filter(product_id="bread")
    assert toy["interval_days"].null_count() == toy.height == 35
    assert set(toy["urgency"]) <= {"unlikely", "later"}
    assert toy["reason"].str.starts_with("few customers buy this again; you bought it once, ").all()
    assert float(toy["probability_14d"].max()) < 0.1 < float(bread_rows["probability_14d"].min())  # type: ignore[arg-type]


def test_six_units_last_longer_where_gaps_follow_the_quantity(tmp_path: Path) -> None:
    """A unit lasts five days. Everybody buys one to four at a time; ann has bought six."""
    as_of, lines = date(2024, 6, 1), list[Line]()
    for number in range(30):
        day, turn = date(2024, 1, 1) + timedelta(days=number % 9), number
        while day < as_of:
            units = 1 + turn % 4
            lines.append((f"c{number:02}", "filter", day, units))
            day, turn = day + timedelta(days=5 * units), turn + 1
    ann = [("ann", "filter", as_of - timedelta(days=ago), 1) for ago in (26, 21, 16, 11, 6)]
    one_unit = [*lines, *ann, ("ann", "filter", as_of - timedelta(days=1), 1)]
    six_units = [*one_unit[:-1], ("ann", "filter", as_of - timedelta(days=1), 6)]
    (tmp_path / "one").mkdir()
    (tmp_path / "six").mkdir()
    before = one(predictions(tmp_path / "one", one_unit, as_of=as_of), "ann", "filter")
    after = one(predictions(tmp_path / "six", six_units, as_of=as_of), "ann", "filter")
    assert before["interval_days"] == pytest.approx(5, abs=1)
    assert after["interval_days"] > 3 * before["interval_days"]
    assert after["predicted_date"] > before["predicted_date"] + timedelta(days=10)
    assert after["reason"].startswith("you bought this 6 times, half of the 5 gaps were 5 days, last on ")


def test_no_date_falls_on_a_day_when_the_shop_is_shut(tmp_path: Path) -> None:
    """A wholesaler: one Saturday in a year, no Sunday, no 25 December."""
    as_of, christmas = date(2024, 12, 16), date(2023, 12, 25)
    lines = [
        line for line in weekly(60, date(2023, 11, 1), as_of - timedelta(days=1), open_days=5) if line[2] != christmas
    ]
    lines.append(("c01", "bread", date(2024, 6, 15), 1))
    rows = predictions(tmp_path, lines, as_of=as_of)
    assert rows.height == 60
    for name in ("predicted_date", "next_expected_date", "date_p10", "date_p90"):
        assert rows.filter(pl.col(name).dt.weekday() > 5).is_empty()
        assert rows.filter(pl.col(name) == date(2024, 12, 25)).is_empty()
    assert rows.filter(~pl.col("predicted_date").is_between("date_p10", "date_p90")).is_empty()


def test_what_came_back_in_full_has_no_prediction(tmp_path: Path) -> None:
    as_of = date(2024, 6, 1)
    lines = [*weekly(8, date(2024, 1, 1), as_of - timedelta(days=1))]
    lines += [("c01", "lamp", date(2024, 5, 2), 1), ("c01", "lamp", date(2024, 5, 9), -1)]
    rows = predictions(tmp_path, lines, as_of=as_of, **{"prediction.min_alive": 0.0})
    assert rows.filter(product_id="lamp").is_empty()
    assert rows.filter(product_id="bread").height == 8


def test_bursts_are_one_occasion(tmp_path: Path) -> None:
    """Every other month three days in a row."""
    as_of = date(2024, 12, 1)
    jobs = [
        (f"c{number:02}", "paint", date(2024, 1, 10 + number) + timedelta(days=60 * job + day), 1)
        for number in range(6)
        for job in range(5)
        for day in range(3)
    ]
    bread = weekly(6, date(2024, 1, 1), as_of - timedelta(days=1))
    rows = predictions(tmp_path, [*jobs, *bread], as_of=as_of, **{"prediction.min_alive": 0.0})
    paint = rows.filter(product_id="paint")
    assert paint["purchase_days"].to_list() == [15] * 6
    assert paint["reason"].str.starts_with("you buy this about every 58 days (4 gaps), last ").all()
