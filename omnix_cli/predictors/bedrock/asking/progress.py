"""How far the questions are: counted, logged now and then, and stopped when asking further makes no sense."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from omnix_cli.errors import ConfigError, UnavailableError
from omnix_cli.predictors.bedrock.asking.money import Spending
from omnix_cli.records import UNASKED, Failure, Reply

_FAILED_IN_A_ROW = 10
"""When this many questions in a row get no answer, the service is down."""
_REFUSED_AT_FIRST = 5
"""When the first questions, this many, are all refused, the cause is not what they ask."""
_LOG_SECONDS, _TERMINAL_SECONDS = 15.0, 2.0
"""How often progress is logged: to a file or pipe, and to a terminal."""

_log = logging.getLogger(__name__)


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
        if result.reason in UNASKED:
            return
        self._in_a_row = self._in_a_row + 1 if result.temporary else 0
        last = f"{result.detail} ({result.reason})"
        if self._in_a_row >= _FAILED_IN_A_ROW:
            raise UnavailableError(
                f"Bedrock did not answer the last {self._in_a_row} questions: {last}",
                hint="Try again later. Answers so far are kept.",
            )
        if not self.answered and not result.temporary and self.failed >= _REFUSED_AT_FIRST:
            raise ConfigError(f"Bedrock refuses every question: {last}", hint="Check the settings under bedrock.")


@dataclass(frozen=True)
class AskingProgress:
    """How many questions are answered, at what cost."""

    answered: int
    failed: int
    seconds: float
    spending: Spending

    @property
    def per_minute(self) -> float:
        return 60 * self.answered / self.seconds if self.seconds > 0 else 0.0


class ProgressLog:
    """Writes a line about the progress to the log every few seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, seconds: float | None = None) -> None:
        is_terminal = sys.stderr and sys.stderr.isatty()
        self._seconds = seconds if seconds is not None else _TERMINAL_SECONDS if is_terminal else _LOG_SECONDS
        self._clock = clock
        self._logged_at = clock()

    def __call__(self, progress: AskingProgress) -> None:
        if self._clock() - self._logged_at < self._seconds:
            return
        self._logged_at = self._clock()
        spending = progress.spending
        figures = {
            "answered": progress.answered,
            "failed": progress.failed,
            "per_minute": round(progress.per_minute),
            "dollars": f"{spending.spent + spending.lost:.4f}",
            **({} if spending.limit is None else {"budget": f"{spending.limit}"}),
        }
        _log.info("asking", extra=figures)
