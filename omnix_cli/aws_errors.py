"""Error codes that mean the same in every AWS service."""

from __future__ import annotations

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
