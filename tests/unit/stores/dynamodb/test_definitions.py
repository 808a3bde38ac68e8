"""The tables as requests to DynamoDB, and its descriptions as shapes."""

from __future__ import annotations

import pytest

from omnix_cli.settings import TableSettings
from omnix_cli.stores.dynamodb.definitions import additions, creation, found_shape, is_ours, wanted_shape
from omnix_cli.stores.tables.shapes import TableShape
from omnix_cli.stores.tables.specs import TABLES

LISTS = TABLES["recommendations"]
OPTIONS = TableSettings(deletion_protection=True, warm_write_units=8000)


def test_a_table_is_created_with_its_key_and_indexes() -> None:
    request = creation(LISTS, "lists", OPTIONS).request
    assert request["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    (index,) = request["GlobalSecondaryIndexes"]
    assert [part["KeyType"] for part in index["KeySchema"]] == ["HASH", "RANGE"]
    assert {part["AttributeName"] for part in request["AttributeDefinitions"]} == {"id", "customerId", "generatedAt"}
    assert request["WarmThroughput"] == index["WarmThroughput"] == {"WriteUnitsPerSecond": 8000}


def test_what_was_created_needs_only_what_cannot_be_created_at_once() -> None:
    request = creation(LISTS, "lists", OPTIONS).request
    warm = {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 8000}
    description = {**request, "TableStatus": "ACTIVE", "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}}
    shape = found_shape({**description, "WarmThroughput": warm}, {}, {})
    assert shape.key == wanted_shape(LISTS, OPTIONS).key
    assert shape.indexes == wanted_shape(LISTS, OPTIONS).indexes
    assert [one.what for one in additions(LISTS, "lists", OPTIONS, shape)] == ["expiry", "point-in-time recovery"]


def test_a_bare_table_gets_everything_it_lacks_and_loses_nothing() -> None:
    made = {one.what: one.operation for one in additions(LISTS, "lists", OPTIONS, TableShape(("id text",), {}))}
    assert made == {
        "index customerId-generatedAt-index": "UpdateTable",
        "warm throughput": "UpdateTable",
        "deletion protection": "UpdateTable",
        "expiry": "UpdateTimeToLive",
        "point-in-time recovery": "UpdateContinuousBackups",
    }


@pytest.mark.parametrize("own", [False, True])
def test_the_catalogue_is_ours_only_if_the_settings_say_so(own: bool) -> None:
    options = TableSettings(own_products=own)
    assert is_ours(TABLES["products"], options) is own
    assert (wanted_shape(TABLES["products"], options).billing is None) is not own
