"""Runs that ask the double of Bedrock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from omnix_cli.predictors.bedrock.answers.checking import ANSWER_SCHEMA
from omnix_cli.predictors.bedrock.asking.client import connect
from omnix_cli.predictors.bedrock.asking.conversation import ReplyRecorder
from omnix_cli.predictors.bedrock.asking.converse import ConverseAsker
from omnix_cli.predictors.bedrock.asking.money import Budget, Prices, load_prices
from omnix_cli.predictors.bedrock.asking.progress import AskingProgress
from omnix_cli.records import Failure, Question, Reply
from omnix_cli.settings import BedrockSettings
from omnix_cli.stores.replies.answer_ledger import SqliteAnswers
from tests.aws.bedrock import BedrockDouble
from tests.questions import MODEL, questions

NOVA_LITE = load_prices().of(MODEL)


@dataclass
class Run:
    """A run that asks: it has the ledger open while it does."""

    url: str
    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)
    progress: list[AskingProgress] = field(default_factory=list)
    budget: Budget = field(default_factory=Budget)
    first_wait: float = 0.001

    def ask(self, asked: Sequence[Question] | Iterator[Question]) -> Iterator[tuple[Question, Reply | Failure]]:
        with self.ledger() as ledger:
            yield from self.asker(ledger).ask(asked)

    def all(self, asked: Sequence[Question]) -> dict[str, Reply | Failure]:
        return {one.key: outcome for one, outcome in self.ask(asked)}

    def ledger(self) -> SqliteAnswers:
        return SqliteAnswers(self.folder / "answers.sqlite", now=lambda: datetime.now(UTC))

    def asker(self, ledger: SqliteAnswers) -> ConverseAsker:
        settings = BedrockSettings(endpoint_url=self.url, region="us-east-1", **self.settings)
        recorder = ReplyRecorder(ledger, load_prices(), settings, lambda: datetime.now(UTC), "run-1")
        return ConverseAsker(
            connect(settings),
            recorder,
            schema=ANSWER_SCHEMA,
            budget=self.budget,
            progress=self.progress.append,
            first_wait=self.first_wait,
        )

    def missing(self, count: int) -> list[Question]:
        """The questions of a day that nobody answered yet."""
        asked = questions(count)
        with self.ledger() as ledger:
            known = ledger.replies([one.key for one in asked])
        return [one for one in asked if one.key not in known]

    def kept(self, asked: Sequence[Question]) -> dict[str, Reply]:
        with self.ledger() as ledger:
            return ledger.replies([one.key for one in asked])


def replies(outcomes: dict[str, Reply | Failure]) -> list[Reply]:
    return [outcome for outcome in outcomes.values() if isinstance(outcome, Reply)]


def failures(outcomes: dict[str, Reply | Failure]) -> list[Failure]:
    return [outcome for outcome in outcomes.values() if isinstance(outcome, Failure)]


def cost_of(double: BedrockDouble, prices: Prices = NOVA_LITE) -> Decimal:
    """What the double would have to be paid."""
    tokens = double.billed.tokens
    dollars = (
        tokens["inputTokens"] * prices.input
        + tokens["outputTokens"] * prices.output
        + tokens["cacheReadInputTokens"] * prices.cache_read
        + tokens["cacheWriteInputTokens"] * prices.cache_write
    )
    return dollars / 1_000_000
