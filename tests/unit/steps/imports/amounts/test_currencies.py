"""The currencies of amounts, by their marks and by a column."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from omnix_cli.steps.imports.amounts.currencies import counts, differs, listed, marks, name, named, several
from tests.unit.steps.imports.lines import LINE, cleaned, why


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("$4.50", "$"),
        ("-$4.50", "$"),
        ("($4.50)", "$"),
        ("CA$ 4.50", "CAD"),
        ("C $5", "CAD"),
        ("R$ 12,50", "BRL"),
        ("US$5", "USD"),
        ("USD 4.50", "USD"),
        ("4.50usd", "USD"),
        ("€4,50", "EUR"),
        ("4.50-€", "EUR"),
        ("€ 4,50 EUR", "EUR"),
        ("12,50 kr.", "kr"),
        ("s/. 12", "PEN"),
        ("1\u00a0234 ₽", "RUB"),
        ("￥100", "¥"),
        ("4.50", None),
        ("1e5", None),
        ("5.-", None),
        ("abc", None),
        (None, None),
    ],
)
def test_the_mark_beside_an_amount(amount: str | None, currency: str | None) -> None:
    assert marks(pl.Series([amount], dtype=pl.String)).to_list() == [currency]


def test_a_column_of_currencies_knows_any_code() -> None:
    column = pl.Series(["usd", " EUR ", "€", "", None, "NULL", "xbt"])
    assert named(column, ("NULL",)).to_list() == ["USD", "EUR", "EUR", None, None, None, "XBT"]
    assert named(pl.Series(["eur", "eur"]), ()).to_list() == ["EUR", "EUR"]
    assert named(pl.Series([None, None], dtype=pl.String), ()).to_list() == [None, None]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ({"EUR": 3, "": 9}, {}),
        ({"EUR": 3, "USD": 4, "": 9}, {"USD": 4, "EUR": 3, "none": 9}),
        ({"$": 3, "USD": 4}, {}),
        ({"$": 3, "CAD": 4}, {"CAD": 4, "$": 3}),
        ({"kr": 3, "SEK": 4}, {}),
        ({"kr": 3, "SEK": 4, "NOK": 1}, {"SEK": 4, "kr": 3, "NOK": 1}),
        ({}, {}),
    ],
)
def test_one_currency_is_nothing_to_tell(rows: dict[str, int], found: dict[str, int]) -> None:
    assert several(rows) == found
    assert listed({"EUR": 1, "USD": 2, "": 1}) == "2 rows in USD, 1 row in EUR, 1 row without one"


@pytest.mark.parametrize(
    ("kept", "stays"),
    [("EUR", "EUR,None"), ("€", "EUR,None"), ("cad", "$,CAD,None"), ("USD", "$,None"), ("$", "$,None")],
)
def test_the_kept_currency(kept: str, stays: str) -> None:
    column = pl.Series(["EUR", "$", "CAD", None])
    assert {f"{one}" for one in column.filter(~differs(column, kept))} == set(stays.split(","))
    assert name("euro") == "EUR"


def _priced(*prices: str | None, **mapping: Any) -> Any:
    return cleaned(*({**LINE, "order_id": f"{n}", "total_price": price} for n, price in enumerate(prices)), **mapping)


def test_rows_are_counted_by_currency_and_others_are_set_aside() -> None:
    assert _priced("$4.50", "€4.50", "5", None).currencies == {"$": 1, "EUR": 1, "": 2}
    assert _priced("4.50", "5").currencies == {"": 2}
    kept = _priced("$4.50", "€4.50", "5", currency="EUR")
    assert why(kept) == [("currency", "$", "in another currency ($)")]
    assert kept.quarantine["expected"].all()
    assert kept.currencies == {"EUR": 1, "": 1}


def test_a_column_of_the_file_goes_before_the_mark() -> None:
    rows = [{**LINE, "order_id": one, "total_price": "$4.50", "Currency": one} for one in ("CAD", "usd", "")]
    assert cleaned(*rows).currencies == {"CAD": 1, "USD": 1, "$": 1}
    renamed = [{**LINE, "total_price": "4.50", "Waehrung": "EUR"}]
    assert cleaned(*renamed, columns={"currency": "Waehrung"}).currencies == {"EUR": 1}
    assert counts(pl.Series(["EUR", None])) == {"EUR": 1, "": 1}
