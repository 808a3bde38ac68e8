"""A small shop on disk, and a way to call omnix in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from omnix_cli.cli import main

FIRST_DAY = date(2017, 8, 7)
CUSTOMERS = [f"c{number:02}" for number in range(1, 13)]
RHYTHMS = {"milk": 7, "bread": 7, "tea": 28, "jam": 14}


@dataclass(frozen=True)
class Answer:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


Omnix = Callable[..., Answer]


def write_shop(folder: Path) -> None:
    """Twelve customers, twenty weeks: milk and bread weekly, tea monthly, jam every other week for half of them."""
    lines = ["customer_id,product_id,order_id,purchased_at,quantity,total_price"]
    for number, customer in enumerate(CUSTOMERS):
        for week in range(20):
            day = FIRST_DAY + timedelta(days=7 * week + number % 5)
            for product, days in RHYTHMS.items():
                if (week * 7) % days == 0 and (product != "jam" or number % 2 == 0):
                    lines.append(f"{customer},{product},{customer}-{day},{day}T10:00:00Z,1,2.50")
    (folder / "purchases.csv").write_text("\n".join(lines) + "\n")
    (folder / "products.csv").write_text(
        "product_id,name,category,brand,price\n"
        "milk,Whole milk,Dairy,Alp,1.10\nbread,Brown bread,Bakery,Oven,2.50\n"
        "tea,Green tea,Drinks,Leaf,3.90\njam,Plum jam,Spreads,Orchard,2.80\nhoney,Honey,Spreads,Orchard,3.10\n"
    )


@pytest.fixture
def omnix(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Omnix:
    """Calls the command line in a folder of its own, without a configuration."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Answer:
        code = main(arguments)
        captured = capfd.readouterr()
        return Answer(code, captured.out, captured.err)

    return call


@pytest.fixture
def shop(omnix: Omnix, tmp_path: Path) -> Omnix:
    """The shop imported."""
    write_shop(tmp_path)
    assert omnix("import", "products", "products.csv").code == 0
    assert omnix("import", "purchases", "purchases.csv").code == 0
    return omnix


@pytest.fixture
def ran(shop: Omnix) -> Omnix:
    """The shop after a run."""
    answer = shop("run")
    assert answer.code == 0, answer.err
    return shop
