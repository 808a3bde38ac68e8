from __future__ import annotations

import json
from datetime import date
from typing import Any

import polars as pl
import pytest

from omnix_cli.predictors.bedrock.answers.checking import CustomerAnswer, Pattern
from omnix_cli.predictors.bedrock.answers.outcomes import (
    NOT_VALID,
    TOO_LONG,
    CustomerOutcome,
    commonest_reasons,
    outcome_figures,
    outcome_frames,
    pattern_frame,
)
from omnix_cli.records import Question, Reply
from omnix_cli.schemas import FRAMES
from tests.memory_answers import reply_to
from tests.questions import DAY, question, reply
from tests.unit.predictors.bedrock.shops import (
    ModelShop,
    later,
    plain,
    same,
    spoiled,
    states,
    statistical,
)

PATTERN = Pattern("milk", 7.0, date(2018, 1, 20), 0.7, None)
ANSWER = CustomerAnswer("bob", (PATTERN,), {"dataQuality": "good"}, "good", dropped=2)
ASKED = question("bob", "cid")


@pytest.fixture
def shop() -> ModelShop:
    return ModelShop()


def test_a_bad_answer_is_repaired_once(shop: ModelShop) -> None:
    shop.asker.spoil = spoiled(lambda question, answer: json.dumps(answer)[:-9], times=1)
    output = shop.run()
    assert set(states(output).values()) == {"repaired"}
    asked = shop.asked_now()
    assert sum(len(question.turns) == 3 for question in asked) == output.figures["repairs"] == len(asked) / 2
    assert "not one complete JSON object" in asked[-1].turns[-1].text
    usage = output.frames["usage"]
    assert (usage["input_tokens"] > 2 * 700).all()
    assert usage["cost"].sum() == pytest.approx(output.figures["dollars"])
    assert same(shop.run(), output) and shop.asked_now() == []


def test_bad_twice_is_a_dead_letter_and_the_statistics_stay(shop: ModelShop) -> None:
    def absurd(question: Question, answer: dict[str, Any]) -> Any:
        if question.customers[0] == "c0003":
            answer["customers"][0]["consumptionPatterns"][0]["predictedNextPurchaseDate"] = "2019-01-01"
        return answer

    shop.asker.spoil = spoiled(absurd)
    output = shop.run()
    letter = output.frames["dead_letters"].row(0, named=True)
    assert (letter["customer_id"], letter["reason"]) == ("c0003", "no valid answer")
    assert "is 2019-01-01, not within 2024-05-30" in letter["detail"]
    assert output.frames["dead_letters"].height == 1
    marked = output.frames["predictions"].filter("fallback")
    assert set(marked["customer_id"]) == {"c0003"} and set(marked["predictor"]) == {"statistical"}
    assert marked.drop("fallback").equals(
        statistical(plain()).join(marked, on=["customer_id", "product_id"], how="semi").drop("fallback")
    )
    assert output.figures["failed"] == 1 and "incomplete" not in output.figures
    assert "c0003" not in output.frames["analyses"]["customer_id"].to_list()
    shop.asked_now()
    assert same(shop.run(), output) and shop.asked_now() == []


@pytest.mark.parametrize("stop_reason", ["guardrail_intervened", "content_filtered"])
def test_a_refusal_is_not_argued_with(shop: ModelShop, stop_reason: str) -> None:
    shop.asker.spoil = lambda question, answer: reply_to(question, "I cannot.", stop_reason=stop_reason)
    output = shop.run()
    letters = output.frames["dead_letters"]
    assert set(letters["reason"]) == {"the model refused"} and set(letters["detail"]) == {stop_reason}
    assert output.figures["repairs"] == 0 and all(len(question.turns) == 1 for question in shop.asked_now())


def cut_off(question: Question, answer: dict[str, Any], after: int = 300) -> Reply:
    reply = reply_to(question, json.dumps(answer)[:after], stop_reason="max_tokens")
    return reply.model_copy(update={"max_output_tokens": question.max_output_tokens})


def test_an_answer_that_was_cut_off_is_not_asked_for_again_with_the_same_limit(shop: ModelShop) -> None:
    shop.asker.spoil = cut_off
    output = shop.run(max_output_tokens=100)
    count = output.figures["questions"]
    assert len(shop.asked_now()) == count and output.figures["repairs"] == 0
    letters = output.frames["dead_letters"]
    assert set(letters["reason"]) == {TOO_LONG}
    assert letters["detail"].str.starts_with("the answer was cut off after 100 tokens; ").all()
    reasons = f"{count} cut off at bedrock.max_output_tokens = 100"
    assert output.figures["reasons"] == reasons
    assert output.figures["incomplete"] == f"{count} of {count} customers have no valid answer: {reasons}"
    tomorrow = shop.run(later(1), max_output_tokens=100)
    assert shop.asked_now() == [] and tomorrow.figures["reasons"] == reasons
    shop.asker.spoil = spoiled(lambda question, answer: answer)
    assert set(states(shop.run(later(1), max_output_tokens=200)).values()) == {"asked"}


