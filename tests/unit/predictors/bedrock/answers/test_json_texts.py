from __future__ import annotations

import json
import time
from typing import Any

import pytest

from omnix_cli.predictors.bedrock.answers.json_texts import json_values, unwrapped

ENTRY = {"customer": "k1", "wanted": [1]}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('{"a": 1}', [{"a": 1}]),
        ('Draft {"a": 1}, final [{"b": 2}]. {so} it is', [{"a": 1}, [{"b": 2}]]),
        ('{"list": [{"a": {"b": 1}}, {"c": 2}, {"d', [{"a": {"b": 1}}, {"c": 2}]),
        ("no JSON", []),
        ("}{", []),
    ],
)
def test_values_are_found_in_a_text(text: str, values: list[Any]) -> None:
    assert list(json_values(text)) == values


@pytest.mark.parametrize("text", ["{" * 100_000, '{"a":' * 20_000, "[" * 100_000])
def test_damaged_texts_are_left_quickly(text: str) -> None:
    began = time.perf_counter()
    assert list(json_values(text)) == []
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    "wrapped",
    [
        ENTRY,
        [ENTRY],
        {"input": ENTRY},
        {"input": {"arguments": [ENTRY]}},
        {"input": json.dumps(ENTRY)},
        json.dumps(json.dumps({"input": ENTRY})),
    ],
)
def test_what_is_wanted_is_found_in_what_wraps_it(wrapped: Any) -> None:
    value = json.loads(wrapped) if isinstance(wrapped, str) else wrapped
    assert unwrapped(value, "wanted") == [ENTRY]


def test_nothing_is_found_too_deep_or_elsewhere() -> None:
    deep: Any = ENTRY
    for _ in range(9):
        deep = {"more": deep}
    assert unwrapped(deep, "wanted") == unwrapped({"a": 1, "b": ["{", 2]}, "wanted") == []
