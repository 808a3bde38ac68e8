"""Whatever is in an answer is read: it is paid for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnix_cli.predictors.bedrock.asking.messages import Message, read_message
from omnix_cli.records import TokenUsage

TOKENS = {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15}
USED = TokenUsage(input=10, output=5)


def answer(*content: Any, **parts: Any) -> dict[str, Any]:
    return {"output": {"message": {"content": list(content)}}, "stopReason": "end_turn", "usage": TOKENS, **parts}


def called(given: Any) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": "1", "name": "answer", "input": given}}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"reasoningContent": {}}, {"text": '{"a":'}, {"text": " 1}"}], '{"a": 1}'),
        ([{"text": "I call:"}, called({"a": 0.5})], '{"a": 0.5}'),
        ([called('{"a": 0.5}')], '{"a": 0.5}'),
        ([called({"a": 1}), called({"a": 1})], '{"a": 1}'),
        ([called({"a": 1}), called({"b": 2})], '{"a": 1}\n{"b": 2}'),
        ([{"text": '{"a": 1}'}, called({})], '{"a": 1}'),
        ([called({})], "{}"),
        ([called(None), {"text": "x"}], "x"),
        ([], ""),
        ([{"text": None}, None, "x"], "x"),
        ([{"text": "a\ud800b"}], "a?b"),
    ],
)
def test_the_text_is_that_of_all_blocks_or_of_the_tools(content: list[Any], text: str) -> None:
    assert read_message(answer(*content)) == Message(text, "end_turn", USED)


@pytest.mark.parametrize(
    "usage",
    [
        {**TOKENS, "cacheReadInputTokens": None},
        {"inputTokens": 10.0, "outputTokens": "5"},
        {"input_tokens": 10, "output_tokens": 5},
    ],
)
def test_tokens_are_whole_numbers_however_they_are_written(usage: Any) -> None:
    message = read_message(answer({"text": "x"}, usage=usage))
    assert message is not None and message.usage == USED


@pytest.mark.parametrize(
    "usage", [None, {}, "many", {"inputTokens": 10}, {**TOKENS, "outputTokens": -1}, {**TOKENS, "inputTokens": True}]
)
def test_unknown_tokens_are_unknown(usage: Any) -> None:
    assert read_message(answer({"text": "x"}, usage=usage)) == Message("x", "end_turn", None)


def test_times_and_reasons_may_be_missing() -> None:
    assert read_message(answer({"text": "x"}, metrics={"latencyMs": 1500})) == Message("x", "end_turn", USED, 1.5)
    for metrics in (None, {}, {"latencyMs": None}, "fast"):
        assert read_message(answer({"text": "x"}, metrics=metrics)) == Message("x", "end_turn", USED)
    assert read_message(answer({"text": "x"}, stopReason=None)) == Message("x", "unknown", USED)


@pytest.mark.parametrize(
    "other",
    [
        "plain words",
        json.dumps(answer({"text": "plain words"})),
        {"content": [{"type": "text", "text": "plain words"}], "stop_reason": "end_turn"},
        {"output": {"content": [{"text": "plain words"}]}},
        {"output": "plain words"},
    ],
)
def test_other_forms_of_a_record_are_read(other: Any) -> None:
    message = read_message(other)
    assert message is not None and message.text == "plain words"


@pytest.mark.parametrize("nothing", [None, "", "  ", 7, [], {}, {"output": {}}, {"output": {"message": None}}])
def test_nothing_is_no_message(nothing: Any) -> None:
    assert read_message(nothing) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(["output", "usage", "stopReason", "metrics", "content"]), JSON, st.booleans())
def test_any_part_may_be_anything(part: str, value: Any, nested: bool) -> None:
    odd = answer({"text": "x"}, **{part: value})
    if nested:
        odd = answer(called(value), {"text": value}, value, usage={**TOKENS, "outputTokens": value})
    message = read_message(odd)
    assert message is None or isinstance(message.text, str)
