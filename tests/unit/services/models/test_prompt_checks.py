from __future__ import annotations

import json
from typing import Any

import pytest

from omnix_cli.errors import PartialError
from omnix_cli.records import Question
from omnix_cli.services.models.prompt_checks import PromptReport, check_prompt, show_prompt
from omnix_cli.settings import BedrockSettings
from tests.memory_answers import ForecastingAsker, MemoryLedger, forecast
from tests.unit.predictors.bedrock.shops import HISTORY, ModelShop
from tests.unit.services.models.test_cost_estimate import Frames


def test_answers_that_are_not_good_are_reported_with_the_error() -> None:
    ledger = MemoryLedger()
    with pytest.raises(PartialError, match="1 of 3 answers are not good") as caught:
        check_prompt("replenishment", ledger, ForecastingAsker(ledger), BedrockSettings())
    report = caught.value.report
    assert isinstance(report, PromptReport)
    assert (report.prompt, report.good, len(report.trials)) == ("replenishment", 2, 3)


def test_an_answer_in_prose_is_not_good() -> None:
    def spoil(question: Question, answer: dict[str, Any]) -> str:
        return "I would rather not." if "4711" in question.turns[0].text else json.dumps(forecast(question))

    ledger = MemoryLedger()
    with pytest.raises(PartialError) as caught:
        check_prompt("replenishment", ledger, ForecastingAsker(ledger, spoil=spoil), BedrockSettings())
    assert caught.value.report.good == 1


def test_a_shown_prompt_is_not_sent() -> None:
    shop = ModelShop()
    customer = str(HISTORY["customer_id"][0])
    text = show_prompt(shop.predictor(), Frames(), customer)  # type: ignore[arg-type]
    assert "[user]" in text
    assert customer not in text
    assert not shop.asker.asked
