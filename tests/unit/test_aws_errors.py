"""Error codes that mean the same in every AWS service."""

from __future__ import annotations

from omnix_cli.aws_errors import NO_ACCESS


def test_refused_credentials_are_not_mistaken_for_a_busy_service() -> None:
    assert {"AccessDeniedException", "AccessDenied", "ExpiredTokenException", "ExpiredToken"} <= NO_ACCESS
    assert not {"ThrottlingException", "SlowDown", "ServiceUnavailableException"} & NO_ACCESS
