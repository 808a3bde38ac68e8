"""What the double tells about models and inference profiles."""

from __future__ import annotations

from typing import Any

from tests.aws.bedrock.wire import Refused

MODELS = (
    "amazon.nova-micro-v1:0",
    "amazon.nova-lite-v1:0",
    "amazon.nova-pro-v1:0",
    "anthropic.claude-haiku-4-5-20251001-v1:0",
    "anthropic.claude-sonnet-4-5-20250929-v1:0",
)
_REGIONS = {
    "us": ("us-east-1", "us-east-2", "us-west-2"),
    "eu": ("eu-central-1", "eu-north-1", "eu-west-1", "eu-west-3"),
    "apac": ("ap-northeast-1", "ap-south-1", "ap-southeast-2"),
    "global": ("", "us-east-1", "eu-west-1", "ap-northeast-1"),
}
"""Where the profiles of an area send requests to; "" is any region."""


def foundation_model(identifier: str, region: str) -> dict[str, Any]:
    """The answer of GetFoundationModel."""
    return {"modelDetails": _model(identifier.rpartition("/")[2], region)}


def foundation_models(region: str) -> dict[str, Any]:
    """The answer of ListFoundationModels."""
    return {"modelSummaries": [_model(name, region) for name in MODELS]}


def inference_profile(identifier: str, region: str) -> dict[str, Any]:
    """The answer of GetInferenceProfile."""
    name = identifier.rpartition("/")[2]
    area, _, model = name.partition(".")
    if area not in _REGIONS or model not in MODELS:
        raise Refused("ResourceNotFoundException", f"There is no inference profile {name}.")
    arns = [f"arn:aws:bedrock:{place}::foundation-model/{model}" for place in _REGIONS[area]]
    return {
        "inferenceProfileName": f"{area.upper()} {model}",
        "inferenceProfileArn": f"arn:aws:bedrock:{region}:123456789012:inference-profile/{name}",
        "inferenceProfileId": name,
        "models": [{"modelArn": arn} for arn in arns],
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
    }


def _model(name: str, region: str) -> dict[str, Any]:
    if name not in MODELS:
        raise Refused("ResourceNotFoundException", f"There is no model {name}.")
    return {
        "modelArn": f"arn:aws:bedrock:{region}::foundation-model/{name}",
        "modelId": name,
        "modelName": name,
        "providerName": name.partition(".")[0].title(),
        "inputModalities": ["TEXT"],
        "outputModalities": ["TEXT"],
        "responseStreamingSupported": True,
        "customizationsSupported": [],
        "inferenceTypesSupported": ["ON_DEMAND"],
        "modelLifecycle": {"status": "ACTIVE"},
    }
