"""Attribute names and values in the expressions of a request, each under a placeholder: `#n0`, `:v0`.

DynamoDB reserves hundreds of words (`status`, `ttl` ...), so no attribute is ever named directly.
Source: developer guide, "Expression attribute names (aliases) in DynamoDB".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from omnix_cli.stores.dynamodb.wire import Wire, to_wire


class Placeholders:
    """The placeholders of one request."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: list[Wire] = []

    def name(self, attribute: str) -> str:
        """The placeholder of an attribute name."""
        return self._names.setdefault(attribute, f"#n{len(self._names)}")

    def value(self, value: Any) -> str:
        """A placeholder for a value."""
        self._values.append(to_wire({"": value})[""])
        return f":v{len(self._values) - 1}"

    def equal(self, attributes: Mapping[str, Any]) -> list[str]:
        """`name = value` for each attribute."""
        return [f"{self.name(attribute)} = {self.value(value)}" for attribute, value in attributes.items()]

    def in_request(self) -> dict[str, Any]:
        """The parts of a request that define the placeholders."""
        parts: dict[str, Any] = {
            "ExpressionAttributeNames": {placeholder: attribute for attribute, placeholder in self._names.items()},
            "ExpressionAttributeValues": {f":v{number}": value for number, value in enumerate(self._values)},
        }
        return {name: part for name, part in parts.items() if part}


def condition(key: str, expected: Mapping[str, Any] | None) -> dict[str, Any]:
    """The condition that the stored item has these values, or (None) that there is no item with the key."""
    names = Placeholders()
    if expected:
        expression = " AND ".join(names.equal(expected))
    else:
        expression = f"attribute_{'not_' if expected is None else ''}exists({names.name(key)})"
    return {"ConditionExpression": expression, **names.in_request()}


def update(key: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Sets these attributes of an item that exists."""
    names = Placeholders()
    request = {"ConditionExpression": f"attribute_exists({names.name(key)})"}
    if values:
        request["UpdateExpression"] = f"SET {', '.join(names.equal(values))}"
    return {**request, **names.in_request()}


def projection(attributes: Iterable[str]) -> dict[str, Any]:
    """Only these attributes of each item."""
    names = Placeholders()
    return {"ProjectionExpression": ", ".join(map(names.name, attributes)), **names.in_request()}


def alive(names: Placeholders, expiry: str, now: float) -> str:
    """The filter for items that have not expired; one whose expiry is missing or not a number never does."""
    ttl, number, moment = names.name(expiry), names.value("N"), names.value(Decimal(f"{now:.6f}"))
    return f"attribute_not_exists({ttl}) OR NOT attribute_type({ttl}, {number}) OR {ttl} > {moment}"
