"""The boto3 client of Bedrock, and its errors: which are worth a retry, which concern one question, which the user must
fix.

omnix retries itself because boto3's retries leave out two temporary errors (408 and 424) and know no budget.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from omnix_cli.aws_errors import NO_ACCESS, is_about_an_answer, is_clock_wrong
from omnix_cli.errors import ConfigError, OmnixError, UnavailableError
from omnix_cli.predictors.bedrock.asking.regions import check_region
from omnix_cli.records import Failure
from omnix_cli.settings import BedrockSettings

_THROTTLING = frozenset(
    {"ThrottlingException", "TooManyRequestsException", "ModelNotReadyException", "ServiceUnavailableException"}
)
_TEMPORARY = frozenset({"InternalServerException", "ModelTimeoutException", "ModelErrorException"})
_TEMPORARY_STATUS = frozenset({408, 424})
"""The HTTP codes of ModelTimeoutException and ModelErrorException, for answers that come without their names."""
_GATEWAY = frozenset({502, 504})
"""Something on the way gave up; the model may have answered."""
_NO_MODEL = ("model identifier is invalid", "on-demand throughput isn", "model is not supported", "end of its life")
"""Parts of the message of a ValidationException about the model rather than the question."""
_LONGEST_DETAIL = 300
_CONNECT_SECONDS = 10


class RequestFailed(Exception):
    """A request got no answer. `throttled`: there were too many; `temporary`: a retry may help; `lost`: the same, but
    the answer may have been charged for; `refused`: a retry never helps."""

    def __init__(self, kind: Literal["throttled", "temporary", "lost", "refused"], reason: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.reason = reason
        self.detail = detail[:_LONGEST_DETAIL]

    def failure(self, question: str) -> Failure:
        return Failure(question=question, reason=self.reason, detail=self.detail, temporary=self.kind != "refused")


def connect(settings: BedrockSettings, service: str = "bedrock-runtime") -> Any:
    """A client for `bedrock-runtime` (questions) or `bedrock` (batch jobs) that does not retry by itself.

    Raises `ConfigError` when there is no region or profile, or when the data would leave their region."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    config = Config(
        retries={"total_max_attempts": 1},  # our own retries keep the budget and the pace
        read_timeout=settings.read_timeout_seconds,
        connect_timeout=_CONNECT_SECONDS,
        max_pool_connections=settings.connections,
        tcp_keepalive=True,
        parameter_validation=False,  # the service validates too
    )
    try:
        session = boto3.Session(profile_name=settings.profile, region_name=settings.region)
        client = session.client(service, endpoint_url=settings.endpoint_url, config=config)
        client.meta.events.register(f"before-parse.{service}", _keep_as_sent)
    except (BotoCoreError, ValueError) as error:
        hint = "Set bedrock.region and bedrock.profile, or the AWS_* variables."
        raise ConfigError(f"cannot connect to Bedrock: {error}", hint=hint) from error
    check_region(
        settings.model,
        region=client.meta.region_name,
        data_region=settings.data_region,
        allowed=settings.allow_other_region,
    )
    return client


def _keep_as_sent(response_dict: Any, customized_response_dict: dict[str, Any], **event: Any) -> None:
    """Lets boto3 return the content of an answer as it was sent. Its parser refuses whole answers, which are paid for,
    because of a part that is empty or of another type than expected."""
    try:
        content = json.loads(response_dict["body"])
    except (ValueError, TypeError, RecursionError):
        content = None
    if response_dict["status_code"] < 300:
        response_dict["body"] = b"{}"
        customized_response_dict.update(content if isinstance(content, dict) else {})
    elif content is not None and not isinstance(content, dict):
        response_dict["body"] = b"{}"


def call(client: Any, operation: str, request: Mapping[str, Any], about: str) -> dict[str, Any]:
    """The answer of Bedrock. Raises `RequestFailed`, or an error of omnix that names the model or job `about`."""
    try:
        answer: dict[str, Any] = getattr(client, operation)(**request)
        return answer
    except Exception as error:
        ours = translated(error, about)
        if ours is None:
            raise
        raise ours from error


def translated(error: Exception, model: str) -> RequestFailed | OmnixError | None:
    """An error of botocore as one of ours; None when it is a bug."""
    from botocore import exceptions
    from botocore.parsers import ResponseParserError

    if isinstance(error, exceptions.ClientError):
        details = error.response["Error"]
        status = error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
        return _of_code(details.get("Code", ""), details.get("Message") or details.get("Code", ""), status, model)
    if isinstance(error, ResponseParserError):
        return RequestFailed("lost", "incomplete_answer", str(error))
    if isinstance(error, exceptions.EndpointConnectionError | exceptions.ConnectTimeoutError):
        return RequestFailed("temporary", "no_connection", str(error))
    if isinstance(error, exceptions.ReadTimeoutError):
        return RequestFailed("lost", "timeout", str(error))
    if isinstance(error, exceptions.HTTPClientError | exceptions.IncompleteReadError):
        return RequestFailed("lost", "connection_lost", str(error))
    if isinstance(error, exceptions.BotoCoreError):
        hint = "Log in, choose a profile with bedrock.profile, set bedrock.region, or set the AWS_* variables."
        return ConfigError(f"Bedrock cannot be asked: {error}", hint=hint)
    if is_about_an_answer(error):
        return RequestFailed("lost", "incomplete_answer", "what was received is not an answer of Bedrock")
    return None


def _of_code(code: str, message: str, status: int, model: str) -> RequestFailed | OmnixError:
    if code in _THROTTLING or status in (429, 503):
        return RequestFailed("throttled", code, message)
    if code not in _TEMPORARY and status in _GATEWAY:
        return RequestFailed("lost", code or str(status), message)
    if code in _TEMPORARY or status in _TEMPORARY_STATUS or status >= 500:
        return RequestFailed("temporary", code, message)
    if code == "ServiceQuotaExceededException":
        hint = "Try again later, or request a higher quota (Service Quotas). Answers so far are kept."
        return UnavailableError(f"Bedrock: {message} ({code})", hint=hint)
    if is_clock_wrong(code, message):
        hint = "Set the clock of this machine: AWS refuses requests whose time is minutes off."
        return ConfigError(f"Bedrock refuses the time of the request: {message} ({code})", hint=hint)
    if code in NO_ACCESS:
        hint = "Check the credentials, the permissions of their role, and the model access in the Bedrock console."
        return ConfigError(f"no access to {model}: {message} ({code})", hint=hint)
    if code == "ResourceNotFoundException" or any(words in message.lower() for words in _NO_MODEL):
        hint = "Check bedrock.model and bedrock.region. Many models are available only through an inference profile."
        return ConfigError(f"Bedrock cannot use {model}: {message} ({code})", hint=hint)
    return RequestFailed("refused", code or str(status), message)
