"""The outcome of each customer of a day as replies arrive, and all of them as frames and figures."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

import orjson
import polars as pl

from omnix_cli.frames.model_answers import ANSWER_STATES
from omnix_cli.predictors.bedrock.answers.checking import CustomerAnswer
from omnix_cli.predictors.bedrock.answers.parsing import ReplyParser
from omnix_cli.records import CUT_OFF, NO_BUDGET, TOKEN_KINDS, Failure, Question, Reply
from omnix_cli.schemas import FRAMES

NOT_VALID = "no valid answer"
REFUSED = "the model refused"
REFUSALS = ("guardrail_intervened", "content_filtered")
_ENDED_EARLY = (CUT_OFF, "model_context_window_exceeded")
TOO_LONG = "cut off at max_output_tokens"
_NAMES = re.compile(r" of .+?(?= is )|(?<=productId )\S+|'[^']*'|\b\d[\d.-]*")
"""What differs from one problem to the next: products and values."""
REASONS_SHOWN = 3
_PATTERNS = {
    "customer_id": pl.String,
    "product_id": pl.String,
    "answered_interval": pl.Float64,
    "answered_date": pl.Date,
    "stated": pl.Float64,
    "reasoning": pl.String,
}


@dataclass
class CustomerOutcome:
    """What came of asking about one customer: `failed` until there is a valid answer. `replies` are the replies of this
    day, each with the number of customers that share its cost."""

    customer_id: str
    asked_day: date
    question: str = ""
    state: Literal["asked", "repaired", "reused", "failed"] = "failed"
    answer: CustomerAnswer | None = None
    reason: str = ""
    detail: str = ""
    replies: tuple[tuple[Reply, int], ...] = ()

    def charge(self, reply: Reply, question: Question) -> None:
        """Adds this customer's share of a reply."""
        self.question = question.key
        self.replies = (*self.replies, (reply, len(question.customers)))

    def tokens(self, kind: str) -> float:
        return float(sum(getattr(reply.usage, kind) / sharers for reply, sharers in self.replies))

    @property
    def cost(self) -> Decimal:
        return sum((reply.cost / sharers for reply, sharers in self.replies), Decimal(0))


class DayOutcomes:
    """The outcomes of all customers of a day, in the order given."""

    def __init__(self, outcomes: Iterable[CustomerOutcome], parser: ReplyParser) -> None:
        self._outcomes = {outcome.customer_id: outcome for outcome in outcomes}
        self._parser = parser

    def all(self) -> list[CustomerOutcome]:
        return list(self._outcomes.values())

    def failed(self) -> list[str]:
        return [outcome.customer_id for outcome in self._outcomes.values() if not outcome.answer]

    def record(
        self,
        questions: Sequence[Question],
        results: Mapping[str, Reply | Failure],
        *,
        valid: Literal["asked", "repaired"],
    ) -> list[tuple[Question, str, dict[str, str]]]:
        """Records the result of each question; `valid` is the state of customers with a valid answer.

        Returns what is worth repairing: the question, the text of its reply, and the problems by customer. A reply that
        the model refused is not, as it would refuse again; nor one that was cut off before the first customer ended, as
        it would be again."""
        invalid = []
        for question in questions:
            result = results[question.key]
            if isinstance(result, Failure):
                for customer in question.customers:
                    outcome = self._outcomes[customer]
                    outcome.reason, outcome.detail = result.reason, result.detail
                continue
            problems = self._record_reply(question, result, valid)
            is_too_long = result.stop_reason in _ENDED_EARLY and len(problems) == len(question.customers)
            if problems and result.stop_reason not in REFUSALS and not is_too_long:
                invalid.append((question, result.text, problems))
        return invalid

    def _record_reply(self, question: Question, reply: Reply, valid: Literal["asked", "repaired"]) -> dict[str, str]:
        """Records one reply; returns the problems by customer."""
        reason = REFUSED if reply.stop_reason in REFUSALS else TOO_LONG if reply.stop_reason == CUT_OFF else NOT_VALID
        problems = {}
        products = dict(zip(question.customers, map(orjson.loads, question.priors), strict=True))
        for customer, answer in self._parser.answers(reply, question.as_of, products).items():
            outcome = self._outcomes[customer]
            outcome.charge(reply, question)
            if isinstance(answer, CustomerAnswer):
                outcome.answer, outcome.state = answer, valid
                continue
            if reason == TOO_LONG:
                answer = f"the answer was cut off after {reply.usage.output} tokens; {answer}"
            problems[customer] = answer
            outcome.reason = reason
            outcome.detail = reply.stop_reason if reason == REFUSED else answer
        return problems


