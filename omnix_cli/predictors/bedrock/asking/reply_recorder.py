"""Answers of Bedrock as priced replies, kept in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from omnix_cli.predictors.bedrock.asking.conversation import read_answer_message
from omnix_cli.predictors.bedrock.asking.money import Prices, PriceTable
from omnix_cli.protocols.models import AnswerLedger
from omnix_cli.records import Question, Reply
from omnix_cli.settings import BedrockSettings


@dataclass(frozen=True)
class ReplyRecorder:
    """Turns answers into replies of the run with this id; `now` is when they arrive."""

    ledger: AnswerLedger
    price_table: PriceTable
    settings: BedrockSettings
    now: Callable[[], datetime]
    run: str = ""

    def on_demand_prices(self, model: str) -> Prices:
        """The prices of a model on demand, at the service tier of the settings."""
        return self.price_table.of(model, tier=self.settings.service_tier)

    def on_demand(self, question: Question, answer: Mapping[str, Any], *, seconds: float) -> Reply:
        """The reply in an answer of Converse. Raises LookupError or TypeError when a part is missing."""
        prices = self.on_demand_prices(question.model)
        return self._reply(question, answer, way="on_demand", seconds=seconds, prices=prices)

    def batch(self, question: Question, answer: Mapping[str, Any]) -> Reply:
        """The reply in a record of a batch job. Raises LookupError or TypeError when a part is missing."""
        seconds = answer.get("metrics", {}).get("latencyMs", 0) / 1000
        prices = self.price_table.of(question.model).at(Decimal(str(self.settings.batch.price_share)))
        return self._reply(question, answer, way="batch", seconds=seconds, prices=prices)

    def _reply(
        self, question: Question, answer: Mapping[str, Any], *, way: Any, seconds: float, prices: Prices
    ) -> Reply:
        text, stop_reason, usage = read_answer_message(answer)
        return Reply(
            question=question.key,
            model=question.model,
            prompt=question.prompt,
            way=way,
            text=text,
            stop_reason=stop_reason,
            usage=usage,
            cost=prices.cost(usage),
            seconds=seconds,
            replied_at=self.now(),
            run=self.run,
        )
