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
from omnix_cli.predictors.bedrock.answers.parsing import ReplyParser, parse_answer
from omnix_cli.predictors.bedrock.personal_data import Scanner
from tests import questions as examples

AS_OF = date(2024, 6, 3)
PRODUCTS = {"ann": {"milk", "tea"}, "bob": {"milk"}}


def name(customer: str) -> str:
    return f"<{customer}>"


def entry(customer: str = "ann", *products: str) -> dict[str, Any]:
    return {
        "customer": name(customer),
        "consumptionPatterns": [
            {
                "productId": product,
                "averageDaysBetweenPurchases": 7,
                "predictedNextPurchaseDate": "2024-06-08",
                "confidence": 0.7,
                "reasoning": "You buy it\n weekly.",
            }
            for product in products or ("milk", "tea")
        ],
        "spendingPatterns": {
            "averageOrderValue": 12.5,
            "preferredCategories": ["Dairy"],
            "shoppingFrequency": "weekly",
            "pricePreference": "budget",
        },
        "behavioralInsights": {
            "plannedShopper": True,
            "brandLoyal": False,
            "seasonalShopper": False,
            "bulkBuyer": False,
        },
        "dataQuality": "good",
    }


def read(text: str, *customers: str, scanner: Scanner | None = None) -> dict[str, CustomerAnswer | str]:
    products = {customer: PRODUCTS[customer] for customer in customers or ("ann",)}
    return parse_answer(text, as_of=AS_OF, products=products, pseudonym=name, scanner=scanner)


def read_one(content: dict[str, Any], scanner: Scanner | None = None) -> CustomerAnswer:
    answer = read(json.dumps({"customers": [content]}), scanner=scanner)["ann"]
    assert isinstance(answer, CustomerAnswer), answer
    return answer


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
    ],
)
def test_fences_prose_and_a_missing_wrapping_are_read_over(wrap: Callable[[str], str]) -> None:
    assert isinstance(read(wrap(json.dumps({"customers": [entry()]})))["ann"], CustomerAnswer)


def changed(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    content = entry("ann", "milk")
    place: Any = content
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return content


FIRST = ("consumptionPatterns", 0)


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ((*FIRST, "productId"), "beer", "productId 'beer' was not asked about"),
        ((*FIRST, "productId"), 4711, "productId 4711 was not asked about"),
        ((*FIRST, "predictedNextPurchaseDate"), "2024-06-02", "is 2024-06-02, not within 2024-06-03 and 2025-07-08"),
        ((*FIRST, "predictedNextPurchaseDate"), "2025-07-09", "not within"),
        ((*FIRST, "predictedNextPurchaseDate"), "20240608", "no date like 2024-06-03"),
        ((*FIRST, "predictedNextPurchaseDate"), "2024-02-30", "no date like"),
        ((*FIRST, "predictedNextPurchaseDate"), "soon", "no date like"),
        ((*FIRST, "averageDaysBetweenPurchases"), 0, "is 0"),
        ((*FIRST, "averageDaysBetweenPurchases"), -3, "not within 0 and 730"),
        ((*FIRST, "averageDaysBetweenPurchases"), 731, "not within 0 and 730"),
        ((*FIRST, "averageDaysBetweenPurchases"), "7", "no number"),
        ((*FIRST, "confidence"), 1.01, "not within 0 and 1"),
        ((*FIRST, "confidence"), True, "no number"),
        ((*FIRST, "confidence"), None, "no number"),
        ((*FIRST, "reasoning"), " \n", "reasoning of milk is empty"),
        (("consumptionPatterns",), [], "consumptionPatterns is empty"),
        (("consumptionPatterns",), {}, "consumptionPatterns is no list"),
        (("consumptionPatterns",), entry()["consumptionPatterns"] * 2, "a productId stands twice"),
        (("spendingPatterns", "pricePreference"), "cheap", "not one of budget, mid-range, premium"),
        (("spendingPatterns", "averageOrderValue"), -1, "not within"),
        (("spendingPatterns", "preferredCategories"), "Dairy", "no list of texts"),
        (("spendingPatterns",), None, "spendingPatterns is no object"),
        (("behavioralInsights", "bulkBuyer"), "no", "bulkBuyer is neither true nor false"),
        (("behavioralInsights",), [], "behavioralInsights is no object"),
        (("dataQuality",), "great", "dataQuality is 'great', not one of poor, fair, good, excellent"),
        (("customer",), "somebody", "no entry about this customer"),
    ],
)
def test_problems_are_described_for_the_model(path: tuple[str | int, ...], value: Any, problem: str) -> None:
    answer = read(json.dumps({"customers": [changed(path, value)]}))["ann"]
    assert isinstance(answer, str)
    assert problem in answer


@pytest.mark.parametrize(
    "text", ["", "no", "[]", "{", "}{", '{"customers": 1}', '{"customers"', "[" * 5000, "{" * 5000]
)
def test_a_text_without_an_answer_is_a_problem(text: str) -> None:
    assert isinstance(read(text)["ann"], str)


def test_not_a_number_is_no_number() -> None:
    text = json.dumps({"customers": [changed((*FIRST, "confidence"), float("nan"))]})
    assert "NaN" in text
    assert isinstance(read(text)["ann"], str)


def test_only_the_bad_ones_of_several_customers_are_bad() -> None:
    bad = changed((*FIRST, "confidence"), 7)
    answers = read(json.dumps({"customers": [bad, entry("bob", "milk"), entry("eve", "milk")]}), "ann", "bob")
    assert set(answers) == {"ann", "bob"}
    assert isinstance(answers["ann"], str) and isinstance(answers["bob"], CustomerAnswer)
    twice = read(json.dumps({"customers": [entry("ann"), entry("ann")]}), "ann", "bob")
    assert twice == {
        "ann": "there are several entries about this customer",
        "bob": "there is no entry about this customer",
    }


def test_guesses_about_the_person_are_dropped_and_counted() -> None:
    content = entry("ann", "milk", "tea")
    content |= {"demographics": {"age": 40}, "income": "high"}
    content["spendingPatterns"]["familySize"] = 4
    content["consumptionPatterns"][0]["reasoning"] = "Your children drink much milk."
    answer = read_one(content)
    assert answer.dropped == 4
    assert [pattern.reasoning for pattern in answer.patterns] == [None, "You buy it weekly."]
    assert "familySize" not in answer.analysis["spendingPatterns"]
    assert set(answer.analysis) == {"spendingPatterns", "behavioralInsights", "dataQuality"}


def test_personal_data_in_words_is_dropped_and_counted() -> None:
    content = entry("ann", "milk")
    content["consumptionPatterns"][0]["reasoning"] = "Ask ann@example.com for it."
    content["spendingPatterns"]["preferredCategories"] = ["Dairy", "for household-17"]
    answer = read_one(content, Scanner.of(["household-17"], []))
    assert answer.dropped == 2
    assert answer.patterns[0].reasoning is None
    assert answer.analysis["spendingPatterns"]["preferredCategories"] == ["Dairy"]


def test_long_words_are_cut_and_an_unknown_order_value_stays_unknown() -> None:
    content = changed((*FIRST, "reasoning"), "often " * 100)
    content["spendingPatterns"]["averageOrderValue"] = 0
    answer = read_one(content)
    assert len(str(answer.patterns[0].reasoning)) <= 200 and str(answer.patterns[0].reasoning).endswith("…")
    assert answer.analysis["spendingPatterns"]["averageOrderValue"] is None


def test_an_answer_may_leave_out_a_product() -> None:
    assert [pattern.product_id for pattern in read_one(entry("ann", "tea")).patterns] == ["tea"]


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
