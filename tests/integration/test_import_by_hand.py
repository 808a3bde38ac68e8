"""A year in the shape of the Online Retail files, imported with the figures of a calculation by hand.

The generator writes each line together with what it is worth, in plain Python and Decimals, without omnix.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from tests.importing import current_rows, imported, importer

HEADER = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
FIRST_DAY = datetime(2018, 12, 1)
SERVICES = ("POST", "DOT", "M", "D", "BANK CHARGES", "AMAZONFEE", "B", "C2", "ADJUST", "TEST001", "gift_0001_20")


@dataclass
class Shop:
    """Lines in the order of their times, and what a careful bookkeeper would note about them."""

    lines: list[tuple[datetime, list[str]]] = field(default_factory=list)
    sold: int = 0
    returned: int = 0
    left_out: int = 0
    revenue: Decimal = Decimal(0)
    midnight_invoices: int = 0

    def note(self, at: datetime, invoice: str, code: str, quantity: int, price: str, customer: str) -> None:
        """One line, and where it belongs."""
        row = [invoice, code, f"THING {code}", str(quantity), f"{at.day}/{at.month}/{at.year} {at:%H:%M}", price]
        self.lines.append((at, [*row, customer, "United Kingdom"]))
        if code in SERVICES or customer in ("", "0"):
            self.left_out += 1
            return
        self.revenue += quantity * Decimal(price)
        if quantity < 0:
            self.returned += 1
        else:
            self.sold += 1


def opening(dice: random.Random) -> datetime:
    """A time between seven and five."""
    return FIRST_DAY + timedelta(days=dice.randint(0, 372), minutes=dice.randint(7 * 60, 17 * 60))


def invoice(shop: Shop, number: int, dice: random.Random, codes: list[str]) -> None:
    """An invoice with some lines, some of which are taken back later."""
    at = opening(dice)
    customer = "" if dice.random() < 0.15 else "0" if dice.random() < 0.03 else str(dice.randint(12346, 12500))
    name = str(536365 + number)
    if dice.random() < 0.02:
        at = at.replace(hour=23, minute=59)
        shop.midnight_invoices += 1
        shop.note(at + timedelta(minutes=2), name, dice.choice(codes), dice.randint(1, 9), "1.25", customer)
    for code in dice.sample(codes, dice.randint(1, 5)):
        price = "0.00" if dice.random() < 0.02 else f"{dice.randint(19, 1995) / 100:.2f}"
        quantity = dice.randint(1, 24)
        for _ in range(2 if dice.random() < 0.03 else 1):  # equal lines of one invoice are two sales
            shop.note(at, name, code, quantity, price, customer)
        if dice.random() < 0.05:
            back = at + timedelta(days=dice.randint(0, 20), minutes=dice.randint(1, 300))
            shop.note(back, f"C{600000 + number}", code, -dice.randint(1, quantity), price, customer)
    if dice.random() < 0.1:
        shop.note(at, name, dice.choice(SERVICES[:4]), 1, "15.00", customer)


def oddity(shop: Shop, number: int, dice: random.Random, codes: list[str]) -> None:
    """A line that is no ordinary sale."""
    at = opening(dice)
    kind = dice.choice(["damages", "fee", "bad debt", "unsold", "discount"])
    name = str(570000 + number)
    if kind == "damages":
        shop.note(at, name, dice.choice(codes), -dice.randint(1, 400), "0", "")
    elif kind == "fee":
        shop.note(at, f"C{name}", dice.choice(["BANK CHARGES", "AMAZONFEE"]), -1, "5942.57", "")
    elif kind == "bad debt":
        shop.note(at, f"A{name}", "B", 1, "-11062.06", "")
    elif kind == "unsold":  # a return of something never sold here
        shop.note(at, f"C{name}", f"9{number:04}Z", -2, "4.25", str(dice.randint(12346, 12500)))
    else:
        shop.note(at, f"C{name}", "D", -1, "27.50", str(dice.randint(12346, 12500)))


def a_year(seed: int) -> Shop:
    """About 5,000 lines of 1,500 invoices."""
    dice, shop = random.Random(seed), Shop()
    codes = [f"{dice.randint(10000, 90000)}{dice.choice(['', '', 'A', 'B'])}" for _ in range(200)]
    for number in range(1500):
        invoice(shop, number, dice, codes)
    for number in range(120):
        oddity(shop, number, dice, codes)
    shop.lines.sort(key=lambda line: line[0])
    return shop


def write(path: Path, lines: list[tuple[datetime, list[str]]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *(row for _, row in lines)])
    return path


def figures(workspace: Path) -> tuple[int, int, Decimal]:
    """Purchases, returns, and net revenue of what is stored."""
    rows = current_rows(importer(workspace))
    signed = pl.when(pl.col("kind") == "return").then(-pl.col("total_price")).otherwise(pl.col("total_price"))
    count = rows["kind"].value_counts().rows()
    kinds = {str(kind): number for kind, number in count}
    return kinds["purchase"], kinds["return"], Decimal(str(rows.select(signed.sum()).item()))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_year_of_online_retail_has_the_rows_returns_and_revenue_of_a_calculation_by_hand(
    tmp_path: Path, seed: int
) -> None:
    shop = a_year(seed)
    assert shop.midnight_invoices > 5
    report = imported(importer(tmp_path / "ws"), write(tmp_path / "year.csv", shop.lines), recipe="uci-online-retail")
    assert (report.read, report.accepted) == (len(shop.lines), shop.sold + shop.returned)
    assert (report.quarantined, report.expected) == (shop.left_out, shop.left_out)
    assert figures(tmp_path / "ws") == (shop.sold, shop.returned, shop.revenue)


@pytest.mark.parametrize("at_once", [True, False])
def test_two_sheets_that_overlap_by_nine_days_are_one_year(tmp_path: Path, at_once: bool) -> None:
    shop = a_year(4)
    first, after = FIRST_DAY + timedelta(days=180), FIRST_DAY + timedelta(days=189)
    early = write(tmp_path / "sheet-1.csv", [line for line in shop.lines if line[0] < after])
    late = write(tmp_path / "sheet-2.csv", [line for line in shop.lines if line[0] >= first])
    work = importer(tmp_path / "ws")
    for files in [[early, late]] if at_once else [[early], [late]]:
        imported(work, *files, recipe="uci-online-retail")
    assert figures(tmp_path / "ws") == (shop.sold, shop.returned, shop.revenue)
