"""Error codes that mean the same in every AWS service."""

from __future__ import annotations

import pytest

from omnix_cli.aws_errors import NO_ACCESS, is_clock_wrong


def test_refused_credentials_are_not_mistaken_for_a_busy_service() -> None:
    assert {"AccessDeniedException", "AccessDenied", "ExpiredTokenException", "ExpiredToken"} <= NO_ACCESS
    assert not {"ThrottlingException", "SlowDown", "ServiceUnavailableException"} & NO_ACCESS


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("RequestTimeTooSkewed", "The difference is too large."),
        ("InvalidSignatureException", "Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z"),
        ("InvalidSignatureException", "Signature not yet current: 20260101T020000Z is still later than ..."),
        ("InvalidClientTokenId", "Signature expired"),
    ],
)
def test_a_wrong_clock_is_told_from_a_wrong_key(code: str, message: str) -> None:
    assert is_clock_wrong(code, message)
    assert not is_clock_wrong("InvalidSignatureException", "The request signature does not match")
