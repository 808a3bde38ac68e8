"""The double of Bedrock as the ordinary boto3 client meets it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

from tests.aws.bedrock import BedrockDouble, Fault, all_faults
from tests.aws.bedrock.faults import REFUSALS
from tests.aws.bedrock.prompts import TODAY, prompt
from tests.aws.buckets import TestBucket

NOVA = "amazon.nova-lite-v1:0"
ROLE = "arn:aws:iam::123456789012:role/omnix-batch"
SCHEMA = {
    "type": "object",
    "properties": {"customers": {"type": "array", "items": {"type": "object", "additionalProperties": False}}},
    "additionalProperties": False,
}
TOOL = {
    "tools": [{"toolSpec": {"name": "analysis", "strict": True, "inputSchema": {"json": SCHEMA}}}],
    "toolChoice": {"tool": {"name": "analysis"}},
}
FORM = {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": json.dumps(SCHEMA), "name": "a"}}}}


def ask(double: BedrockDouble, text: str | None = None, **more: Any) -> dict[str, Any]:
    """One request, not repeated by boto3."""
    client = double.client(retries={"total_max_attempts": 1})
    messages = [{"role": "user", "content": [{"text": text or prompt("abc", "def")}]}]
    return client.converse(modelId=NOVA, **{"messages": messages, **more})  # type: ignore[no-any-return]


def text_of(answer: dict[str, Any]) -> str:
    (block,) = answer["output"]["message"]["content"]
    return str(block["text"])


def refused(double: BedrockDouble, text: str | None = None, **more: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        ask(double, text, **more)
    return caught.value.response["Error"]["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_an_answer_is_a_forecast_from_the_numbers(bedrock: BedrockDouble) -> None:
    answer = ask(bedrock)
    first, second = json.loads(text_of(answer))["customers"]
    assert (first["customer"], second["customer"]) == ("abc", "def")
    milk, soap = first["consumptionPatterns"]
    assert milk["predictedNextPurchaseDate"] == "2018-01-15"  # a week after the 8th
    assert soap["predictedNextPurchaseDate"] == "2018-01-19"  # thirty days after the 20th
    assert soap["averageDaysBetweenPurchases"] == 30.0
    assert 0 < soap["confidence"] < milk["confidence"] < 1  # fewer purchases, less confidence
    assert first["spendingPatterns"] == {
        "averageOrderValue": 12.5,
        "preferredCategories": ["Dairy", "Household"],
        "shoppingFrequency": "weekly",
        "pricePreference": "mid-range",
    }
    assert answer["stopReason"] == "end_turn"
    assert answer["usage"]["inputTokens"] == -(-len(prompt("abc", "def")) // 4)


def test_a_forecast_never_lies_in_the_past(bedrock: BedrockDouble) -> None:
    late = "p1|Tea|Drinks|6|2016-05-01|20,22,18,20,20|1|||20|20"
    (customer,) = json.loads(text_of(ask(bedrock, prompt("abc", rows=[late]))))["customers"]
    (pattern,) = customer["consumptionPatterns"]
    assert date.fromisoformat(pattern["predictedNextPurchaseDate"]) == TODAY


def test_a_forced_tool_and_a_schema_are_filled(bedrock: BedrockDouble) -> None:
    by_tool, by_schema = ask(bedrock, toolConfig=TOOL), ask(bedrock, outputConfig=FORM)
    (block,) = by_tool["output"]["message"]["content"]
    assert by_tool["stopReason"] == "tool_use" and block["toolUse"]["name"] == "analysis"
    assert block["toolUse"]["input"] == json.loads(text_of(by_schema)) == json.loads(text_of(ask(bedrock)))


def test_a_repair_is_about_the_customers_it_names(bedrock: BedrockDouble) -> None:
    turns = (("user", prompt("abc", "def")), ("assistant", "{"), ("user", "That is no JSON.\nAnswer again about def."))
    messages = [{"role": role, "content": [{"text": text}]} for role, text in turns]
    (customer,) = json.loads(text_of(ask(bedrock, messages=messages)))["customers"]
    assert customer["customer"] == "def" and len(customer["consumptionPatterns"]) == 2


def test_every_byte_is_kept(bedrock: BedrockDouble) -> None:
    ask(bedrock, prompt("häßlich"))
    (body,) = bedrock.bodies()
    assert json.loads(body)["messages"][0]["content"][0]["text"] == prompt("häßlich")
    assert bedrock.counts["Converse answered"] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"inferenceConfig": {"temperature": 1.5}},
        {"inferenceConfig": {"maxTokens": 0}},
        {"requestMetadata": {"team": "a|b"}},
        {"serviceTier": {"type": "fast"}},
        {"performanceConfig": {"latency": "low"}},
        {"messages": [{"role": "assistant", "content": [{"text": "x"}]}]},
        {"messages": [{"role": "user", "content": [{"text": " "}]}]},
        {"toolConfig": {**TOOL, "toolChoice": {"tool": {"name": "other"}}}},
        {"outputConfig": {"textFormat": {**FORM["textFormat"], "structure": {"jsonSchema": {"schema": "{"}}}}},
        {
            "outputConfig": {
                "textFormat": {
                    "type": "json_schema",
                    "structure": {"jsonSchema": {"schema": '{"type": "object", "properties": {}}'}},
                }
            }
        },
    ],
)
def test_what_the_service_would_refuse_is_refused(bedrock: BedrockDouble, wrong: dict[str, Any]) -> None:
    client = bedrock.client(parameter_validation=False, retries={"total_max_attempts": 1})
    messages = [{"role": "user", "content": [{"text": prompt("abc")}]}]
    with pytest.raises(ClientError) as caught:
        client.converse(modelId=NOVA, **{"messages": messages, **wrong})
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert bedrock.billed.answers.total() == 0


def test_unknown_members_and_unsigned_requests_are_refused(bedrock: BedrockDouble) -> None:
    body = {"messages": [{"role": "user", "content": [{"text": "x"}]}], "temperature": 0}
    scope = "test/20180115/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=" + "0" * 64
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=" + scope, "X-Amz-Date": "20180115T000000Z"}
    for headers, status in (({}, 403), (_scoped(signed, "s3"), 403), (_scoped(signed, "bedrock"), 400)):
        request = urllib.request.Request(f"{bedrock.url}/model/x/converse", json.dumps(body).encode(), headers)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)
        assert caught.value.code == status
        caught.value.close()
    assert bedrock.counts["ValidationException"] == 1


def _scoped(headers: dict[str, str], service: str) -> dict[str, str]:
    return {name: value.format(service) for name, value in headers.items()}


def test_what_a_model_lacks_is_refused(bedrock: BedrockDouble) -> None:
    bedrock.behaviour = replace(bedrock.behaviour, unsupported=frozenset(("outputConfig", "strict", "cachePoint")))
    assert refused(bedrock, outputConfig=FORM) == ("ValidationException", 400)
    assert refused(bedrock, toolConfig=TOOL) == ("ValidationException", 400)
    assert refused(bedrock, system=[{"text": "x"}, {"cachePoint": {"type": "default"}}]) == ("ValidationException", 400)
    bedrock.behaviour = replace(bedrock.behaviour, unknown_models=frozenset((NOVA,)))
    assert refused(bedrock) == ("ResourceNotFoundException", 404)


def test_options_are_accepted_and_echoed(bedrock: BedrockDouble) -> None:
    options = {"serviceTier": {"type": "flex"}, "performanceConfig": {"latency": "optimized"}}
    guardrail = {"guardrailIdentifier": "abc123", "guardrailVersion": "1", "trace": "enabled"}
    answer = ask(bedrock, **options, guardrailConfig=guardrail, requestMetadata={"team": "retail"})
    assert {name: answer[name] for name in options} == options
    assert "guardrail" in answer["trace"]


def test_the_cache_is_written_once_and_then_read(bedrock: BedrockDouble) -> None:
    system = [{"text": "Rules. " * 800}, {"cachePoint": {"type": "default"}}]
    first, second = ask(bedrock, system=system)["usage"], ask(bedrock, prompt("ghi"), system=system)["usage"]
    assert (first["cacheWriteInputTokens"], first["cacheReadInputTokens"]) == (1400, 0)
    assert (second["cacheWriteInputTokens"], second["cacheReadInputTokens"]) == (0, 1400)
    assert first["totalTokens"] == first["inputTokens"] + 1400 + first["outputTokens"]
    short = ask(bedrock, system=[{"text": "Short."}, {"cachePoint": {"type": "default"}}])["usage"]
    assert short["cacheWriteInputTokens"] == 0


def test_an_answer_ends_at_the_most_tokens(bedrock: BedrockDouble) -> None:
    cut = ask(bedrock, inferenceConfig={"maxTokens": 20})
    assert cut["stopReason"] == "max_tokens" and cut["usage"]["outputTokens"] == 20
    assert text_of(ask(bedrock)).startswith(text_of(cut))
    by_tool = ask(bedrock, toolConfig=TOOL, inferenceConfig={"maxTokens": 20})
    assert by_tool["stopReason"] == "max_tokens"
    assert by_tool["output"]["message"]["content"][0]["toolUse"]["input"] == {}


def test_tokens_are_counted_as_they_are_billed(bedrock: BedrockDouble) -> None:
    client = bedrock.client()
    request = {"messages": [{"role": "user", "content": [{"text": prompt("abc")}]}], "system": [{"text": "Rules."}]}
    counted = client.count_tokens(modelId=NOVA, input={"converse": request})["inputTokens"]
    assert counted == client.converse(modelId=NOVA, **request)["usage"]["inputTokens"]
    body = json.dumps({"messages": [{"role": "user", "content": prompt("abc")}], "system": "Rules.", "max_tokens": 900})
    assert client.count_tokens(modelId=NOVA, input={"invokeModel": {"body": body}})["inputTokens"] == counted
    invoked = json.loads(client.invoke_model(modelId=NOVA, body=body)["body"].read())
    assert json.loads(invoked["content"][0]["text"])["customers"][0]["customer"] == "abc"
    assert bedrock.billed.answers["on_demand"] == 2 and bedrock.billed.paid_twice == 1


def test_models_and_profiles_say_where_they_are(bedrock: BedrockDouble) -> None:
    client = bedrock.client("bedrock")
    assert client.get_foundation_model(modelIdentifier=NOVA)["modelDetails"]["modelId"] == NOVA
    assert NOVA in [model["modelId"] for model in client.list_foundation_models()["modelSummaries"]]
    profile = client.get_inference_profile(inferenceProfileIdentifier=f"eu.{NOVA}")
    assert all(":eu-" in model["modelArn"] for model in profile["models"])
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.get_inference_profile(inferenceProfileIdentifier="eu.nobody.model-v1:0")


@pytest.mark.parametrize("name", sorted(REFUSALS))
def test_errors_come_with_the_status_of_the_service_model(bedrock: BedrockDouble, name: str) -> None:
    bedrock.inject(Fault(name, times=1))
    code, status = refused(bedrock)
    assert code == REFUSALS[name][0]
    assert status == {
        "throttled": 429, "not_ready": 429, "model_timeout": 408, "model_error": 424, "server_error": 500,
        "unavailable": 503, "quota": 400, "denied": 403, "invalid": 400, "not_found": 404,
    }[name]  # fmt: skip
    assert ask(bedrock)["stopReason"] == "end_turn"
    assert bedrock.billed.answers.total() == 1


@pytest.mark.parametrize(("name", "paid"), [("dropped_before", 0), ("dropped_after", 1)])
def test_a_lost_answer_may_have_been_paid(bedrock: BedrockDouble, name: str, paid: int) -> None:
    bedrock.inject(Fault(name, times=1))
    with pytest.raises(HTTPClientError):
        ask(bedrock)
    assert bedrock.billed.answers.total() == paid
    ask(bedrock)
    assert bedrock.billed.paid_twice == paid


def test_boto3_takes_half_a_body_for_an_empty_answer(bedrock: BedrockDouble) -> None:
    bedrock.inject(Fault("cut", times=1))
    assert ask(bedrock).keys() == {"ResponseMetadata"}
    assert bedrock.billed.answers.total() == 1


def test_a_slow_answer_is_slow(bedrock: BedrockDouble) -> None:
    bedrock.behaviour = replace(bedrock.behaviour, slow_seconds=0.3)
    bedrock.inject(Fault("slow", times=1))
    client = bedrock.client(read_timeout=0.1, retries={"total_max_attempts": 2, "mode": "standard"})
    client.converse(modelId=NOVA, messages=[{"role": "user", "content": [{"text": prompt("abc")}]}])
    assert bedrock.billed.paid_twice == 1  # boto3 gave up too early and paid again


@pytest.mark.parametrize("name", ["truncated_json", "not_json", "prose", "max_tokens"])
def test_text_that_is_not_json(bedrock: BedrockDouble, name: str) -> None:
    bedrock.inject(Fault(name))
    with pytest.raises(ValueError):
        json.loads(text_of(ask(bedrock)))
    with pytest.raises(ValueError):
        json.loads(text_of(ask(bedrock, outputConfig=FORM)))


@pytest.mark.parametrize(("name", "reason"), [("filtered", "content_filtered"), ("guardrail", "guardrail_intervened")])
def test_refusals_of_the_model(bedrock: BedrockDouble, name: str, reason: str) -> None:
    bedrock.inject(Fault(name))
    assert ask(bedrock)["stopReason"] == reason


def test_wrong_contents(bedrock: BedrockDouble) -> None:
    def last(name: str) -> dict[str, Any]:
        bedrock.heal()
        bedrock.inject(Fault(name))
        return json.loads(text_of(ask(bedrock)))["customers"][-1]  # type: ignore[no-any-return]

    def soap(name: str) -> dict[str, Any]:
        return last(name)["consumptionPatterns"][-1]  # type: ignore[no-any-return]

    assert soap("unknown_product")["productId"] == "no-such-product"
    assert len(last("missing_product")["consumptionPatterns"]) == 1
    assert [pattern["productId"] for pattern in last("duplicate_product")["consumptionPatterns"]] == ["p1", "p2", "p2"]
    assert soap("past_date")["predictedNextPurchaseDate"] < TODAY.isoformat()
    assert soap("absurd_date")["predictedNextPurchaseDate"] > "2060"
    assert soap("negative_interval")["averageDaysBetweenPurchases"] < 0
    assert soap("overconfident")["confidence"] == 1.7
    assert last("wrong_pseudonym")["customer"] not in ("abc", "def")
    assert last("missing_customer")["customer"] == "abc"


def test_faults_on_demand_hit_what_they_are_meant_for(bedrock: BedrockDouble) -> None:
    bedrock.inject(Fault("denied", requests=(1,)), Fault("throttled", holding="customer def"))
    ask(bedrock, prompt("abc"))
    assert refused(bedrock, prompt("abc")) == ("AccessDeniedException", 403)
    assert refused(bedrock, prompt("def")) == ("ThrottlingException", 429)
    assert bedrock.faults == {"denied": 1, "throttled": 1}


def test_chance_does_not_depend_on_the_order(aws_environment: None) -> None:
    def faults(order: list[int]) -> Counter[str]:
        with BedrockDouble(faults=all_faults(0.5), seed=7) as double:
            double.behaviour = replace(double.behaviour, slow_seconds=0.0)
            for number in order:
                with pytest.MonkeyPatch.context(), _lost():
                    ask(double, prompt(f"c{number}"))
            return double.faults

    assert faults(list(range(20))) == faults(list(reversed(range(20))))


class _lost:
    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        return isinstance(error, ClientError | HTTPClientError)


def test_no_more_than_the_quota_is_admitted(bedrock: BedrockDouble) -> None:
    bedrock.behaviour = replace(bedrock.behaviour, requests_per_minute=1200)
    client = bedrock.client(retries={"total_max_attempts": 1}, max_pool_connections=4)
    messages = [{"role": "user", "content": [{"text": prompt("abc")}]}]
    ends = time.monotonic() + 1.5

    def knock() -> int:
        admitted = 0
        while time.monotonic() < ends:
            try:
                client.converse(modelId=NOVA, messages=messages)
                admitted += 1
            except ClientError as error:
                assert error.response["Error"]["Code"] == "ThrottlingException"
        return admitted

    with ThreadPoolExecutor(4) as threads:
        admitted = sum(future.result() for future in [threads.submit(knock) for _ in range(4)])
    assert 40 <= admitted <= 52  # 20 a second for 1.5 seconds, and those of one second saved up
    assert bedrock.counts["ThrottlingException"] > 0


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


def test_a_process_of_its_own(aws_environment: None) -> None:
    command = [sys.executable, "-m", "tests.aws.bedrock", "--seed", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().strip()
            faults = json.dumps([{"names": "throttled", "times": 1}]).encode()
            with urllib.request.urlopen(f"{url}/_double/faults", faults):
                pass
            config = Config(retries={"total_max_attempts": 2, "mode": "standard"})
            client = boto3.client("bedrock-runtime", endpoint_url=url, region_name="us-east-1", config=config)
            answer = client.converse(modelId=NOVA, messages=[{"role": "user", "content": [{"text": prompt("abc")}]}])
            assert answer["ResponseMetadata"]["RetryAttempts"] == 1
            with urllib.request.urlopen(f"{url}/_double/counts") as counts:
                told = json.loads(counts.read())
            assert told["answers"] == {"on_demand": 1} and told["faults"] == {"throttled": 1}
        finally:
            process.terminate()
