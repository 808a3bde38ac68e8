"""What would be asked of a model on a day, and what need not be: everything before the asking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import polars as pl

from omnix_cli.predictors.bedrock.answers.history import CALIBRATION_DAYS, EarlierAnswer, earlier_answers
from omnix_cli.predictors.bedrock.prompts.prompt_files import Prompt, Subject
from omnix_cli.predictors.bedrock.prompts.pseudonyms import Scanner
from omnix_cli.predictors.bedrock.prompts.subjects import scrubbed, subjects
from omnix_cli.protocols.models import AnswerLedger
from omnix_cli.records import Question, Reply
from omnix_cli.settings import BedrockSettings
from omnix_cli.steps.answers.choosing import REASONS, Choice


@dataclass(frozen=True)
class Inquiry:
    """The questions of a day, the replies to them that are in the ledger already, the answers of earlier questions that
    are used again (by customer), what was found in the prompts that must not be sent (by customer), and the customers
    who are left out (`choice.skipped`)."""

    as_of: date
    choice: Choice
    subjects: Mapping[str, Subject]
    questions: tuple[Question, ...]
    replies: Mapping[str, Reply]
    reused: Mapping[str, EarlierAnswer]
    refused: Mapping[str, tuple[str, str]]
    asked: pl.DataFrame
    scrubbed_names: int

    @property
    def missing(self) -> list[Question]:
        """The questions that are still to be asked."""
        return [question for question in self.questions if question.key not in self.replies]

    @property
    def figures(self) -> dict[str, int | float | str]:
        """How many customers are left out for which reason, and what else is worth keeping."""
        skipped = Counter(self.choice.skipped["reason"])
        reasons = {f"skipped_{reason.replace(' ', '_')}": skipped[reason] for reason in REASONS}
        return {**reasons, "questions": len(self.questions), "scrubbed_names": self.scrubbed_names}


@dataclass
class Inquirer:
    """Makes the inquiry of a day."""

    prompt: Prompt
    ledger: AnswerLedger
    settings: BedrockSettings
    pseudonym: Callable[[str], str]
    scanner: Scanner
    as_of: date
    refused: dict[str, tuple[str, str]] = field(default_factory=dict)

    def inquire(self, choice: Choice) -> Inquiry:
        """Questions about the customers whose history changed since they were last asked about, or whose answer is too
        old.

        The questions are made of all customers that have no answer of an earlier day, whatever was answered today: so a
        run that was stopped makes the same ones again and finds their replies. Only a question that nobody asked is cut
        down to those who have no answer of today to another one."""
        pairs, hidden = scrubbed(choice.pairs, self.scanner)
        people = {subject.customer_id: subject for subject in subjects(pairs)}
        asked = self._asked()
        of_before, of_today = self._reusable(asked, choice)
        questions = list(self._questions([one for id, one in people.items() if id not in of_before]))
        known = self.ledger.replies([question.key for question in questions])
        reused, kept = dict(of_before), list[Question]()
        for question in questions:
            answered = {id: of_today[id] for id in question.customers if id in of_today}
            if question.key in known or not answered:
                kept.append(question)
                continue
            reused |= answered
            kept.extend(self._questions([people[id] for id in question.customers if id not in answered]))
        return Inquiry(
            as_of=self.as_of,
            choice=choice,
            subjects=people,
            questions=tuple(kept),
            replies=self.ledger.replies([question.key for question in kept]),
            reused=reused,
            refused=self.refused,
            asked=asked,
            scrubbed_names=hidden,
        )

    def question(self, people: list[Subject]) -> Question:
        """The question about some customers."""
        return self.prompt.question(
            people,
            model=self.settings.model,
            as_of=self.as_of,
            currency=self.settings.currency,
            pseudonym=self.pseudonym,
            max_output_tokens=self.settings.max_output_tokens,
        )

    def _questions(self, people: list[Subject]) -> Iterator[Question]:
        size = self.settings.customers_per_request
        for start in range(0, len(people), size):
            yield from self._fit_to_send(people[start : start + size])

    def _fit_to_send(self, people: list[Subject]) -> Iterator[Question]:
        """The question, if nothing personal is in it; else one for each customer of whom that is true."""
        question = self.question(people)
        found = self.scanner.found(question.turns[0].text)
        if not found:
            yield question
        elif len(people) == 1:
            self.refused[people[0].customer_id] = question.key, ", ".join(found)
        else:
            for subject in people:
                yield from self._fit_to_send([subject])

    def _asked(self) -> pl.DataFrame:
        since = self.as_of - timedelta(days=max(CALIBRATION_DAYS, self.settings.max_age_days))
        return self.ledger.asked(model=self.settings.model, prompt=self.prompt.id, since=since, until=self.as_of)

    def _reusable(
        self, asked: pl.DataFrame, choice: Choice
    ) -> tuple[dict[str, EarlierAnswer], dict[str, EarlierAnswer]]:
        """The newest valid answers about unchanged histories that are young enough: of days before, and of today."""
        histories = choice.pairs.select("customer_id", "history").unique()
        oldest = self.as_of - timedelta(days=self.settings.max_age_days)
        fitting = asked.filter(pl.col("as_of") >= oldest).join(histories, on=["customer_id", "history"], how="semi")
        of_before, of_today = dict[str, EarlierAnswer](), dict[str, EarlierAnswer]()
        for earlier in earlier_answers(fitting, self.ledger, self.pseudonym, self.scanner):
            kept = of_today if earlier.as_of == self.as_of else of_before
            kept.setdefault(earlier.answer.customer_id, earlier)
        return of_before, of_today
