"""Errors of Bedrock and of the network: which are worth a retry, which concern one question, which the user must fix.

omnix retries itself because boto3's retries leave out two temporary errors (408 and 424) and know no budget.
"""

from __future__ import annotations

from typing import Literal

from omnix_cli.aws_errors import NO_ACCESS
from omnix_cli.errors import ConfigError, OmnixError, UnavailableError
from omnix_cli.records import Failure

_THROTTLING = frozenset(
    {"ThrottlingException", "TooManyRequestsException", "ModelNotReadyException", "ServiceUnavailableException"}
)
_TEMPORARY = frozenset({"InternalServerException", "ModelTimeoutException", "ModelErrorException"})
_NO_MODEL = ("model identifier is invalid", "on-demand throughput isn", "model is not supported", "end of its life")
"""Parts of the message of a ValidationException about the model rather than the question."""
_LONGEST_DETAIL = 300


class RequestFailed(Exception):
    """A request got no answer. `throttled`: there were too many; `temporary`: a retry may help; `lost`: the same, but
    the answer may have been charged for; `refused`: a retry never helps."""

    def __init__(self, kind: Literal["throttled", "temporary", "lost", "refused"], reason: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.reason = reason
        self.detail = detail[:_LONGEST_DETAIL]

    def failure(self, question: str) -> Failure:
        """The record of the failure."""
        return Failure(question=question, reason=self.reason, detail=self.detail, temporary=self.kind != "refused")


def translated(error: Exception, model: str) -> RequestFailed | OmnixError | None:
    """An error of botocore as one of ours; None when it is a bug."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    if isinstance(error, ClientError):
        details = error.response["Error"]
        status = error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
        return _of_code(details.get("Code", ""), details.get("Message") or details.get("Code", ""), status, model)
    if isinstance(error, ResponseParserError):
        return RequestFailed("lost", "incomplete_answer", str(error))
    if isinstance(error, BotoCoreError):
        return _of_network(error)
    return None


def _of_code(code: str, message: str, status: int, model: str) -> RequestFailed | OmnixError:
    if code in _THROTTLING or status in (429, 503):
        return RequestFailed("throttled", code, message)
    if code in _TEMPORARY or status >= 500:
        return RequestFailed("temporary", code, message)
    if code == "ServiceQuotaExceededException":
        hint = "Try again later, or request a higher quota (Service Quotas). Answers so far are kept."
        return UnavailableError(f"Bedrock: {message} ({code})", hint=hint)
    if code in NO_ACCESS:
        hint = "Check the credentials, the permissions of their role, and the model access in the Bedrock console."
        return ConfigError(f"no access to {model}: {message} ({code})", hint=hint)
    if code == "ResourceNotFoundException" or any(words in message.lower() for words in _NO_MODEL):
        hint = "Check bedrock.model and bedrock.region. Many models are available only through an inference profile."
        return ConfigError(f"Bedrock cannot use {model}: {message} ({code})", hint=hint)
    return RequestFailed("refused", code or str(status), message)


def _of_network(error: Exception) -> RequestFailed | OmnixError:
    from botocore import exceptions

    if isinstance(error, exceptions.EndpointConnectionError | exceptions.ConnectTimeoutError):
        return RequestFailed("temporary", "no_connection", str(error))
    if isinstance(error, exceptions.ReadTimeoutError):
        return RequestFailed("lost", "timeout", str(error))
    if isinstance(error, exceptions.HTTPClientError | exceptions.IncompleteReadError):
        return RequestFailed("lost", "connection_lost", str(error))
    hint = "Log in, choose a profile with bedrock.profile, set bedrock.region, or set the AWS_* variables."
    return ConfigError(f"Bedrock cannot be asked: {error}", hint=hint)
