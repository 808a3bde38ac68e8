from __future__ import annotations

import pytest

from omnix_cli.stores.tables.specs import TABLES, IndexSpec


def test_the_tables_are_those_in_production_and_two_of_ours() -> None:
    assert {spec.full_name("omnix-ai", "dev"): (spec.key, spec.ttl) for spec in TABLES.values()} == {
        "omnix-ai-customer-profiles-dev": ("customerId", None),
        "omnix-ai-purchase-history-dev": ("id", None),
        "omnix-ai-product-interactions-dev": ("id", "ttl"),
        "omnix-ai-recommendations-dev": ("id", "ttl"),
        "omnix-ai-products-dev": ("id", None),
        "omnix-ai-order-states-dev": ("id", "ttl"),
        "omnix-ai-forgotten-customers-dev": ("id", None),
    }
    assert [index.name for spec in TABLES.values() for index in spec.indexes] == [
        "customerId-updatedAt-index",
        "customerId-purchaseDate-index",
        "productId-purchaseDate-index",
        "customerId-timestamp-index",
        "productId-timestamp-index",
        "customerId-generatedAt-index",
        "category-index",
        "customerId-changedAt-index",
    ]


def test_an_index_is_found_by_name() -> None:
    assert TABLES["products"].index("category-index") == IndexSpec("category")


def test_index_attributes_leave_the_key_out() -> None:
    assert TABLES["customer-profiles"].index_attributes == ("updatedAt",)
    assert TABLES["purchase-history"].index_attributes == ("customerId", "purchaseDate", "productId")


def test_an_item_may_lack_an_index_attribute_but_not_have_it_empty() -> None:
    TABLES["products"].check({"id": "milk"})
    with pytest.raises(ValueError, match="category"):
        TABLES["products"].check({"id": "milk", "category": None})
