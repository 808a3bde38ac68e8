from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import reduce
from itertools import chain
from operator import or_
from typing import Any

import polars as pl
import pytest

from omnix_cli.errors import DataError
from omnix_cli.steps.imports.numbers import amount, decimal_evidence, money, number, quantity
from tests.unit.steps.imports.lines import LINE, cleaned, why


def _amounts(*written: str, decimal_comma: bool = False) -> list[Decimal | None]:
    return amount(pl.Series(written), (), decimal_comma=decimal_comma).values.to_list()


@pytest.mark.parametrize(
    "written",
    [
        *("$1,234.50", "1 234.50", "1'234.50", "EUR 1234.50", "1234.5", "1\u2019234.50", "1\u00a0234.50"),
        *("1\u202f234.50", "1\u2009234.50", "CA$ 1,234.50", "US$1,234.50", "1234.50 USD", "Rs. 1,234.50"),
        *("\u20b91,234.50", "+1,234.50", "$ +1234.50", "CHF 1'234.50", "Fr. 1'234.50", "1.2345e3", "RM1234.50"),
    ],
)
def test_amounts_in_the_usual_spellings(written: str) -> None:
    assert [str(price) for price in cleaned({**LINE, "unit_price": written}).rows["unit_price"]] == ["1234.50"]


@pytest.mark.parametrize(
    "written",
    [
        *("-$4.50", "($4.50)", "(4.50)", "$(4.50)", "4.50-", "\u22124.50", "-4.50 EUR", "$-4.50", "4.50 EUR-"),
        *("- $ 4.50", "(4.50) USD", "(4.50 USD)", "4.50-$", "\u20134.50", "4.50\u2212"),
    ],
)
def test_negative_amounts_have_their_sign_on_either_side_or_parentheses(written: str) -> None:
    assert _amounts(written) == [Decimal("-4.5")]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        *[("1.234,56-", "-1234.56"), ("12,50 kr", "12.5"), ("R$ 12,50", "12.5"), ("1 234 567,50", "1234567.5")],
        *[("12,50 K\u010d", "12.5"), ("12,50 z\u0142", "12.5"), ("12,- kr", "12"), ("-R$ 12,50", "-12.5")],
        *[("$12.990", "12990"), ("$1.990", "1990"), ("$990", "990"), ("Rp12.990", "12990"), ("1.234.567", "1234567")],
    ],
)
def test_amounts_with_a_decimal_comma(written: str, value: str) -> None:
    assert _amounts(written, decimal_comma=True) == [Decimal(value)]


@pytest.mark.parametrize(
    ("written", "value"),
    [("1,23,456.50", "123456.5"), ("1'234'567.50", "1234567.5"), ("CHF 12.\u2013", "12"), ("$.50", "0.5")],
)
def test_groups_of_other_countries(written: str, value: str) -> None:
    assert _amounts(written) == [Decimal(value)]


@pytest.mark.parametrize(
    "written", ["10%", "--4.50", "-(4.50)", "-4.50-", "(4.50", "12 pcs", "1,2,3", "1,23", "$", ".", "1-2", "4,50"]
)
def test_other_texts_are_no_amounts(written: str) -> None:
    assert why(cleaned({**LINE, "unit_price": written}, decimal_comma=False)) == [
        ("unit_price", written, "not a number")
    ]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (pl.Series([1.005]), "1.01"),
        (pl.Series([1.005], dtype=pl.Float32), "1.01"),
        (pl.Series([1234567.005]), "1234567.01"),
        (pl.Series([999999999999999.9]), "999999999999999.90"),
        (pl.Series([Decimal("1.00500")]), "1.01"),
        (pl.Series([-2.675]), "-2.68"),
        (pl.Series([12], dtype=pl.UInt64), "12.00"),
        (pl.Series(["999999999999999.99"]), "999999999999999.99"),
    ],
)
def test_money_is_rounded_half_away_from_zero_on_its_decimal_digits(column: pl.Series, value: str) -> None:
    for times in (1, 2_000):  # many amounts take another way
        amounts = amount(column.new_from_index(0, times), (), decimal_comma=False).values
        assert {str(cell) for cell in money(amounts)} == {value}
    some = amount(column, (), decimal_comma=False).values
    assert money(pl.concat([some, some.clear(1), some.new_from_index(0, 2_000)])).null_count() == 1


@pytest.mark.parametrize("value", [date(2024, 1, 1), True])
def test_dates_and_flags_are_no_quantities(value: Any) -> None:
    assert [reason for _, _, reason in why(cleaned({**LINE, "quantity": value}))] == ["not a number"]


def _settled(*pieces: list[str], prices: bool = True) -> bool | None:
    return reduce(or_, (decimal_evidence(pl.Series(piece), prices=prices) for piece in pieces)).settled


