from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

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


@pytest.mark.parametrize("number", [10**30, 1e300, -(2**63), float("inf"), float("nan")])
def test_numbers_beyond_all_sense_are_refused(number: float) -> None:
    for content in ({"similarity": {"min_support": number}}, {"store": {"max_write_units": number}}):
        with pytest.raises(ValidationError):
            Settings.model_validate(content)


def test_days_stay_within_the_calendar() -> None:
    assert Settings.model_validate({"recommend": {"trending_window_days": 100_000}})
    with pytest.raises(ValidationError, match="must be a number up to 100,000"):
        Settings.model_validate({"recommend": {"trending_window_days": 10**9}})


@pytest.mark.parametrize("url", ["localhost:9000", "http://", "ftp://h", "http://h:port", "http://h:70000", "h", ""])
def test_an_endpoint_is_a_web_address(url: str) -> None:
    with pytest.raises(ValidationError, match="is not a URL such as"):
        StoreSettings(endpoint_url=url)


def test_a_password_in_an_endpoint_is_used_and_never_shown() -> None:
    section = StoreSettings(endpoint_url="http://u:p@host:1")
    assert section.endpoint_url == "http://u:p@host:1"
    assert dump(section)["endpoint_url"] == "http://***@host:1"


def test_the_text_of_an_error_has_no_value() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"bedrock": {"pseudonym_secret": 1234567890}})
    assert "1234567890" not in str(caught.value)


def test_a_single_text_is_a_list_of_one() -> None:
    source = {"kind": "purchases", "files": "sales.csv"}
    content = {"imports": {"sources": [source]}, "recommend": {"excluded_categories": "Bags"}}
    settings = Settings.model_validate(content)
    assert settings.imports.sources[0].files == ("sales.csv",)
    assert settings.recommend.excluded_categories == ("Bags",)
