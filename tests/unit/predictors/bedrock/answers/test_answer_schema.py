from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from omnix_cli.predictors.bedrock.answers.answer_schema import ANSWER_SCHEMA


def test_the_schema_keeps_to_what_structured_output_of_all_models_knows() -> None:
    allowed = {"type", "properties", "required", "additionalProperties", "items", "enum", "description"}
    for part in parts(ANSWER_SCHEMA):
        assert set(part) <= allowed
        if part["type"] == "object":
            assert part["additionalProperties"] is False and set(part["required"]) == set(part["properties"])


def parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    for inner in [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]:
        yield from parts(inner)


def assert_fits(value: Any, schema: dict[str, Any]) -> None:
    """What of JSON Schema the answers use."""
    kinds: dict[str, Any] = {"object": dict, "array": list, "string": str, "number": int | float, "boolean": bool}
    assert isinstance(value, kinds[schema["type"]])
    assert value in schema.get("enum", [value])
    if schema["type"] == "object":
        assert set(value) == set(schema["properties"])
        for name, inner in value.items():
            assert_fits(inner, schema["properties"][name])
    for inner in value if schema["type"] == "array" else ():
        assert_fits(inner, schema["items"])
