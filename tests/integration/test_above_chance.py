"""What is bought together no more than by chance, or by a few accounts that buy everything, is no link in any list."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest

from omnix_cli import open_workspace
from omnix_cli.api.workspace import Workspace

PRODUCTS = [f"p{number:02}" for number in range(30)]
STAFF = ("staff-1", "staff-2", "staff-3")


def write_shop(folder: Path, *, staff: bool) -> Workspace:
    """60 customers who each buy a few of 15 couples (p00 with p01, p02 with p03, ...), and water, which everybody buys;
    and three accounts of the staff that buy every product."""
    draw = random.Random(5)
    bought = {f"c{number:02}": draw.sample(range(15), 2) for number in range(60)}
    lines = ["customer_id,product_id,order_id,purchased_at,quantity,total_price"]
    for customer, couples in bought.items():
        basket = ["water", *(PRODUCTS[2 * couple + end] for couple in couples for end in (0, 1))]
        for week in range(4):
            day = f"2024-05-{1 + 7 * week:02}T10:00:00"
            lines += [f"{customer},{product},{customer}-{week},{day},1,2.50" for product in basket]
    for account in STAFF if staff else ():
        day = "2024-05-20T10:00:00"
        lines += [f"{account},{product},{account},{day},1,2.50" for product in ["water", *PRODUCTS]]
    (folder / "purchases.csv").write_text("\n".join(lines) + "\n")
    workspace = open_workspace(folder / "ws", settings={"as_of": "2024-06-01", "shop_lists.complement_count": 5})
    workspace.imports.files("purchases", [str(folder / "purchases.csv")])
    workspace.run()
    return workspace


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return write_shop(tmp_path_factory.mktemp("plain"), staff=False)


@pytest.fixture(scope="module")
def staffed(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return write_shop(tmp_path_factory.mktemp("staffed"), staff=True)


def links(workspace: Workspace) -> dict[tuple[str, str], int]:
    rows = workspace.frame("neighbours").filter(pl.col("co_purchase").is_not_null())
    return {
        (one, other): customers
        for one, other, customers in rows.select("product_id", "neighbour_id", "customers").rows()
    }


def test_what_everybody_buys_is_bought_together_with_nothing(plain: Workspace) -> None:
    rows = plain.frame("neighbours")
    assert (rows.filter(pl.col("lift").is_not_null())["lift"] > 1).all()
    assert not any("water" in pair for pair in links(plain))
    lists = plain.frame("shop_lists").filter(pl.col("kind").is_in(["similar", "complements"]))
    assert lists.filter(product_id="water").is_empty()
    reasons = plain.frame("recommendations")["reason"]
    assert reasons.filter(reasons.str.contains("together with water")).is_empty()


def test_couples_are_found(plain: Workspace) -> None:
    nearest = plain.frame("neighbours").filter(rank=1)
    partner = {product: PRODUCTS[PRODUCTS.index(product) ^ 1] for product in nearest["product_id"]}
    assert dict(nearest.select("product_id", "neighbour_id").rows()) == partner
    complements = plain.frame("shop_lists").filter(kind="complements", rank=1)
    assert dict(complements.select(pl.col("list_id").str.slice(12), "product_id").rows()) == partner


def test_three_accounts_that_buy_everything_make_no_links(plain: Workspace, staffed: Workspace) -> None:
    """They add themselves to the customers of a link, but no link stands on them."""
    before, after = links(plain), links(staffed)
    assert after.keys() <= before.keys()
    assert len(after) >= 0.8 * len(before)
    assert all(after[pair] == customers + len(STAFF) for pair, customers in before.items() if pair in after)
    nearest = [
        workspace.frame("neighbours").filter(rank=1).select("product_id", "neighbour_id").rows()
        for workspace in (plain, staffed)
    ]
    assert nearest[0] == nearest[1]


def test_the_reasons_of_both_shops_are_true(plain: Workspace, staffed: Workspace) -> None:
    assert plain.check_reasons().wrong == staffed.check_reasons().wrong == 0
