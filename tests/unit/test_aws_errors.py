"""Error codes that mean the same in every AWS service."""

from __future__ import annotations

from omnix_cli.aws_errors import NO_ACCESS, is_clock_wrong


def test_refused_credentials_are_not_mistaken_for_a_busy_service() -> None:
    assert {"AccessDeniedException", "AccessDenied", "ExpiredTokenException", "ExpiredToken"} <= NO_ACCESS
    assert not {"ThrottlingException", "SlowDown", "ServiceUnavailableException"} & NO_ACCESS


def test_a_clock_that_is_wrong_is_told_from_wrong_credentials() -> None:
    assert is_clock_wrong("RequestTimeTooSkewed", "The difference between the request time and the current time ...")
    assert is_clock_wrong("InvalidSignatureException", "Signature expired: 20180115T030000Z is now earlier than ...")
    assert not is_clock_wrong("InvalidSignatureException", "The request signature we calculated does not match ...")
