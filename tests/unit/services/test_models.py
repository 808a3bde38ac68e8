"""What is done with models besides predicting."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from omnix_cli.errors import ConfigError, DataError, PartialError
from omnix_cli.predictors.bedrock.asking.estimates import Terms
from omnix_cli.predictors.bedrock.asking.money import load_prices
from omnix_cli.predictors.statistical import StatisticalPredictor
from omnix_cli.protocols.steps import Predictor
from omnix_cli.records import BatchJob, Question
from omnix_cli.schemas import FRAMES
from omnix_cli.services.models import (
    PromptReport,
    check_prompt,
    collect_jobs,
    compare_predictors,
    estimate_costs,
    job_states,
    questions_to_drop,
    show_prompt,
)
from omnix_cli.settings import BedrockSettings, PredictionSettings, PrivacySettings, Settings
from tests.conftest import MemoryFrame, purchases
from tests.memory_answers import ForecastingAsker, MemoryLedger, forecast
from tests.unit.predictors.bedrock.shops import AS_OF, HISTORY, ModelShop, plain
from tests.unit.services.runs.test_runner import make_runner


@dataclass(frozen=True)
class Frames:
    """A runner whose frames are there already."""

    settings: Settings = field(default_factory=Settings)

    def inputs(self, name: str) -> dict[str, Any]:
        frames = {name: frame for name, frame in plain().items() if name != "as_of"}
        return {name: MemoryFrame(name, frame.collect()) for name, frame in frames.items()}

    def as_of(self) -> date:
        return AS_OF


def test_an_estimate_counts_the_open_questions_and_asks_nothing() -> None:
    shop, terms = ModelShop(), Terms(load_prices(), BedrockSettings())
    made = estimate_costs(shop.predictor(), Frames(), terms, count=None)  # type: ignore[arg-type]
    assert made.costs["questions"][0] > 0
    assert made.costs["customers"][0] > 0
    assert made.notes[0].startswith(f"{made.costs['customers'][0]} customers to ask about")
    assert "estimated from the text" in made.notes[-2]
    assert not shop.asker.asked


def test_what_is_answered_costs_nothing_more() -> None:
    shop, terms = ModelShop(), Terms(load_prices(), BedrockSettings())
    shop.predictor().predict(**plain())
    made = estimate_costs(shop.predictor(), Frames(), terms, count=None)  # type: ignore[arg-type]
    assert made.notes[0].startswith("0 customers to ask about in 0 questions")
    assert set(made.costs["dollars"]) == {0}


WEEKLY = purchases(*(("ann", "milk", f"2018-{month:02}-{day:02}") for month in (1, 2, 3) for day in (1, 8, 15, 22)))


def contender(name: str) -> Predictor:
    return StatisticalPredictor(PredictionSettings(), min_customers={"calm": 1, "shy": 3}[name])


def test_predictors_are_scored_on_the_newest_full_period(tmp_path: Path) -> None:
    runner = make_runner(tmp_path, WEEKLY)
    empty = {name: MemoryFrame(name, FRAMES[name].empty()) for name in ("products", "customers")}
    consenting = Settings(privacy=PrivacySettings(consent_ai_analysis=True))
    runner = replace(runner, sources={**runner.sources, **empty}, settings=consenting)
    made = compare_predictors(["calm,shy"], contender, runner)
    assert (made.period.until - made.period.cut).days == 28
    assert made.period.until <= runner.as_of()
    assert made.frame["predictor"].to_list() == ["calm", "shy"]
    assert made.frame["cost"].to_list() == [0, 0]


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    for specs in (["calm"], ["calm", "calm"], ["calm,calm"]):
        with pytest.raises(ConfigError, match="two or more different predictors"):
            compare_predictors(specs, contender, make_runner(tmp_path))
    with pytest.raises(DataError, match="no purchases yet"):
        compare_predictors(["calm", "shy"], contender, make_runner(tmp_path, purchases()))


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


class Jobs:
    """One job that is done and one that has just finished."""

    def jobs(self) -> list[BatchJob]:
        return [job("new", done=False), job("old", done=True)]

    def submit(self, questions: Sequence[Question]) -> list[BatchJob]:
        raise AssertionError

    def status(self, job: BatchJob) -> BatchJob:
        return job.model_copy(update={"status": "Completed"})

    def collect(self, job: BatchJob) -> BatchJob:
        return job.model_copy(update={"status": "Completed", "done": True, "collected": 3})


def job(name: str, *, done: bool) -> BatchJob:
    return BatchJob(
        name=name,
        model="m",
        prompt="p",
        as_of=date(2018, 1, 1),
        questions=3,
        input="s3://b/i",
        output="s3://b/o",
        token="t",
        done=done,
    )


def test_only_open_jobs_are_looked_up() -> None:
    assert [(one.name, one.status) for one in job_states(Jobs())] == [("new", "Completed"), ("old", "prepared")]


def test_only_open_jobs_are_collected() -> None:
    assert [(one.name, one.collected) for one in collect_jobs(Jobs())] == [("new", 3), ("old", 0)]


def test_only_questions_about_failed_customers_alone_are_dropped() -> None:
    asked = pl.DataFrame(
        {"customer_id": ["ann", "bob", "cat", "dan"], "question": ["q1", "q2", "q2", "q3"]},
    )
    failed = pl.DataFrame({"customer_id": ["ann", "bob"]})
    assert questions_to_drop(failed, asked) == ["q1"]  # q2 also answers for cat
    both = pl.DataFrame({"customer_id": ["bob", "cat"]})
    assert questions_to_drop(both, asked) == ["q2"]
