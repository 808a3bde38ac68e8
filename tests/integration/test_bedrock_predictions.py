"""Predictions by a model over the wire: predictor, asker and ledger as users have them, against the double."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from pydantic import SecretStr

from omnix_cli.predictors.bedrock.client import connect
from omnix_cli.predictors.bedrock.converse import ConverseAsker
from omnix_cli.predictors.bedrock.money import Budget, load_prices
from omnix_cli.predictors.bedrock.predictor import BedrockPredictor
from omnix_cli.predictors.bedrock.prompt_trials import try_prompt
from omnix_cli.predictors.bedrock.prompts import ANSWER_SCHEMA, load_prompt
from omnix_cli.predictors.statistical import StatisticalPredictor
from omnix_cli.protocols import StepOutput
from omnix_cli.settings import BedrockSettings, PredictionSettings
from omnix_cli.stores.answers import SqliteAnswers
from tests.aws.bedrock import BedrockDouble, Behaviour, Fault
from tests.memory_answers import REPLIED_AT
from tests.unit.predictors.bedrock.test_predictor import HISTORY, frames, same, states

FAULTY = (
    "truncated_json",
    "not_json",
    "past_date",
    "absurd_date",
    "negative_interval",
    "overconfident",
    "unknown_product",
)
PREDICTION = PredictionSettings()


class Household:
    """What a run has."""

    def __init__(self, double: BedrockDouble, ledger: SqliteAnswers) -> None:
        self.double, self.ledger = double, ledger
        self.settings = BedrockSettings(
            pseudonym_secret=SecretStr("0123456789abcdef0123456789abcdef"),
            endpoint_url=double.url,
            region="us-east-1",
            connections=4,
            customers_per_request=2,
        )
        self.prompt = load_prompt("replenishment")
        self.asker = ConverseAsker(
            connect(self.settings),
            ledger,
            self.settings,
            schema=ANSWER_SCHEMA,
            prices=load_prices(),
            budget=Budget(),
            now=lambda: REPLIED_AT,
        )

    def run(self, lines: pl.DataFrame) -> StepOutput:
        statistical = StatisticalPredictor(PREDICTION)
        predictor = BedrockPredictor(
            statistical, self.ledger, self.asker, self.prompt, self.settings, PREDICTION, default_consent=True
        )
        return predictor.predict(**frames(lines))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteAnswers]:
    with SqliteAnswers(tmp_path / "answers.sqlite", now=lambda: REPLIED_AT) as answers:
        yield answers


@pytest.mark.parametrize("unsupported", [(), ("outputConfig",), ("outputConfig", "toolConfig")], ids=len)
def test_answers_come_whichever_form_of_structure_the_model_knows(
    bedrock: BedrockDouble, ledger: SqliteAnswers, unsupported: tuple[str, ...]
) -> None:
    bedrock.behaviour = Behaviour(unsupported=frozenset(unsupported))
    output = Household(bedrock, ledger).run(HISTORY)
    assert set(states(output).values()) == {"asked"}
    assert output.figures["dollars"] and bedrock.billed.paid_twice == 0


def test_no_customer_s_id_is_in_any_byte_that_is_sent(bedrock: BedrockDouble, ledger: SqliteAnswers) -> None:
    lines = HISTORY.with_columns(customer_id=pl.lit("raw-id-") + pl.col("customer_id"))
    bedrock.inject(Fault("not_json", times=3))
    output = Household(bedrock, ledger).run(lines)
    assert {"asked", "repaired"} == set(states(output).values())
    sent = b"".join(request.body + repr(request).encode() for request in bedrock.requests)
    assert len(sent) > 20_000 and b"raw-id" not in sent
    assert not re.search(rb"\bc00\d\d\b", sent)


def test_faults_are_repaired_or_become_dead_letters_and_nothing_is_paid_twice(
    bedrock: BedrockDouble, ledger: SqliteAnswers
) -> None:
    bedrock.inject(Fault((*FAULTY, "throttled"), share=0.6))
    shop = Household(bedrock, ledger)
    output = shop.run(HISTORY)
    found = set(states(output).values())
    assert {"asked", "repaired", "failed"} == found, output.figures
    letters = output.frames["dead_letters"]
    assert set(letters["reason"]) == {"no valid answer"} and (letters["detail"] != "").all()
    marked = output.frames["predictions"].filter("fallback")
    assert set(marked["customer_id"]) == set(letters["customer_id"])
    assert output.frames["predictions"]["customer_id"].n_unique() == HISTORY["customer_id"].n_unique()
    answered = bedrock.counts.total()
    assert same(shop.run(HISTORY), output)
    assert bedrock.counts.total() == answered and bedrock.billed.paid_twice == 0


def test_a_prompt_is_tried_over_the_wire(bedrock: BedrockDouble, ledger: SqliteAnswers) -> None:
    shop = Household(bedrock, ledger)
    trials = try_prompt(shop.prompt, ledger, shop.asker, shop.settings)
    assert all(trial.is_valid and trial.cost > 0 for trial in trials)
