"""The questions of a day: whom to ask about, and whose earlier answer to use again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from omnix_cli.batching import batched
from omnix_cli.predictors.bedrock.answers.outcomes import TOO_LONG, CustomerOutcome
from omnix_cli.predictors.bedrock.answers.parsing import ReplyParser
from omnix_cli.predictors.bedrock.answers.previous_answers import (
    CALIBRATION_DAYS,
    CutOff,
    PreviousAnswer,
    PreviousAnswers,
)
from omnix_cli.predictors.bedrock.personal_data import Scanner
from omnix_cli.predictors.bedrock.prompts.prompt_files import Prompt
from omnix_cli.predictors.bedrock.prompts.subjects import Subject, scrubbed, subjects
from omnix_cli.protocols.models import AnswerLedger
from omnix_cli.records import Question, Reply
from omnix_cli.settings import BedrockSettings
from omnix_cli.steps.answers.choosing import REASONS, Choice

PERSONAL_DATA = "personal data in the prompt"


@dataclass(frozen=True)
class DailyQuestions:
    """The `questions` of a day and what decided them: `subjects` are the customers that may be asked about,
    `choice.skipped` those that may not; by key, the `replies` that are in the ledger; by customer, the earlier answers
    to use again (`reused`), those that were too long for the limit there still is (`cut_off`), and the question and the
    kinds of personal data that keep it from being sent (`refused`)."""

    as_of: date
    choice: Choice
    subjects: Mapping[str, Subject]
    questions: tuple[Question, ...]
    replies: Mapping[str, Reply]
    reused: Mapping[str, PreviousAnswer]
    cut_off: Mapping[str, CutOff]
    refused: Mapping[str, tuple[str, str]]
    previous: PreviousAnswers
    scrubbed_names: int

    @property
    def missing(self) -> list[Question]:
        return [question for question in self.questions if question.key not in self.replies]

    @property
    def figures(self) -> dict[str, int | float | str]:
        """The numbers of skipped customers by reason, of questions, and of scrubbed names."""
        skipped = Counter(self.choice.skipped["reason"])
        reasons = {f"skipped_{reason.replace(' ', '_')}": skipped[reason] for reason in REASONS}
        return {**reasons, "questions": len(self.questions), "scrubbed_names": self.scrubbed_names}

    def outcomes(self) -> Iterator[CustomerOutcome]:
        """The outcome of each customer before any reply of this day is read."""
        for customer, previous in self.reused.items():
            yield CustomerOutcome(customer, previous.as_of, previous.question, "reused", previous.answer)
        for customer, cut in self.cut_off.items():
            detail = f"the answer of {cut.as_of} was cut off after {cut.reply.usage.output} tokens"
            yield CustomerOutcome(customer, cut.as_of, cut.reply.question, reason=TOO_LONG, detail=detail)
        for customer, (question, kinds) in self.refused.items():
            yield CustomerOutcome(customer, self.as_of, question, reason=PERSONAL_DATA, detail=kinds)
        for asked in self.questions:
            for customer in asked.customers:
                yield CustomerOutcome(customer, self.as_of, asked.key)


@dataclass(frozen=True)
class QuestionWriter:
    """Writes questions about customers, each only if it contains no personal data."""

    prompt: Prompt
    settings: BedrockSettings
    pseudonym: Callable[[str], str]
    scanner: Scanner
    as_of: date

    def question(self, people: Sequence[Subject]) -> Question:
        return self.prompt.question(people, self.settings, as_of=self.as_of, pseudonym=self.pseudonym)

    def questions(self, people: Sequence[Subject], refused: dict[str, tuple[str, str]]) -> Iterator[Question]:
        """The questions about all these customers, a few each. Customers whose question contains personal data are
        added to `refused`."""
        for together in batched(people, self.settings.customers_per_request):
            yield from self._without_personal_data(together, refused)

    def _without_personal_data(
        self, people: Sequence[Subject], refused: dict[str, tuple[str, str]]
    ) -> Iterator[Question]:
        """The question, if it contains no personal data; else one for each customer for whom that is true."""
        question = self.question(people)
        kinds = self.scanner.kinds(question.turns[0].text)
        if not kinds:
            yield question
        elif len(people) == 1:
            refused[people[0].customer_id] = question.key, ", ".join(kinds)
        else:
            for subject in people:
                yield from self._without_personal_data([subject], refused)


def daily_questions(
    choice: Choice, writer: QuestionWriter, ledger: AnswerLedger, parser: ReplyParser
) -> DailyQuestions:
    """Questions about the customers whose history changed since they were last asked about, or whose answer is too old.

    The questions are written for all customers without an answer of an earlier day, whatever was answered today: so an
    interrupted run writes the same ones again and finds their replies. Only a question that nobody asked is reduced to
    the customers without an answer of today to another question. Nobody is asked about whose answer was cut off on an
    earlier day and would be again: the history, the limit and the length of the question are the same."""
    pairs, scrubbed_names = scrubbed(choice.pairs, writer.scanner)
    people = {subject.customer_id: subject for subject in subjects(pairs)}
    settings = writer.settings
    since = writer.as_of - timedelta(days=max(CALIBRATION_DAYS, settings.max_age_days))
    asked = ledger.asked(model=settings.model, prompt=writer.prompt.id, since=since, until=writer.as_of)
    previous = PreviousAnswers(asked, ledger, parser)
    recent = _recent(previous, choice, writer)
    of_before, of_today = _reusable(previous, recent, writer.as_of)
    cut_off = _cut_off(previous, recent.filter(~pl.col("customer_id").is_in(list(of_before))), people, writer)
    refused: dict[str, tuple[str, str]] = {}
    wanted = [one for id, one in people.items() if id not in of_before and id not in cut_off]
    questions = list(writer.questions(wanted, refused))
    known = ledger.replies([question.key for question in questions])
    reused, kept = dict(of_before), list[Question]()
    for question in questions:
        answered = {id: of_today[id] for id in question.customers if id in of_today}
        if question.key in known or not answered:
            kept.append(question)
            continue
        reused |= answered
        kept.extend(writer.questions([people[id] for id in question.customers if id not in answered], refused))
    return DailyQuestions(
        as_of=writer.as_of,
        choice=choice,
        subjects=people,
        questions=tuple(kept),
        replies=ledger.replies([question.key for question in kept]),
        reused=reused,
        cut_off=cut_off,
        refused=refused,
        previous=previous,
        scrubbed_names=scrubbed_names,
    )


def _recent(previous: PreviousAnswers, choice: Choice, writer: QuestionWriter) -> pl.DataFrame:
    """The rows of `previous.asked` about unchanged histories that are not too old."""
    histories = choice.pairs.select("customer_id", "history").unique()
    oldest = writer.as_of - timedelta(days=writer.settings.max_age_days)
    recent = previous.asked.filter(pl.col("as_of") >= oldest)
    return recent.join(histories, on=["customer_id", "history"], how="semi")


def _reusable(
    previous: PreviousAnswers, recent: pl.DataFrame, as_of: date
) -> tuple[dict[str, PreviousAnswer], dict[str, PreviousAnswer]]:
    """The newest valid answers: of days before, and of today."""
    of_before, of_today = dict[str, PreviousAnswer](), dict[str, PreviousAnswer]()
    for answer in previous.valid(recent):
        kept = of_today if answer.as_of == as_of else of_before
        kept.setdefault(answer.answer.customer_id, answer)
    return of_before, of_today


def _cut_off(
    previous: PreviousAnswers, recent: pl.DataFrame, people: Mapping[str, Subject], writer: QuestionWriter
) -> dict[str, CutOff]:
    """The newest answers of days before that were cut off, and would be again."""
    found: dict[str, CutOff] = {}
    earlier = recent.filter(pl.col("as_of") < writer.as_of)
    for cut in previous.cut_off(earlier, writer.settings.max_output_tokens):
        is_shorter = cut.customers <= writer.settings.customers_per_request
        if is_shorter and cut.products <= len(people[cut.customer_id].rows):
            found.setdefault(cut.customer_id, cut)
    return found
