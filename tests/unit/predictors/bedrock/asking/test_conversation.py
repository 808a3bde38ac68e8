"""Requests as the service model of botocore wants them, and replies from its answers."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from omnix_cli.errors import ConfigError
from omnix_cli.predictors.bedrock.answers.checking import ANSWER_SCHEMA
from omnix_cli.predictors.bedrock.asking.conversation import (
    Form,
    ReplyRecorder,
    check_metadata,
    count_request,
    form_of,
    request,
)
from omnix_cli.predictors.bedrock.asking.money import load_prices
from omnix_cli.records import Turn
from omnix_cli.settings import BedrockSettings
from tests.memory_answers import MemoryLedger
from tests.questions import MOMENT, question

SERVICE = botocore.session.get_session().get_service_model("bedrock-runtime")


def problems(operation: str, parameters: dict[str, Any]) -> str:
    report = ParamValidator().validate(parameters, SERVICE.operation_model(operation).input_shape)
    return str(report.generate_report())


@pytest.mark.parametrize("structure", ["schema", "tool", "text"])
def test_every_part_of_a_request_is_one_that_the_service_knows(structure: str) -> None:
    settings = BedrockSettings(
        guardrail="gr-1",
        metadata={"team": "retail"},
        service_tier="flex",
        latency="optimized",
    )
    asked = question("ann")
    repaired = asked.model_copy(
        update={"turns": (*asked.turns, Turn(role="assistant", text="{"), Turn(role="user", text="That is no JSON."))}
    )
    made = request(repaired, form_of("amazon.nova-lite-v1:0", structure), ANSWER_SCHEMA, settings)
    assert problems("Converse", made) == ""
    assert made["system"] == [{"text": asked.system}, {"cachePoint": {"type": "default"}}]
    assert [message["role"] for message in made["messages"]] == ["user", "assistant", "user"]
    assert made["inferenceConfig"] == {"maxTokens": 2000, "temperature": 0.0}
    assert made["guardrailConfig"] == {"guardrailIdentifier": "gr-1", "guardrailVersion": "DRAFT"}
    assert made["requestMetadata"] == {"team": "retail"}
    assert made["serviceTier"] == {"type": "flex"}
    assert made["performanceConfig"] == {"latency": "optimized"}
    assert problems("CountTokens", count_request(made)) == ""


def test_a_plain_request_has_nothing_besides() -> None:
    made = request(question("ann"), Form(("text",), caching=False), ANSWER_SCHEMA, BedrockSettings(temperature=None))
    assert made.keys() == {"modelId", "system", "messages", "inferenceConfig"}
    assert made["inferenceConfig"] == {"maxTokens": 2000}


def test_the_schema_goes_where_the_structure_says() -> None:
    asked, settings = question("ann"), BedrockSettings()
    schema = request(asked, Form(("schema",), caching=False), ANSWER_SCHEMA, settings)
    described = schema["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    assert json.loads(described["schema"]) == ANSWER_SCHEMA
    tool = request(asked, Form(("tool",), caching=False), ANSWER_SCHEMA, settings)["toolConfig"]
    assert tool["tools"][0]["toolSpec"]["inputSchema"] == {"json": ANSWER_SCHEMA}
    assert tool["tools"][0]["toolSpec"]["strict"] is True
    assert tool["toolChoice"] == {"tool": {"name": tool["tools"][0]["toolSpec"]["name"]}}
    loose = request(asked, Form(("tool",), caching=False, strict=False), ANSWER_SCHEMA, settings)["toolConfig"]
    assert "strict" not in loose["tools"][0]["toolSpec"]


@pytest.mark.parametrize(
    ("model", "structure", "caching"),
    [
        ("global.anthropic.claude-haiku-4-5-20251001-v1:0", "schema", True),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", "tool", True),
        ("anthropic.claude-3-haiku-20240307-v1:0", "tool", False),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-pro-v1:0", "tool", True),
        ("meta.llama3-1-8b-instruct-v1:0", "text", False),
        ("someone.new-model-v1:0", "schema", False),
    ],
)
def test_what_models_are_known_to_support(model: str, structure: str, caching: bool) -> None:
    form = form_of(model, "auto")
    assert (form.structures[0], form.caching) == (structure, caching)
    assert form_of(model, "text").structures == ("text",)


def test_what_a_model_does_not_know_is_left_out_one_by_one() -> None:
    form: Form | None = Form(("schema", "tool", "text"), caching=True)
    seen = []
    for complaint in (
        "This model doesn't support cachePoint.",
        "outputConfig.textFormat is not supported by this model",
        "This model doesn't support strict.",
        "This model doesn't support tool use.",
    ):
        assert form
        form = form.without(complaint)
        seen.append(form)
    assert seen == [
        Form(("schema", "tool", "text"), caching=False),
        Form(("tool", "text"), caching=False),
        Form(("tool", "text"), caching=False, strict=False),
        Form(("text",), caching=False, strict=False),
    ]
    assert Form(("text",), caching=False).without("This model doesn't support tool use.") is None
    assert Form(("schema",), caching=True).without("outputConfig is not supported") is None
    assert Form(("schema", "text"), caching=True).without("Input is too long for requested model.") is None


def answer(*content: dict[str, Any], **usage: int) -> dict[str, Any]:
    told = {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15, **usage}
    return {"output": {"message": {"role": "assistant", "content": content}}, "stopReason": "end_turn", "usage": told}


@pytest.mark.parametrize(
    "metadata",
    [{"team": "ré"}, {"": "x"}, {"a" * 257: "x"}, {"team": "a;b"}, {f"key{number}": "x" for number in range(17)}],
)
def test_metadata_that_bedrock_does_not_accept(metadata: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"bedrock\.metadata"):
        check_metadata(metadata)
    check_metadata({"cost centre": "retail_7 #4/a+b,c-d.e=f@g$h:i"})


ANSWER: dict[str, Any] = {
    "output": {"message": {"role": "assistant", "content": [{"text": "{}"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 1_000_000, "outputTokens": 1_000_000},
    "metrics": {"latencyMs": 2500},
}


def recorder(**settings: Any) -> ReplyRecorder:
    return ReplyRecorder(MemoryLedger(), load_prices(), BedrockSettings(**settings), lambda: MOMENT, "run-1")


MOST = Decimal(9)


def test_an_answer_on_demand_costs_what_its_tier_and_its_latency_cost() -> None:
    asked = question("ann")
    reply = recorder().on_demand(asked, ANSWER, most=MOST, seconds=1.5)
    assert reply is not None
    assert (reply.question, reply.way, reply.run, reply.seconds) == (asked.key, "on_demand", "run-1", 1.5)
    assert reply.cost == Decimal("0.30") and reply.replied_at == MOMENT
    for settings, cost in ({"service_tier": "priority"}, "0.525"), ({"latency": "optimized"}, "0.375"):
        dearer = recorder(**settings).on_demand(asked, ANSWER, most=MOST, seconds=1)
        assert dearer is not None and dearer.cost == Decimal(cost)


def test_an_answer_of_a_batch_costs_its_share() -> None:
    reply = recorder(batch={"price_share": 0.25}).batch(question("ann"), ANSWER, most=MOST)
    assert reply is not None
    assert (reply.way, reply.seconds, reply.cost) == ("batch", 2.5, Decimal("0.075"))
    usual = recorder().batch(question("ann"), ANSWER, most=MOST)
    assert usual is not None and usual.cost == Decimal("0.15")


def test_an_answer_that_does_not_say_what_it_used_costs_the_most_it_can() -> None:
    silent = {name: part for name, part in ANSWER.items() if name != "usage"}
    for reply in (
        recorder().on_demand(question("ann"), silent, most=MOST, seconds=1),
        recorder().batch(question("ann"), silent, most=MOST),
    ):
        assert reply is not None and (reply.text, reply.cost) == ("{}", MOST)


def test_nothing_is_no_reply() -> None:
    assert recorder().on_demand(question("ann"), {"output": {}}, most=MOST, seconds=1) is None
    assert recorder().batch(question("ann"), None, most=MOST) is None


def test_a_loss_is_kept_for_the_run() -> None:
    losing = recorder()
    losing.loss("first", "m", "p@1:0", "on_demand", Decimal("0.5"))
    losing.loss("first", "m", "p@1:0", "on_demand", Decimal("0.5"))
    (row,) = losing.ledger.totals().to_dicts()
    assert (row["run"], row["replies"], row["cost"], row["may_have_been_billed"]) == ("run-1", 0, 0.0, 0.5)
