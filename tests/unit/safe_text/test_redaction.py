"""Which texts name a customer, and what they are without the name."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnix_cli.safe_text.redaction import REDACTED, Traces, is_customer_field


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
        *(("anna", False), ("c01", False), ("zoe-4711", True), ("abcdefghijklmnop", True)),
    ],
)
def test_what_looks_like_other_things(customer: str, is_distinctive: bool) -> None:
    assert Traces(customer).is_distinctive is is_distinctive


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
