"""Rows that another service wrote: whatever is missing in them or odd, every endpoint and the page answer, and what is
right is shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omnix_cli.services.customers import published_entries
from omnix_cli.services.customers.customer_side import TABLES
from omnix_cli.stores.sqlite.store import SqliteStore
from tests.aws.accounts import store_maker
from tests.contracts.test_customer_side import published
from tests.integration.http_api.doors import Door
from tests.integration.http_api.test_authorisation import ALL, OPEN

LISTS = ("zoe#homepage", "zoe#replenishment", "zoe#usual", "similar#milk", "trending#all", "seasonal#winter")
ENTRY = {
    "productId": "milk",
    "productName": "Milk",
    "score": Decimal("0.5"),
    "reason": "r",
    "tags": ["t"],
    "rank": 1,
    "predictedPurchaseDate": "2018-01-16",
    "nextExpectedDate": "2018-01-17",
    "confidence": Decimal("0.8"),
    "urgency": "urgent",
    "intervalDays": 7,
    "intervalFrom": "2018-01-15",
    "intervalTo": "2018-01-19",
    "category": "Dairy",
}
PROFILE: dict[str, Any] = {
    "demographics": {"age": 30},
    "preferences": {"dietaryRestrictions": ["vegan"], "budgetRange": {"min": 1, "max": 2}},
    "shoppingPatterns": {},
    "consent": {"aiAnalysis": True},
    "segment": "loyal",
    "version": 1,
    "createdAt": "2018-01-01",
}
LINE = {"quantity": 1, "unitPrice": Decimal("1.1"), "totalPrice": Decimal("1.1"), "rating": 5, "review": "good"}
SEEN = {"interactionType": "view", "sessionId": "s", "metadata": {"a": 1}}
PRODUCT = {"name": "Milk", "category": "Dairy", "price": Decimal("1.1"), "tags": ["t"], "brand": "Alp", "unit": "l"}

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=5)
NUMBERS = st.integers(-(10**37), 10**37) | st.decimals(-1000, 1000, places=3) | st.just(Decimal("1E+100"))
SETS = st.sets(TEXTS.filter(bool), min_size=1, max_size=2) | st.sets(st.binary(min_size=1, max_size=3), min_size=1)
ODD = st.recursive(
    st.none() | st.booleans() | TEXTS | NUMBERS | st.binary(max_size=3) | SETS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS.filter(bool), inner, max_size=2),
    max_leaves=4,
)


@st.composite
def rows(draw: st.DrawFn, usual: dict[str, Any]) -> dict[str, Any]:
    """A usual row of which some fields are missing and some are odd."""
    row = {name: value for name, value in usual.items() if draw(st.integers(0, 3))}
    for name in draw(st.lists(st.sampled_from(sorted(usual)), max_size=2, unique=True)):
        row[name] = draw(ODD)
    return row


def lists() -> st.SearchStrategy[dict[str, Any]]:
    listed = published("", [])
    kept = {name: value for name, value in listed.items() if name not in ("id", "generatedAt", "ttl")}
    entries = st.lists(rows(ENTRY) | ODD, max_size=3)
    return st.builds(lambda row, inner: {"recommendations": inner, **row}, rows({**kept, "status": "active"}), entries)


@pytest.fixture(params=["sqlite", "dynamodb"])
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Door]:
    if request.param == "sqlite":
        store: Any = SqliteStore(tmp_path / "store.sqlite")
    else:
        request.getfixturevalue("aws_environment")
        store = store_maker(request.getfixturevalue("ministack"))()
    with closing(store):
        store.create_tables((*TABLES, "products"))
        yield Door(tmp_path, opened=store)


def answers(door: Door) -> dict[str, Any]:
    """What every endpoint answers, by path; every answer is as it should be."""
    found = {}
    for (method, path), body in {**ALL, **OPEN}.items():
        answer = door.call(method, path, json=body)
        assert answer.status_code in (200, 201, 404, 409), (path, answer.text)
        is_json = answer.headers["content-type"] == "application/json"
        found[f"{method} {path}"] = answer.json() if is_json else answer.text
    return found


@pytest.mark.parametrize("door", ["sqlite"], indirect=True)
@settings(max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(lists(), min_size=6, max_size=6), rows(PROFILE), rows(LINE), rows(SEEN), rows(PRODUCT))
def test_whatever_a_row_holds_it_is_answered(
    door: Door, published_rows: list[Any], profile: Any, line: Any, seen: Any, product: Any
) -> None:
    store, theirs = door.store, {"id": "old", "customerId": "zoe", "productId": "milk"}
    store.put_many("recommendations", [row | {"id": one} for one, row in zip(LISTS, published_rows, strict=True)])
    store.put_many("customer-profiles", [profile | {"customerId": "zoe"}])
    store.put_many("purchase-history", [line | theirs | {"purchaseDate": "2017-05-01"}])
    store.put_many("product-interactions", [seen | theirs | {"timestamp": "2017-05-01"}])
    store.put_many("products", [product | {"id": "milk", "category": "Dairy"}])
    answers(door)


def test_what_is_right_in_such_a_row_is_shown(door: Door) -> None:
    odd: list[Any] = [{"productName": "nothing"}, "milk", 7, {"productId": 7}, {"productId": ""}]
    entries = [*odd, {"productId": "tea"}, ENTRY | {"score": "high", "tags": {"b", "a"}, "confidence": None}]
    door.store.put_many("recommendations", [{"id": one, "recommendations": entries} for one in LISTS])
    found = answers(door)
    listed = found["GET /recommendations/customers/zoe"]
    assert [(one["product"]["id"], one["score"], one["tags"]) for one in listed["recommendations"]] == [
        ("tea", 0, []),
        ("milk", 0, ["a", "b"]),
    ]
    assert (listed["algorithm"], listed["confidence"], listed["generatedAt"]) == ("unknown", 0, None)
    assert found["GET /v1/customers/zoe/consumption-predictions"]["patterns"] == [], "no confidence, no prediction"


def test_a_row_without_a_list_is_an_empty_one() -> None:
    for stored in ({}, {"recommendations": None}, {"recommendations": {"milk": 1}}):
        assert published_entries.entries(stored) == []
