from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from omnix_cli.predictors.bedrock.prompts.prompt_files import load_prompt
from omnix_cli.predictors.bedrock.prompts.trials import prompt_difference, prompt_list, try_prompt
from omnix_cli.records import Failure, Question
from omnix_cli.settings import BedrockSettings
from tests.memory_answers import ForecastingAsker, MemoryLedger, forecast

PROMPT = load_prompt("replenishment")


def test_versions_are_listed_and_compared() -> None:
    assert PROMPT.id in prompt_list()["id"].to_list()
    other = replace(PROMPT, version=PROMPT.version + 1, forms={**PROMPT.forms, "spend": ", {amount} a day"})
    difference = prompt_difference(PROMPT, other)
    assert "-, {amount} per shopping day\n+, {amount} a day\n" in difference
    assert prompt_difference(PROMPT, PROMPT) == ""


def test_a_prompt_is_tried_on_invented_customers_and_nothing_is_paid_twice() -> None:
    ledger = MemoryLedger()
    asker = ForecastingAsker(ledger)
    trials = {trial.case: trial for trial in try_prompt(PROMPT, ledger, asker, BedrockSettings())}
    assert all(trial.is_valid and trial.input_tokens and trial.output_tokens for trial in trials.values())
    steady, trend = trials["a steady week"], trials["buying ever more often"]
    assert steady.is_good and not steady.problems
    assert not trend.is_good  # the mean of the gaps does not see that they shrink
    assert "the interval of 0815 is 22.9, not between 6.0 and 19.2" in trend.problems
    asked = len(asker.asked)
    assert {trial.case: trial for trial in try_prompt(PROMPT, ledger, asker, BedrockSettings())} == trials
    assert len(asker.asked) == asked == len(trials)


def test_a_trial_says_what_was_wrong_and_what_was_not_answered() -> None:
    ledger = MemoryLedger()

    def spoil(question: Question, answer: dict[str, Any]) -> str | Failure:
        if "4711" in question.turns[0].text:
            return "I would rather not."
        if "0815" in question.turns[0].text:
            return Failure(question=question.key, reason="throttled", detail="8 times", temporary=True)
        return json.dumps(forecast(question) | {"note": "hello"})

    steady, trend, overdue = try_prompt(PROMPT, ledger, ForecastingAsker(ledger, spoil=spoil), BedrockSettings())
    assert steady.problems == ("the answer is not one complete JSON object",) and not steady.is_valid
    assert trend.problems == ("throttled: 8 times",) and not trend.is_valid
    assert overdue.is_good
