"""A ledger and a model that live in memory: small, but real. The model forecasts from the numbers of the prompt."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import fmean
from typing import Any

import polars as pl

from omnix_cli.protocols.models import AnswerLedger
from omnix_cli.records import BatchJob, Failure, Loss, Question, Reply, TokenUsage

REPLIED_AT = datetime(2024, 6, 1, 3, tzinfo=UTC)
_ASKED = {
    "customer_id": pl.String,
    "history": pl.String,
    "prior": pl.String,
    "question": pl.String,
    "as_of": pl.Date,
}
_HEADER = "productId|"

Spoil = Callable[[Question, dict[str, Any]], str | Reply | Failure]
"""Turns the right answer into what comes back: a text, a whole reply, or none."""


class MemoryLedger:
    """Implements `protocols.AnswerLedger`."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Reply, Question]] = {}
        self._losses: dict[str, Loss] = {}
        self._lock = threading.Lock()

    def keep(self, reply: Reply, question: Question) -> None:
        with self._lock:
            self._kept.setdefault(question.key, (reply, question))

    def keep_all(self, answered: Iterable[tuple[Reply, Question]]) -> None:
        for reply, question in answered:
            self.keep(reply, question)

    def keep_loss(self, loss: Loss) -> None:
        self._losses.setdefault(loss.id, loss)

    def replies(self, questions: Collection[str]) -> dict[str, Reply]:
        return {key: self._kept[key][0] for key in questions if key in self._kept}

    def asked(self, *, model: str, prompt: str, since: date, until: date) -> pl.DataFrame:
        newest_first = sorted(self._kept.values(), key=lambda kept: (kept[0].replied_at, kept[1].as_of), reverse=True)
        rows = [
            (customer, history, prior, question.key, question.as_of)
            for _, question in newest_first
            if (question.model, question.prompt) == (model, prompt) and since <= question.as_of <= until
            for customer, history, prior in _told(question)
        ]
        frame = pl.DataFrame(rows, schema=_ASKED, orient="row")
        return frame.sort("customer_id", "as_of", descending=[False, True], maintain_order=True)

    def totals(self) -> pl.DataFrame:
        columns = ("run", "model", "prompt", "mode")
        figures = ("replies", *(f"{name}_tokens" for name in TokenUsage.model_fields))
        replied = (
            (one, one.replied_at, (1, *one.usage.model_dump().values(), float(one.cost), 0.0))
            for one, _ in self._kept.values()
        )
        lost = ((one, one.noted_at, (*[0] * len(figures), 0.0, float(one.dollars))) for one in self._losses.values())
        newest_first = sorted([*replied, *lost], key=lambda entry: entry[1], reverse=True)
        rows = [(one.run, one.model, one.prompt, one.way.replace("_", " "), *sums) for one, _, sums in newest_first]
        schema = dict.fromkeys(columns, pl.String) | dict.fromkeys(figures, pl.Int64)
        schema |= dict.fromkeys(("cost", "may_have_been_billed"), pl.Float64)
        by_run = pl.DataFrame(rows, schema=schema, orient="row").group_by(columns, maintain_order=True)
        return by_run.agg(pl.all().sum())

    def forget(self, customer_id: str) -> int:
        gone = [key for key, (_, question) in self._kept.items() if customer_id in question.customers]
        for key in gone:
            del self._kept[key]
        return len(gone)

    def drop(self, questions: Collection[str]) -> None:
        for key in questions:
            self._kept.pop(key, None)

    def seconds_per_reply(self, *, model: str) -> float | None:
        timed = [one.seconds for one, _ in self._kept.values() if (one.model, one.way) == (model, "on_demand")]
        return fmean(timed) if timed else None


class ForecastingAsker:
    """Implements `protocols.Asker`. Remembers what it was `asked`; `spoil` puts faults into what comes back, and after
    `dies_after` questions the process is as good as killed."""

    def __init__(self, ledger: AnswerLedger, *, spoil: Spoil | None = None, dies_after: int | None = None) -> None:
        self.ledger = ledger
        self.asked: list[Question] = []
        self.spoil: Spoil = spoil or (lambda question, answer: json.dumps(answer))
        self.dies_after = dies_after

    def ask(self, questions: Iterable[Question]) -> Iterator[tuple[Question, Reply | Failure]]:
        for question in reversed(list(questions)):
            if len(self.asked) == self.dies_after:
                raise KeyboardInterrupt
            self.asked.append(question)
            result = self.spoil(question, forecast(question))
            if isinstance(result, str):
                result = reply_to(question, result)
            if isinstance(result, Reply):
                self.ledger.keep(result, question)
            yield question, result


