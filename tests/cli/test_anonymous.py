"""A shop without customers: its tickets make similar and popular products, and no lists of customers."""

from __future__ import annotations

import json
from pathlib import Path

from omnix_cli.api.workspace import open_workspace
from tests.cli.conftest import Omnix

TICKETS = [
    f"{number},{product},2020-{1 + number % 5:02}-{1 + number % 28:02} 09:00,1,2.00"
    for number in range(60)
    for product in (("baguette", "croissant") if number % 3 else ("rye", "tart"))
]
HEAD = "order_id,product_id,purchased_at,quantity,total_price\n"


def test_tickets_without_customers_have_similar_and_popular_products_only(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "tickets.csv").write_text(HEAD + "\n".join(TICKETS) + "\n")
    imported = omnix("import", "purchases", "tickets.csv", "--format", "json")
    assert imported.code == 0, imported.err
    assert "orders are anonymous" in imported.out
    ran = omnix("run")
    assert ran.code == 0, ran.err
    assert "120 lines of anonymous orders were left out of predictions and of customers' lists" in ran.err
    workspace = open_workspace(tmp_path / ".omnix")
    assert "baguette" in workspace.similar("croissant").row(0)
    assert workspace.frame("popularity").height
    for frame in ("cycles", "predictions", "recommendations"):
        assert workspace.frame(frame).is_empty()
    assert workspace.frame("shop_lists").height
    assert "anonymous_lines_left_out" in omnix("runs", "show", "--format", "json").out


def test_tickets_whose_numbers_start_again_every_day_are_baskets_of_their_own(omnix: Omnix, tmp_path: Path) -> None:
    pairs = {True: ("bun", "tea"), False: ("rye", "jam")}
    lines = [
        f"{ticket},{product},2020-03-{day:02} 08:{ticket:02},1,1.00"
        for day in range(1, 29)
        for ticket in range(10)
        for product in pairs[day * 7 % 10 > ticket]
    ]
    (tmp_path / "tickets.csv").write_text(HEAD + "\n".join(lines) + "\n")
    assert omnix("import", "purchases", "tickets.csv").code == 0
    assert omnix("similarity").code == 0
    similar = json.loads(omnix("show", "similar", "bun", "--format", "json").out)
    assert [row["neighbour_id"] for row in similar] == ["tea"]


def test_tickets_without_a_number_are_those_of_one_moment(omnix: Omnix, tmp_path: Path) -> None:
    lines = ["0,bun,2020-03-01 08:00,1,1", "0,tea,2020-03-01 08:00,1,1", "0,bun,2020-03-01 09:00,1,1"]
    (tmp_path / "tickets.csv").write_text(HEAD + "\n".join(lines) + "\n")
    assert omnix("import", "purchases", "tickets.csv").code == 0
    rows = open_workspace(tmp_path / ".omnix").frame("purchases")
    assert rows.group_by("customer_id").len()["len"].sort().to_list() == [1, 2]


def test_a_column_that_may_be_the_customer_must_be_named(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("client," + HEAD + "".join(f"c,{line}\n" for line in TICKETS))
    refused = omnix("import", "purchases", "a.csv")
    assert refused.code == 3
    assert "--map customer_id=client" in refused.err


def test_known_customers_beside_anonymous_orders_keep_their_lists(omnix: Omnix, tmp_path: Path) -> None:
    lines = [f"{'ann' if number % 4 == 0 else ''},{line}" for number, line in enumerate(TICKETS)]
    (tmp_path / "a.csv").write_text("customer_id," + HEAD + "\n".join(lines) + "\n")
    recipe = '[purchases]\nanonymous = "by_order"\n'
    (tmp_path / "shop.toml").write_text(recipe)
    assert omnix("import", "purchases", "a.csv", "--mapping", "shop.toml").code == 0
    assert omnix("run").code == 0
    workspace = open_workspace(tmp_path / ".omnix")
    assert set(workspace.frame("cycles")["customer_id"]) == {"ann"}
    assert set(workspace.frame("recommendations")["customer_id"]) <= {"ann"}
    rows = workspace.frame("purchases")
    assert rows.filter(rows["customer_id"] != "ann")["customer_id"].str.starts_with("anonymous#").all()


def test_a_line_with_neither_customer_nor_order_is_bad(omnix: Omnix, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEAD + "1,tea,2020-05-01,1,2\n,tea,2020-05-01,1,2\n")
    omnix("import", "purchases", "a.csv", "--max-bad", "1")
    (row,) = json.loads(omnix("quarantine", "show", "--format", "json").out)
    assert (row["column"], row["reason"]) == ("customer_id", "missing")
