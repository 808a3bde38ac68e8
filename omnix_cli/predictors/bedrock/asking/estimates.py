"""The cost of questions before they are asked: by model, on demand and in a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from omnix_cli.predictors.bedrock.asking.money import (
    GUARDRAIL_NOTE,
    PriceTable,
    dearest,
    estimated_tokens,
    question_text,
)
from omnix_cli.predictors.bedrock.asking.regions import base_model
from omnix_cli.records import Question, TokenUsage
from omnix_cli.settings import BedrockSettings

TOKENS_PER_CUSTOMER, TOKENS_PER_PRODUCT = 110, 55
"""An answer as the prompts ask for it, in our own estimate of tokens: the part of a customer, and that of a product."""
SECONDS_PER_ANSWER = 3.0
"""Assumed when no answer has been timed."""
COUNTED = 20
"""Questions that the service counts. The tokens of the others follow from their length."""


@dataclass(frozen=True)
class Terms:
    """What an estimate is based on: prices, settings, and how long an answer takes."""

    prices: PriceTable
    settings: BedrockSettings
    seconds_per_answer: float = SECONDS_PER_ANSWER

    def minutes(self, questions: int) -> float:
        allowed = self.settings.requests_per_minute or float("inf")
        return questions / min(allowed, self.settings.connections * 60 / self.seconds_per_answer)

    @property
    def doubts(self) -> list[str]:
        """What the sums leave out, or cannot be sure of, in sentences."""
        guardrail = GUARDRAIL_NOTE if self.settings.guardrail else ""
        return [doubt for doubt in (self.prices.doubt(self.settings.model), guardrail) if doubt]


def estimate(
    questions: Sequence[Question],
    products: int,
    terms: Terms,
    *,
    count: Callable[[Question], int | None] | None = None,
) -> pl.DataFrame:
    """One row a model and mode, the model of the settings first.

    `dollars` are expected; `dollars_at_most` are spent if every answer has the longest allowed length and nothing is
    cached. `products` is the number of products in all questions; `count` asks the service for the tokens of a
    question. A batch has no `minutes`: it can take a day."""
    texts = [estimated_tokens(question_text(question)) for question in questions]
    scale = _scale(questions, texts, count)
    customers = sum(len(question.customers) for question in questions)
    usage = TokenUsage(
        input=round(sum(texts) * scale), output=TOKENS_PER_CUSTOMER * customers + TOKENS_PER_PRODUCT * products
    )
    batch_share = Decimal(str(terms.settings.batch.price_share))
    rows = []
    for model in _models(questions, terms.prices):
        on_demand = terms.prices.of(model, tier=terms.settings.service_tier, latency=terms.settings.latency)
        for mode, prices in (("on demand", on_demand), ("batch", terms.prices.of(model).at(batch_share))):
            most = sum((dearest(question, prices) for question in questions), Decimal(0))
            row = {
                "model": model,
                "mode": mode,
                "customers": customers,
                "questions": len(questions),
                "input_tokens": usage.input,
                "output_tokens": usage.output,
                "dollars": float(prices.cost(usage)),
                "dollars_at_most": float(most),
                "minutes": terms.minutes(len(questions)) if mode == "on demand" else None,
            }
            rows.append(row)
    return pl.DataFrame(rows)


def _models(questions: Sequence[Question], prices: PriceTable) -> list[str]:
    """The model of the questions, then all models without their profiles, cheapest first."""
    asked = list(dict.fromkeys(question.model for question in questions))
    models = [model for model in prices.models if base_model(model) == model]
    others = sorted(models, key=lambda model: (prices.models[model].input + prices.models[model].output, model))
    return [*asked, *(model for model in others if model not in asked)]


def _scale(
    questions: Sequence[Question], texts: Sequence[int], count: Callable[[Question], int | None] | None
) -> float:
    """The tokens that the service counts, divided by our estimate; 1 when nothing is counted."""
    if count is None or not questions:
        return 1.0
    stride = max(1, len(questions) // COUNTED)
    counted = [(count(questions[index]), texts[index]) for index in range(0, len(questions), stride)]
    known = [(tokens, ours) for tokens, ours in counted if tokens is not None]
    return sum(tokens for tokens, _ in known) / sum(ours for _, ours in known) if known else 1.0
