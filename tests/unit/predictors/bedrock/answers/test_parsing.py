from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.predictors.bedrock.answers.checking import CustomerAnswer, Pattern
from omnix_cli.predictors.bedrock.answers.parsing import ReplyParser
from omnix_cli.predictors.bedrock.personal_data import Scanner
from tests import questions as examples
from tests.unit.predictors.bedrock.answers.entries import AS_OF, FIRST, PRODUCTS, changed, entry, name, read, read_one


def test_a_valid_answer_becomes_patterns_and_an_analysis() -> None:
    answer = read_one(entry("ann", "tea"))
    assert answer.patterns == (Pattern("tea", 7.0, date(2024, 6, 8), 0.7, "You buy it weekly."),)
    assert answer.data_quality == "good" and answer.dropped == 0
    assert answer.analysis["spendingPatterns"]["pricePreference"] == "budget"


@pytest.mark.parametrize(
    "wrap",
    [
        lambda text: text,
        lambda text: f"```json\n{text}\n```",
        lambda text: f"Here is the answer:\n{text}\nI hope it helps.",
        lambda text: json.dumps(json.loads(text)["customers"][0]),
        lambda text: f"{text}\nIt depends on {{their}} habits.",
        lambda text: f"{text}\n{text}",
        lambda text: json.dumps({"input": json.loads(text)}),
        lambda text: json.dumps({"input": text}),
        lambda text: json.dumps(json.loads(text)["customers"]),
        lambda text: json.dumps({"customers": json.loads(text)["customers"][0]}),
        lambda text: json.dumps({"customers": json.dumps(json.loads(text)["customers"])}),
        lambda text: text.replace('"customer": "<ann>", ', ""),
    ],
)
def test_an_answer_is_read_whatever_is_around_it(wrap: Callable[[str], str]) -> None:
    assert isinstance(read(wrap(json.dumps({"customers": [entry()]})))["ann"], CustomerAnswer)


@pytest.mark.parametrize(
    "text", ["", "no", "[]", "{", "}{", '{"customers": 1}', '{"customers"', "[" * 5000, "{" * 5000]
)
def test_a_text_without_an_answer_is_a_problem(text: str) -> None:
    assert isinstance(read(text)["ann"], str)


def test_only_the_bad_ones_of_several_customers_are_bad() -> None:
    bad = changed((*FIRST, "confidence"), 7)
    answers = read(json.dumps({"customers": [bad, entry("bob", "milk"), entry("eve", "milk")]}), "ann", "bob")
    assert set(answers) == {"ann", "bob"}
    assert isinstance(answers["ann"], str) and isinstance(answers["bob"], CustomerAnswer)
    assert isinstance(read(json.dumps({"customers": [entry("ann"), entry("ann")]}))["ann"], CustomerAnswer)
    twice = read(json.dumps({"customers": [entry("ann"), entry("ann", "tea")]}), "ann", "bob")
    assert twice == {
        "ann": "there are several entries about this customer",
        "bob": "there is no entry about this customer",
    }


def test_of_an_answer_that_was_cut_off_the_whole_entries_count() -> None:
    whole = json.dumps({"customers": [entry("ann"), entry("bob", "milk")]})
    answers = read(whole[:-40], "ann", "bob")
    assert isinstance(answers["ann"], CustomerAnswer) and isinstance(answers["bob"], str)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["milk", "2024-06-08"])
JSON_LIKE = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


@settings(deadline=None)
@given(st.data())
def test_an_answer_with_anything_anywhere_never_raises(data: st.DataObject) -> None:
    content: dict[str, Any] = {"customers": [copy.deepcopy(entry())]}
    place: Any = content
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else list(range(len(place)))))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            place[key] = data.draw(JSON_LIKE)
            break
        place = place[key]
    for answer in read(json.dumps(content), "ann", "bob").values():
        if isinstance(answer, CustomerAnswer):
            assert answer.patterns
            assert all(0 < told.interval_days <= 730 and 0 <= told.confidence <= 1 for told in answer.patterns)
            assert all(told.date >= AS_OF for told in answer.patterns)
            json.dumps(answer.analysis, allow_nan=False)


@settings(deadline=None)
@given(st.text() | st.text(alphabet='{}[]",:0123456789eE.-\\untrfalsc ') | JSON_LIKE.map(json.dumps))
def test_any_text_is_read(text: str) -> None:
    assert set(read(text, "ann", "bob")) == {"ann", "bob"}


def test_a_reply_is_parsed_once() -> None:
    parsed: list[str] = []

    def counted(customer: str) -> str:
        parsed.append(customer)
        return name(customer)

    parser = ReplyParser(counted, Scanner())
    asked = examples.question("ann", day=AS_OF)
    reply = examples.reply(asked, text=json.dumps({"customers": [entry()]}))
    first = parser.answers(reply, AS_OF, {"ann": PRODUCTS["ann"]})
    assert parser.answers(reply, AS_OF, {"ann": PRODUCTS["ann"]}) is first
    assert parsed == ["ann"]
