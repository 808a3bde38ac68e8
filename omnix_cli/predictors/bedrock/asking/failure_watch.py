"""Stops a run when asking further makes no sense."""

from __future__ import annotations

from omnix_cli.errors import ConfigError, UnavailableError
from omnix_cli.records import Failure, Reply

_FAILED_IN_A_ROW = 10
"""When this many questions in a row get no answer, the service is down."""
_REFUSED_AT_FIRST = 5
"""When the first questions, this many, are all refused, the cause is not what they ask."""


class FailureWatch:
    """Counts replies and failures."""

    def __init__(self) -> None:
        self.answered = self.failed = 0
        self._in_a_row = 0

    def count(self, result: Reply | Failure) -> None:
        """Counts a result. Raises `UnavailableError` when the service is down, `ConfigError` when it refuses all."""
        if isinstance(result, Reply):
            self.answered += 1
            self._in_a_row = 0
            return
        self.failed += 1
        if result.reason != "budget":
            self._check(result)

    def _check(self, failure: Failure) -> None:
        self._in_a_row = self._in_a_row + 1 if failure.temporary else 0
        last = f"{failure.detail} ({failure.reason})"
        if self._in_a_row >= _FAILED_IN_A_ROW:
            raise UnavailableError(
                f"Bedrock did not answer the last {self._in_a_row} questions: {last}",
                hint="Try again later. Answers so far are kept.",
            )
        if not self.answered and not failure.temporary and self.failed >= _REFUSED_AT_FIRST:
            raise ConfigError(f"Bedrock refuses every question: {last}", hint="Check the settings under bedrock.")
