"""Predictors that ask a model in memory, on a small shop."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from typing import Any

import polars as pl
from pydantic import SecretStr

from omnix_cli.predictors.bedrock.batches.reply_source import ModelAccess
from omnix_cli.predictors.bedrock.predictor import BedrockPredictor
from omnix_cli.predictors.bedrock.prompts.prompt_files import load_prompt
from omnix_cli.predictors.statistical import StatisticalPredictor
from omnix_cli.protocols.models import AnswerLedger
from omnix_cli.protocols.steps import StepOutput
from omnix_cli.records import Failure, Question, Reply
from omnix_cli.schemas import FRAMES
from omnix_cli.settings import BatchSettings, BedrockSettings, PredictionSettings
from omnix_cli.steps.cycles import cycles
from omnix_cli.steps.forecasts.rhythms import rhythms
from tests.conftest import purchases
from tests.histories import START, catalogue, households
from tests.memory_answers import ForecastingAsker, MemoryBatches, MemoryLedger

AS_OF = START + timedelta(days=150)
SECRET = SecretStr("0123456789abcdef0123456789abcdef")
HISTORY = households(24, days=200, seed=11)
PREDICTION = PredictionSettings()
PRODUCTS = catalogue()
NO_PROFILES = FRAMES["customers"].empty().lazy()


def frames(
    lines: pl.DataFrame = HISTORY,
    *,
    as_of: date = AS_OF,
    products: pl.LazyFrame = PRODUCTS,
    customers: pl.LazyFrame = NO_PROFILES,
) -> dict[str, Any]:
    """What `predict` takes."""
    pairs = cycles(lines.lazy(), as_of=as_of).frames["cycles"]
    learnt = rhythms(lines.lazy(), pairs.lazy(), products, as_of=as_of, personal_purchases=3).frames
    return {
        "as_of": as_of,
        "cycles": pairs.lazy(),
        "rhythms": learnt["rhythms"].lazy(),
        "forecast_model": learnt["forecast_model"].lazy(),
        "products": products,
        "customers": customers,
    }


@cache
def plain() -> dict[str, Any]:
    """The frames of most tests."""
    return frames()


class ModelShop:
    """A ledger that lasts, and predictors that come and go."""

    def __init__(self, ledger: AnswerLedger | None = None) -> None:
        self.ledger = ledger or MemoryLedger()
        self.asker = ForecastingAsker(self.ledger)

    def predictor(
        self,
        *,
        name: Any = "bedrock",
        jobs: MemoryBatches | None = None,
        consent: bool = True,
        sleep: Callable[[float], None] = lambda seconds: None,
        **settings: Any,
    ) -> BedrockPredictor:
        return BedrockPredictor(
            StatisticalPredictor(PREDICTION),
            ModelAccess(self.ledger, lambda: self.asker, jobs, sleep),
            load_prompt("replenishment"),
            BedrockSettings(**{"pseudonym_secret": SECRET, **settings}),
            PREDICTION,
            default_consent=consent,
            name=name,
        )

    def run(self, given: dict[str, Any] | None = None, **options: Any) -> StepOutput:
        return self.predictor(**options).predict(**(given or plain()))

    def asked_now(self) -> list[Question]:
        """What was asked since this was called last."""
        asked, self.asker.asked = self.asker.asked, []
        return asked


def states(output: StepOutput) -> dict[str, str]:
    return dict(output.frames["usage"].select("customer_id", "state").iter_rows())


def same(one: StepOutput, other: StepOutput, *names: str) -> bool:
    return all(one.frames[name].equals(other.frames[name]) for name in names or one.frames)


def statistical(given: dict[str, Any]) -> pl.DataFrame:
    read = {name: given[name] for name in StatisticalPredictor.inputs}
    return StatisticalPredictor(PREDICTION).predict(**read, as_of=given["as_of"]).frames["predictions"]


def spoiled(change: Callable[[Question, dict[str, Any]], Any], *, times: int = 99) -> Any:
    """A fault that changes the right answer, in so many questions of each conversation."""

    def spoil(question: Question, answer: dict[str, Any]) -> str | Reply | Failure:
        if len(question.turns) // 2 >= times:
            return json.dumps(answer)
        result = change(question, answer)
        return result if isinstance(result, str | Reply | Failure) else json.dumps(result)

    return spoil


def later(days: int, *more: tuple[str, str, int]) -> dict[str, Any]:
    """The frames some days later, when nothing was bought since but these (customer, product, days after)."""
    lines = HISTORY.filter(pl.col("purchase_day") < AS_OF)
    extra = purchases(*((who, what, str(AS_OF + timedelta(days=after))) for who, what, after in more))
    extra = extra.with_columns(purchase_id=pl.lit("more-") + pl.col("purchase_id"))
    return frames(pl.concat([lines, extra]), as_of=AS_OF + timedelta(days=days))


JOB = BatchSettings(min_records=5, poll_seconds=60, wait_seconds=300)
