"""Errors of S3 and of the connection to it, as errors of omnix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from omnix_cli.aws_errors import NO_ANSWER
from omnix_cli.errors import ConfigError, UnavailableError

_BUSY = {"SlowDown", "RequestTimeout", "RequestLimitExceeded", "Throttling", "ThrottlingException", "InternalError"}
_NEVER = (501, 505)
"""The server does not implement what was asked (RFC 9110): trying again does not help."""
_LATER = "Try again later; omnix resumes."
_HINTS = {
    "NoSuchBucket": "Check the name of the bucket, and the region and profile it belongs to.",
    "AccessDenied": "Check the profile and its permissions for this bucket and prefix.",
    "403": "Check the profile and its permissions for this bucket and prefix.",
    "InvalidAccessKeyId": "Choose a profile with s3.profile, log in again, or set the AWS_* variables.",
    "SignatureDoesNotMatch": "The secret key does not match the access key; set both again.",
    "ExpiredToken": "Log in again (`aws sso login`), or renew the AWS_* variables.",
    "RequestTimeTooSkewed": "Set the clock of this machine.",
    "PermanentRedirect": "The bucket is in another region: set s3.region.",
    "NotImplemented": "The server lacks a part of S3 that omnix needs; use another one, or a workspace on a disk.",
    "501": "The server lacks a part of S3 that omnix needs; use another one, or a workspace on a disk.",
    "301": "The bucket is in another region: set s3.region.",
    "AuthorizationHeaderMalformed": "The bucket is in another region: set s3.region.",
}


class Changed(Exception):
    """An object was changed or created by someone else, so a conditional request failed."""


@contextmanager
def s3_errors(place: str) -> Iterator[None]:
    """Turns the errors of botocore into `FileNotFoundError` (no such object), `Changed` (a condition failed),
    `ConfigError` (the user has to fix something) and `UnavailableError` (temporary)."""
    from botocore import exceptions
    from botocore.parsers import ResponseParserError

    try:
        yield
    except exceptions.ClientError as error:
        answer = error.response
        code, status = answer["Error"].get("Code", ""), answer["ResponseMetadata"]["HTTPStatusCode"]
        if code == "404" and not error.operation_name.startswith("Head"):  # S3 says which one is missing
            raise no_answer(place) from error
        raise refusal(place, code, answer["Error"].get("Message") or code, status) from error
    except (
        exceptions.HTTPClientError,
        exceptions.ConnectionError,
        exceptions.IncompleteReadError,
        exceptions.FlexibleChecksumError,
    ) as error:
        raise UnavailableError(f"{place} cannot be reached: {error}", hint=_LATER) from error
    except exceptions.BotoCoreError as error:
        hint = "Log in, choose a profile with s3.profile, or set the AWS_* variables."
        raise ConfigError(f"{place}: {error}", hint=hint) from error
    except (ResponseParserError, *NO_ANSWER) as error:
        raise no_answer(place) from error


def no_answer(place: str) -> UnavailableError:
    """Something else answered: a proxy, or a web page to log in."""
    hint = "Check the network, a proxy, and s3.endpoint_url; then try again."
    return UnavailableError(f"{place}: what was received is not an answer of S3", hint=hint)


def refusal(place: str, code: str, message: str, status: int = 400) -> Exception:
    """The error for an error code of S3."""
    if code in ("NoSuchKey", "404"):
        return FileNotFoundError(place)
    if code in ("PreconditionFailed", "ConditionalRequestConflict", "412", "InvalidRange", "416"):
        return Changed(place)
    if code in _BUSY or (status >= 500 and status not in _NEVER):
        return UnavailableError(f"{place}: {message} ({code}, after retries)", hint=_LATER)
    hint = _HINTS.get(code, "Check the address and the settings under s3.")
    return ConfigError(f"{place}: {message} ({code})", hint=hint)
