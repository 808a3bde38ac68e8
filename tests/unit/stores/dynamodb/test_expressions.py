"""Attribute names and values in the expressions of a request."""

from __future__ import annotations

from omnix_cli.stores.dynamodb.expressions import Placeholders, alive, condition, projection, update


def test_names_and_values_are_numbered_and_a_name_is_defined_once() -> None:
    names = Placeholders()
    assert [names.name("status"), names.name("ttl"), names.name("status")] == ["#n0", "#n1", "#n0"]
    assert [names.value("a"), names.value(1)] == [":v0", ":v1"]
    assert names.in_request() == {
        "ExpressionAttributeNames": {"#n0": "status", "#n1": "ttl"},
        "ExpressionAttributeValues": {":v0": {"S": "a"}, ":v1": {"N": "1"}},
    }


def test_a_request_without_values_defines_none() -> None:
    assert condition("id", None) == {
        "ConditionExpression": "attribute_not_exists(#n0)",
        "ExpressionAttributeNames": {"#n0": "id"},
    }
    assert condition("id", {})["ConditionExpression"] == "attribute_exists(#n0)"


def test_all_expected_values_must_be_there() -> None:
    request = condition("id", {"fence": 3, "state": "writing"})
    assert request["ConditionExpression"] == "#n0 = :v0 AND #n1 = :v1"
    assert request["ExpressionAttributeValues"] == {":v0": {"N": "3"}, ":v1": {"S": "writing"}}


def test_an_update_sets_values_of_an_item_that_exists() -> None:
    request = update("id", {"stock": 4, "name": "Milk"})
    assert request["ConditionExpression"] == "attribute_exists(#n0)"
    assert request["UpdateExpression"] == "SET #n1 = :v0, #n2 = :v1"
    assert request["ExpressionAttributeNames"] == {"#n0": "id", "#n1": "stock", "#n2": "name"}
    assert "UpdateExpression" not in update("id", {})


def test_a_projection_names_its_attributes() -> None:
    assert projection(["id", "ttl"]) == {
        "ProjectionExpression": "#n0, #n1",
        "ExpressionAttributeNames": {"#n0": "id", "#n1": "ttl"},
    }


def test_the_moment_of_expiry_is_a_number() -> None:
    names = Placeholders()
    assert alive(names, "ttl", 12.5).endswith("#n0 > :v1")
    assert names.in_request()["ExpressionAttributeValues"] == {":v0": {"S": "N"}, ":v1": {"N": "12.500000"}}
