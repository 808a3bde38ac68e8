"""The predictor that asks a language model, and keeps to the statistics where it gets no valid answer."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import polars as pl

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.predictors.bedrock.answers.history import learn
from omnix_cli.predictors.bedrock.answers.outcomes import Standing, counts, pattern_frame, told_frames
from omnix_cli.predictors.bedrock.answers.reading import Reader, standings_before
from omnix_cli.predictors.bedrock.prompts.prompt_files import Prompt, text_sent
from omnix_cli.predictors.bedrock.prompts.pseudonyms import Scanner, pseudonym
from omnix_cli.predictors.bedrock.prompts.questions import Inquirer, Inquiry
from omnix_cli.predictors.bedrock.replies import Obtained, Obtainer, obtained_figures
from omnix_cli.protocols.checkpoints import Figures
from omnix_cli.protocols.models import AnswerLedger, Asker, BatchJobs
from omnix_cli.protocols.steps import Predictor, StepOutput
from omnix_cli.settings import BedrockSettings, PredictionSettings, dump
from omnix_cli.steps.answers.blending import blend
from omnix_cli.steps.answers.choosing import choose

_READ = (
    "model",
    "guardrail",
    "guardrail_version",
    "structure",
    "temperature",
    "max_age_days",
    "min_purchase_days",
    "products_per_customer",
    "customers_per_request",
    "max_output_tokens",
    "forbidden_patterns",
    "currency",
    "budget",
    "max_failed",
)
"""The settings that change what is answered, and by that the predictions."""
OVER_BUDGET = "budget"
"""The reason of a failure when a question was not asked because of the budget."""
_NOT_ASKED = "Consent and bedrock.min_purchase_days decide who is asked about."


class BedrockPredictor:
    """Adjusts and explains the statistical predictions with the answers of a model. Implements `protocols.Predictor`.

    Who is asked about what is said by `steps.answers.choosing`, what becomes of the answers by
    `steps.answers.blending`. Every question is first looked for in the ledger; what is missing is asked; an answer that
    is not valid is sent back once with what is wrong; whoever is left without one keeps the statistical predictions,
    marked as a fallback, and is a dead letter. Running it again with the same ledger asks nothing and gives the same
    bytes.

    The way `bedrock` asks on demand; `bedrock-batch` and `auto` ask in a batch job where there are enough questions for
    one, then on demand for what the job left open; `auto` does without jobs where none are set up. All of them see all
    customers at once, as the worth of the model's confidence is learnt from all of them.

    Raises `ConfigError` without a key of the pseudonyms, and for batch jobs that are not set up."""

    version = "1"
    by_customer: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ("predictions", "dead_letters", "usage", "analyses")

    def __init__(
        self,
        statistical: Predictor,
        ledger: AnswerLedger,
        asker: Asker,
        prompt: Prompt,
        settings: BedrockSettings,
        prediction: PredictionSettings,
        *,
        default_consent: bool,
        name: Literal["bedrock", "bedrock-batch", "auto"] = "bedrock",
        batch: BatchJobs | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if name == "bedrock-batch" and batch is None:
            raise ConfigError(
                "batch jobs need a place and a role",
                hint="Set bedrock.batch.location and bedrock.batch.role_arn, or use `--predictor bedrock`.",
            )
        self.name: str = name
        self.inputs = (*statistical.inputs, "customers")
        self._statistical = statistical
        self._ledger = ledger
        self._prompt = prompt
        self._settings = settings
        self._prediction = prediction
        self._default_consent = default_consent
        self._pseudonym = pseudonym(settings.pseudonym_secret)
        self._obtainer = Obtainer(
            ledger=ledger,
            asker=asker,
            batch=None if name == "bedrock" else batch,
            settings=settings.batch,
            prompt=prompt.id,
            model=settings.model,
            sleep=sleep,
            is_on_demand=name == "bedrock",
        )

    def parameters(self) -> Mapping[str, Any]:
        """The settings that change the result, and the secret's hash in place of the secret."""
        settings = dump(self._settings)
        return {
            "statistical": {"version": self._statistical.version, **self._statistical.parameters()},
            "prompt": self._prompt.id,
            "default_consent": self._default_consent,
            "pseudonyms": hashlib.sha256(self._pseudonym("").encode()).hexdigest()[:12],
            **{name: settings[name] for name in _READ},
        }

    def questions(self, *, as_of: date, **frames: pl.LazyFrame) -> Inquiry:
        """What would be asked on this day, and about whom nothing, and why; asks nothing."""
        return self._day(frames, as_of).inquiry

    def show(self, customer_id: str, *, as_of: date, **frames: pl.LazyFrame) -> str:
        """All that would be sent about a customer, as it would be sent; also where an earlier answer is used instead.
        Raises `DataError` when nothing ever would be."""
        day = self._day(frames, as_of)
        inquiry = day.inquiry
        if customer_id in inquiry.refused:
            found = inquiry.refused[customer_id][1]
            raise DataError(f"nothing is sent: there is {found} in the prompt", hint="Look at the product names.")
        if customer_id not in inquiry.subjects:
            skipped = inquiry.choice.skipped.filter(customer_id=customer_id)["reason"].to_list()
            raise DataError(
                f"nothing is sent: {(skipped or ['nobody of that id bought anything'])[0]}", hint=_NOT_ASKED
            )
        asked = [question for question in inquiry.questions if customer_id in question.customers]
        return text_sent(asked[0] if asked else day.inquirer.question([inquiry.subjects[customer_id]]))

    def predict(self, *, as_of: date, **frames: pl.LazyFrame) -> StepOutput:
        """The frames `predictions`, `dead_letters`, `usage` and `analyses`.

        Raises `UnavailableError` while a batch job is running, and when the service does not answer; what was answered
        by then is in the ledger."""
        self._obtainer.collect_open_jobs(as_of, self._settings.max_age_days)
        day = self._day(frames, as_of)
        inquiry, standings = day.inquiry, standings_before(day.inquiry)
        reader = Reader(inquiry, standings, self._prompt, self._pseudonym, day.inquirer.scanner)
        first = self._obtainer.obtain(inquiry.questions, inquiry.replies)
        repairs = reader.read(inquiry.questions, first, valid="asked")
        second = self._obtainer.ask(repairs, self._ledger.replies([repair.key for repair in repairs]))
        reader.read(repairs, second, valid="repaired")
        return self._output(day, list(standings.values()), (first, second))

    def _day(self, frames: Mapping[str, pl.LazyFrame], as_of: date) -> _Day:
        read = {name: frames[name] for name in self._statistical.inputs}
        statistical = self._statistical.predict(**read, as_of=as_of)
        cycles = frames["cycles"].collect()
        choice = choose(
            cycles,
            statistical.frames["predictions"],
            frames["products"].collect(),
            frames["customers"].collect(),
            default_consent=self._default_consent,
            min_purchase_days=self._settings.min_purchase_days,
            products_per_customer=self._settings.products_per_customer,
        )
        customers, products = cycles["customer_id"].unique(), choice.pairs["product_id"].unique()
        scanner = Scanner.of(customers, products.to_list(), self._settings.forbidden_patterns)
        inquirer = Inquirer(self._prompt, self._ledger, self._settings, self._pseudonym, scanner, as_of)
        return _Day(cycles, statistical, inquirer, inquirer.inquire(choice))

    def _output(self, day: _Day, everybody: Sequence[Standing], obtained: Sequence[Obtained]) -> StepOutput:
        model, as_of, inquiry = self._settings.model, day.inquiry.as_of, day.inquiry
        calibration = learn(inquiry.asked, day.cycles, self._ledger, self._pseudonym, day.inquirer.scanner, as_of=as_of)
        failed = pl.Series([one.customer_id for one in everybody if not one.answer], dtype=pl.String)
        predictions = blend(
            day.statistical.frames["predictions"],
            pattern_frame(everybody),
            inquiry.choice.pairs.filter(pl.col("customer_id").is_in(failed.implode())),
            calibration=calibration,
            settings=self._prediction,
            predictor="bedrock",
            predictor_version=f"{self._prompt.id} {model}",
            as_of=as_of,
        )
        incomplete = self._incomplete(everybody, obtained)
        figures: Figures = {
            **day.statistical.figures,
            **inquiry.figures,
            **counts(everybody),
            **obtained_figures(obtained),
            "calibrated_on": calibration.outcomes,
            "way": obtained[0].way,
            **({"incomplete": incomplete} if incomplete else {}),
        }
        told = told_frames(everybody, model=model, prompt=self._prompt.id)
        return StepOutput({"predictions": predictions, **told}, figures)

    def _incomplete(self, everybody: Sequence[Standing], obtained: Sequence[Obtained]) -> str:
        """What makes the result one that somebody should look at; nothing, if all is well."""
        failed = sum(not one.answer for one in everybody)
        over_budget = sum(failure.reason == OVER_BUDGET for one in obtained for failure in one.failures.values())
        told = []
        if over_budget:
            told.append(f"the budget ended before {over_budget} questions")
        if failed > self._settings.max_failed * len(everybody):
            told.append(f"{failed} of {len(everybody)} customers have no valid answer")
        return "; ".join(told)


@dataclass(frozen=True)
class _Day:
    """What a day's predictions rest on."""

    cycles: pl.DataFrame
    statistical: StepOutput
    inquirer: Inquirer
    inquiry: Inquiry
