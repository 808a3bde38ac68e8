"""What a shopkeeper takes for granted, from the files to the results of a run."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from omnix_cli import open_workspace
from omnix_cli.api.workspace import Workspace

HEADER = "customer_id,product_id,order_id,purchased_at,quantity,total_price"
RETURNS = "[purchases]\nreturns = { negative_quantity = true }\n"
FRAMES = ("cycles", "neighbours", "popularity", "predictions", "recommendations", "shop_lists")
FIRST = datetime(2017, 8, 7, 10)


def _shop() -> list[str]:
    """Twelve customers, twenty weeks: bread weekly, tea every four weeks, jam every other week for half of them."""
    lines = []
    for number in range(12):
        for week in range(20):
            day = FIRST + timedelta(days=7 * week + number % 5, minutes=number)
            for product, weeks in {"bread": 1, "tea": 4, "jam": 2}.items():
                if week % weeks == 0 and (product != "jam" or number % 2 == 0):
                    lines.append(f"c{number:02},{product},o{number}-{week},{day:%Y-%m-%dT%H:%M:%S},1,2.50")
    return lines


def _workspace(folder: Path, *files: Iterable[str], **how: Any) -> Workspace:
    """A workspace into which these files are imported one by one."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"privacy.min_customers": 1, "recommend.min_support": 1, "as_of": "latest"}
    workspace = open_workspace(folder / "workspace", settings=settings)
    for number, lines in enumerate(files):
        file = folder / f"{number}.csv"
        file.write_text("\n".join([HEADER, *lines]) + "\n")
        report = workspace.imports.files("purchases", [str(file)], **how)
        assert report.read == report.accepted + report.quarantined + report.known
    return workspace


def _results(workspace: Workspace, frames: Sequence[str] = FRAMES) -> dict[str, pl.DataFrame]:
    report = workspace.run()
    assert report.run is not None
    assert report.run.exit_code == 0
    return {name: workspace.frame(name) for name in frames}


def _assert_equal(results: dict[str, pl.DataFrame], others: dict[str, pl.DataFrame]) -> None:
    for name, rows in results.items():
        assert_frame_equal(rows, others[name])


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    return _results(_workspace(tmp_path_factory.mktemp("plain"), _shop()))


def test_returns_are_no_sales(tmp_path: Path, plain: dict[str, pl.DataFrame]) -> None:
    """Six bought a toy and brought it back; one returns a jam bought long ago."""
    (tmp_path / "m.toml").write_text(RETURNS)
    toys = [f"c{n:02},toy,t{n},2017-12-0{n + 1}T10:00:00,{q},{q * 9}.00" for n in range(6) for q in (1, -1)]
    jam = ["c00,jam,o0-0,2017-08-20T10:00:00,-1,-2.50"]
    results = _results(_workspace(tmp_path, [*_shop(), *toys, *jam], mapping=str(tmp_path / "m.toml")))
    assert "toy" not in results["popularity"]["product_id"]
    assert "toy" not in results["recommendations"]["product_id"]
    of_jam = results["cycles"].filter(customer_id="c00", product_id="jam")
    before = plain["cycles"].filter(customer_id="c00", product_id="jam")
    assert of_jam["purchase_days"].item() == before["purchase_days"].item() - 1
    rest = pl.col("product_id") == "bread"
    assert results["cycles"].filter(rest)["gap_days"].to_list() == plain["cycles"].filter(rest)["gap_days"].to_list()


@pytest.mark.parametrize("offset", ["", "Z", "+00:00", "-05:00"])
def test_a_corrected_time_zone_replaces_the_lines(tmp_path: Path, offset: str) -> None:
    """Times near midnight are of another day in Paris; with an offset the instant stays, and only the day moves."""
    late = [_with_offset(line.replace("T10:", "T23:"), offset) for line in _shop()]
    work = _workspace(tmp_path / "a", late, timezone="UTC")
    before = work.frame("purchases")
    work.imports.files("purchases", [str(tmp_path / "a" / "0.csv")], timezone="Europe/Paris")
    after = work.frame("purchases")
    fresh = _workspace(tmp_path / "b", late, timezone="Europe/Paris")
    assert after.height == before.height == len(late)
    key = ["customer_id", "product_id", "purchased_at"]
    assert_frame_equal(after.drop("purchase_id").sort(key), fresh.frame("purchases").drop("purchase_id").sort(key))
    moved = (after.sort(key)["purchase_day"] - before.sort(key)["purchase_day"]).dt.total_days().unique().to_list()
    assert moved == ([0] if not offset else [1] if offset != "-05:00" else [0])
    _assert_equal(_results(work), _results(fresh))


