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
