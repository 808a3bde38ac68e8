from __future__ import annotations

import json

from omnix_cli.settings import AwsAccess, BedrockSettings, S3Settings, Settings, StoreSettings, dump


def test_a_section_is_dumped_as_plain_json() -> None:
    plain = dump(Settings())
    assert json.loads(json.dumps(plain)) == plain
    assert plain["workspace"] == ".omnix"


def test_aws_is_reached_by_the_same_settings_everywhere() -> None:
    given = {"profile": "shop", "region": "eu-central-1", "endpoint_url": "http://localhost:9000"}
    for kind in (BedrockSettings, S3Settings, StoreSettings):
        section = kind.model_validate(given)
        assert isinstance(section, AwsAccess)
        assert {name: dump(section)[name] for name in given} == given
