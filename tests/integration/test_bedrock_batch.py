"""Batch jobs against the double of Bedrock, which reads and writes an S3 of its own process."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from omnix_cli.errors import ConfigError, DataError, UnavailableError
from omnix_cli.predictors.bedrock.asking.money import load_prices
from omnix_cli.predictors.bedrock.batches.job_service import JobService, connect_jobs
from omnix_cli.predictors.bedrock.batches.jobs import BedrockBatches
from omnix_cli.records import BatchJob, Reply
from omnix_cli.settings import BatchSettings, BedrockSettings
from omnix_cli.stores.s3.objects import S3Objects
from tests.aws.bedrock import BedrockDouble, Fault
from tests.aws.bedrock.prompts import TODAY, questions
from tests.aws.buckets import TestBucket
from tests.memory_answers import MemoryLedger

ROLE = "arn:aws:iam::123456789012:role/omnix-batch"
POLICY = Path(__file__).parents[2] / "configs" / "aws" / "bedrock-batch-role.json"
NOW = datetime(2018, 1, 15, 3, 0, tzinfo=UTC)


class Machine:
    """A machine that works on batches: it has a ledger of its own, and the bucket that all share."""

    def __init__(self, settings: BedrockSettings, client: Any, objects: Any) -> None:
        self.ledger: Any = MemoryLedger()
        self.objects = objects
        self.service = JobService(client, settings, sleep=lambda seconds: None)

    @property
    def batches(self) -> BedrockBatches:
        return BedrockBatches(
            self.service, self.objects, self.ledger, prices=load_prices(), now=lambda: NOW, run="run-1"
        )

    def replies(self, count: int = 100) -> dict[str, Reply]:
        """Those in its ledger to the first questions."""
        replies: dict[str, Reply] = self.ledger.replies([question.key for question in questions(count)])
        return replies

    def finished(self, job: BatchJob) -> BatchJob:
        """The job once it has ended."""
        while not job.ended:
            job = self.batches.status(job)
        return job


Make = Callable[..., Machine]


@pytest.fixture
def batch(bucket: TestBucket) -> BatchSettings:
    return BatchSettings(location=f"{bucket.address}/omnix-batch", role_arn=ROLE, min_records=10)


@pytest.fixture
def machine(bedrock: BedrockDouble, bucket: TestBucket, batch: BatchSettings) -> Make:
    """Another machine each time, with settings of its own."""
    bedrock.behaviour = replace(bedrock.behaviour, min_records=10)
    objects = S3Objects(str(batch.location), bucket.settings)
    client = bedrock.client("bedrock", retries={"total_max_attempts": 1})
    return lambda **changes: Machine(BedrockSettings(**{"batch": batch, **changes}), client, objects)


def created(double: BedrockDouble) -> int:
    """How many jobs Bedrock knows."""
    return len(double.jobs.list({})["invocationJobSummaries"])


def test_questions_go_up_and_replies_come_down(bedrock: BedrockDouble, bucket: TestBucket, machine: Make) -> None:
    here, asked = machine(metadata={"team": "retail"}), questions(30)
    (job,) = here.batches.submit(asked)
    assert (job.questions, job.status, job.as_of, job.done) == (30, "Submitted", TODAY, False)
    assert job.arn and job.submitted_at == NOW
    job = here.batches.collect(here.finished(job))
    assert (job.status, job.collected, job.failed, job.done) == ("Completed", 30, 0, True)
    for question in asked:
        reply = here.replies()[question.key]
        answer = json.loads(reply.text)["customers"][0]
        assert f"question-{answer['customer']}" == question.key
        assert (reply.way, reply.stop_reason, reply.model, reply.run) == ("batch", "end_turn", question.model, "run-1")
        assert reply.cost == (reply.usage.input * Decimal("0.06") + reply.usage.output * Decimal("0.24")) / 2_000_000
    told = here.ledger.asked(model=asked[0].model, prompt=asked[0].prompt, since=TODAY, until=TODAY)
    found = {row["question"]: (row["customer_id"], row["history"]) for row in told.to_dicts()}
    assert found == {question.key: (question.customers[0], question.histories[0]) for question in asked}
    total = sum(reply.usage.output for reply in here.replies().values())
    assert total == bedrock.billed.batch_tokens["outputTokens"]
    assert here.batches.jobs() == [job]
    (request,) = bedrock.bodies("CreateModelInvocationJob")
    assert json.loads(request)["tags"] == [{"key": "team", "value": "retail"}]


def test_bedrock_reads_no_customer_and_nothing_batches_lack(bucket: TestBucket, machine: Make) -> None:
    (job,) = machine().batches.submit(questions(10))
    content = bucket.read(f"omnix-batch/{job.name}/input.jsonl")
    assert b"raw-" not in content
    for line in content.splitlines():
        record = json.loads(line)
        assert record["modelInput"].keys() == {"system", "messages", "inferenceConfig"}
        assert record["modelInput"]["inferenceConfig"] == {"maxTokens": 1024, "temperature": 0.0}


def test_the_role_of_bedrock_needs_no_customer(bucket: TestBucket, machine: Make) -> None:
    here = machine()
    (job,) = here.batches.submit(questions(10))
    here.finished(job)
    rights = {right["Sid"]: right for right in json.loads(POLICY.read_text())["Statement"]}

    def allowed(sid: str) -> set[str]:
        (pattern,) = rights[sid]["Resource"]
        own = pattern.removeprefix("arn:aws:s3:::BUCKET/").replace("BATCH", "omnix-batch")
        return {key.rpartition("/")[2] for key in bucket.keys("omnix-batch") if fnmatchcase(key, own)}

    assert allowed("ReadTheRequests") == {"input.jsonl"}
    assert allowed("WriteTheAnswers") == {"input.jsonl.out", "manifest.json.out"}
    (kept,) = [key for key in bucket.keys("omnix-batch") if key.endswith("questions.jsonl")]
    assert b"raw-" in bucket.read(kept)  # whom the answers are about is for omnix alone


def test_every_call_can_be_repeated_from_another_machine(bedrock: BedrockDouble, machine: Make) -> None:
    here, there, asked = machine(), machine(), questions(20)
    (job,) = here.batches.submit(asked)
    assert there.batches.submit(list(reversed(asked))) == here.batches.submit(asked) == [job]
    assert created(bedrock) == 1 and bedrock.counts["CreateModelInvocationJob"] == 1
    done = there.batches.collect(there.finished(*there.batches.jobs()))
    assert there.batches.collect(done) == here.batches.collect(job) == done
    assert here.replies().keys() == there.replies().keys() == {question.key for question in asked}
    assert machine().batches.submit(asked) == [done]  # what was answered is not handed over again
    assert bedrock.billed.answers["batch"] == 20 and bedrock.billed.paid_twice == 0


def test_a_question_goes_into_one_job(bedrock: BedrockDouble, machine: Make) -> None:
    here = machine()
    (first,) = here.batches.submit(questions(20))
    older, newer = here.batches.submit(questions(40))
    assert older == first and newer.questions == 20
    assert here.batches.submit(questions(45)) == [*here.batches.submit(questions(40))]  # five are too few
    for job in (older, newer):
        here.batches.collect(here.finished(job))
    assert len(here.replies()) == 40 and bedrock.billed.paid_twice == 0


def test_many_questions_become_several_jobs(bedrock: BedrockDouble, machine: Make, batch: BatchSettings) -> None:
    here = machine(batch=batch.model_copy(update={"max_records": 30}))
    jobs = here.batches.submit(questions(70))
    assert sorted(job.questions for job in jobs) == [23, 23, 24]
    assert here.batches.submit(questions(70)[::-1]) == sorted(jobs, key=lambda job: job.name)
    assert created(bedrock) == 3


def test_too_few_questions_are_no_job(bedrock: BedrockDouble, machine: Make) -> None:
    assert machine().batches.submit(questions(9)) == []
    assert machine().batches.submit([]) == []
    assert bedrock.counts["CreateModelInvocationJob"] == 0


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
    assert sum(not text.startswith("{") for text in texts) == 1  # an answer all the same: others judge it
    assert "failed_records=3 reason='The record could not be processed.'" in caplog.text
    assert "failed_records=1 reason='a line is damaged'" in caplog.text
    assert "failed_records=1 reason='a record is of no question of the job'" in caplog.text


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
def test_what_the_user_must_mend_is_said(bedrock: BedrockDouble, machine: Make, name: str) -> None:
    bedrock.inject(Fault(name, operation="CreateModelInvocationJob"))
    with pytest.raises(ConfigError, match=r"amazon\.nova-lite-v1:0: .*Exception\)") as caught:
        machine().batches.submit(questions(12))
    assert caught.value.hint


def test_settings_that_a_batch_cannot_do_with(machine: Make, batch: BatchSettings) -> None:
    with pytest.raises(ConfigError, match="no role"):
        machine(batch=batch.model_copy(update={"role_arn": None})).batches.submit(questions(12))
    with pytest.raises(ConfigError, match="guardrail"):
        machine(guardrail="abc").batches.submit(questions(12))
    with pytest.raises(ConfigError, match="profile"):
        connect_jobs(BedrockSettings(profile="nobody", region="us-east-1"))
    here = machine()
    (job,) = here.batches.submit(questions(12))
    unknown = job.model_copy(update={"arn": f"{job.arn}"[:-12] + "000000000000"})
    with pytest.raises(ConfigError, match="There is no job") as caught:
        here.batches.status(unknown)
    assert "region" in str(caught.value.hint)


def test_files_that_were_taken_away_are_named(bucket: TestBucket, machine: Make) -> None:
    here = machine()
    (job,) = here.batches.submit(questions(12))
    bucket.delete(f"omnix-batch/{job.name}/questions.jsonl")
    for call in (lambda: here.batches.submit(questions(12)), lambda: here.batches.collect(here.finished(job))):
        with pytest.raises(DataError, match=r"questions\.jsonl is gone"):
            call()


def test_a_request_is_made_as_often_as_told_and_no_more(bedrock: BedrockDouble) -> None:
    bedrock.inject(Fault("throttled", operation="ListModelInvocationJobs"))
    settings = BedrockSettings(endpoint_url=bedrock.url, region="us-east-1", attempts=3)
    service = replace(connect_jobs(settings), sleep=lambda seconds: None)
    with pytest.raises(UnavailableError):
        service.find("omnix-nothing")
    assert bedrock.counts["ListModelInvocationJobs"] == 3
