"""What was answered before: to be used again, and to learn from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
import polars as pl

from omnix_cli.predictors.bedrock.answers.parsing import CustomerAnswer, read_answer
from omnix_cli.predictors.bedrock.prompts.pseudonyms import Scanner
from omnix_cli.protocols.models import AnswerLedger
from omnix_cli.steps.answers.calibration import Calibration, calibrate, outcomes

CALIBRATION_DAYS = 91
CALIBRATION_QUESTIONS = 5_000

_ANSWERS = {
    "customer_id": pl.String,
    "product_id": pl.String,
    "date": pl.Date,
    "stated": pl.Float64,
    "window_from": pl.Date,
    "window_to": pl.Date,
    "statistical": pl.Float64,
}


@dataclass(frozen=True)
class EarlierAnswer:
    """A valid answer about one customer, the question it came for, and what the statistics said then."""

    answer: CustomerAnswer
    question: str
    as_of: date
    prior: Mapping[str, Any]


@dataclass(frozen=True)
class _Asked:
    as_of: date
    customers: tuple[str, ...]


def earlier_answers(
    asked: pl.DataFrame, ledger: AnswerLedger, pseudonym: Callable[[str], str], scanner: Scanner
) -> Iterator[EarlierAnswer]:
    """The valid answers for these rows of `AnswerLedger.asked`, newest first."""
    asked = asked.filter(pl.col("prior") != "")
    replies = ledger.replies(asked["question"].unique().to_list())
    for (key,), rows in asked.sort(-pl.col("as_of").to_physical(), "question", "customer_id").group_by(
        "question", maintain_order=True
    ):
        reply = replies.get(str(key))
        if reply is None:
            continue
        customers, as_of = tuple(rows["customer_id"]), rows["as_of"][0]
        priors = {customer: orjson.loads(prior) for customer, prior in zip(customers, rows["prior"], strict=True)}
        for customer, answer in read_answer(reply.text, _Asked(as_of, customers), pseudonym, priors, scanner).items():
            if isinstance(answer, CustomerAnswer):
                yield EarlierAnswer(answer, str(key), as_of, priors[customer])


def learn(
    asked: pl.DataFrame,
    cycles: pl.DataFrame,
    ledger: AnswerLedger,
    pseudonym: Callable[[str], str],
    scanner: Scanner,
    *,
    as_of: date,
) -> Calibration:
    """The calibration by what became of the answers of days before: at most 5,000 questions, those of the smallest key,
    which is a hash."""
    before = asked.filter(pl.col("as_of") < as_of)
    sample = before.select("question").unique().sort("question").head(CALIBRATION_QUESTIONS)
    answers = earlier_answers(before.join(sample, on="question", how="semi"), ledger, pseudonym, scanner)
    rows = list(_once_a_day(answers))
    past = pl.DataFrame(rows, schema=_ANSWERS, orient="row")
    return calibrate(outcomes(past, cycles, as_of=as_of))


def _once_a_day(answers: Iterable[EarlierAnswer]) -> Iterator[tuple[Any, ...]]:
    """A row a product; of several answers about a customer on one day, the first."""
    seen = set[tuple[str, date]]()
    for earlier in answers:
        customer = earlier.answer.customer_id
        if (customer, earlier.as_of) in seen:
            continue
        seen.add((customer, earlier.as_of))
        for pattern in earlier.answer.patterns:
            first, last, confidence = earlier.prior[pattern.product_id]
            window = date.fromisoformat(first), date.fromisoformat(last)
            yield customer, pattern.product_id, pattern.date, pattern.confidence, *window, confidence
