from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.inputs import ROW_NUMBER
from omnix_cli.schemas import FRAMES
from omnix_cli.steps.imports import instants
from omnix_cli.steps.imports.binding import Reading, bind
from omnix_cli.steps.imports.cleaning import clean
from tests.unit.steps.imports.lines import LINE, NOW, cleaned, raw, why


def test_a_clean_line_becomes_a_canonical_row() -> None:
    result = cleaned({**LINE, "unit_price": "1.25"})
    assert result.quarantine.is_empty()
    assert result.rows.select(FRAMES["purchases"].schema.column_names()).row(0, named=True) == {
        "purchase_id": None,
        "customer_id": "1",
        "product_id": "3",
        "order_id": "7",
        "purchased_at": datetime(2020, 5, 1, 10, tzinfo=UTC),
        "purchase_day": date(2020, 5, 1),
        "quantity": 2.0,
        "unit_price": Decimal("1.25"),
        "total_price": Decimal("2.50"),
        "store_location": None,
        "promotion_used": False,
        "rating": None,
        "review": None,
        "kind": "purchase",
    }


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"customer_id": ""}, ("customer_id", None, "missing")),
        ({"customer_id": "  NULL "}, ("customer_id", "NULL", "missing")),
        ({"quantity": "many"}, ("quantity", "many", "not a number")),
        ({"quantity": "inf"}, ("quantity", "inf", "not a number")),
        ({"quantity": "1e999"}, ("quantity", "1e999", "not a number")),
        ({"quantity": "0"}, ("quantity", "0", "too small")),
        ({"quantity": "-1"}, ("quantity", "-1", "negative: for returns, set `returns = { negative_quantity = true }`")),
        ({"quantity": ""}, ("quantity", None, "missing")),
        ({"purchased_at": "2020-02-30 10:00:00"}, ("purchased_at", "2020-02-30 10:00:00", "not a date")),
        ({"purchased_at": "2020-06-01 12:00:01"}, ("purchased_at", "2020-06-01 12:00:01", "in the future")),
        ({"purchased_at": "1970-01-01"}, ("purchased_at", "1970-01-01", "before 1990")),
    ],
)
def test_a_bad_cell_is_named(change: dict[str, str], expected: tuple[str, str | None, str]) -> None:
    result = cleaned(LINE, {**LINE, **change})
    assert why(result) == [expected]
    assert result.rows[ROW_NUMBER].to_list() == [2]
    assert result.quarantine["row_number"].to_list() == [3]
    assert result.quarantine["file"].to_list() == ["f.csv"]


def test_the_row_is_kept_as_it_was_read() -> None:
    result = cleaned({**LINE, "quantity": "x", "note": 'a "quoted" note'})
    assert pl.Series(result.quarantine["row"]).str.json_path_match("$.note").to_list() == ['a "quoted" note']


def test_expected_rows_are_quarantined_without_counting_as_bad() -> None:
    rule = {"column": "customer_id", "missing": True, "reason": "no customer"}
    result = cleaned({**LINE, "customer_id": "", "quantity": "x"}, {**LINE, "quantity": "x"}, set_aside=[rule])
    assert result.quarantine.select("reason", "expected").rows() == [("no customer", True), ("not a number", False)]


def test_customers_obey_their_rules() -> None:
    rows = [
        {"customer_id": "1", "age": "17", "budget_min": "", "budget_max": ""},
        {"customer_id": "2", "age": "30", "budget_min": "5", "budget_max": "4"},
        {"customer_id": "3", "age": "30.5", "budget_min": "5", "budget_max": "6"},
        {"customer_id": "4", "age": "30", "budget_min": "5", "budget_max": "6"},
    ]
    assert why(cleaned(*rows, kind="customers")) == [
        ("age", "17", "too small"),
        ("budget_max", "4", "below budget_min"),
        ("age", "30.5", "not a whole number"),
    ]


def test_interaction_words_are_known() -> None:
    line = {"customer_id": "1", "product_id": "2", "timestamp": "2020-01-01", "interaction_type": "Add to cart"}
    columns = {"occurred_at": "timestamp"}
    result = cleaned(line, {**line, "interaction_type": "sneeze"}, kind="interactions", columns=columns)
    assert result.rows["interaction_type"].to_list() == ["add_to_cart"]
    assert result.quarantine["reason"].to_list() == ["not one of view, add_to_cart, remove_from_cart, wishlist, search"]


CELLS = st.one_of(
    st.sampled_from(
        ["", "1", "-1", "0", "1,5", "x", "NULL", "2020-01-01", "2019-05-05T10:00:00Z", "31/12/2019", "nan", "inf"]
    ),
    st.text(max_size=12),
    st.none(),
)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.fixed_dictionaries(dict.fromkeys(LINE, CELLS)), min_size=1, max_size=20))
def test_no_row_is_ever_lost(rows: list[dict[str, str | None]]) -> None:
    frame = raw(*rows).cast(dict.fromkeys(LINE, pl.String))
    bound = bind(ColumnMapping(kind="purchases", day_first=True), frame.columns, file="f")
    result = clean(frame, Reading(bound, "f", instants.Clock((), True, "UTC", "UTC"), False, NOW))
    places = [*result.rows[ROW_NUMBER], *result.quarantine["row_number"]]
    assert sorted(places) == frame[ROW_NUMBER].to_list()
    named = result.rows.with_columns(pl.format("{}", ROW_NUMBER).alias("purchase_id"))
    assert FRAMES["purchases"].conform(named).height == result.rows.height