@pytest.mark.parametrize(
    ("pieces", "comma"),
    [
        ([["$12.990", "$1.990", "$990"]], None),
        ([["$990"], ["12.990"]], None),
        ([["12,990"]], None),
        ([["12.990"], ["4.5"]], False),
        ([["1.990", "0.345"]], False),
        ([["1.799"], ["74.42"]], False),
        ([["1.990", "1.005"]], None),
        ([["1234.500", "1.990"]], False),
        ([["$1.995", "$12.345"]], None),
        ([["1.990", "12.500"]], None),
        ([["$1.234.567"], ["$990"]], True),
        ([["12.990"], ["12,50"]], True),
        ([["1,23,456"]], False),
        ([["990", "1000"]], None),
    ],
)
def test_the_decimal_sign_is_settled_over_all_pieces(pieces: list[list[str]], comma: bool | None) -> None:
    assert _settled(*pieces) is comma
    assert _settled(*reversed(pieces)) is comma


@pytest.mark.parametrize(
    ("pieces", "separator", "doubt"),
    [
        ([["12.345"], ["990"]], ";", "12.345"),
        ([["12.345"], ["$990"]], ",", "12.345"),
        ([["1.005", "1.799"]], ",", None),
        ([["1.005", "1.799", "12", "0"]], ",", None),
        ([["1.005"], ["1.990"]], ",", "1.990"),
        ([["-12.345", "990"]], ",", "-12.345"),
        ([["12.345", "990"]], None, None),
        ([["1,005", "1.799"]], ",", None),
        ([["1,005", "1.799"]], ";", "1,005"),
    ],
)
def test_three_digits_behind_a_point_are_in_doubt_beside_whole_prices(
    pieces: list[list[str]], separator: str | None, doubt: str | None
) -> None:
    for cut in (pieces, pieces[::-1], [[*chain(*pieces)]]):
        found = reduce(or_, (decimal_evidence(pl.Series(piece), prices=True) for piece in cut))
        assert (found.settled, found.in_doubt(separator), found.is_open) == (None, doubt, True)


def test_points_of_quantities_are_never_open_and_show_nothing_about_prices() -> None:
    quantities = decimal_evidence(pl.Series(["1.345", "2.990"]), prices=False)
    assert not quantities.is_open
    assert (quantities | decimal_evidence(pl.Series(["12.990"]), prices=True)).in_doubt(",") == "12.990"
    assert _settled(["0.345", "12.5"], prices=False) is False


@pytest.mark.parametrize(
    ("quantities", "prices", "comma"),
    [
        (["41.37"], ["1.799"], False),
        (["0.345"], ["1.990", "4"], False),
        (["0.345"], ["$12.990", "$990"], None),
        (["0.345"], ["12.345", "990"], None),
        (["0.345"], ["$12.990", "$990", "4.50"], False),
        (["0,345"], ["$12.990", "$990"], True),
        (["0.345"], ["12,50", "990", "1.990"], False),
    ],
)
def test_quantities_show_the_sign_of_prices_that_have_cents(
    quantities: list[str], prices: list[str], comma: bool | None
) -> None:
    of_quantities = decimal_evidence(pl.Series(quantities), prices=False)
    assert (of_quantities | decimal_evidence(pl.Series(prices), prices=True)).settled is comma


def test_prices_that_may_be_thousands_ask_for_the_setting() -> None:
    rows = [{**LINE, "total_price": price} for price in ("$12.990", "$1.990", "$990")]
    with pytest.raises(DataError, match=r"the point of numbers like \$12\.990") as error:
        cleaned(*rows)
    assert "decimal_comma = true" in str(error.value.hint)
    assert cleaned(*rows, decimal_comma=True).rows["total_price"].to_list() == [12990, 1990, 990]
    assert cleaned(*rows, decimal_comma=False).rows["total_price"][0] == Decimal("12.99")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0.345 kg", 0.345),
        ("0,345kg", 345.0),
        ("3 pcs", 3.0),
        ("2x", 2.0),
        ("1 Stück", 1.0),
        ("-1 ea.", -1.0),
        ("4", 4.0),
    ],
)
def test_a_quantity_may_have_a_unit(written: str, value: float) -> None:
    assert quantity(pl.Series([written]), (), decimal_comma=False).values.to_list() == [value]


@pytest.mark.parametrize("written", ["500 g", "250ml", "kg", "3 boxes of 2", "2 kg 3"])
def test_other_words_are_no_units(written: str) -> None:
    read = quantity(pl.Series([written]), (), decimal_comma=False)
    assert read.values.to_list() == [None]
    assert read.unreadable is not None
    assert number(pl.Series(["3 pcs"]), (), decimal_comma=False).values.to_list() == [None]


def test_a_decimal_comma_goes_with_a_unit() -> None:
    assert quantity(pl.Series(["0,345 kg"]), (), decimal_comma=True).values.to_list() == [0.345]
