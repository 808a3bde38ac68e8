"""The progress of questions, logged now and then."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from omnix_cli.predictors.bedrock.asking.budget import Spending

_LOG_SECONDS, _TERMINAL_SECONDS = 15.0, 2.0
"""How often progress is logged: to a file or pipe, and to a terminal."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AskingProgress:
    """How many questions are answered, at what cost."""

    answered: int
    failed: int
    seconds: float
    spending: Spending

    @property
    def per_minute(self) -> float:
        """Answers a minute so far."""
        return 60 * self.answered / self.seconds if self.seconds > 0 else 0.0


class ProgressLog:
    """Writes a line about the progress to the log every few seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, seconds: float | None = None) -> None:
        is_terminal = sys.stderr and sys.stderr.isatty()
        self._seconds = seconds if seconds is not None else _TERMINAL_SECONDS if is_terminal else _LOG_SECONDS
        self._clock = clock
        self._logged_at = clock()

    def __call__(self, progress: AskingProgress) -> None:
        """Logs the progress, unless the last line is too recent."""
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
