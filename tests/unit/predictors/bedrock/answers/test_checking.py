from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from omnix_cli.predictors.bedrock.answers.checking import ANSWER_SCHEMA, CustomerAnswer
from omnix_cli.predictors.bedrock.answers.parsing import ReplyParser
from omnix_cli.predictors.bedrock.personal_data import Scanner
from tests.questions import question, reply
from tests.unit.predictors.bedrock.answers.entries import AS_OF, FIRST, changed, entry, name, read, read_one


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
        ((*FIRST, "averageDaysBetweenPurchases"), "a week", "no number"),
        ((*FIRST, "averageDaysBetweenPurchases"), "7,5", "no number"),
        ((*FIRST, "averageDaysBetweenPurchases"), 10**400, "no number"),
        ((*FIRST, "predictedNextPurchaseDate"), "2024-06-08T25", "no date like"),
        ((*FIRST, "confidence"), "1.5", "not within 0 and 1"),
        ((*FIRST, "confidence"), 1.01, "not within 0 and 1"),
        ((*FIRST, "confidence"), True, "no number"),
        ((*FIRST, "confidence"), None, "no number"),
        ((*FIRST, "reasoning"), " \n", "reasoning of milk is empty"),
        (("consumptionPatterns",), [], "consumptionPatterns is empty"),
        (("consumptionPatterns",), {}, "consumptionPatterns is no list"),
        (
            ("consumptionPatterns",),
            [*entry()["consumptionPatterns"], *changed((*FIRST, "confidence"), 0.1)["consumptionPatterns"]],
            "a productId stands twice",
        ),
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
    ("path", "value"),
    [
        ((*FIRST, "averageDaysBetweenPurchases"), " 7 "),
        ((*FIRST, "averageDaysBetweenPurchases"), "7.0"),
        ((*FIRST, "confidence"), "0.7"),
        ((*FIRST, "predictedNextPurchaseDate"), "2024-06-08T00:00:00Z"),
        ((*FIRST, "predictedNextPurchaseDate"), "2024-06-08 09:30"),
        ((*FIRST, "predictedNextPurchaseDate"), "2024-06-08T23:00:00.000+02:00"),
        ((*FIRST, "productId"), " milk"),
        (("consumptionPatterns",), changed((*FIRST, "confidence"), 0.7)["consumptionPatterns"] * 2),
        (("spendingPatterns", "shoppingFrequency"), "Weekly"),
        (("spendingPatterns", "averageOrderValue"), "12.5"),
        (("behavioralInsights", "plannedShopper"), "True"),
        (("dataQuality",), "Good"),
        (("customer",), " <ann> "),
    ],
)
def test_what_is_written_in_another_way_and_means_the_same_is_read(path: tuple[str | int, ...], value: Any) -> None:
    assert read_one(changed(path, value)) == read_one(entry("ann", "milk"))


def test_a_number_in_place_of_an_id_is_the_id() -> None:
    answers = ReplyParser(name).answers(
        reply(question("ann"), text=json.dumps({"customers": [changed((*FIRST, "productId"), 4711)]})),
        AS_OF,
        {"ann": {"4711"}},
    )
    answer = answers["ann"]
    assert isinstance(answer, CustomerAnswer) and answer.patterns[0].product_id == "4711"


def test_half_a_character_does_not_spoil_an_answer() -> None:
    answer = read_one(changed((*FIRST, "reasoning"), "You buy it weekly \ud83d"))
    assert answer.patterns[0].reasoning == "You buy it weekly ?"


def test_not_a_number_is_no_number() -> None:
    text = json.dumps({"customers": [changed((*FIRST, "confidence"), float("nan"))]})
    assert "NaN" in text
    assert isinstance(read(text)["ann"], str)


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
