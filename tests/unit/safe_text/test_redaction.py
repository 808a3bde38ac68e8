"""Which texts name a customer, and what they are without the name."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnix_cli.list_ids import CUSTOMER_CONTEXTS
from omnix_cli.safe_text.redaction import INTERACTIONS, LIST_ENDS, REDACTED, Traces, is_customer_field
from omnix_cli.schemas import INTERACTION_TYPES


@pytest.mark.parametrize(
    ("text", "is_in"),
    [
        ("a row of C-104 is odd", True),
        ("C-104", True),
        ("C-104#homepage", True),
        ("customer=C-104, product=C-1", True),
        ('"C-104"', True),
        ("/v1/customers/C-104/profile", True),
        ("the customer is C-104.", True),
        ("C-1042", False),
        ("C-104-2", False),
        ("AC-104", False),
        ("X-C-104", False),
        ("C-104@shop.example", False),
        ("c-104", False),
        ("", False),
    ],
)
def test_an_id_is_found_as_a_word(text: str, is_in: bool) -> None:
    traces = Traces("C-104")
    assert traces.is_in(text) is is_in
    assert (traces.redacted(text) == text) is not is_in
    assert not traces.is_in(traces.redacted(text))


@pytest.mark.parametrize("customer", ["zoë-1", 'a"b1', "a\\b1", "a b/1", "日本1", "x.*1", "anna+1@shop.example"])
def test_so_is_one_that_is_escaped(customer: str) -> None:
    traces = Traces(customer)
    for text in (f"of {customer}!", json.dumps({"who": customer}), json.dumps(json.dumps({"who": customer}))):
        assert traces.is_in(text), text
        assert not traces.is_in(traces.redacted(text))


@pytest.mark.parametrize(
    ("customer", "is_distinctive"),
    [
        *(("C-104", True), ("1234567", True), ("a@b", False), ("ab@c", True), ("123456", False), ("12", False)),
        *(("2017-12-30", False), ("20171230", False), ("2017-12", False), ("30.12.2017", False), ("12.50", False)),
        *(("+49 170 1234567", True), ("1017-12-300", True), ("0.2.0", False), ("87654321", True)),
        *(("anna", False), ("c01", False), ("zoe-4711", True), ("abcdefghijklmnop", True)),
    ],
)
def test_what_looks_like_other_things(customer: str, is_distinctive: bool) -> None:
    assert Traces(customer).is_distinctive is is_distinctive


@pytest.mark.parametrize(
    ("text", "is_own"),
    [
        ("7#homepage", True),
        ("7#usual", True),
        ("7#view#milk#2017-12-30T09:00:00Z", True),
        ("2018-01-01T10:00:00#north##7#milk", True),
        ("2018-01-01T10:00:00###7#milk#return", True),
        ("2018-01-01##R-100#7", False),
        ("2018-01-01###70#milk", False),
        ("similar#7", False),
        ("7#other", False),
    ],
)
def test_an_id_like_others_counts_in_ids_where_a_customer_stands(text: str, is_own: bool) -> None:
    assert Traces("7").is_value(text, "id") is is_own


def test_ids_are_those_that_are_made() -> None:
    assert LIST_ENDS == CUSTOMER_CONTEXTS and INTERACTIONS == INTERACTION_TYPES


def test_ids_of_rows_write_some_signs_otherwise() -> None:
    assert Traces("a#1").is_in("2018-01-01T10:00:00###a%231#milk")
    assert Traces("#").is_value("2018-01-01T10:00:00###%23#milk", "id")
    assert not Traces("2017-12-30").is_value("2017-12-30##R-1#milk", "id")
    assert not Traces("similar").is_value("similar#milk", "id")


def test_sentences_of_results_name_nobody() -> None:
    item = {"customerId": "7", "reason": "every 7 days", "recommendations": [{"productId": "7"}]}
    assert Traces("7").of_items.in_value(item)
    assert not Traces("7").of_items.in_value({**item, "customerId": "8"})
    assert Traces("7").in_value({"message": "a row of 7 is odd"})


def test_what_is_also_another_thing_counts_in_fields_of_customers_only() -> None:
    traces = Traces("C-1042", is_shared=True)
    assert traces.in_value({"customer_id": "C-1042"}) and not traces.in_value({"product_id": "C-1042"})


def test_a_number_counts_where_a_customer_is_meant() -> None:
    traces = Traces("12")
    record = {
        "customer_id": "12",
        "product_id": "12",
        "quantity": "12",
        "list_id": "12#homepage",
        "message": "row 12 of 120 is odd",
        "excluded_customers": ["7", "12"],
        "rows": 12,
        "version": "12",
    }
    assert traces.cleared(record) == {
        "customer_id": REDACTED,
        "product_id": "12",
        "quantity": "12",
        "list_id": f"{REDACTED}#homepage",
        "message": f"row {REDACTED} of 120 is odd",
        "excluded_customers": ["7", REDACTED],
        "rows": 12,
        "version": "12",
    }
    assert traces.in_value(record) and not traces.in_value(traces.cleared(record))
    assert not traces.in_value({"product_id": "12", "rows": 12})


def test_fields_of_customers() -> None:
    assert all(map(is_customer_field, ("customer_id", "customerId", "Customer", "client", "household_key", "user")))
    assert not any(map(is_customer_field, ("product_id", "quantity", "order_id", "id", "name")))


@given(st.text(min_size=4).filter(lambda text: text.strip() == text), st.text(), st.text())
def test_nothing_is_left_whatever_the_id(customer: str, before: str, after: str) -> None:
    traces = Traces(f"{customer}1@")
    value = {"message": f"{before} {traces.customer} {after}", "others": [traces.customer, {traces.customer: 1}]}
    assert not traces.in_value(traces.cleared(value))