def commonest_reasons(outcomes: Iterable[CustomerOutcome], max_output_tokens: int) -> str:
    """Why customers have no valid answer: the commonest reasons, each with its number of customers."""
    reasons = Counter(_reason(one, max_output_tokens) for one in outcomes if not one.answer)
    shown = [f"{count:,} {reason}" for reason, count in reasons.most_common(REASONS_SHOWN)]
    more = reasons.total() - sum(count for _, count in reasons.most_common(REASONS_SHOWN))
    return "; ".join([*shown, *([f"{more:,} for other reasons"] if more else [])])


def _reason(one: CustomerOutcome, max_output_tokens: int) -> str:
    if one.reason == TOO_LONG:
        return f"cut off at bedrock.max_output_tokens = {max_output_tokens}"
    if one.reason == NOT_VALID:
        return f"not valid ({_NAMES.sub('…', one.detail.partition('; ')[0])})"
    if one.reason == NO_BUDGET:
        return "not asked because the budget ended"
    return f"{one.reason} ({one.detail})" if one.detail else one.reason


def pattern_frame(outcomes: Iterable[CustomerOutcome]) -> pl.DataFrame:
    """The input of `steps.answers.blending`: a row a customer and product."""
    rows = [(one.customer_id, *pattern) for one in outcomes if one.answer for pattern in one.answer.patterns]
    return pl.DataFrame(rows, schema=_PATTERNS, orient="row")


def outcome_frames(outcomes: Iterable[CustomerOutcome], *, model: str, prompt: str) -> dict[str, pl.DataFrame]:
    """The frames `usage`, `dead_letters` and `analyses`."""
    rows = [_row(one) for one in sorted(outcomes, key=lambda one: one.customer_id)]
    if not rows:
        return {name: FRAMES[name].empty() for name in ("usage", "dead_letters", "analyses")}
    usage = pl.DataFrame(rows, infer_schema_length=None).with_columns(model=pl.lit(model), prompt=pl.lit(prompt))
    frames = {
        "usage": usage,
        "dead_letters": usage.filter(state="failed"),
        "analyses": usage.filter(pl.col("analysis").is_not_null()),
    }
    return {name: FRAMES[name].conform(frame) for name, frame in frames.items()}


def outcome_figures(outcomes: Iterable[CustomerOutcome]) -> dict[str, int]:
    """The number of customers in each state, and of parts left out of answers."""
    known = list(outcomes)
    states = Counter[str](one.state for one in known)
    dropped = sum(one.answer.dropped for one in known if one.answer)
    return {**{state: states[state] for state in ANSWER_STATES}, "dropped_parts": dropped}


def _row(one: CustomerOutcome) -> dict[str, object]:
    """The columns of all frames."""
    return {
        "customer_id": one.customer_id,
        "asked_day": one.asked_day,
        "question": one.question,
        "state": one.state,
        "way": one.replies[-1][0].way if one.replies else "none",
        **{f"{kind}_tokens": one.tokens(kind) for kind in TOKEN_KINDS},
        "cost": float(one.cost),
        "reason": one.reason,
        "detail": one.detail,
        "data_quality": one.answer.data_quality if one.answer else None,
        "analysis": orjson.dumps(one.answer.analysis).decode() if one.answer else None,
    }
