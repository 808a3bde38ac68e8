from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.mappings import ColumnMapping, parse_mapping
from omnix_cli.steps.imports.binding import unapplied
from tests.unit.steps.imports.lines import LINE, cleaned, why


def test_day_and_month_are_detected_from_the_dates_or_must_be_given() -> None:
    ambiguous = {**LINE, "purchased_at": "03/04/2020"}
    assert cleaned(ambiguous, {**LINE, "purchased_at": "13/04/2020"}).rows["purchase_day"][0] == date(2020, 4, 3)
    assert cleaned(ambiguous, {**LINE, "purchased_at": "04/13/2020"}).rows["purchase_day"][0] == date(2020, 3, 4)
    assert cleaned(ambiguous, day_first=False).rows["purchase_day"][0] == date(2020, 3, 4)
    with pytest.raises(DataError, match="day first or month first"):
        cleaned(ambiguous)


def test_decimal_commas_are_detected_from_the_numbers() -> None:
    prices = [{**LINE, "unit_price": price} for price in ("1.234,50", "3,5", "7")]
    assert cleaned(*prices).rows["unit_price"].to_list() == [Decimal("1234.50"), Decimal("3.50"), Decimal("7.00")]
    assert why(cleaned({**LINE, "unit_price": "3,5"}, decimal_comma=False)) == [("unit_price", "3,5", "not a number")]


def test_joined_names_fall_back() -> None:
    name = {"columns": ["type", "size"], "fallback": ["category"]}
    rows = [
        {"product_id": "1", "type": "SOAP", "size": "3 CT", "category": "BATH", "tags": "a|b"},
        {"product_id": "2", "type": "SOAP", "size": "", "category": "BATH", "tags": '["x|y"]'},
        {"product_id": "3", "type": "", "size": "2 LB", "category": "BATH", "tags": ""},
    ]
    result = cleaned(*rows, kind="products", columns={"name": name})
    assert result.rows["name"].to_list() == ["SOAP 3 CT", "SOAP", "BATH 2 LB"]
    assert result.rows["tags"].to_list() == [["a", "b"], ["x|y"], []]


def test_a_missing_column_names_what_there_is() -> None:
    line = {name: value for name, value in LINE.items() if name != "quantity"}
    with pytest.raises(DataError, match="no column `quantity`") as caught:
        cleaned({**line, "quantitty": "1"})
    assert "Did you mean `quantitty`?" in str(caught.value.hint)


def test_mappings_refuse_what_they_do_not_know() -> None:
    with pytest.raises(ConfigError, match="unknown key `colums`") as caught:
        parse_mapping("purchases", {"colums": {}}, where="m.toml")
    assert "Did you mean `columns`?" in str(caught.value.hint)
    with pytest.raises(ConfigError, match="no column `quantitty`"):
        ColumnMapping(kind="purchases").with_columns({"quantitty": "q"})
    with pytest.raises(ConfigError, match="no time zone"):
        parse_mapping("purchases", {"timezone": "Mars/Olympus"}, where="m.toml")
    assert ColumnMapping(kind="purchases").with_columns({"purchasedAt": "t"}).columns == {"purchased_at": "t"}


def test_a_list_of_items_that_a_file_lacks_is_told() -> None:
    mapping = parse_mapping("orders", {"items": "lines"}, where="test")
    assert list(unapplied(mapping, ["customer_id", "order.id"])) == ["items `lines`"]
    for column in ("lines", "lines.sku"):
        assert unapplied(mapping, ["customer_id", column]) == {}
