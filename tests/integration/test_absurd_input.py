"""A tenth of the campaigns of absurd settings and strange services: nothing that others cause is a bug of omnix."""

from __future__ import annotations

from tests.aws.bedrock import BedrockDouble
from tests.aws.buckets import TestBucket
from tests.soaks import absurd_settings, strange_services


def test_an_absurd_setting_is_refused_or_does_what_it_says(aws_environment: None) -> None:
    counts, wrong = absurd_settings.campaign(0.1)
    assert wrong == []
    assert counts["refused"] > counts["used"] > 0


def test_whatever_answers_in_place_of_a_service_is_told(
    aws_environment: None, ministack: str, s3_server: TestBucket, bedrock: BedrockDouble
) -> None:
    urls = {"dynamodb": ministack, "s3": s3_server.url, "bedrock": bedrock.url}
    counts, wrong = strange_services.campaign(strange_services.TRIALS // 10, strange_services.SEED, urls)
    assert wrong == []
    assert {"dynamodb: 4", "s3: 4"} <= counts.keys()
