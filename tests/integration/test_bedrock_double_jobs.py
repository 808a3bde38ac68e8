"""Batch jobs of the double of Bedrock."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.bedrock import BedrockDouble, Fault
from tests.aws.bedrock.prompts import prompt
from tests.aws.buckets import TestBucket
from tests.integration.double_requests import FORM, NOVA, TOOL, text_of

ROLE = "arn:aws:iam::123456789012:role/omnix-batch"


@pytest.fixture
def jobs(bedrock: BedrockDouble, bucket: TestBucket) -> Any:
    bedrock.behaviour = replace(bedrock.behaviour, min_records=10, max_records=1000)
    return bedrock.client("bedrock", retries={"total_max_attempts": 1})


def create(jobs: Any, bucket: TestBucket, *, name: str = "job-1", records: int = 40, **more: Any) -> str:
    lines = [
        {
            "recordId": f"r{number}",
            "modelInput": {"messages": [{"role": "user", "content": [{"text": prompt(f"c{number}")}]}]},
        }
        for number in range(records)
    ]
    bucket.write("in/input.jsonl", "".join(json.dumps(line) + "\n" for line in lines).encode())
    return str(jobs.create_model_invocation_job(**request(bucket, name), **more)["jobArn"])


def request(bucket: TestBucket, name: str) -> dict[str, Any]:
    return {
        "jobName": name,
        "roleArn": ROLE,
        "modelId": NOVA,
        "modelInvocationType": "Converse",
        "inputDataConfig": {"s3InputDataConfig": {"s3Uri": f"{bucket.address}/in/", "s3InputFormat": "JSONL"}},
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": f"{bucket.address}/out/"}},
    }


def states(jobs: Any, arn: str) -> list[str]:
    """The states that a job goes through, one a poll."""
    seen: list[str] = []
    while not seen or seen[-1] in ("Submitted", "Validating", "Scheduled", "InProgress", "Stopping"):
        seen.append(jobs.get_model_invocation_job(jobIdentifier=arn)["status"])
    return seen


def output(bucket: TestBucket, arn: str) -> list[dict[str, Any]]:
    content = bucket.read(f"out/{arn.rpartition('/')[2]}/input.jsonl.out")
    return [json.loads(line) for line in content.splitlines()]


def test_a_job_answers_its_records_in_another_order(bedrock: BedrockDouble, jobs: Any, bucket: TestBucket) -> None:
    arn = create(jobs, bucket)
    assert states(jobs, arn) == ["Submitted", "Validating", "Scheduled", "InProgress", "Completed"]
    records = output(bucket, arn)
    names = [record["recordId"] for record in records]
    assert sorted(names) == sorted(f"r{number}" for number in range(40)) and names != sorted(names)
    for record in records:
        answer = json.loads(text_of(record["modelOutput"]))
        assert answer["customers"][0]["customer"] == f"c{record['recordId'][1:]}"
    manifest = json.loads(bucket.read(f"out/{arn.rpartition('/')[2]}/manifest.json.out"))
    assert manifest["successRecordCount"] == manifest["totalRecordCount"] == 40
    assert bedrock.billed.answers == {"batch": 40}
    assert bedrock.billed.batch_tokens["outputTokens"] == manifest["outputTokenCount"]


def test_a_job_goes_on_by_itself(bedrock: BedrockDouble, jobs: Any, bucket: TestBucket) -> None:
    bedrock.behaviour = replace(bedrock.behaviour, job_step_seconds=0.01)
    arn = create(jobs, bucket)
    wait = threading.Event()
    while jobs.get_model_invocation_job(jobIdentifier=arn)["status"] != "Completed":
        wait.wait(0.01)
    assert len(output(bucket, arn)) == 40


def test_the_same_token_makes_one_job_and_a_name_is_used_once(jobs: Any, bucket: TestBucket) -> None:
    arn = create(jobs, bucket, clientRequestToken="token-1")
    assert create(jobs, bucket, name="job-2", clientRequestToken="token-1") == arn
    with pytest.raises(ClientError, match="ConflictException"):
        create(jobs, bucket, clientRequestToken="token-2")
    found = jobs.list_model_invocation_jobs(nameContains="job")["invocationJobSummaries"]
    assert [job["jobArn"] for job in found] == [arn]
    assert jobs.list_model_invocation_jobs(nameContains="other")["invocationJobSummaries"] == []


@pytest.mark.parametrize("records", [9, 1001])
def test_too_few_or_too_many_records_fail(jobs: Any, bucket: TestBucket, records: int) -> None:
    arn = create(jobs, bucket, records=records)
    assert states(jobs, arn)[-1] == "Failed"
    assert f"({records})" in jobs.get_model_invocation_job(jobIdentifier=arn)["message"]


def test_a_wrong_role_or_time_is_refused(bedrock: BedrockDouble, bucket: TestBucket) -> None:
    jobs = bedrock.client("bedrock", parameter_validation=False)
    for wrong in ({"roleArn": "omnix-batch"}, {"timeoutDurationInHours": 12}, {"jobName": "a_b"}):
        with pytest.raises(ClientError, match="ValidationException"):
            jobs.create_model_invocation_job(**{**request(bucket, "job-1"), **wrong})


@pytest.mark.parametrize(
    ("name", "status", "answers"),
    [
        ("job_failed", "Failed", 0),
        ("job_expired", "Expired", 0),
        ("job_stopped", "Stopped", 20),
        ("job_partial", "PartiallyCompleted", 28),
    ],
)
def test_jobs_that_end_otherwise(
    bedrock: BedrockDouble, jobs: Any, bucket: TestBucket, name: str, status: str, answers: int
) -> None:
    bedrock.inject(Fault(name, operation="job"))
    arn = create(jobs, bucket)
    assert states(jobs, arn)[-1] == status
    assert bedrock.billed.answers["batch"] == answers
    assert bool([key for key in bucket.keys("out/") if key.endswith(".jsonl.out")]) == bool(answers)


def test_a_job_is_stopped_half_way(bedrock: BedrockDouble, jobs: Any, bucket: TestBucket) -> None:
    arn = create(jobs, bucket)
    for _ in range(3):
        jobs.get_model_invocation_job(jobIdentifier=arn)
    jobs.stop_model_invocation_job(jobIdentifier=arn)
    assert states(jobs, arn) == ["Stopping", "Stopped"]
    assert len(output(bucket, arn)) == 20
    with pytest.raises(ClientError, match="ConflictException"):
        jobs.stop_model_invocation_job(jobIdentifier=arn)


def test_records_fail_go_missing_or_are_spoiled(bedrock: BedrockDouble, jobs: Any, bucket: TestBucket) -> None:
    bedrock.inject(
        Fault("failed_record", operation="record", requests=(0, 1)),
        Fault("missing_record", operation="record", requests=(2,)),
        Fault("not_json", operation="record", requests=(3,)),
    )
    arn = create(jobs, bucket)
    states(jobs, arn)
    records = {record["recordId"]: record for record in output(bucket, arn)}
    assert "r2" not in records and len(records) == 39
    assert all("modelOutput" not in records[name] and records[name]["error"]["errorCode"] for name in ("r0", "r1"))
    with pytest.raises(ValueError):
        json.loads(text_of(records["r3"]["modelOutput"]))
    assert bedrock.billed.answers["batch"] == 38


def test_batches_have_no_tools_nor_schemas(jobs: Any, bucket: TestBucket) -> None:
    messages = [{"role": "user", "content": [{"text": prompt("abc")}]}]
    bodies = [{"outputConfig": FORM}, {"toolConfig": TOOL}, {"system": [{"cachePoint": {"type": "default"}}]}] * 4
    lines = [{"recordId": str(n), "modelInput": {"messages": messages, **body}} for n, body in enumerate(bodies)]
    bucket.write("in/input.jsonl", "".join(json.dumps(line) + "\n" for line in lines).encode())
    arn = jobs.create_model_invocation_job(**request(bucket, "job-1"))["jobArn"]
    states(jobs, arn)
    assert all("batch inference" in record["error"]["errorMessage"] for record in output(bucket, arn))
