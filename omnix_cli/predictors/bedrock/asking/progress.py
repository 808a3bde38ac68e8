"""How far the questions are, and when there is no sense in asking on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from omnix_cli.errors import ConfigError, UnavailableError
from omnix_cli.predictors.bedrock.asking.money import Budget, Spending
from omnix_cli.records import Failure, Reply

_FAILED_IN_A_ROW = 10
"""So many questions that got no answer one after the other: the service is down."""
_REFUSED_AT_FIRST = 5
"""So many first questions that are all refused: it is not because of what is asked."""


@dataclass(frozen=True)
class Progress:
    """How far a round is."""

    answered: int
    failed: int
    seconds: float
    spending: Spending

    @property
    def per_minute(self) -> float:
        """Answers a minute so far."""
        return 60 * self.answered / self.seconds if self.seconds > 0 else 0.0


class Told:
    """What the outcomes so far say together."""

    def __init__(self, progress: Callable[[Progress], None], budget: Budget) -> None:
        self._say = progress
        self._budget = budget
        self._began = time.monotonic()
        self._answered = self._failed = self._in_a_row = 0

    def hear(self, outcome: Reply | Failure) -> None:
        """Tells the progress. Raises when there is no sense in going on."""
        if isinstance(outcome, Reply):
            self._answered += 1
            self._in_a_row = 0
        else:
            self._failed += 1
            self._check(outcome)
        seconds = time.monotonic() - self._began
        self._say(Progress(self._answered, self._failed, seconds, self._budget.spending))

    def _check(self, failure: Failure) -> None:
        if failure.reason == "budget":
            return
        self._in_a_row = self._in_a_row + 1 if failure.temporary else 0
        what = f"{failure.detail} ({failure.reason})"
        if self._in_a_row >= _FAILED_IN_A_ROW:
            raise UnavailableError(
                f"Bedrock did not answer the last {self._in_a_row} questions: {what}",
                hint="Try again later: what was answered is kept.",
            )
        if not self._answered and not failure.temporary and self._failed >= _REFUSED_AT_FIRST:
            raise ConfigError(f"Bedrock refuses every question: {what}", hint="Check the settings under bedrock.")
