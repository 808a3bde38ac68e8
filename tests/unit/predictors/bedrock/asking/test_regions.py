"""Where the data would go."""

from __future__ import annotations

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.predictors.bedrock.asking.regions import base_model, check_region, processing_regions

ACCOUNT = "123456789012"


@pytest.mark.parametrize(
    ("model", "base", "where"),
    [
        ("amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0", "eu-central-1"),
        ("eu.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0", "any region of eu"),
        ("us-gov.anthropic.claude-3-haiku-v1:0", "anthropic.claude-3-haiku-v1:0", "any region of us-gov"),
        ("global.anthropic.claude-sonnet-4-6", "anthropic.claude-sonnet-4-6", "any AWS region"),
        (
            "arn:aws:bedrock:us-east-1::foundation-model/meta.llama3-3-70b-instruct-v1:0",
            "meta.llama3-3-70b-instruct-v1:0",
            "us-east-1",
        ),
        (
            f"arn:aws:bedrock:us-east-1:{ACCOUNT}:inference-profile/us.amazon.nova-pro-v1:0",
            "amazon.nova-pro-v1:0",
            "any region of us",
        ),
        (
            f"arn:aws:bedrock:eu-central-1:{ACCOUNT}:application-inference-profile/a1b2",
            f"arn:aws:bedrock:eu-central-1:{ACCOUNT}:application-inference-profile/a1b2",
            "the regions of an application inference profile, which its name does not show",
        ),
    ],
)
def test_models_and_profiles(model: str, base: str, where: str) -> None:
    assert base_model(model) == base
    assert processing_regions(model, "eu-central-1") == where


def test_data_stay_in_their_region_unless_that_is_allowed() -> None:
    check_region("amazon.nova-lite-v1:0", region="eu-central-1", data_region="eu-central-1", allowed=False)
    check_region("global.amazon.nova-2-lite-v1:0", region="us-east-1", data_region=None, allowed=False)
    for model, region in (
        ("amazon.nova-lite-v1:0", "us-east-1"),
        ("eu.amazon.nova-lite-v1:0", "eu-central-1"),
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", "eu-central-1"),
        (f"arn:aws:bedrock:eu-central-1:{ACCOUNT}:application-inference-profile/a1b2", "eu-central-1"),
    ):
        with pytest.raises(ConfigError, match=r"would process the data in .*only eu-central-1 is allowed") as raised:
            check_region(model, region=region, data_region="eu-central-1", allowed=False)
        assert "bedrock.allow_other_region" in str(raised.value.hint)
        check_region(model, region=region, data_region="eu-central-1", allowed=True)
