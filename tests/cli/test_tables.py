"""`omnix tables create | status | drop`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.aws.accounts import new_stage
from tests.cli.conftest import Omnix

ALL = (
    *("customer-profiles", "purchase-history", "product-interactions", "recommendations", "products"),
    *("order-states", "forgotten-customers"),
)


@pytest.fixture
def dynamodb(aws_environment: None, ministack: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Has omnix use tables of its own in the emulator."""
    stage = new_stage()
    settings = {"KIND": "dynamodb", "ENDPOINT_URL": ministack, "STAGE": stage, "TABLES__OWN_PRODUCTS": "true"}
    for name, value in settings.items():
        monkeypatch.setenv(f"OMNIX_STORE__{name}", value)
    return stage


def rows(omnix: Omnix, *arguments: str) -> list[dict[str, Any]]:
    answer = omnix(*arguments, "--format", "json")
    printed: list[dict[str, Any]] = json.loads(answer.out)
    return printed


def test_create_says_what_it_made_and_makes_it_once(omnix: Omnix) -> None:
    wanted = [{"table": name, "what": "table"} for name in ALL]
    assert rows(omnix, "tables", "create", "--dry-run") == wanted
    assert rows(omnix, "tables", "create") == wanted
    assert omnix("tables", "create").out == "Created\ntable  what\n(nothing)\n"


def test_status_ends_with_2_until_all_is_as_specified(omnix: Omnix) -> None:
    before = omnix("tables", "status")
    assert before.code == 2
    assert "Run `omnix tables create`." in before.out
    assert before.err == "error: 7 differences in 7 tables\nhint: Follow the column `to_do`, then check again.\n"
    omnix("tables", "create")
    after = omnix("tables", "status")
    assert (after.code, after.err) == (0, "")
    assert after.out.count("as specified") == 7


def test_prefix_and_stage_name_other_tables(omnix: Omnix) -> None:
    omnix("tables", "create", "--prefix", "shop", "--stage", "test")
    assert omnix("tables", "status").code == 2
    found = rows(omnix, "tables", "status", "--prefix", "shop", "--stage", "test")
    assert [row["table"] for row in found] == [f"shop-{name}-test" for name in ALL]


def test_drop_asks_before_it_drops(omnix: Omnix) -> None:
    omnix("tables", "create")
    refused = omnix("tables", "drop")
    assert refused.code == 2
    assert "--yes" in refused.err
    planned = rows(omnix, "tables", "drop", "products", "--dry-run")
    assert planned == [{"full_name": "omnix-ai-products-dev", "items": 0, "size_bytes": 0}]
    assert omnix("tables", "status").code == 0
    dropped = omnix("tables", "drop", "products", "--yes")
    assert (dropped.code, dropped.err) == (0, "dropped omnix-ai-products-dev\n")
    assert omnix("tables", "status").err.startswith("error: 1 difference in 1 table\n")


def test_a_table_that_does_not_exist_is_not_dropped(omnix: Omnix) -> None:
    answer = omnix("tables", "drop", "purchases", "--yes")
    assert answer.code == 2
    assert "purchase-history" in answer.err
    assert rows(omnix, "tables", "drop", "--yes") == []


def test_dynamodb_tables_are_made_checked_and_dropped(omnix: Omnix, dynamodb: str) -> None:
    made = rows(omnix, "tables", "create")
    assert {"table": "recommendations", "what": "expiry"} in made
    assert {"table": "products", "what": "point-in-time recovery"} in made
    assert rows(omnix, "tables", "create") == []
    status = omnix("tables", "status", "--format", "csv")
    assert (status.code, status.out.count("as specified")) == (0, 7)
    assert f"omnix-ai-recommendations-{dynamodb}" in status.out
    assert omnix("tables", "drop", "--yes").code == 0
    assert omnix("tables", "status").code == 2


def test_a_protected_table_stops_the_whole_drop(omnix: Omnix, dynamodb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIX_STORE__TABLES__DELETION_PROTECTION", "true")
    omnix("tables", "create")
    answer = omnix("tables", "drop", "--yes")
    assert answer.code == 2
    assert "nothing was dropped" in answer.err
    assert omnix("tables", "status").code == 0


def test_the_catalogue_of_another_service_is_not_dropped(
    omnix: Omnix, dynamodb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    omnix("tables", "create")
    monkeypatch.setenv("OMNIX_STORE__TABLES__OWN_PRODUCTS", "false")
    assert "not ours" in omnix("tables", "drop", "products", "--yes").err
    assert len(rows(omnix, "tables", "drop", "--dry-run")) == 6


def test_a_publish_to_tables_that_are_not_there_creates_none(
    ran: Omnix, dynamodb: str, ministack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = f"error: the table omnix-ai-recommendations-{dynamodb} does not exist"
    for command in (("publish",), ("publish", "--dry-run"), ("publish", "--force"), ("run",)):
        answer = ran(*command)
        assert (answer.code, missing in answer.err) == (2, True), answer.err
        assert "Check store.prefix, store.stage and the region. `omnix tables create` creates it" in answer.err
    assert len(rows(ran, "tables", "create")) > 5, "nothing was there"
    assert ran("publish").code == 0
