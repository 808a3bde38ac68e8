"""Answers of earlier days: used again, and learned from."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.predictors.bedrock.shops import (
    AS_OF,
    ModelShop,
    frames,
    later,
    plain,
    same,
    spoiled,
    states,
    statistical,
)


@pytest.fixture
def shop() -> ModelShop:
    return ModelShop()


def test_an_unchanged_history_is_not_asked_about_again_and_a_changed_one_is(shop: ModelShop) -> None:
    first = shop.run()
    shop.asked_now()
    regular = first.frames["predictions"].filter(predictor="bedrock", customer_id="c0003")["product_id"][0]
    output = shop.run(later(3, ("c0003", regular, 1), ("c0004", "a first time", 2)))
    assert [question.customers for question in shop.asked_now()] == [("c0003",)]
    kept = {customer for customer, state in states(output).items() if state == "reused"}
    assert kept == set(states(output)) - {"c0003"} and len(kept) > 15
    usage = output.frames["usage"].filter(state="reused")
    assert usage["cost"].sum() == 0 and set(usage["way"]) == {"none"}
    assert set(usage["question"]) <= set(first.frames["usage"]["question"])
    asked_days = dict(output.frames["analyses"].select("customer_id", "asked_day").iter_rows())
    assert asked_days.pop("c0003") == AS_OF + timedelta(days=3) and set(asked_days.values()) == {AS_OF}


def test_answers_whose_day_has_passed_give_way_to_the_statistics(shop: ModelShop) -> None:
    shop.run()
    given = later(6)
    told = shop.run(given).frames["predictions"].filter(predictor="bedrock")
    assert told.height and (told["predicted_date"] >= given["as_of"]).all()
    assert told.height < shop.run().frames["predictions"].filter(predictor="bedrock").height


def test_an_answer_that_is_too_old_is_asked_for_again(shop: ModelShop) -> None:
    shop.run()
    shop.asked_now()
    assert set(states(shop.run(later(5), max_age_days=5)).values()) == {"reused"}
    assert shop.asked_now() == []
    again = shop.run(later(5), max_age_days=4)
    assert set(states(again).values()) == {"asked"} and len(shop.asked_now()) == again.figures["questions"]


def test_invalid_answers_of_earlier_days_are_not_used_again(shop: ModelShop) -> None:
    shop.asker.spoil = spoiled(lambda question, answer: "sorry")
    shop.run()
    shop.asker.spoil = spoiled(lambda question, answer: answer)
    assert set(states(shop.run(later(1))).values()) == {"asked"}


def test_answers_of_the_day_to_other_questions_are_used(shop: ModelShop) -> None:
    shop.run()
    shop.asked_now()
    output = shop.run(customers_per_request=4)
    assert shop.asked_now() == [] and set(states(output).values()) == {"reused"}


def test_the_confidence_is_learnt_from_what_came_true(shop: ModelShop) -> None:
    for days in range(0, 40, 4):
        shop.run(frames(as_of=AS_OF - timedelta(days=40 - days)), max_age_days=0)
    output = shop.run()
    assert int(output.figures["calibrated_on"]) >= 100
    told = output.frames["predictions"].filter(predictor="bedrock")
    before = statistical(plain()).join(told, on=["customer_id", "product_id"], how="semi")
    assert (told["probability_14d"] != before["probability_14d"]).mean() > 0.9  # type: ignore[operator]
    assert same(output, shop.run())
