from __future__ import annotations

import botocore.session
import pytest
from botocore import exceptions
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from omnix_cli.errors import ConfigError, UnavailableError
from omnix_cli.predictors.bedrock.asking.client import RequestFailed, call, connect, translated
from omnix_cli.settings import BedrockSettings

pytestmark = pytest.mark.usefixtures("aws_environment")


MODEL = "amazon.nova-lite-v1:0"
EXPECTED: dict[str, str | type[Exception]] = {
    "AccessDeniedException": ConfigError,
    "ConflictException": "refused",
    "InternalServerException": "temporary",
    "ModelErrorException": "temporary",
    "ModelNotReadyException": "throttled",
    "ModelTimeoutException": "temporary",
    "ResourceNotFoundException": ConfigError,
    "ServiceQuotaExceededException": UnavailableError,
    "ServiceUnavailableException": "throttled",
    "ThrottlingException": "throttled",
    "ValidationException": "refused",
}


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


def answered(code: str, message: str = "so it is", status: int = 400) -> ClientError:
    told = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(told, "Converse")  # type: ignore[arg-type]


def test_every_error_of_the_service_model_has_a_meaning() -> None:
    service = botocore.session.get_session().get_service_model("bedrock-runtime")
    codes = {shape.name for name in ("Converse", "CountTokens") for shape in service.operation_model(name).error_shapes}
    assert codes <= EXPECTED.keys()
    for shape in (service.shape_for(code) for code in codes):
        meaning = translated(answered(shape.name, status=shape.metadata["error"]["httpStatusCode"]), MODEL)
        expected = EXPECTED[shape.name]
        if isinstance(expected, str):
            assert isinstance(meaning, RequestFailed)
            assert meaning.kind == expected
        else:
            assert isinstance(meaning, expected)


@pytest.mark.parametrize("code", ["ExpiredTokenException", "UnrecognizedClientException", "InvalidSignatureException"])
def test_credentials_that_are_refused_are_for_the_user(code: str) -> None:
    assert isinstance(translated(answered(code, status=403), MODEL), ConfigError)


def test_a_model_that_cannot_be_used_is_for_the_user() -> None:
    message = (
        "Invocation of model ID x with on-demand throughput isn\u2019t supported. Retry with an inference profile."
    )
    meaning = translated(answered("ValidationException", message), MODEL)
    assert isinstance(meaning, ConfigError)
    assert "inference profile" in str(meaning.hint)


@pytest.mark.parametrize(("status", "kind"), [(500, "temporary"), (502, "lost"), (504, "lost"), (408, "temporary")])
@pytest.mark.parametrize("code", ["", "HTTP"])
def test_an_error_without_a_known_name_may_pass(code: str, status: int, kind: str) -> None:
    meaning = translated(answered(code and str(status), status=status), MODEL)
    assert isinstance(meaning, RequestFailed)
    assert meaning.kind == kind


def test_an_error_of_the_model_without_its_name_may_pass() -> None:
    meaning = translated(answered("", status=424), MODEL)
    assert isinstance(meaning, RequestFailed) and meaning.kind == "temporary"


@pytest.mark.parametrize(
    "message",
    [
        "Signature expired: 20180115T030000Z is now earlier than 20180115T034500Z (20180115T035000Z - 5 min.)",
        "Signature not yet current: 20180115T034500Z is still later than 20180115T030500Z",
    ],
)
def test_a_wrong_clock_is_no_matter_of_credentials(message: str) -> None:
    meaning = translated(answered("InvalidSignatureException", message, status=403), MODEL)
    assert isinstance(meaning, ConfigError) and "clock" in str(meaning.hint)
    assert "credentials" not in str(meaning.hint)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (exceptions.EndpointConnectionError(endpoint_url="http://nowhere"), "temporary"),
        (exceptions.ConnectTimeoutError(endpoint_url="http://nowhere"), "temporary"),
        (exceptions.ReadTimeoutError(endpoint_url="http://nowhere"), "lost"),
        (exceptions.ConnectionClosedError(endpoint_url="http://nowhere"), "lost"),
        (exceptions.HTTPClientError(error="reset"), "lost"),
        (exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2), "lost"),
        (ResponseParserError("cut off"), "lost"),
    ],
)
def test_what_is_lost_may_have_been_paid_for(error: Exception, kind: str) -> None:
    meaning = translated(error, MODEL)
    assert isinstance(meaning, RequestFailed)
    assert meaning.kind == kind
    assert meaning.failure("question-1").temporary


@pytest.mark.parametrize(
    "error", [exceptions.NoCredentialsError(), exceptions.TokenRetrievalError(provider="sso", error_msg="expired")]
)
def test_no_credentials_are_for_the_user(error: Exception) -> None:
    assert isinstance(translated(error, MODEL), ConfigError)


def test_a_bug_is_no_trouble() -> None:
    assert translated(ValueError("a bug"), MODEL) is None
