"""Batch jobs that fail or end in part, requests that fail, and what the user must fix."""

from __future__ import annotations

import json

import pytest

from omnix_cli.errors import ConfigError, DataError, UnavailableError
from omnix_cli.predictors.bedrock.asking.client import connect
from omnix_cli.predictors.bedrock.batches.job_service import JobService
from omnix_cli.settings import BatchSettings, BedrockSettings
from tests.aws.bedrock import BedrockDouble, Fault
from tests.aws.bedrock.prompts import questions
from tests.aws.buckets import TestBucket
from tests.integration.bedrock_machines import Make, batch_settings, created, machines


@pytest.fixture
def batch(bucket: TestBucket) -> BatchSettings:
    return batch_settings(bucket)


@pytest.fixture
def machine(bedrock: BedrockDouble, bucket: TestBucket) -> Make:
    return machines(bedrock, bucket)


@pytest.mark.parametrize(
    ("fault", "status", "collected"),
    [("job_stopped", "Stopped", 20), ("job_partial", "PartiallyCompleted", 28)],
)
def test_a_job_is_collected_as_far_as_it_goes(
    bedrock: BedrockDouble, machine: Make, fault: str, status: str, collected: int
) -> None:
    bedrock.inject(Fault(fault, operation="job"))
    here = machine()
    (job,) = here.batches.submit(questions(40))
    job = here.batches.collect(here.finished(job))
    assert (job.status, job.collected, job.failed) == (status, collected, 40 - collected)
    assert len(here.replies()) == collected
    assert here.batches.submit(questions(40)) == [job]  # the rest is asked on demand


@pytest.mark.parametrize("fault", ["job_failed", "job_expired"])
def test_a_job_without_an_answer_makes_room_for_another(bedrock: BedrockDouble, machine: Make, fault: str) -> None:
    bedrock.inject(Fault(fault, operation="job", times=1))
    here = machine()
    (job,) = here.batches.submit(questions(40))
    failed = here.batches.collect(here.finished(job))
    assert failed.done and failed.failed == 40 and failed.message
    (again,) = here.batches.submit(questions(40))
    assert again.name == f"{job.name}-2" and again.arn != job.arn
    assert machine().batches.submit(questions(40)) == [again]
    assert here.batches.collect(here.finished(again)).collected == 40
    assert bedrock.billed.paid_twice == 0


def test_failed_missing_and_damaged_records_are_counted(
    bedrock: BedrockDouble, bucket: TestBucket, machine: Make, caplog: pytest.LogCaptureFixture
) -> None:
    bedrock.inject(
        Fault("failed_record", operation="record", requests=(0, 1, 2)),
        Fault("missing_record", operation="record", requests=(3, 4)),
        Fault("not_json", operation="record", requests=(5,)),
    )
    here = machine()
    (job,) = here.batches.submit(questions(20))
    job = here.finished(job)
    (key,) = [key for key in bucket.keys("omnix-batch") if key.endswith(".jsonl.out")]
    lines = bucket.read(key).splitlines()
    whole = next(number for number, line in enumerate(lines) if b"modelOutput" in line and b"cannot say" not in line)
    lines[whole] = lines[whole][: len(lines[whole]) // 2]
    stranger = json.dumps({"recordId": "stranger", "modelOutput": {}}).encode()
    bucket.write(key, b"\n".join([*lines, stranger]))
    job = here.batches.collect(job)
    assert (job.collected, job.failed) == (14, 6)
    texts = [reply.text for reply in here.replies().values()]
    assert sum(not text.startswith("{") for text in texts) == 1  # still an answer: others judge it
    assert "failed_records=3 reason='The record could not be processed.'" in caplog.text
    assert "failed_records=1 reason='a line is damaged'" in caplog.text
    assert "failed_records=1 reason='a record belongs to no question of the job'" in caplog.text


def test_what_throttles_fails_or_is_lost_is_tried_again(bedrock: BedrockDouble, machine: Make) -> None:
    operations = ("CreateModelInvocationJob", "GetModelInvocationJob", "ListModelInvocationJobs")
    for operation in operations:
        bedrock.inject(
            Fault(("throttled", "server_error", "dropped_before", "dropped_after", "cut"), operation=operation, times=3)
        )
    here = machine()
    (job,) = here.batches.submit(questions(12))
    assert here.batches.collect(here.finished(job)).collected == 12
    assert bedrock.faults.total() == 9 and created(bedrock) == 1 and bedrock.billed.paid_twice == 0


@pytest.mark.parametrize("name", ["throttled", "server_error", "quota", "dropped_before"])
def test_what_does_not_pass_is_unavailable(bedrock: BedrockDouble, machine: Make, name: str) -> None:
    bedrock.inject(Fault(name, operation="CreateModelInvocationJob"))
    with pytest.raises(UnavailableError) as caught:
        machine().batches.submit(questions(12))
    assert caught.value.hint
    assert bedrock.faults[name] == (1 if name == "quota" else machine().service.settings.attempts)
    bedrock.heal()
    assert machine().batches.submit(questions(12))[0].status == "Submitted"


@pytest.mark.parametrize("name", ["denied", "invalid", "not_found"])
def test_errors_that_the_user_must_fix(bedrock: BedrockDouble, machine: Make, name: str) -> None:
    bedrock.inject(Fault(name, operation="CreateModelInvocationJob"))
    with pytest.raises(ConfigError, match=r"amazon\.nova-lite-v1:0: .*Exception\)") as caught:
        machine().batches.submit(questions(12))
    assert caught.value.hint


def test_settings_that_a_batch_cannot_do_with(machine: Make, batch: BatchSettings) -> None:
    with pytest.raises(ConfigError, match="need a role"):
        machine(batch=batch.model_copy(update={"role_arn": None})).batches.submit(questions(12))
    with pytest.raises(ConfigError, match="guardrail"):
        machine(guardrail="abc").batches.submit(questions(12))
    with pytest.raises(ConfigError, match="profile"):
        connect(BedrockSettings(profile="nobody", region="us-east-1"), "bedrock")
    here = machine()
    (job,) = here.batches.submit(questions(12))
    unknown = job.model_copy(update={"arn": f"{job.arn}"[:-12] + "000000000000"})
    with pytest.raises(ConfigError, match="There is no job") as caught:
        here.batches.status(unknown)
    assert "region" in str(caught.value.hint)


def test_missing_files_are_named(bucket: TestBucket, machine: Make) -> None:
    here = machine()
    (job,) = here.batches.submit(questions(12))
    bucket.delete(f"omnix-batch/{job.name}/questions.jsonl")
    for call in (lambda: here.batches.submit(questions(12)), lambda: here.batches.collect(here.finished(job))):
        with pytest.raises(DataError, match=r"questions\.jsonl is missing"):
            call()


def test_a_request_is_made_as_often_as_configured(bedrock: BedrockDouble) -> None:
    bedrock.inject(Fault("throttled", operation="ListModelInvocationJobs"))
    settings = BedrockSettings(endpoint_url=bedrock.url, region="us-east-1", attempts=3)
    service = JobService(connect(settings, "bedrock"), settings, sleep=lambda seconds: None)
    with pytest.raises(UnavailableError):
        service.find("omnix-nothing")
    assert bedrock.counts["ListModelInvocationJobs"] == 3
