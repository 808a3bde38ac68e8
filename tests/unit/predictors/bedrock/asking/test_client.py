from __future__ import annotations

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.predictors.bedrock.asking.client import call, connect
from omnix_cli.settings import BedrockSettings

pytestmark = pytest.mark.usefixtures("aws_environment")


def test_the_client_has_the_region_and_endpoint_of_the_settings_and_no_retries() -> None:
    client = connect(BedrockSettings(region="eu-central-1", endpoint_url="http://localhost:1", connections=7))
    assert client.meta.region_name == "eu-central-1" and client.meta.endpoint_url == "http://localhost:1"
    assert client.meta.config.retries["total_max_attempts"] == 1
    assert client.meta.config.max_pool_connections == 7


def test_an_unknown_profile_and_a_wrong_region_are_for_the_user() -> None:
    with pytest.raises(ConfigError, match=r"cannot connect to Bedrock: .*nobody"):
        connect(BedrockSettings(profile="nobody"))
    with pytest.raises(ConfigError, match="would process the data in us-east-1"):
        connect(BedrockSettings(region="us-east-1", data_region="eu-central-1"))


def test_a_bug_is_raised_as_it_is() -> None:
    with pytest.raises(AttributeError):
        call(object(), "converse", {}, "a model")
