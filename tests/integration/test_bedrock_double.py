"""The double of Bedrock as the ordinary boto3 client meets it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import replace
from datetime import date
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.aws.bedrock import BedrockDouble
from tests.aws.bedrock.prompts import TODAY, prompt
from tests.integration.double_requests import FORM, NOVA, TOOL, ask, refused, text_of


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
