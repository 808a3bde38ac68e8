"""The outcomes of a day as frames and figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import orjson
import polars as pl

from omnix_cli.predictors.bedrock.answers.outcomes import CustomerOutcome
from omnix_cli.records import TOKEN_KINDS
from omnix_cli.schemas import ANSWER_STATES, FRAMES

_PATTERNS = {
    "customer_id": pl.String,
    "product_id": pl.String,
    "answered_interval": pl.Float64,
    "answered_date": pl.Date,
    "stated": pl.Float64,
    "reasoning": pl.String,
}


def pattern_frame(outcomes: Iterable[CustomerOutcome]) -> pl.DataFrame:
    """The input of `steps.answers.blending`: a row a customer and product."""
    rows = [
        (
            one.customer_id,
            pattern.product_id,
            pattern.interval_days,
            pattern.date,
            pattern.confidence,
            pattern.reasoning,
        )
        for one in outcomes
        if one.answer
        for pattern in one.answer.patterns
    ]
    return pl.DataFrame(rows, schema=_PATTERNS, orient="row")


def outcome_frames(outcomes: Iterable[CustomerOutcome], *, model: str, prompt: str) -> dict[str, pl.DataFrame]:
    """The frames `usage`, `dead_letters` and `analyses`."""
    signature = {"model": model, "prompt": prompt}
    ordered = sorted(outcomes, key=lambda one: one.customer_id)
    failed = [one for one in ordered if one.state == "failed"]
    return {
        "usage": _frame("usage", [_usage(one, signature) for one in ordered]),
        "dead_letters": _frame("dead_letters", [_dead_letter(one, signature) for one in failed]),
        "analyses": _frame("analyses", [row for one in ordered for row in _analysis(one, signature)]),
    }


def outcome_figures(outcomes: Iterable[CustomerOutcome]) -> dict[str, int]:
    """The number of customers in each state, and of parts left out of answers."""
    known = list(outcomes)
    states = Counter[str](one.state for one in known)
    dropped = sum(one.answer.dropped for one in known if one.answer)
    return {**{state: states[state] for state in ANSWER_STATES}, "dropped_parts": dropped}


def _usage(one: CustomerOutcome, signature: Mapping[str, str]) -> dict[str, object]:
    return {
        "customer_id": one.customer_id,
        "question": one.question,
        "state": one.state,
        "way": one.replies[-1][0].way if one.replies else "none",
        **signature,
        **{f"{kind}_tokens": one.tokens(kind) for kind in TOKEN_KINDS},
        "cost": float(one.cost),
    }


def _dead_letter(one: CustomerOutcome, signature: Mapping[str, str]) -> dict[str, object]:
    return {
        "customer_id": one.customer_id,
        "question": one.question,
        "reason": one.reason,
        "detail": one.detail,
        **signature,
    }


def _analysis(one: CustomerOutcome, signature: Mapping[str, str]) -> list[dict[str, object]]:
    if not one.answer:
        return []
    return [
        {
            "customer_id": one.customer_id,
            "asked_day": one.asked_day,
            **signature,
            "data_quality": one.answer.data_quality,
            "analysis": orjson.dumps(one.answer.analysis).decode(),
        }
    ]


def _frame(name: str, rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    spec = FRAMES[name]
    return spec.conform(pl.DataFrame(rows, infer_schema_length=None)) if rows else spec.empty()
