from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.mappings import ColumnMapping, parse_mapping
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER
from omnix_cli.schemas import FRAMES
from omnix_cli.steps.imports import fields
from omnix_cli.steps.imports.binding import Reading, bind, settle_day_first, settle_decimal_comma
from omnix_cli.steps.imports.cleaning import Cleaned, clean

NOW = datetime(2020, 6, 1, 12, tzinfo=UTC)
LINE = {"customer_id": "1", "order_id": "7", "product_id": "3", "quantity": "2", "purchased_at": "2020-05-01 10:00:00"}


def raw(*rows: dict[str, Any]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return frame.with_columns(
        pl.int_range(2, pl.len() + 2, dtype=pl.UInt64).alias(ROW_NUMBER), pl.lit(0, pl.UInt32).alias(ITEM)
    )


def cleaned(*rows: dict[str, Any], kind: str = "purchases", zone: str = "UTC", **mapping: Any) -> Cleaned:
    frame = raw(*rows)
    bound = bind(parse_mapping(kind, mapping, where="test"), frame.columns, file="f.csv")
    clock = fields.Clock(
        bound.date_formats, settle_day_first(frame, bound, file="f.csv"), bound.written_timezone or zone, zone
    )
    decimal_comma = settle_decimal_comma(frame, bound, file="f.csv", separator=",")
    return clean(frame, Reading(bound, "f.csv", clock, decimal_comma, NOW))


def test_a_discount_is_read_with_the_decimal_sign_of_the_file() -> None:
    result = cleaned(
        {**LINE, "unit_price": "1,25", "off": "0,5"}, {**LINE, "unit_price": "2,5", "off": "0,0"}, discounts=["off"]
    )
    assert result.rows["promotion_used"].to_list() == [True, False]


def why(result: Cleaned) -> list[tuple[str | None, str | None, str]]:
    return result.quarantine.select("column", "value", "reason").rows()


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
        ({"quantity": "-1"}, ("quantity", "-1", "too small")),
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


def test_a_price_that_cannot_be_right_is_bad_but_a_missing_one_is_not() -> None:
    rows = [{**LINE, "unit_price": price} for price in ("", "-1", "4e17", "$1,200.50")]
    result = cleaned(*rows)
    assert why(result) == [("unit_price", "-1", "too small"), ("unit_price", "4e17", "not a number")]
    assert result.rows["unit_price"].to_list() == [None, Decimal("1200.50")]


def test_the_row_is_kept_as_it_was_read() -> None:
    result = cleaned({**LINE, "quantity": "x", "note": 'a "quoted" note'})
    assert pl.Series(result.quarantine["row"]).str.json_path_match("$.note").to_list() == ['a "quoted" note']


def test_ids_are_trimmed_and_keep_their_leading_zeros() -> None:
    result = cleaned({**LINE, "customer_id": " 007 ", "product_id": "0010"})
    assert result.rows.select("customer_id", "product_id").row(0) == ("007", "0010")


def test_whole_number_ids_lose_what_a_spreadsheet_added() -> None:
    result = cleaned({**LINE, "customer_id": "17850.0"}, whole_number_ids=True)
    assert result.rows["customer_id"].to_list() == ["17850"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2020-03-01T10:20:30Z", datetime(2020, 3, 1, 10, 20, 30, tzinfo=UTC)),
        ("2020-03-01T10:20:30.500+02:00", datetime(2020, 3, 1, 8, 20, 30, 500000, tzinfo=UTC)),
        ("2020-03-01T10:20Z", datetime(2020, 3, 1, 10, 20, tzinfo=UTC)),
        ("2020-03-01 10:20-05:00", datetime(2020, 3, 1, 15, 20, tzinfo=UTC)),
        ("20200301T102030Z", datetime(2020, 3, 1, 10, 20, 30, tzinfo=UTC)),
        ("20200301T1020+0200", datetime(2020, 3, 1, 8, 20, tzinfo=UTC)),
        ("20200301T102030", datetime(2020, 3, 1, 9, 20, 30, tzinfo=UTC)),
        ("Sun, 01 Mar 2020 10:20:30 +0000", datetime(2020, 3, 1, 10, 20, 30, tzinfo=UTC)),
        ("1 Mar 2020 10:20 -0500", datetime(2020, 3, 1, 15, 20, tzinfo=UTC)),
        ("2020-03-01 10:20", datetime(2020, 3, 1, 9, 20, tzinfo=UTC)),
        ("2020-03-01", datetime(2020, 2, 29, 23, tzinfo=UTC)),
        ("20200301", datetime(2020, 2, 29, 23, tzinfo=UTC)),
        ("31/01/2020 8:05", datetime(2020, 1, 31, 7, 5, tzinfo=UTC)),
        ("31.01.20", datetime(2020, 1, 30, 23, tzinfo=UTC)),
        ("1 Mar 2020", datetime(2020, 2, 29, 23, tzinfo=UTC)),
        ("Mar 1, 2020 1:05 PM", datetime(2020, 3, 1, 12, 5, tzinfo=UTC)),
        ("1583058030", datetime(2020, 3, 1, 10, 20, 30, tzinfo=UTC)),
        ("1583058030000", datetime(2020, 3, 1, 10, 20, 30, tzinfo=UTC)),
    ],
)
def test_times_in_the_usual_spellings(written: str, read: datetime) -> None:
    result = cleaned({**LINE, "purchased_at": written}, zone="Europe/Berlin")
    assert result.rows["purchased_at"].to_list() == [read]


