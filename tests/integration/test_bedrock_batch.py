"""Batch jobs against the double of Bedrock, which reads and writes an S3 of its own process."""

from __future__ import annotations

import json
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from omnix_cli.settings import BatchSettings
from tests.aws.bedrock import BedrockDouble
from tests.aws.bedrock.prompts import TODAY, questions
from tests.aws.buckets import TestBucket
from tests.integration.bedrock_machines import NOW, Make, batch_settings, created, machines

POLICY = Path(__file__).parents[2] / "configs" / "aws" / "bedrock-batch-role.json"


@pytest.fixture
def batch(bucket: TestBucket) -> BatchSettings:
    return batch_settings(bucket)


@pytest.fixture
def machine(bedrock: BedrockDouble, bucket: TestBucket) -> Make:
    return machines(bedrock, bucket)


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
