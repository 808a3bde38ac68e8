"""What questions would cost, before any is asked: by model, on demand and as a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from omnix_cli.predictors.bedrock.asking.money import PriceTable, dearest, estimated_tokens, question_text
from omnix_cli.records import Question, TokenUsage

TOKENS_PER_CUSTOMER, TOKENS_PER_PRODUCT = 110, 55
"""An answer as the prompts ask for it, in our own estimate of tokens: the parts about a customer, and a product's."""
SECONDS_PER_ANSWER = 3.0
"""Assumed where none has been timed yet."""
COUNTED = 20
"""So many questions are counted by the service, the others follow by their length."""

_SCHEMA = {
    "model": pl.String,
    "way": pl.String,
    "customers": pl.Int64,
    "questions": pl.Int64,
    "input_tokens": pl.Int64,
    "output_tokens": pl.Int64,
    "dollars": pl.Float64,
    "dollars_at_most": pl.Float64,
    "minutes": pl.Float64,
}


@dataclass(frozen=True)
class Terms:
    """What an estimate goes by: prices, the share of them that a batch costs, and how fast questions are asked."""

    prices: PriceTable
    tier: str | None
    batch_share: Decimal
    connections: int
    requests_per_minute: float | None
    seconds_per_answer: float = SECONDS_PER_ANSWER

    def minutes(self, questions: int) -> float:
        """How long so many questions take on demand."""
        admitted = self.requests_per_minute or float("inf")
        return questions / min(admitted, self.connections * 60 / self.seconds_per_answer)


def estimate(
    questions: Sequence[Question],
    products: int,
    terms: Terms,
    *,
    count: Callable[[Question], int | None] | None = None,
) -> pl.DataFrame:
    """One row a model and way, the model that is asked first: `dollars` as expected, `dollars_at_most` if every answer
    is as long as it may be and nothing is cached. `products` is how many are asked about in all; `count` asks the
    service for a question's tokens. A batch has no `minutes`: the service takes up to a day."""
    texts = [estimated_tokens(question_text(question)) for question in questions]
    scale = _scale(questions, texts, count)
    people = sum(len(question.customers) for question in questions)
    usage = TokenUsage(
        input=round(sum(texts) * scale), output=TOKENS_PER_CUSTOMER * people + TOKENS_PER_PRODUCT * products
    )
    rows = []
    for model in _models(questions, terms.prices):
        prices = terms.prices.of(model, tier=terms.tier)
        most = sum((dearest(question, prices) for question in questions), Decimal(0))
        for way, share, minutes in (
            ("on demand", Decimal(1), terms.minutes(len(questions))),
            ("batch", terms.batch_share, None),
        ):
            dollars = prices.cost(usage) * share
            tokens = (usage.input, usage.output)
            rows.append((model, way, people, len(questions), *tokens, float(dollars), float(most * share), minutes))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _models(questions: Sequence[Question], prices: PriceTable) -> list[str]:
    """The model that is asked, then the others, the cheapest first."""
    asked = list(dict.fromkeys(question.model for question in questions))
    others = sorted(prices.models, key=lambda model: (prices.models[model].input + prices.models[model].output, model))
    return [*asked, *(model for model in others if model not in asked)]


def _scale(
    questions: Sequence[Question], texts: Sequence[int], count: Callable[[Question], int | None] | None
) -> float:
    """The tokens that the service counts, over our estimate; 1 when nobody counts them."""
    if count is None or not questions:
        return 1.0
    stride = max(1, len(questions) // COUNTED)
    chosen = range(0, len(questions), stride)
    counted = [(count(questions[place]), texts[place]) for place in chosen]
    known = [(tokens, ours) for tokens, ours in counted if tokens is not None]
    return sum(tokens for tokens, _ in known) / sum(ours for _, ours in known) if known else 1.0
