"""Faults that the double of Bedrock injects."""

from __future__ import annotations

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, HTTPClientError

from tests.aws.bedrock import BedrockDouble, Fault, all_faults
from tests.aws.bedrock.faults import REFUSALS
from tests.aws.bedrock.prompts import TODAY, prompt
from tests.integration.double_requests import FORM, NOVA, ask, refused, text_of


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


def test_boto3_reads_half_a_body_as_an_empty_answer(bedrock: BedrockDouble) -> None:
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
