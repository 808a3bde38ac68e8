"""The flow: from questions to predictions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from omnix_cli.predictors.bedrock.prompts.prompt_files import load_prompt
from omnix_cli.records import Question
from omnix_cli.schemas import FRAMES
from omnix_cli.stores.replies.answer_ledger import SqliteAnswers
from tests.memory_answers import REPLIED_AT, forecast
from tests.unit.predictors.bedrock.shops import (
    JOB,
    SECRET,
    ModelShop,
    plain,
    same,
    spoiled,
    states,
    statistical,
)


@pytest.fixture
def shop() -> ModelShop:
    return ModelShop()


def test_every_frame_is_as_its_schema_says_and_the_model_s_words_are_in_it(shop: ModelShop) -> None:
    output = shop.run()
    for name, rows in output.frames.items():
        assert FRAMES[name].conform(rows).equals(rows.sort(FRAMES[name].sort))
    told = output.frames["predictions"].filter(predictor="bedrock")
    assert told.height > 50
    assert told["reason"].str.contains(r"^You buy it about every \d+ days\.$").all()
    assert set(told["predictor_version"]) == {f"{load_prompt('replenishment').id} amazon.nova-lite-v1:0"}
    assert set(states(output).values()) == {"asked"}
    assert output.frames["dead_letters"].is_empty()
    assert output.frames["analyses"].height == len(states(output)) == output.figures["asked"]
    assert output.figures["mode"] == "on demand" and "incomplete" not in output.figures


def test_only_those_asked_about_differ_from_the_statistics(shop: ModelShop) -> None:
    output = shop.run()
    before, after = statistical(plain()), output.frames["predictions"]
    pair = ["customer_id", "product_id"]
    assert after.select(pair).equals(before.select(pair))
    others = after.filter(predictor="statistical")
    assert others.height and others.equals(before.join(others, on=pair, how="semi", maintain_order="left"))
    chances = ["probability_7d", "probability_14d", "probability_28d", "expected_quantity"]
    assert after.select(chances).equals(before.select(chances))


def test_the_same_again_asks_nothing_and_gives_the_same_bytes(shop: ModelShop) -> None:
    first = shop.run()
    assert len(shop.asked_now()) == first.figures["questions"]
    second = shop.run()
    assert shop.asked_now() == []
    assert same(first, second)
    assert second.figures == {**first.figures, "found_in_ledger": first.figures["questions"], "mode": "ledger"}


@pytest.mark.parametrize("customers_per_request", [1, 3])
@pytest.mark.parametrize("lasts", ["in memory", "on disk"])
def test_a_run_that_was_killed_asks_nothing_twice(lasts: str, customers_per_request: int, tmp_path: Path) -> None:
    """Some answers are bad, too, and some processes die among the repairs."""
    on_disk = SqliteAnswers(tmp_path / "answers.sqlite", now=lambda: REPLIED_AT) if lasts == "on disk" else None
    shop = ModelShop(on_disk)

    def leave_some_out(question: Question, answer: dict[str, Any]) -> Any:
        answer["customers"] = [one for one in answer["customers"] if one["customer"][0] > "i"]
        return answer

    whole = ModelShop()
    whole.asker.spoil = shop.asker.spoil = spoiled(leave_some_out, times=1)
    expected = whole.run(customers_per_request=customers_per_request)
    assert {"asked", "repaired"} == set(states(expected).values())
    for dies_after in range(2, len(whole.asker.asked), 3):
        shop.asker.dies_after = dies_after
        with pytest.raises(KeyboardInterrupt):
            shop.run(customers_per_request=customers_per_request)
    shop.asker.dies_after = None
    output = shop.run(customers_per_request=customers_per_request)
    keys = [question.key for question in shop.asker.asked]
    assert len(keys) == len(set(keys)) == len(whole.asker.asked)
    assert same(output, expected)
    if on_disk:
        on_disk.close()


def test_the_stand_in_asks_nothing_and_uses_what_is_known(shop: ModelShop) -> None:
    before = shop.run()
    shop.asked_now()
    stand_in = shop.predictor().stand_in()
    assert stand_in is not None and stand_in.stand_in() is None
    assert same(stand_in.predict(**plain()), before) and shop.asked_now() == []
    unknown = ModelShop().predictor().stand_in()
    assert unknown is not None
    output = unknown.predict(**plain())
    assert set(output.frames["dead_letters"]["reason"]) == {"not asked"}
    assert set(output.frames["predictions"]["predictor"]) == {"statistical"}
    assert unknown.parameters() != shop.predictor().parameters()


def test_too_many_failures_make_the_result_incomplete(shop: ModelShop) -> None:
    shop.asker.spoil = spoiled(lambda question, answer: "sorry")
    output = shop.run()
    count = output.figures["questions"]
    reasons = f"{count} not valid (the answer is not one complete JSON object)"
    assert output.figures["incomplete"] == f"{count} of {count} customers have no valid answer: {reasons}"
    assert set(output.frames["predictions"]["predictor"]) == {"statistical"}


def test_left_out_products_keep_the_statistics(shop: ModelShop) -> None:
    def shorten(question: Question, answer: dict[str, Any]) -> Any:
        for one in answer["customers"]:
            one["consumptionPatterns"] = one["consumptionPatterns"][:1]
        return answer

    shop.asker.spoil = spoiled(shorten)
    output = shop.run()
    told = output.frames["predictions"].filter(predictor="bedrock")
    assert told["customer_id"].is_unique().all() and not output.frames["predictions"]["fallback"].any()


def test_parameters_hold_what_changes_the_result_and_never_the_secret(shop: ModelShop) -> None:
    told = json.dumps(shop.predictor().parameters())
    assert json.dumps(shop.predictor().parameters()) == told
    assert SECRET.get_secret_value() not in told
    changes: Sequence[dict[str, Any]] = (
        {"pseudonym_secret": SecretStr("another secret, as long")},
        {"model": "other"},
        {"min_purchase_days": 5},
        {"budget": "3.50"},
        {"currency": "EUR"},
        {"consent": False},
    )
    assert len({told, *(json.dumps(shop.predictor(**change).parameters()) for change in changes)}) == len(changes) + 1
    assert json.dumps(shop.predictor(connections=3, batch=JOB).parameters()) == told


def test_the_forecast_of_the_double_rests_on_the_numbers_of_the_prompt(shop: ModelShop) -> None:
    """What the other tests rely on: the model behind them reads the table."""
    question = shop.predictor().questions(**plain()).questions[0]
    told = forecast(question)["customers"][0]["consumptionPatterns"]
    rows = [line.split("|") for line in question.turns[0].text.splitlines() if line.count("|") == 10][1:]
    assert [one["productId"] for one in told] == [row[0] for row in rows]
    for one, row in zip(told, rows, strict=True):
        gaps = [int(gap) for gap in row[5].split(",")]
        assert one["averageDaysBetweenPurchases"] == pytest.approx(sum(gaps) / len(gaps), abs=0.06)
