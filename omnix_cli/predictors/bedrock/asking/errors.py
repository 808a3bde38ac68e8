"""What Bedrock refuses and what goes wrong on the way to it: what may pass, what stays with one question, and what the
user has to mend.

boto3's own retries are off, since they leave out two of these that may pass (408 and 424), and know no budget.
"""

from __future__ import annotations

from typing import Literal

from omnix_cli.errors import ConfigError, OmnixError, UnavailableError
from omnix_cli.records import Failure

_THROTTLING = frozenset(
    {"ThrottlingException", "TooManyRequestsException", "ModelNotReadyException", "ServiceUnavailableException"}
)
_PASSING = frozenset({"InternalServerException", "ModelTimeoutException", "ModelErrorException"})
_NO_ACCESS = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)
_NO_MODEL = ("model identifier is invalid", "on-demand throughput isn", "model is not supported", "end of its life")
"""What a ValidationException says when it is about the model and not about the question."""
_LONGEST_DETAIL = 300


class Trouble(Exception):
    """A question got no answer. `throttled`: it was one too many; `passing`: it may get one; `lost`: the same, but the
    answer that did not arrive may have been charged for; `refused`: it never will."""

    def __init__(self, kind: Literal["throttled", "passing", "lost", "refused"], reason: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.reason = reason
        self.detail = detail[:_LONGEST_DETAIL]

    def failure(self, question: str) -> Failure:
        """The same as a record."""
        return Failure(question=question, reason=self.reason, detail=self.detail, temporary=self.kind != "refused")


def explained(error: Exception, model: str) -> Trouble | OmnixError | None:
    """What an error of botocore means; None for a bug of ours."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    if isinstance(error, ClientError):
        told = error.response["Error"]
        status = error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
        return refusal(told.get("Code", ""), told.get("Message") or told.get("Code", ""), status, model)
    if isinstance(error, ResponseParserError):
        return Trouble("lost", "incomplete_answer", str(error))
    if isinstance(error, BotoCoreError):
        return _on_the_way(error)
    return None


def refusal(code: str, message: str, status: int, model: str) -> Trouble | OmnixError:
    """What an error code of Bedrock means."""
    if code in _THROTTLING or status in (429, 503):
        return Trouble("throttled", code, message)
    if code in _PASSING or status >= 500:
        return Trouble("passing", code, message)
    if code == "ServiceQuotaExceededException":
        hint = "Try again later, or ask for a higher quota (Service Quotas); what was answered is kept."
        return UnavailableError(f"Bedrock: {message} ({code})", hint=hint)
    if code in _NO_ACCESS:
        hint = "Check the credentials, the rights of their role, and the access to models in the Bedrock console."
        return ConfigError(f"no access to {model}: {message} ({code})", hint=hint)
    if code == "ResourceNotFoundException" or any(words in message.lower() for words in _NO_MODEL):
        hint = "Check bedrock.model and bedrock.region; many models are reached through an inference profile only."
        return ConfigError(f"Bedrock cannot use {model}: {message} ({code})", hint=hint)
    return Trouble("refused", code or str(status), message)


def _on_the_way(error: Exception) -> Trouble | OmnixError:
    from botocore import exceptions

    if isinstance(error, exceptions.EndpointConnectionError | exceptions.ConnectTimeoutError):
        return Trouble("passing", "no_connection", str(error))
    if isinstance(error, exceptions.ReadTimeoutError):
        return Trouble("lost", "timeout", str(error))
    if isinstance(error, exceptions.HTTPClientError | exceptions.IncompleteReadError):
        return Trouble("lost", "connection_lost", str(error))
    hint = "Log in, choose a profile with bedrock.profile, set bedrock.region, or set the AWS_* variables."
    return ConfigError(f"Bedrock cannot be asked: {error}", hint=hint)
