from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from omnix_cli.errors import InvalidRecord
from omnix_cli.json_records.customer_records import (
    MAX_METADATA_BYTES,
    BudgetRange,
    NewInteraction,
    NewPurchase,
    PreferencesChange,
    Registration,
    parsed,
)

LINE = {"productId": "milk", "unitPrice": Decimal("1.10")}


def problems(kind: Any, values: Any) -> dict[str, str]:
    with pytest.raises(InvalidRecord) as caught:
        parsed(kind, values)
    return dict(caught.value.problems)


def test_every_wrong_field_is_named_with_its_reason() -> None:
    values = {"customerId": "", "demographics": {"age": 200, "shoe": 1}, "preferences": {"brandPreferences": [1]}}
    assert problems(Registration, values) == {
        "customerId": "String should have at least 1 character",
        "demographics.age": "should be less than or equal to 120",
        "demographics.shoe": "unknown field",
        "preferences.brandPreferences.0": "should be a valid string",
    }


def test_reasons_are_in_the_words_of_json() -> None:
    line = {"productId": "milk", "unitPrice": "1.10", "quantity": "2"}
    assert problems(NewPurchase, line) == {"unitPrice": "must be a number", "quantity": "must be a number"}
    values = {"customerId": "zoe", "preferences": [], "shoppingPatterns": {"seasonalPatterns": 3}}
    assert set(problems(Registration, values).values()) == {"must be an object"}


@pytest.mark.parametrize("document", [None, [], "text", 7])
def test_a_document_is_an_object(document: Any) -> None:
    assert problems(Registration, document) == {}


@pytest.mark.parametrize(
    ("written", "exact"),
    [
        (1, "1.00"),
        (Decimal("2.5"), "2.50"),
        (0.1 + 0.2, None),
        (1.1, "1.10"),
        (0, "0.00"),
        (True, None),
        ("1.10", None),
    ],
)
def test_money_has_two_places_and_is_never_guessed(written: Any, exact: str | None) -> None:
    if exact is None:
        assert problems(NewPurchase, LINE | {"unitPrice": written}).keys() == {"unitPrice"}
    else:
        assert str(parsed(NewPurchase, LINE | {"unitPrice": written}).unit_price) == exact


@pytest.mark.parametrize(
    "wrong", [Decimal("NaN"), Decimal("Infinity"), Decimal("-0.01"), Decimal(10**16), float("nan")]
)
def test_no_price_is_odd(wrong: Any) -> None:
    assert problems(NewPurchase, LINE | {"unitPrice": wrong}).keys() == {"unitPrice"}


def test_the_total_is_the_price_times_the_quantity_unless_it_is_given() -> None:
    assert parsed(NewPurchase, LINE | {"quantity": Decimal("1.5")}).total == Decimal("1.65")
    assert parsed(NewPurchase, LINE | {"quantity": 3, "totalPrice": 3}).total == Decimal("3.00")


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2018-01-15T03:00:00Z", datetime(2018, 1, 15, 3, tzinfo=UTC)),
        ("2018-01-15T03:00:00+01:00", datetime(2018, 1, 15, 2, tzinfo=UTC)),
        ("2018-01-15 03:00", datetime(2018, 1, 15, 3, tzinfo=UTC)),
        ("2018-01-15", datetime(2018, 1, 15, tzinfo=UTC)),
    ],
)
def test_a_time_without_an_offset_is_in_utc(written: str, instant: datetime) -> None:
    assert parsed(NewPurchase, LINE | {"purchaseDate": written}).purchase_date == instant


@pytest.mark.parametrize("wrong", ["15.01.2018", "0001-01-01T00:00:00+14:00", 1515985200, ""])
def test_no_other_text_is_a_time(wrong: Any) -> None:
    assert problems(NewPurchase, LINE | {"purchaseDate": wrong}).keys() == {"purchaseDate"}


@pytest.mark.parametrize("wrong", [" a", "a\n", "a\x00", "\u2028", "x" * 257])
def test_an_id_is_plain(wrong: str) -> None:
    assert problems(NewPurchase, LINE | {"productId": wrong}).keys() == {"productId"}


def test_a_field_has_one_name() -> None:
    assert problems(NewPurchase, LINE | {"unit_price": 1}).keys() == {"unit_price"}


def test_a_budget_begins_at_nothing_and_has_no_end_unless_it_says_so() -> None:
    assert parsed(BudgetRange, {}).values() == {"min": Decimal("0.00")}


def test_a_change_holds_only_what_was_given() -> None:
    change = parsed(PreferencesChange, {"budgetRange": {"max": 5}, "brandPreferences": []})
    assert change.given() == {
        "budgetRange": {"min": Decimal("0.00"), "max": Decimal("5.00")},
        "brandPreferences": [],
    }


def test_metadata_is_bounded() -> None:
    event = {"productId": "milk", "interactionType": "view"}
    fits = "x" * (MAX_METADATA_BYTES - len('{"a":""}'))
    assert parsed(NewInteraction, event | {"metadata": {"a": fits}}).metadata == {"a": fits}
    assert problems(NewInteraction, event | {"metadata": {"a": fits + "x"}}).keys() == {"metadata"}
    assert problems(NewInteraction, event | {"metadata": {"a": Decimal("1" * 39)}}).keys() == {"metadata"}
    assert problems(NewInteraction, event | {"metadata": {"a": b"x"}}).keys() == {"metadata"}
