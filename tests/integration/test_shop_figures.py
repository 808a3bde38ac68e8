"""What a shopkeeper takes for granted of what the whole shop buys: trends, seasons, heavy accounts, stray days."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from omnix_cli import open_workspace
from tests.integration.small_shops import FIRST, GOODS, LAST, PURCHASES, catalogue, figures, grocer, line, run, shop


def test_nothing_trends_in_a_shop_of_thirty_days(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    workspace = shop(tmp_path, grocer(weeks=4))
    assert figures(run(workspace), "popularity")["trending_needs"] == "56 days of history"
    assert workspace.trending().is_empty()
    assert "nothing trends: trends need 56 days of history" in caplog.text
    assert workspace.seasonal().is_empty()
    assert "above chance (by category only, with less than 395 days of history)" in caplog.text


def test_flat_demand_has_no_season(tmp_path: Path) -> None:
    """Two years of customers who buy at random, the same all year round."""
    chance = random.Random(3)
    lines = [
        line(f"c{chance.randrange(60):02}", f"p{chance.randrange(20):02}", FIRST + timedelta(days=day))
        for day in range(730)
        for _ in range(4)
    ]
    workspace = shop(tmp_path, lines, products=catalogue(*(f"p{number:02}" for number in range(20))))
    told = figures(run(workspace), "popularity")
    assert (told["seasonal"], "seasonal_by" in told) == (0, False)
    for season in ("spring", "summer", "autumn", "winter"):
        assert workspace.seasonal(season).is_empty()


def test_a_season_that_comes_twice_is_one_and_a_short_history_says_so(tmp_path: Path) -> None:
    """Ice cream in June, July and August of two years; then of five months."""
    ice = [
        line(f"c{number:02}", "ice", date(year, month, 1 + number))
        for year in (2022, 2023) for month in (6, 7, 8) for number in range(24)
    ]  # fmt: skip
    before = [one.replace("2023-", "2022-") for one in grocer(weeks=50)]
    lines = [*before, *grocer(weeks=50), *ice]
    workspace = shop(tmp_path / "years", lines)
    run(workspace)
    (row,) = workspace.seasonal("summer").filter(product_id="ice").rows(named=True)
    assert "times as well in summer" in row["reason"]
    assert "history" not in row["reason"]
    assert "ice" not in workspace.seasonal("winter")["product_id"]
    short = [one for one in lines if ",2023-0" in one]
    products = catalogue(*GOODS, "ice", category={"ice": "Frozen"} | dict.fromkeys(GOODS, "Grocery"))
    few = shop(tmp_path / "months", short, products=products)
    assert figures(run(few), "popularity")["seasonal_by"].startswith("category only")
    (row,) = few.seasonal("summer").filter(product_id="ice").rows(named=True)
    assert row["reason"].startswith("category Frozen sells ")
    assert row["reason"].endswith("less than a year of history)")


STAFF = [
    line(f"staff{number}", f"p{product:02}", FIRST + timedelta(days=7 * week + number))
    for number in range(3) for product in range(40) for week in range(0, 30, 6)
]  # fmt: skip


def test_accounts_that_buy_everything_are_told_and_can_be_left_out(tmp_path: Path) -> None:
    alone = shop(tmp_path / "alone", grocer())
    run(alone)
    heavy = shop(tmp_path / "heavy", [*grocer(), *STAFF])
    (told,) = (one for one in heavy.run().findings if one.code == "few_make_the_links")
    assert told.text.startswith("3 customers make ")
    assert "recommend.excluded_customers" in told.hint
    assert set(heavy.frame("popularity")["product_id"]) > set(GOODS)
    without = shop(tmp_path / "without", [*grocer(), *STAFF], recommend__excluded_customers=["Staff*"])
    report = without.run()
    assert not [one.code for one in report.findings]
    columns = ["kind", "scope", "product_id", "customers", "score"]
    assert without.frame("popularity").select(columns).equals(alone.frame("popularity").select(columns))
    links = ["product_id", "neighbour_id", "support"]
    together = [some.frame("neighbours").drop_nulls("support").select(links).sort(links) for some in (without, alone)]
    assert together[0].equals(together[1])
    assert without.recommendations("staff1").height == 10
    wrong = shop(tmp_path / "wrong", grocer(), recommend__excluded_customers=["nobody"])
    assert [one.code for one in wrong.run().findings] == ["unknown_customer"]


@pytest.mark.parametrize("stray", [date(1999, 1, 1), LAST + timedelta(days=548)])
def test_one_line_of_another_year_moves_nothing(tmp_path: Path, stray: date) -> None:
    """The run stands on the day after the last sale but that one, and says so."""
    plain = shop(tmp_path / "plain", grocer())
    record = run(plain)
    strayed = shop(tmp_path / "stray", [*grocer(), line("c00", "bread", stray)])
    report = strayed.run()
    assert report.run is not None
    assert report.run.as_of == record.as_of == LAST + timedelta(days=1)
    assert "stray_dates" in [one.code for one in report.findings]
    assert figures(report.run, "popularity")["seasonal_by"] == figures(record, "popularity")["seasonal_by"]


def test_counts_of_one_are_written_in_the_singular(tmp_path: Path) -> None:
    lines = [*grocer(), line("c00", "rare", LAST - timedelta(days=1))]
    workspace = shop(tmp_path, lines, privacy__min_customers=1, recommend__min_support=1)
    run(workspace)
    reasons = pl.concat([workspace.frame(name)["reason"] for name in ("recommendations", "shop_lists")])
    assert reasons.str.contains(r"\b1 customer\b").any()
    assert not reasons.str.contains(r"\b1 (customers|days)\b").any()


def test_tickets_without_customers_have_popular_and_trending_products(tmp_path: Path) -> None:
    """Personal steps are empty and say why; what the shop buys is counted by order."""
    lines = [one.split(",", 1)[1] for one in grocer(weeks=20)]
    workspace = open_workspace(tmp_path / "workspace", settings={"as_of": "latest"})
    (tmp_path / "tickets.csv").write_text("\n".join([PURCHASES.split(",", 1)[1], *lines]) + "\n")
    workspace.imports.files("purchases", str(tmp_path / "tickets.csv"))
    record = run(workspace)
    assert figures(record, "cycles")["anonymous_lines_left_out"] == len(lines)
    assert workspace.frame("recommendations").is_empty()
    popular = workspace.frame("shop_lists").filter(list_id="popular#all")
    assert popular["product_id"][0] == "bread"
    assert popular["reason"].str.contains(r"^bought in \d+\+? orders$").all()
    assert workspace.frame("shop_lists").filter(kind="similar").height


def test_after_a_run_for_an_earlier_day_results_say_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    workspace = shop(tmp_path, grocer(weeks=12))
    today = run(workspace)
    workspace.due()
    assert "the latest run is as of" not in caplog.text
    workspace.run(as_of="2023-02-20")
    assert workspace.due(days=3650)["predicted_date"].min() < date(2023, 3, 1)
    assert caplog.text.count(f"the latest run is as of 2023-02-20; the one before is as of {today.as_of}") == 1
    assert workspace.due(as_of=str(today.as_of), days=3650)["predicted_date"].max() > today.as_of