def test_a_column_may_mix_spellings() -> None:
    result = cleaned({**LINE, "purchased_at": "2020-03-01"}, {**LINE, "purchased_at": "01 Mar 2020 10:00"})
    assert result.rows["purchase_day"].to_list() == [date(2020, 3, 1)] * 2


def test_the_day_is_the_shops_and_times_may_be_written_in_another_zone() -> None:
    late = {**LINE, "purchased_at": "2020-01-02 03:00:00"}
    result = cleaned(late, zone="America/New_York", written_timezone="UTC")
    assert result.rows["purchase_day"].to_list() == [date(2020, 1, 1)]
    assert result.rows["purchased_at"].to_list() == [datetime(2020, 1, 2, 3, tzinfo=UTC)]


def test_a_time_that_the_clocks_skip_is_bad_and_one_they_repeat_is_the_first() -> None:
    times = [{**LINE, "purchased_at": time} for time in ("2020-03-29 02:30:00", "2019-10-27 02:30:00")]
    result = cleaned(*times, zone="Europe/Berlin")
    assert why(result) == [("purchased_at", "2020-03-29 02:30:00", "not a date")]
    assert result.rows["purchased_at"].to_list() == [datetime(2019, 10, 27, 0, 30, tzinfo=UTC)]


def test_day_and_month_are_told_by_the_dates_or_have_to_be_told() -> None:
    ambiguous = {**LINE, "purchased_at": "03/04/2020"}
    assert cleaned(ambiguous, {**LINE, "purchased_at": "13/04/2020"}).rows["purchase_day"][0] == date(2020, 4, 3)
    assert cleaned(ambiguous, {**LINE, "purchased_at": "04/13/2020"}).rows["purchase_day"][0] == date(2020, 3, 4)
    assert cleaned(ambiguous, day_first=False).rows["purchase_day"][0] == date(2020, 3, 4)
    with pytest.raises(DataError, match="day first or month first"):
        cleaned(ambiguous)


def test_decimal_commas_are_told_by_the_numbers() -> None:
    prices = [{**LINE, "unit_price": price} for price in ("1.234,50", "3,5", "7")]
    assert cleaned(*prices).rows["unit_price"].to_list() == [Decimal("1234.50"), Decimal("3.50"), Decimal("7.00")]
    assert why(cleaned({**LINE, "unit_price": "3,5"}, decimal_comma=False)) == [("unit_price", "3,5", "not a number")]


def test_typed_columns_are_taken_as_they_are() -> None:
    line = {
        **LINE,
        "customer_id": 12.0,
        "quantity": 2,
        "purchased_at": datetime(2020, 1, 1, 5),
        "unit_price": float("nan"),
    }
    row = cleaned(line).rows.row(0, named=True)
    assert (row["customer_id"], row["quantity"], row["unit_price"]) == ("12", 2.0, None)
    assert row["purchased_at"] == datetime(2020, 1, 1, 5, tzinfo=UTC)


def test_returns_have_positive_amounts() -> None:
    rows = [
        {**LINE, "quantity": "-3", "unit_price": "2", "total_price": "-6"},
        {**LINE, "order_id": "C9", "quantity": "1", "unit_price": "2", "total_price": "2"},
        {**LINE, "quantity": "1", "unit_price": "2", "total_price": "2"},
    ]
    result = cleaned(*rows, returns={"negative_quantity": True, "order_id_prefix": "C"})
    assert result.rows["kind"].to_list() == ["return", "return", "purchase"]
    assert result.rows["quantity"].to_list() == [3.0, 1.0, 1.0]
    assert result.rows["total_price"].to_list() == [Decimal(6), Decimal(2), Decimal(2)]


def test_quantity_zero_is_one_where_the_recipe_says_so() -> None:
    result = cleaned({**LINE, "quantity": "0", "total_price": "3"}, zero_quantity="one")
    assert result.rows.select("quantity", "unit_price").row(0) == (1.0, Decimal("3.00"))


def test_expected_rows_are_set_aside_without_counting_as_bad() -> None:
    rule = {"column": "customer_id", "missing": True, "reason": "no customer"}
    result = cleaned({**LINE, "customer_id": "", "quantity": "x"}, {**LINE, "quantity": "x"}, set_aside=[rule])
    assert result.quarantine.select("reason", "expected").rows() == [("no customer", True), ("not a number", False)]


def test_a_cancelled_status_makes_a_cancelled_line() -> None:
    rows = [{**LINE, "status": "Cancelled"}, {**LINE, "status": "completed"}]
    result = cleaned(*rows, cancelled={"status": ["cancelled"]})
    assert result.rows["kind"].to_list() == ["cancelled", "purchase"]


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
    result = clean(frame, Reading(bound, "f", fields.Clock((), True, "UTC", "UTC"), False, NOW))
    places = [*result.rows[ROW_NUMBER], *result.quarantine["row_number"]]
    assert sorted(places) == frame[ROW_NUMBER].to_list()
    named = result.rows.with_columns(pl.format("{}", ROW_NUMBER).alias("purchase_id"))
    assert FRAMES["purchases"].conform(named).height == result.rows.height
