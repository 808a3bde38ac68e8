"""The outcome of each customer of a day, as replies arrive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

import orjson

from omnix_cli.predictors.bedrock.answers.checking import CustomerAnswer
from omnix_cli.predictors.bedrock.answers.parsing import ReplyParser
from omnix_cli.records import Failure, Question, Reply

NOT_VALID = "no valid answer"
REFUSED = "the model refused"
REFUSALS = ("guardrail_intervened", "content_filtered")
CUT_OFF = "max_tokens"


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
        """Tokens of one kind."""
        return float(sum(getattr(reply.usage, kind) / sharers for reply, sharers in self.replies))

    @property
    def cost(self) -> Decimal:
        """Dollars."""
        return sum((reply.cost / sharers for reply, sharers in self.replies), Decimal(0))


@dataclass(frozen=True)
class InvalidReply:
    """A reply without a valid answer for some customers: `problems` by customer."""

    question: Question
    reply: Reply
    problems: Mapping[str, str]


class DayOutcomes:
    """The outcomes of all customers of a day, in the order given."""

    def __init__(self, outcomes: Iterable[CustomerOutcome], parser: ReplyParser) -> None:
        self._outcomes = {outcome.customer_id: outcome for outcome in outcomes}
        self._parser = parser

    def all(self) -> list[CustomerOutcome]:
        """The outcomes."""
        return list(self._outcomes.values())

    def failed(self) -> list[str]:
        """The customers without a valid answer."""
        return [outcome.customer_id for outcome in self._outcomes.values() if not outcome.answer]

    def record(
        self,
        questions: Sequence[Question],
        results: Mapping[str, Reply | Failure],
        *,
        valid: Literal["asked", "repaired"],
    ) -> list[InvalidReply]:
        """Records the result of each question; `valid` is the state of customers with a valid answer.

        Returns the replies worth repairing: not those that the model refused, as it would refuse again."""
        invalid = []
        for question in questions:
            result = results[question.key]
            if isinstance(result, Failure):
                for customer in question.customers:
                    outcome = self._outcomes[customer]
                    outcome.reason, outcome.detail = result.reason, result.detail
                continue
            problems = self._record_reply(question, result, valid)
            if problems and result.stop_reason not in REFUSALS:
                invalid.append(InvalidReply(question, result, problems))
        return invalid

    def _record_reply(self, question: Question, reply: Reply, valid: Literal["asked", "repaired"]) -> dict[str, str]:
        """Records one reply; returns the problems by customer."""
        is_refusal, problems = reply.stop_reason in REFUSALS, {}
        products = dict(zip(question.customers, map(orjson.loads, question.priors), strict=True))
        for customer, answer in self._parser.answers(reply, question.as_of, products).items():
            outcome = self._outcomes[customer]
            outcome.charge(reply, question)
            if isinstance(answer, CustomerAnswer):
                outcome.answer, outcome.state = answer, valid
                continue
            if reply.stop_reason == CUT_OFF:
                answer = f"the answer was cut off after {reply.usage.output} tokens; {answer}"
            problems[customer] = answer
            outcome.reason = REFUSED if is_refusal else NOT_VALID
            outcome.detail = reply.stop_reason if is_refusal else answer
        return problems
