"""A new kind of store is one folder and one line: here `memory`, whose folder is in the tests."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from omnix_cli.store_kinds import FACTORIES
from tests.cli.conftest import Omnix, omnix, shop
from tests.memory_store.factory import STORES

__all__ = ["omnix", "shop"]  # fixtures of the command line


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The one line. (A test changes the table by hand; a real kind adds its line to `store_kinds`.)"""
    monkeypatch.setitem(FACTORIES, "memory", "tests.memory_store.factory")
    yield
    STORES.clear()


def test_lists_are_published_to_it(shop: Omnix, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIX_STORE__KIND", "memory")
    answer = shop("run", "--format", "json")
    assert answer.code == 0, answer.err
    (publish,) = (step for step in json.loads(answer.out) if step["step"] == "publish")
    assert publish["why"].startswith("compared with an empty store; all")
    assert STORES["dev"].expected_items("recommendations") == publish["rows_out"] + 1  # and the control item
    again = shop("publish", "--format", "json")
    assert json.loads(again.out)[-1]["status"] == "reused"


def test_its_tables_are_created_and_copied(shop: Omnix, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIX_STORE__KIND", "memory")
    assert shop("tables", "create").code == 0
    assert shop("tables", "status").code == 0
    STORES["dev"].put_many("products", [{"id": "milk", "category": "dairy"}])
    answer = shop("tables", "copy", "products", "--to", "stage=test", "--create")
    assert answer.code == 0, answer.err
    assert list(STORES["test"].scan("products")) == [{"id": "milk", "category": "dairy"}]


def test_an_unknown_kind_is_refused_by_name(shop: Omnix, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIX_STORE__KIND", "postgres")
    answer = shop("publish")
    assert answer.code == 2
    assert "there is no store kind 'postgres'; choose one of: sqlite, dynamodb, memory" in answer.err
