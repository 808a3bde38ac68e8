"""What a prediction run by a model would ask and cost."""

from __future__ import annotations

from collections.abc import Callable
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
    today = model.questions(**frames, as_of=runner.as_of())
    products = sum(len(today.subjects[one].rows) for question in today.missing for one in question.customers)
    costs = estimate(today.missing, products, terms, count=count)
    skipped = today.choice.skipped.group_by("reason").len().sort("reason").iter_rows()
    counted = (
        "tokens of some questions counted by the service, the others estimated from their length"
        if count
        else "tokens estimated from the text; set bedrock.count_tokens to have the service count them"
    )
    notes = (
        f"{sum(len(question.customers) for question in today.missing):,} customers to ask about in"
        f" {len(today.missing):,} questions; {len(today.reused):,} served by earlier answers,"
        f" {len(today.replies):,} questions already answered",
        *(f"{number:,} customers skipped: {reason}" for reason, number in skipped),
        counted,
        terms.prices.note,
    )
    return CostEstimate(costs, notes)