def test_of_several_customers_only_those_that_were_cut_off_are_asked_about_again(shop: ModelShop) -> None:
    def cut(question: Question, answer: dict[str, Any]) -> Any:
        return cut_off(question, answer, after=-40)

    shop.asker.spoil = spoiled(cut, times=1)
    found = shop.run(customers_per_request=4)
    repairs = [question for question in shop.asked_now() if len(question.turns) > 1]
    assert repairs and all(len(question.customers) == 1 for question in repairs)
    assert "the answer was cut off after" in repairs[0].turns[-1].text
    alone = found.figures["questions"] * 4 - len(states(found))
    assert set(states(found).values()) == ({"asked", "repaired", "failed"} if alone == 3 else {"asked", "repaired"})


def test_the_commonest_reasons_are_counted_without_their_details() -> None:
    failed = [
        CustomerOutcome(f"c{number}", DAY, reason=reason, detail=detail)
        for number, (reason, detail) in enumerate(
            [
                (NOT_VALID, "confidence of tea is 'high', no number; reasoning of tea is empty"),
                (NOT_VALID, "confidence of milk 2 is 'low', no number"),
                (NOT_VALID, "productId 'beer' was not asked about"),
                (TOO_LONG, "the answer was cut off after 9 tokens"),
                ("budget", "the remaining budget is too small"),
                ("ThrottlingException", "Too many requests"),
            ]
        )
    ]
    assert commonest_reasons(failed, 64).startswith("2 not valid (confidence… is …, no number); 1 ")
    assert commonest_reasons(failed, 64).endswith("; 2 for other reasons")
    assert commonest_reasons(failed[3:], 64) == (
        "1 cut off at bedrock.max_output_tokens = 64; 1 not asked because the budget ended; "
        "1 ThrottlingException (Too many requests)"
    )
    assert commonest_reasons([], 64) == ""


def test_several_customers_a_question_share_its_cost_and_only_the_bad_ones_are_asked_about_again(
    shop: ModelShop,
) -> None:
    def spoil(question: Question, answer: dict[str, Any]) -> Any:
        if question.customers[-1] == "c0003":
            answer["customers"][-1]["dataQuality"] = "superb"
        return answer

    shop.asker.spoil = spoiled(spoil, times=1)
    output = shop.run(customers_per_request=4)
    asked = shop.asked_now()
    assert [question.customers for question in asked if len(question.turns) > 1] == [("c0003",)]
    assert {customer for customer, state in states(output).items() if state == "repaired"} == {"c0003"}
    usage = output.frames["usage"]
    shares = usage.filter(pl.col("customer_id").is_in(["c0000", "c0001", "c0002"]))
    assert shares["cost"].n_unique() == 1 and shares["question"].n_unique() == 1
    assert usage["cost"].sum() == pytest.approx(output.figures["dollars"])
    assert usage["input_tokens"].sum() == pytest.approx(output.figures["input_tokens"])


def outcomes() -> list[CustomerOutcome]:
    asked = CustomerOutcome("bob", DAY, state="asked", answer=ANSWER)
    asked.charge(reply(ASKED), ASKED)
    failed = CustomerOutcome("ann", DAY, "q", reason="timeout", detail="no answer")
    return [asked, failed]


def test_frames_are_as_their_schemas_say_and_sorted() -> None:
    frames = outcome_frames(outcomes(), model="m", prompt="p@1:0")
    assert frames.keys() == {"usage", "dead_letters", "analyses"}
    for name, frame in frames.items():
        assert FRAMES[name].conform(frame).equals(frame)
    usage = frames["usage"].rows_by_key("customer_id", named=True, unique=True)
    assert list(usage) == ["ann", "bob"]
    assert (usage["ann"]["way"], usage["ann"]["cost"]) == ("none", 0.0)
    assert usage["bob"]["input_tokens"] == 500 and usage["bob"]["cost"] == pytest.approx(0.0000925)
    assert frames["dead_letters"]["customer_id"].to_list() == ["ann"]
    assert frames["analyses"]["customer_id"].to_list() == ["bob"]


def test_without_customers_the_frames_are_empty() -> None:
    assert all(frame.is_empty() for frame in outcome_frames([], model="m", prompt="p").values())
    assert pattern_frame([]).is_empty()


def test_figures_and_patterns() -> None:
    assert outcome_figures(outcomes()) == {"asked": 1, "repaired": 0, "reused": 0, "failed": 1, "dropped_parts": 2}
    assert pattern_frame(outcomes()).rows() == [("bob", "milk", 7.0, date(2018, 1, 20), 0.7, None)]
