"""Waiting for batch jobs."""

from __future__ import annotations

import pytest

from omnix_cli.errors import UnavailableError
from tests.memory_answers import MemoryBatches
from tests.unit.predictors.bedrock.shops import (
    JOB,
    ModelShop,
    later,
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
