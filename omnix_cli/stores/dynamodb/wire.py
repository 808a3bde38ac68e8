"""Items and expressions as in DynamoDB's protocol. Every value is tagged with its type:

    str S · int, Decimal N · bool BOOL · None NULL · bytes B (base64) · list L · dict M · sets SS, NS, BS

Source: API reference, `AttributeValue`. Numbers travel as text of up to 38 digits, so a Decimal keeps its value
exactly; 3.50 comes back as 3.5, which is equal.

In expressions, attribute names and values are placeholders, `#n0` and `:v0`: DynamoDB reserves hundreds of words
(`status`, `ttl` ...). Source: developer guide, "Expression attribute names (aliases) in DynamoDB".
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

MAX_DIGITS = 38
"""Significant digits of a number."""
_SMALLEST, _LARGEST = -130, 125
"""Exponents of the smallest and the largest number."""

Wire = dict[str, Any]
"""One value with its tag, or an item of such values by attribute name."""


def to_wire(item: Mapping[str, Any]) -> Wire:
    """An item for a request. Raises TypeError for a value that has no type in DynamoDB, above all a binary float, and
    ValueError for a number out of range or an empty set."""
    return {name: {"S": value} if type(value) is str else _tagged(value) for name, value in item.items()}


def encoded(item: Mapping[str, Any]) -> bytes:
    """The JSON of `to_wire(item)`."""
    return orjson.dumps(to_wire(item))


def from_wire(item: Mapping[str, Wire]) -> dict[str, Any]:
    """The item as Python values; a number without a fraction is an int. Raises LookupError, TypeError, ValueError or
    AttributeError for anything that is not DynamoDB JSON."""
    return {name: _untagged(value) for name, value in item.items()}


def number_text(number: int | Decimal) -> str:
    """A number as it is sent. Raises ValueError for one that DynamoDB cannot keep exactly."""
    text = str(number)
    if len(text) <= MAX_DIGITS and text[-1].isdigit() and "E" not in text and "N" not in text:
        return text
    exact = Decimal(number)
    if not exact.is_finite():
        raise ValueError(f"{number} cannot be stored")
    digits = "".join(map(str, exact.as_tuple().digits)).strip("0")
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"{number} has more than {MAX_DIGITS} digits")
    if digits and not _SMALLEST <= exact.adjusted() <= _LARGEST:
        raise ValueError(f"{number} is out of range")
    return text


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


def _tagged(value: Any) -> Wire:
    tag = _TAGS.get(type(value))
    if tag is None:
        wanted = (
            "a stored number must be an int or a Decimal, not the float" if isinstance(value, float) else "cannot store"
        )
        raise TypeError(f"{wanted} {value!r}")
    return tag(value)


def _tagged_set(values: frozenset[Any] | set[Any]) -> Wire:
    kinds = {"N" if type(value) in (int, Decimal) else _SET_KINDS.get(type(value), "") for value in values}
    if len(kinds) != 1 or "" in kinds:
        raise ValueError("a set must hold texts, numbers or bytes, of one kind and at least one")
    (kind,) = kinds
    return {kind + "S": sorted(_tagged(value)[kind] for value in values)}


def _untagged(tagged: Wire) -> Any:
    ((tag, value),) = tagged.items()
    return _VALUES[tag](value)


def _number(text: str) -> int | Decimal:
    """Raises ValueError for a text that is no number of DynamoDB's, such as an empty one or NaN."""
    if text.lstrip("-").isdigit():
        return int(text)
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{text!r} is not a number")
    return number


_SET_KINDS: dict[type, str] = {str: "S", bytes: "B"}
_TAGS: dict[type, Callable[[Any], Wire]] = {
    str: lambda value: {"S": value},
    int: lambda value: {"N": number_text(value)},
    Decimal: lambda value: {"N": number_text(value)},
    bool: lambda value: {"BOOL": value},
    type(None): lambda value: {"NULL": True},
    bytes: lambda value: {"B": base64.b64encode(value).decode()},
    list: lambda value: {"L": [_tagged(part) for part in value]},
    tuple: lambda value: {"L": [_tagged(part) for part in value]},
    dict: lambda value: {"M": to_wire(value)},
    set: _tagged_set,
    frozenset: _tagged_set,
}
_VALUES: dict[str, Callable[[Any], Any]] = {
    "S": lambda value: value,
    "N": _number,
    "BOOL": lambda value: value,
    "NULL": lambda value: None,
    "B": base64.b64decode,
    "L": lambda value: [_untagged(part) for part in value],
    "M": from_wire,
    "SS": set,
    "NS": lambda value: {_number(part) for part in value},
    "BS": lambda value: {base64.b64decode(part) for part in value},
}