def _with_offset(line: str, offset: str) -> str:
    parts = line.split(",")
    return ",".join([*parts[:3], parts[3] + offset, *parts[4:]])


def test_two_orders_on_a_day_are_two_orders_and_one_day(tmp_path: Path, plain: dict[str, pl.DataFrame]) -> None:
    again = [line.replace("T10:", "T17:").replace(",o", ",second-") for line in _shop() if ",bread," in line]
    work = _workspace(tmp_path, [*_shop(), *again])
    assert work.frame("purchases").height == len(_shop()) + len(again)
    results = _results(work)
    columns = ["customer_id", "product_id", "purchase_days", "gap_days", "last_day"]
    assert_frame_equal(results["cycles"].select(columns), plain["cycles"].select(columns))
    bread = results["cycles"].filter(product_id="bread")
    assert bread["typical_quantity"].unique().to_list() == [2.0]
    dates = ["customer_id", "product_id", "purchase_days", "last_day"]
    assert_frame_equal(results["predictions"].select(dates), plain["predictions"].select(dates))


@pytest.mark.parametrize("last", [date(2020, 2, 29), date(2020, 3, 1), date(2020, 12, 31), date(2021, 1, 1)])
def test_leap_days_and_year_ends_are_days_like_others(tmp_path: Path, last: date) -> None:
    days = [last - timedelta(days=7 * week) for week in range(30)]
    lines = [f"c{n},milk,{n}-{day},{day}T10:00:00,1,1.00" for day in days for n in range(8)]
    results = _results(_workspace(tmp_path, lines), ("cycles", "predictions"))
    for row in results["cycles"].iter_rows(named=True):
        assert (row["purchase_days"], row["last_day"], set(row["gap_days"])) == (30, last, {7})
    for row in results["predictions"].iter_rows(named=True):
        assert abs((row["predicted_date"] - last).days - 7) <= 1


def test_the_order_of_rows_and_the_cut_into_files_change_nothing(
    tmp_path: Path, plain: dict[str, pl.DataFrame]
) -> None:
    lines = _shop()
    random.Random(5).shuffle(lines)
    _assert_equal(_results(_workspace(tmp_path / "shuffled", lines)), plain)
    parts = [lines[200:], lines[:90], lines[90:200]]
    _assert_equal(_results(_workspace(tmp_path / "cut", *parts)), plain)


def test_one_very_heavy_account_counts_as_one_customer(tmp_path: Path, plain: dict[str, pl.DataFrame]) -> None:
    """A reseller who buys everything every day, ten at a time."""
    days = [FIRST + timedelta(days=day) for day in range(137)]
    heavy = [
        f"x,{one},x{day:%Y%m%d},{day:%Y-%m-%dT%H:%M:%S},10,25.00" for day in days for one in ("bread", "tea", "jam")
    ]
    results = _results(_workspace(tmp_path, [*_shop(), *heavy]))
    counts, before = (
        dict(some["popularity"].filter(kind="popular").select("product_id", "customers").rows())
        for some in (results, plain)
    )
    assert counts == {product: customers + 1 for product, customers in before.items()}
    columns = ["customer_id", "product_id", "gap_days", "last_day"]
    others = results["cycles"].filter(pl.col("customer_id") != "x").select(columns)
    assert_frame_equal(others, plain["cycles"].select(columns))
    lists = {"customer_id", "product_id"}
    of_others = results["recommendations"].filter(pl.col("customer_id") != "x").select(sorted(lists)).unique()
    assert set(of_others.rows()) >= set(plain["recommendations"].select(sorted(lists)).unique().rows())


def test_a_shop_of_one_order_runs(tmp_path: Path) -> None:
    lines = ["c1,milk,o1,2024-03-04T10:00:00,1,1.00", "c1,tea,o1,2024-03-04T10:00:00,2,5.00"]
    work = _workspace(tmp_path, lines)
    results = _results(work)
    assert work.check_data() == ()
    assert results["cycles"].select("product_id", "purchase_days").rows() == [("milk", 1), ("tea", 1)]
    assert set(results["predictions"]["product_id"]) <= {"milk", "tea"}
