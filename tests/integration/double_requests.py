"""Requests to the double of Bedrock, as the ordinary boto3 client sends them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.bedrock import BedrockDouble
from tests.aws.bedrock.prompts import prompt

NOVA = "amazon.nova-lite-v1:0"
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
