"""Processes killed while they work on batch jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from omnix_cli.predictors.bedrock.batches.job_service import JobService
from omnix_cli.settings import BatchSettings
from tests.aws.bedrock import BedrockDouble
from tests.aws.bedrock.prompts import TODAY, questions
from tests.aws.buckets import TestBucket
from tests.integration.bedrock_machines import Machine, Make, batch_settings, created, machines


@pytest.fixture
def batch(bucket: TestBucket) -> BatchSettings:
    return batch_settings(bucket)


@pytest.fixture
def machine(bedrock: BedrockDouble, bucket: TestBucket) -> Make:
    return machines(bedrock, bucket)


class Killed(BaseException):
    """What `kill -9` is to the code that runs."""


@dataclass
class Killing:
    """Passes calls on, and kills at the n-th, when it was made and nobody heard of it."""

    inner: Any
    left: list[int]
    calls: Sequence[str]

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)
        if name not in self.calls:
            return method

        def call(*arguments: Any, **named: Any) -> Any:
            self.left[0] -= 1
            try:
                return method(*arguments, **named)
            finally:
                if self.left[0] == 0:
                    raise Killed(name)

        return call


def killed(machine: Machine, step: int) -> Machine:
    """The machine, to be killed at that step."""
    left = [step]
    machine.objects = Killing(machine.objects, left, ("write_lines", "change", "read", "open", "keys"))
    calls = ("create_model_invocation_job", "get_model_invocation_job", "list_model_invocation_jobs")
    machine.service = JobService(Killing(machine.service.client, left, calls), machine.service.settings)
    machine.ledger = Killing(machine.ledger, left, ("keep",))
    return machine


def test_killed_at_any_step_nothing_is_asked_twice(bedrock: BedrockDouble, machine: Make, batch: BatchSettings) -> None:
    bedrock.behaviour = replace(bedrock.behaviour, min_records=3)
    few = batch.model_copy(update={"min_records": 3})
    steps = 0
    for step in count(1):
        day = TODAY + timedelta(days=step)
        asked = [question.model_copy(update={"as_of": day}) for question in questions(3, first=3 * step)]
        doomed = killed(machine(batch=few), step)
        try:
            (job,) = doomed.batches.submit(asked)
            doomed.batches.collect(doomed.finished(job))
        except Killed:
            steps += 1
        other = machine(batch=few)
        (job,) = other.batches.submit(asked)
        job = other.batches.collect(other.finished(job))
        assert job.collected == 3 and len(other.ledger.replies([question.key for question in asked])) == 3
        if steps < step:
            break
    assert steps > 20  # so many places there were to be killed at
    assert created(bedrock) == step
    assert bedrock.billed.answers["batch"] == 3 * step and bedrock.billed.paid_twice == 0


def test_a_job_that_its_record_does_not_know_is_found_by_name(bedrock: BedrockDouble, machine: Make) -> None:
    doomed = machine()
    client = Killing(doomed.service.client, [1], ["create_model_invocation_job"])
    doomed.service = JobService(client, doomed.service.settings)
    with pytest.raises(Killed, match="create"):
        doomed.batches.submit(questions(12))
    here = machine()
    (job,) = here.batches.jobs()
    assert job.arn and job.status == "Submitted"
    assert here.batches.collect(here.finished(job)).collected == 12
    assert created(bedrock) == 1


def test_a_job_that_was_only_prepared_stays_so_until_it_is_submitted(bedrock: BedrockDouble, machine: Make) -> None:
    doomed = killed(machine(), 5)
    with pytest.raises(Killed):
        doomed.batches.submit(questions(12))
    (job,) = machine().batches.jobs()
    assert machine().batches.status(job).status == "prepared"
    assert machine().batches.collect(job).done is False
    (job,) = machine().batches.submit(questions(12))
    assert job.status == "Submitted" and created(bedrock) == 1
