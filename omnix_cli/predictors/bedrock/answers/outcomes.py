"""How each customer's answer stands, and the frames that tell of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

import orjson
import polars as pl

from omnix_cli.predictors.bedrock.answers.parsing import CustomerAnswer
from omnix_cli.records import Question, Reply
from omnix_cli.schemas import ANSWER_STATES, FRAMES

_PATTERNS = {
    "customer_id": pl.String,
    "product_id": pl.String,
    "answered_interval": pl.Float64,
    "answered_date": pl.Date,
    "stated": pl.Float64,
    "reasoning": pl.String,
}
TOKENS = ("input", "output", "cache_read", "cache_write")


@dataclass
class Standing:
    """Where one customer stands: `failed` until there is a valid answer. The replies are those of this day, each with
    the number of customers that share its cost."""

    customer_id: str
    asked_day: date
    question: str = ""
    state: Literal["asked", "repaired", "reused", "failed"] = "failed"
    answer: CustomerAnswer | None = None
    reason: str = ""
    detail: str = ""
    replies: tuple[tuple[Reply, int], ...] = ()

    def paid(self, reply: Reply, question: Question) -> None:
        """Takes its share of a reply."""
        self.question = question.key
        self.replies = (*self.replies, (reply, len(question.customers)))

    def tokens(self, kind: str) -> float:
        """Tokens of one kind."""
        return float(sum(getattr(reply.usage, kind) / sharers for reply, sharers in self.replies))

    @property
    def cost(self) -> Decimal:
        """Dollars."""
        return sum((reply.cost / sharers for reply, sharers in self.replies), Decimal(0))


def pattern_frame(standings: Iterable[Standing]) -> pl.DataFrame:
    """What `steps.answers.blending` takes: a row a customer and product."""
    rows = [
        (one.customer_id, told.product_id, told.interval_days, told.date, told.confidence, told.reasoning)
        for one in standings
        if one.answer
        for told in one.answer.patterns
    ]
    return pl.DataFrame(rows, schema=_PATTERNS, orient="row")


def told_frames(standings: Iterable[Standing], *, model: str, prompt: str) -> dict[str, pl.DataFrame]:
    """The frames `usage`, `dead_letters` and `analyses`."""
    signature = {"model": model, "prompt": prompt}
    ordered = sorted(standings, key=lambda one: one.customer_id)
    usage = [
        {
            "customer_id": one.customer_id,
            "question": one.question,
            "state": one.state,
            "way": one.replies[-1][0].way if one.replies else "none",
            **signature,
            **{f"{kind}_tokens": one.tokens(kind) for kind in TOKENS},
            "cost": float(one.cost),
        }
        for one in ordered
    ]
    letters = [
        {
            "customer_id": one.customer_id,
            "question": one.question,
            "reason": one.reason,
            "detail": one.detail,
            **signature,
        }
        for one in ordered
        if one.state == "failed"
    ]
    analyses = [
        {
            "customer_id": one.customer_id,
            "asked_day": one.asked_day,
            **signature,
            "data_quality": one.answer.data_quality,
            "analysis": orjson.dumps(one.answer.analysis).decode(),
        }
        for one in ordered
        if one.answer
    ]
    return {"usage": _frame("usage", usage), "dead_letters": _frame("dead_letters", letters)} | {
        "analyses": _frame("analyses", analyses)
    }


def counts(standings: Iterable[Standing]) -> dict[str, int]:
    """How many customers are in each state, and how many parts of answers were left out."""
    known = list(standings)
    states = Counter[str](one.state for one in known)
    dropped = sum(one.answer.dropped for one in known if one.answer)
    return {**{state: states[state] for state in ANSWER_STATES}, "dropped_parts": dropped}


def _frame(name: str, rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    spec = FRAMES[name]
    return spec.conform(pl.DataFrame(rows, infer_schema_length=None)) if rows else spec.empty()
