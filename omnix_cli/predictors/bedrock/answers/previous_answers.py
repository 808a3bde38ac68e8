"""Answers to earlier questions: used again, and learned from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import orjson
import polars as pl

from omnix_cli.predictors.bedrock.answers.checking import CustomerAnswer
from omnix_cli.predictors.bedrock.answers.parsing import ReplyParser
from omnix_cli.protocols.models import AnswerLedger
from omnix_cli.records import CUT_OFF, Reply
from omnix_cli.steps.answers.blending import Calibration, calibrate, outcomes

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
class PreviousAnswer:
    """A valid answer about one customer, its question, and the statistical forecast of that day (`prior`)."""

    answer: CustomerAnswer
    question: str
    as_of: date
    prior: Mapping[str, Any]


class CutOff(NamedTuple):
    """An answer about a customer that was too long; so many `customers` were in its question, and so many `products`
    of this one."""

    customer_id: str
    reply: Reply
    as_of: date
    customers: int
    products: int


class PreviousAnswers:
    """The answers to the questions in `asked`, a frame of `AnswerLedger.asked`."""

    def __init__(self, asked: pl.DataFrame, ledger: AnswerLedger, parser: ReplyParser) -> None:
        self.asked = asked.filter(pl.col("prior") != "")
        self._ledger = ledger
        self._parser = parser

    def valid(self, rows: pl.DataFrame) -> Iterator[PreviousAnswer]:
        """The valid answers for some rows of `asked`, newest first."""
        wanted = set(rows.select("question", "customer_id").iter_rows())
        replies = self._ledger.replies(rows["question"].unique().to_list())
        questions = self.asked.join(rows.select("question").unique(), on="question", how="semi")
        newest_first = questions.sort(-pl.col("as_of").to_physical(), "question", "customer_id")
        for (key,), group in newest_first.group_by("question", maintain_order=True):
            reply = replies.get(str(key))
            if reply is None:
                continue
            as_of = group["as_of"][0]
            priors = {id: orjson.loads(prior) for id, prior in group.select("customer_id", "prior").iter_rows()}
            for customer, answer in self._parser.answers(reply, as_of, priors).items():
                if isinstance(answer, CustomerAnswer) and (key, customer) in wanted:
                    yield PreviousAnswer(answer, str(key), as_of, priors[customer])

    def cut_off(self, rows: pl.DataFrame, limit: int) -> Iterator[CutOff]:
        """The answers to some rows of `asked`, newest first, that were cut off at the limit of tokens or above it."""
        replies = self._ledger.replies(rows["question"].unique().to_list())
        together = dict(self.asked.group_by("question").len().iter_rows())
        for row in rows.sort(-pl.col("as_of").to_physical(), "question", "customer_id").iter_rows(named=True):
            reply = replies.get(row["question"])
            if reply and reply.stop_reason == CUT_OFF and (reply.max_output_tokens or reply.usage.output) >= limit:
                products = len(orjson.loads(row["prior"]))
                yield CutOff(row["customer_id"], reply, row["as_of"], together[row["question"]], products)


def learn(previous: PreviousAnswers, cycles: pl.DataFrame, *, as_of: date) -> Calibration:
    """The calibration from the answers of earlier days: at most 5,000 questions, those with the smallest key, which is
    a hash."""
    before = previous.asked.filter(pl.col("as_of") < as_of)
    sample = before.select("question").unique().sort("question").head(CALIBRATION_QUESTIONS)
    answers = previous.valid(before.join(sample, on="question", how="semi"))
    past = pl.DataFrame(list(_once_a_day(answers)), schema=_ANSWERS, orient="row")
    return calibrate(outcomes(past, cycles, as_of=as_of))


def _once_a_day(answers: Iterable[PreviousAnswer]) -> Iterator[tuple[Any, ...]]:
    """A row a product. Of several answers about a customer on one day, only the first counts."""
    known = set[tuple[str, date]]()
    for previous in answers:
        customer = previous.answer.customer_id
        if (customer, previous.as_of) in known:
            continue
        known.add((customer, previous.as_of))
        for pattern in previous.answer.patterns:
            first, last, window_chance = previous.prior[pattern.product_id]
            window = date.fromisoformat(first), date.fromisoformat(last)
            yield customer, pattern.product_id, pattern.date, pattern.confidence, *window, window_chance