class MemoryBatches:
    """Implements `protocols.BatchJobs`: a job runs through these states, one each time it is asked about, and answers
    all but every `leaves_out`th question."""

    def __init__(self, ledger: AnswerLedger, *, states: Sequence[str] = ("Completed",), leaves_out: int = 0) -> None:
        self.ledger = ledger
        self.leaves_out = leaves_out
        self.states = list(states)
        self.known: dict[str, tuple[BatchJob, tuple[Question, ...]]] = {}

    def submit(self, questions: Sequence[Question]) -> list[BatchJob]:
        keys = {question.key for question in questions}
        if known := [job for job, asked in self.known.values() if not keys.isdisjoint(one.key for one in asked)]:
            return known
        name = f"job-{questions[0].key[:8]}-{len(questions)}"
        job = BatchJob(
            name=name,
            model=questions[0].model,
            prompt=questions[0].prompt,
            as_of=questions[0].as_of,
            questions=len(questions),
            input=f"s3://bucket/{name}.jsonl",
            output=f"s3://bucket/{name}/",
            token=name,
            arn=f"arn:{name}",
            status="Submitted",
        )
        return [self.known.setdefault(name, (job, tuple(questions)))[0]]

    def jobs(self) -> list[BatchJob]:
        return [job for job, _ in self.known.values()]

    def status(self, job: BatchJob) -> BatchJob:
        known, questions = self.known[job.name]
        if not known.done:
            status = self.states.pop(0) if len(self.states) > 1 else self.states[0]
            known = known.model_copy(update={"status": status})
            self.known[job.name] = known, questions
        return known

    def collect(self, job: BatchJob) -> BatchJob:
        known, questions = self.known[job.name]
        for number, question in enumerate(questions, start=1):
            if not self.leaves_out or number % self.leaves_out:
                reply = reply_to(question, json.dumps(forecast(question)), way="batch")
                self.ledger.keep(reply, question)
        done = known.model_copy(update={"done": True})
        self.known[job.name] = done, questions
        return done


def _told(question: Question) -> Iterator[tuple[str, str, str]]:
    priors = question.priors or ("",) * len(question.customers)
    return zip(question.customers, question.histories, priors, strict=True)


def reply_to(question: Question, text: str, *, way: Any = "on_demand", stop_reason: str = "end_turn") -> Reply:
    """A reply with tokens by the length of the texts."""
    said = len(question.system) + sum(len(turn.text) for turn in question.turns)
    return Reply(
        question=question.key,
        model=question.model,
        prompt=question.prompt,
        way=way,
        text=text,
        stop_reason=stop_reason,
        usage=TokenUsage(input=said // 3, output=len(text) // 3),
        cost=Decimal(said) / 1_000_000,
        seconds=0.5,
        replied_at=REPLIED_AT,
    )


def forecast(question: Question) -> dict[str, Any]:
    """The right answer to a question: the last day plus the mean of the gaps, not before today."""
    blocks = re.split(r"^customer ", question.turns[0].text, flags=re.MULTILINE)
    asked_again = question.turns[-1].text if len(question.turns) > 1 else ""
    answers = [_about(block, question.as_of) for block in blocks[1:]]
    return {"customers": [one for one in answers if not asked_again or one["customer"] in asked_again]}


def _about(block: str, today: date) -> dict[str, Any]:
    lines = block.strip().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(_HEADER))
    columns = lines[start].split("|")
    rows = [dict(zip(columns, line.split("|"), strict=True)) for line in lines[start + 1 :]]
    return {
        "customer": lines[0],
        "consumptionPatterns": [_pattern(row, today) for row in rows],
        "spendingPatterns": {
            "averageOrderValue": 12.5,
            "preferredCategories": sorted({row["category"] for row in rows})[:3],
            "shoppingFrequency": "weekly",
            "pricePreference": "mid-range",
        },
        "behavioralInsights": {
            "plannedShopper": True,
            "brandLoyal": False,
            "seasonalShopper": False,
            "bulkBuyer": False,
        },
        "dataQuality": "good",
    }


def _pattern(row: dict[str, str], today: date) -> dict[str, Any]:
    gap = fmean(int(days) for days in row["gaps"].split(","))
    day = max(today, date.fromisoformat(row["last"]) + timedelta(days=round(gap)))
    return {
        "productId": row["productId"],
        "averageDaysBetweenPurchases": round(gap, 1),
        "predictedNextPurchaseDate": day.isoformat(),
        "confidence": 0.7,
        "reasoning": f"You buy it about every {round(gap)} days.",
    }
