"""The predictor that asks a language model, and falls back to the statistics without a valid answer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from omnix_cli.errors import DataError
from omnix_cli.predictors.bedrock.answers.outcomes import (
    DayOutcomes,
    commonest_reasons,
    outcome_figures,
    outcome_frames,
    pattern_frame,
)
from omnix_cli.predictors.bedrock.answers.parsing import ReplyParser
from omnix_cli.predictors.bedrock.answers.previous_answers import learn
from omnix_cli.predictors.bedrock.batches.reply_source import ModelAccess, Replies, ReplySource
from omnix_cli.predictors.bedrock.personal_data import Scanner, pseudonym
from omnix_cli.predictors.bedrock.prompts.daily_questions import DailyQuestions, QuestionWriter, daily_questions
from omnix_cli.predictors.bedrock.prompts.prompt_files import Prompt, text_sent
from omnix_cli.protocols.checkpoints import Figures
from omnix_cli.protocols.models import AnswerLedger
from omnix_cli.protocols.steps import Predictor, StepOutput
from omnix_cli.records import NO_BUDGET, TOKEN_KINDS, TokenUsage
from omnix_cli.settings import BedrockSettings, PredictionSettings, dump
from omnix_cli.steps.answers.blending import blend
from omnix_cli.steps.answers.choosing import choose

_KEY_SETTINGS = (
    *("model", "guardrail", "guardrail_version", "structure", "temperature", "max_age_days", "min_purchase_days"),
    *("products_per_customer", "customers_per_request", "max_output_tokens", "forbidden_patterns", "currency"),
    *("budget", "max_failed"),
)
"""The settings that change the answers, and with them the predictions."""


@dataclass(eq=False)
class BedrockPredictor:
    """Lets a model adjust and explain the statistical predictions. Implements `protocols.Predictor`.

    A question is asked only if the ledger has no reply; an invalid answer is sent back once with its problems.
    Customers without a valid answer keep the statistical predictions, marked as a fallback, and become dead letters.
    Running it again with the same ledger asks nothing and gives the same bytes.

    `bedrock` asks on demand. `bedrock-batch` and `auto` ask in a batch job when there are enough questions for one,
    then on demand for what the job left open; `auto` works without jobs where none are set up. All of them need all
    customers at once, because the calibration of the model's confidence is learned from all of them.

    Raises `ConfigError` without a secret for pseudonyms, and for batch jobs that are not set up."""

    statistical: Predictor
    access: ModelAccess
    prompt: Prompt
    settings: BedrockSettings
    prediction: PredictionSettings
    default_consent: bool = field(kw_only=True)
    name: str = "bedrock"
    run: str = ""
    """The run that asks."""
    asks: bool = True
    only: frozenset[str] | None = None
    """The customers to ask about; None: all."""
    version: str = field(default="2", init=False)
    outputs: tuple[str, ...] = field(default=("predictions", "dead_letters", "usage", "analyses"), init=False)
    by_customer: tuple[str, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        self.inputs = (*self.statistical.inputs, "customers")
        access = self.access if self.asks else replace(self.access, asker=None, jobs=None)
        mode = self.name if self.asks else "bedrock"
        self._source = ReplySource(access, self.settings, prompt=self.prompt.id, mode=mode)
        self._pseudonym = pseudonym(self.settings.pseudonym_secret)

    def parameters(self) -> Mapping[str, Any]:
        """The settings that change the result, with a hash of the secret instead of the secret."""
        settings = dump(self.settings)
        return {
            "statistical": {"version": self.statistical.version, **self.statistical.parameters()},
            "prompt": self.prompt.id,
            "default_consent": self.default_consent,
            "pseudonyms": hashlib.sha256(self._pseudonym("").encode()).hexdigest()[:12],
            **{name: settings[name] for name in _KEY_SETTINGS},
            **({} if self.asks else {"without_asking": self.run}),
        }

    def stand_in(self) -> BedrockPredictor | None:
        """The same with the answers that are in the ledger already: it asks nothing, and the statistics stand in for
        the others. What it makes is used in this run only."""
        return replace(self, asks=False) if self.asks else None

    def questions(self, *, as_of: date, **frames: pl.LazyFrame) -> DailyQuestions:
        """The questions of a day. Asks nothing."""
        return self._day(frames, as_of).questions

    def show(self, customer_id: str, *, as_of: date, **frames: pl.LazyFrame) -> str:
        """The text that would be sent about a customer, even if an earlier answer is used again.

        Raises `DataError` when nothing would be sent."""
        day = self._day(frames, as_of)
        questions = day.questions
        if customer_id in questions.refused:
            kinds = questions.refused[customer_id][1]
            raise DataError(f"nothing is sent: there is {kinds} in the prompt", hint="Check the product names.")
        if customer_id not in questions.subjects:
            skipped = questions.choice.skipped.filter(customer_id=customer_id)["reason"].to_list()
            raise DataError(
                f"nothing is sent: {(skipped or ['there is no customer with this id'])[0]}",
                hint="Consent and bedrock.min_purchase_days decide who is asked about.",
            )
        asked = [question for question in questions.questions if customer_id in question.customers]
        return text_sent(asked[0] if asked else day.writer.question([questions.subjects[customer_id]]))

    def predict(self, *, as_of: date, **frames: pl.LazyFrame) -> StepOutput:
        """The frames `predictions`, `dead_letters`, `usage` and `analyses`.

        Raises `UnavailableError` while a batch job is running, and when the service does not answer; answers so far are
        in the ledger."""
        waited = self._source.collect_open_jobs(as_of)
        day = self._day(frames, as_of)
        questions = day.questions.questions
        outcomes = DayOutcomes(day.questions.outcomes(), day.parser)
        first = self._source.replies(questions, day.questions.replies)
        repairs = [
            self.prompt.repair(*invalid, self._pseudonym)
            for invalid in outcomes.record(questions, first.results, valid="asked")
        ]
        second = self._source.on_demand(repairs)
        outcomes.record(repairs, second.results, valid="repaired")
        figures = _reply_figures(first, second)
        if waited := waited + first.waited_seconds:
            figures["waited_seconds"] = round(waited, 3)
        over_budget = sum(replies.failures(NO_BUDGET) for replies in (first, second))
        if reasons := commonest_reasons(outcomes.all(), self.settings.max_output_tokens):
            figures["reasons"] = reasons
        if lost := _lost(self.access.ledger, self.run):
            figures["may_have_been_billed"] = lost
        if incomplete := self._incomplete(outcomes, over_budget):
            figures["incomplete"] = incomplete
        return self._output(day, outcomes, figures)

    def _day(self, frames: Mapping[str, pl.LazyFrame], as_of: date) -> _Day:
        inputs = {name: frames[name] for name in self.statistical.inputs}
        statistical = self.statistical.predict(**inputs, as_of=as_of)
        cycles = frames["cycles"].collect()
        choice = choose(
            cycles,
            statistical.frames["predictions"],
            frames["products"].collect(),
            frames["customers"].collect(),
            default_consent=self.default_consent,
            min_purchase_days=self.settings.min_purchase_days,
            products_per_customer=self.settings.products_per_customer,
            as_of=as_of,
        )
        if self.only is not None:
            chosen = pl.col("customer_id").is_in(sorted(self.only))
            choice = replace(choice, pairs=choice.pairs.filter(chosen))
        customers, products = cycles["customer_id"].unique(), choice.pairs["product_id"].unique()
        scanner = Scanner.of(customers, products.to_list(), self.settings.forbidden_patterns)
        writer = QuestionWriter(self.prompt, self.settings, self._pseudonym, scanner, as_of)
        parser = ReplyParser(self._pseudonym, scanner)
        return _Day(cycles, statistical, writer, parser, daily_questions(choice, writer, self.access.ledger, parser))

    def _output(self, day: _Day, outcomes: DayOutcomes, figures: Figures) -> StepOutput:
        model, questions, everybody = self.settings.model, day.questions, outcomes.all()
        calibration = learn(questions.previous, day.cycles, as_of=questions.as_of)
        failed = pl.Series(outcomes.failed(), dtype=pl.String)
        predictions = blend(
            day.statistical.frames["predictions"],
            pattern_frame(everybody),
            questions.choice.pairs.filter(pl.col("customer_id").is_in(failed.implode())),
            calibration=calibration,
            settings=self.prediction,
            predictor="bedrock",
            predictor_version=f"{self.prompt.id} {model}",
            as_of=questions.as_of,
        )
        before = {**day.statistical.figures, **questions.figures, **outcome_figures(everybody)}
        frames = outcome_frames(everybody, model=model, prompt=self.prompt.id)
        return StepOutput(
            {"predictions": predictions, **frames}, {**before, **figures, "calibrated_on": calibration.outcomes}
        )

    def _incomplete(self, outcomes: DayOutcomes, over_budget: int) -> str:
        """Why somebody should look at the result; empty if all is well."""
        failed, customers = len(outcomes.failed()), len(outcomes.all())
        reasons = []
        if over_budget:
            reasons.append(f"the budget ended before {over_budget} questions")
        if failed > self.settings.max_failed * customers:
            why = commonest_reasons(outcomes.all(), self.settings.max_output_tokens)
            reasons.append(f"{failed} of {customers} customers have no valid answer: {why}")
        return "; ".join(reasons)


@dataclass(frozen=True)
class _Day:
    """What the predictions of a day are made from."""

    cycles: pl.DataFrame
    statistical: StepOutput
    writer: QuestionWriter
    parser: ReplyParser
    questions: DailyQuestions


def _lost(ledger: AnswerLedger, run: str) -> float:
    """The dollars that may be on the bill of a run although no answer came."""
    totals = ledger.totals()
    return float(totals.filter(pl.col("run") == run)["may_have_been_billed"].sum())


def _reply_figures(first: Replies, repairs: Replies) -> Figures:
    """Repairs, replies that the ledger had, tokens and dollars, and how the model was asked.

    Tokens and dollars are those of all replies to the questions of this day, even if an earlier run paid."""
    replies = [*first.replies(), *repairs.replies()]
    usage = sum((reply.usage for reply in replies), TokenUsage())
    return {
        "repairs": len(repairs.results),
        "found_in_ledger": len(first.from_ledger) + len(repairs.from_ledger),
        **{f"{kind}_tokens": int(getattr(usage, kind)) for kind in TOKEN_KINDS},
        "dollars": float(sum((reply.cost for reply in replies), Decimal(0))),
        "mode": first.mode,
    }
