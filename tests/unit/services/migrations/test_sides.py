"""Which tables a migration moves."""

from __future__ import annotations

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.services.migrations.sides import Source, chosen_tables
from tests.unit.services.migrations.test_differences import MemoryItems

STORE = Source(MemoryItems({}))
EXPORT = Source(MemoryItems({}), tables=("products", "purchase-history"))


def test_named_tables_are_moved_once_in_their_order() -> None:
    assert chosen_tables(["products", "purchase-history", "products"], EXPORT) == ["products", "purchase-history"]


def test_without_names_all_tables_of_an_export_are_moved() -> None:
    assert chosen_tables([], STORE, EXPORT) == ["products", "purchase-history"]


def test_a_store_needs_names() -> None:
    with pytest.raises(ConfigError, match="no table is named"):
        chosen_tables([], STORE)


def test_an_unknown_table_is_refused_with_a_suggestion() -> None:
    with pytest.raises(ConfigError, match="'product'") as caught:
        chosen_tables(["product"])
    assert "Did you mean `products`?" in str(caught.value.hint)
