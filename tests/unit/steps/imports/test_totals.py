from __future__ import annotations

import pytest

from omnix_cli.steps.imports.totals import REASON, is_label
from tests.unit.steps.imports.lines import LINE, cleaned

NAMES = ("customer_id", "product_id", "order_id", "purchased_at")


@pytest.mark.parametrize(
    "fields",
    [
        ("Grand Total", "All", "All", "2020-05-01"),
        ("Subtotal", "-", "", "2020-05-01"),
        ("TOTAL:", "*", "*", "2020-05-01"),
        ("total", "milk", "", "2020-05-01"),
        ("Somme", "", "", "2020-05-01"),
        ("Gesamt", "alle", "alle", "2020-05-01"),
        ("Zwischensumme", "milk", "O-1", "2020-05-01"),
        ("C1 Total", "", "", "2020-05-01"),
        ("Total May", "All", "All", "2020-05-01"),
        ("C1 Total", "", "", ""),
        ("C1", "milk", "Total", "2020-05-01"),
        ("", "Total", "", "2020-05-01"),
        ("C1", "Subtotal", "O-1", "2020-05-01"),
        ("", "", "", "2020-05-01 Total"),
        ("", "", "", "Total"),
        ("\u5408\u8a08", "", "", ""),
        ("\u603b \u8ba1", "", "", ""),
        ("TOTALES", "", "", ""),
        ("I alt", "", "", ""),
        ("\u03a3\u03cd\u03bd\u03bf\u03bb\u03bf", "", "", ""),
        ('\u05e1\u05d4"\u05db', "", "", ""),
        ("Durchschnitt", "", "", ""),
        ("Mean", "", "", ""),
        ("\u0418\u0442\u043e\u0433\u043e", "-", "-", "2020-05-01"),
    ],
)
def test_totals_are_no_purchases(fields: tuple[str, ...]) -> None:
    result = cleaned(LINE, {**LINE, **dict(zip(NAMES, fields, strict=True))})
    assert result.rows.height == 1
    assert result.quarantine.select("row_number", "reason", "expected").rows() == [(3, REASON, True)]


@pytest.mark.parametrize(
    "fields",
    [
        ("C1", "Total", "O-1", "2020-05-01"),
        ("C1", "Total", "", "2020-05-01"),
        ("C1", "Colgate Total", "", "2020-05-01"),
        ("", "Colgate Total", "O-1", "2020-05-01"),
        ("Total", "diesel", "O-1", "2020-05-01"),
        ("Totally Ltd", "diesel", "", "2020-05-01"),
        ("Anna Summe", "milk", "", "2020-05-01"),
        ("All", "milk", "O-1", "2020-05-01"),
        ("C1", "all", "O-1", "2020-05-01"),
    ],
)
def test_names_that_have_such_a_word_are_names(fields: tuple[str, ...]) -> None:
    result = cleaned({**LINE, **dict(zip(NAMES, fields, strict=True))})
    assert REASON not in result.quarantine["reason"].to_list()


def test_a_product_named_total_stays_in_the_catalogue() -> None:
    result = cleaned(
        {"product_id": "Total", "name": "Total cereal"}, {"product_id": "Grand Total", "name": "2"}, kind="products"
    )
    assert result.rows["product_id"].to_list() == ["Total"]
    assert result.quarantine["reason"].to_list() == [REASON]


@pytest.mark.parametrize(
    ("text", "expected"), [("TOTAL :", True), ("Sous-total", True), ("C1 Total", True), ("C1", False)]
)
def test_labels(text: str, expected: bool) -> None:
    assert is_label(text) is expected


def test_the_names_of_columns_are_no_total() -> None:
    names = {
        "customer_id": "client",
        "product_id": "sku",
        "order_id": "order",
        "purchased_at": "date",
        "quantity": "total",
    }
    result = cleaned(LINE, names)
    assert result.quarantine.select("reason", "expected").rows() == [("not a date", False)]
