"""What a prediction run by a model would ask and cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl

from omnix_cli.predictors.bedrock.asking.estimates import Terms, estimate
from omnix_cli.predictors.bedrock.predictor import BedrockPredictor
from omnix_cli.records import Question
from omnix_cli.services.runs.runner import Runner


@dataclass(frozen=True)
class CostEstimate:
    """`costs` has one row for each model and mode; `notes` say whom a run would ask about and how sure the figures
    are."""

    costs: pl.DataFrame
    notes: tuple[str, ...]


def estimate_costs(
    model: BedrockPredictor, runner: Runner, terms: Terms, *, count: Callable[[Question], int | None] | None
) -> CostEstimate:
    """Estimates the cost of the questions that a run would ask now. Nothing is asked, except to count tokens when
    `count` is given."""
    frames = {name: frame.scan() for name, frame in runner.inputs("predict").items()}
    inquiry = model.questions(**frames, as_of=runner.as_of())
    products = sum(len(inquiry.subjects[one].rows) for asked in inquiry.missing for one in asked.customers)
    costs = estimate(inquiry.missing, products, terms, count=count)
    skipped = inquiry.choice.skipped.group_by("reason").len().sort("reason").iter_rows()

    def notes() -> Iterator[str]:
        yield (
            f"{sum(len(asked.customers) for asked in inquiry.missing):,} customers to ask about in"
            f" {len(inquiry.missing):,} questions; {len(inquiry.reused):,} served by earlier answers,"
            f" {len(inquiry.replies):,} questions already answered"
        )
        yield from (f"{number:,} customers skipped: {reason}" for reason, number in skipped)
        if count:
            yield "tokens of some questions counted by the service, the others estimated from their length"
        else:
            yield "tokens estimated from the text; set bedrock.count_tokens to have the service count them"
        yield terms.prices.note

    return CostEstimate(costs, tuple(notes()))
