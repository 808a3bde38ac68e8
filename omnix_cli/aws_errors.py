"""Errors that mean the same in every AWS service: codes, and answers that no service gives."""

from __future__ import annotations

import traceback

NO_ACCESS = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
        # the same in S3's words
        "AccessDenied",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
    }
)
"""The credentials are missing, wrong or expired, or their policy does not allow the request: retrying will not help."""

_CLOCK = frozenset({"RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"})
_EXPIRED = ("Signature expired", "Signature not yet current")


def is_clock_wrong(code: str, message: str) -> bool:
    """Whether a request was refused because its time is not that of AWS.

    Source: IAM user guide, "Troubleshoot Signature Version 4 signing for AWS API requests"."""
    return code in _CLOCK or any(words in message for words in _EXPIRED)


NO_ANSWER = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What the fields of an answer raise that is not one of the service: a proxy or a web page may have given it."""


def is_about_an_answer(error: BaseException) -> bool:
    """Whether botocore failed while it parsed an answer, which it does with any kind of exception."""
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_globals.get("__name__") == "botocore.parsers" for frame, _ in frames)
