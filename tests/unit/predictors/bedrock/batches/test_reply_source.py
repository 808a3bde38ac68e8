from __future__ import annotations

from typing import Any

import pytest

from omnix_cli.errors import ConfigError, UnavailableError
from omnix_cli.records import Failure, Question
from tests.memory_answers import MemoryBatches
from tests.unit.predictors.bedrock.shops import (
    JOB,
    ModelShop,
    later,
    spoiled,
    states,
)


@pytest.fixture
def shop() -> ModelShop:
    return ModelShop()


class Clock:
    def __init__(self) -> None:
        self.slept: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


def test_a_batch_job_answers_and_what_it_leaves_out_is_asked_on_demand(shop: ModelShop) -> None:
    clock, jobs = Clock(), MemoryBatches(shop.ledger, states=["Submitted", "InProgress", "Completed"], leaves_out=4)
    output = shop.run(name="bedrock-batch", jobs=jobs, batch=JOB, sleep=clock)
    count = int(output.figures["questions"])
    assert clock.slept == [60, 60] and output.figures["waited_seconds"] == 120
    assert len(shop.asked_now()) == count // 4
    assert output.figures["mode"] == f"batch: {count} questions, {count // 4} of them again on demand"
    assert dict(output.frames["usage"]["way"].value_counts().iter_rows()) == {
        "batch": count - count // 4,
        "on_demand": count // 4,
    }
    assert set(states(output).values()) == {"asked"}


@pytest.mark.parametrize("status", ["Failed", "Stopped", "Expired"])
def test_a_job_that_failed_is_collected_as_far_as_it_goes(shop: ModelShop, status: str) -> None:
    jobs = MemoryBatches(shop.ledger, states=[status], leaves_out=1)
    output = shop.run(name="auto", jobs=jobs, batch=JOB)
    assert set(output.frames["usage"]["way"]) == {"on_demand"}
    assert len(shop.asked_now()) == output.figures["questions"]


def test_auto_uses_a_job_only_with_enough_questions(shop: ModelShop) -> None:
    jobs = MemoryBatches(shop.ledger)
    few = JOB.model_copy(update={"min_records": 100})
    assert shop.run(name="auto", jobs=jobs, batch=few).figures["mode"] == (
        "on demand: fewer than the 100 questions of a job"
    )
    assert ModelShop().run(name="auto", batch=JOB).figures["mode"] == "on demand: no batch jobs are set up"
    assert not jobs.known


def test_batch_jobs_must_be_set_up(shop: ModelShop) -> None:
    with pytest.raises(ConfigError, match="need a location and a role"):
        shop.predictor(name="bedrock-batch")


@pytest.mark.parametrize(("reason", "told"), [("budget", "the budget ended before 5 questions"), ("throttled", None)])
def test_what_was_not_answered_is_asked_the_next_time(shop: ModelShop, reason: str, told: str | None) -> None:
    left = iter(range(100))

    def fail(question: Question, answer: dict[str, Any]) -> Any:
        return Failure(question=question.key, reason=reason, detail="why", temporary=True) if next(left) < 5 else answer

    shop.asker.spoil = spoiled(fail)
    output = shop.run(max_failed=0.9)
    assert output.figures.get("incomplete") == told
    failed = output.frames["dead_letters"]
    assert failed.height == 5 and set(failed["reason"]) == {reason} and set(failed["detail"]) == {"why"}
    assert output.frames["usage"].filter(state="failed")["cost"].to_list() == [0.0] * 5
    shop.asked_now()
    assert set(states(shop.run()).values()) == {"asked"}
    assert len(shop.asked_now()) == 5


def test_a_job_that_runs_longer_is_collected_by_a_later_run(shop: ModelShop) -> None:
    clock, jobs = Clock(), MemoryBatches(shop.ledger, states=["InProgress"])
    for waits in (300, 0):
        with pytest.raises(UnavailableError) as error:
            wait = JOB.model_copy(update={"wait_seconds": waits})
            shop.run(name="bedrock-batch", jobs=jobs, batch=wait, sleep=clock)
    assert "still running" in error.value.message and "omnix predict collect" in str(error.value.hint)
    assert clock.slept == [60] * 5
    jobs.states = ["PartiallyCompleted"]
    assert set(states(shop.run(later(1), name="auto", jobs=jobs, batch=JOB)).values()) == {"reused"}
    assert len(jobs.known) == 1 and shop.asked_now() == []
