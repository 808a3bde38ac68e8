"""The predictors that the settings name, and how a model on Bedrock is asked."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cache, cached_property
from typing import TYPE_CHECKING

from omnix_cli.errors import ConfigError
from omnix_cli.predictors.gated import GatedPredictor
from omnix_cli.predictors.statistical import StatisticalPredictor
from omnix_cli.protocols.models import AnswerLedger, Asker, BatchJobs
from omnix_cli.protocols.steps import Predictor
from omnix_cli.records import Failure, Question, Reply
from omnix_cli.settings import Settings

if TYPE_CHECKING:
    from omnix_cli.predictors.bedrock.asking.converse import ConverseAsker
    from omnix_cli.predictors.bedrock.asking.estimates import Terms
    from omnix_cli.predictors.bedrock.asking.money import PriceTable
    from omnix_cli.predictors.bedrock.asking.progress import Progress
    from omnix_cli.predictors.bedrock.predictor import BedrockPredictor
    from omnix_cli.predictors.bedrock.prompts.prompt_files import Prompt

_log = logging.getLogger(__name__)
_TOLD_SECONDS, _SHOWN_SECONDS = 15.0, 2.0
"""How often the progress of questions is told in a log, and to somebody who watches."""


@dataclass(frozen=True)
class Predictors:
    """Makes predictors; `answers` opens the ledger of what models said, `run` is the id that new replies are kept
    under. Nothing of AWS is loaded before a model is asked."""

    settings: Settings
    answers: Callable[[], AnswerLedger]
    now: Callable[[], datetime]
    run: str = ""

    def configured(self) -> Predictor:
        """The predictor that the settings name, behind the gate if they say so."""
        if self.settings.prediction.predictor == "statistical":
            return self.statistical()
        model = self.bedrock()
        if not self.settings.prediction.gate:
            return model
        consent = self.settings.privacy.consent_ai_analysis
        return GatedPredictor(model, self.statistical(), self.settings.prediction, default_consent=consent)

    def statistical(self) -> StatisticalPredictor:
        """The embedded one."""
        return StatisticalPredictor(self.settings.prediction, min_customers=self.settings.privacy.min_customers)

    def bedrock(self) -> BedrockPredictor:
        """The one that asks a model; on demand where the settings name no other way."""
        from omnix_cli.predictors.bedrock.predictor import BedrockPredictor

        name = self.settings.prediction.predictor
        return BedrockPredictor(
            self.statistical(),
            self.answers(),
            _AtFirstUse(self.asker),
            self.prompt(),
            self.settings.bedrock,
            self.settings.prediction,
            default_consent=self.settings.privacy.consent_ai_analysis,
            name="bedrock" if name == "statistical" else name,
            batch=self.jobs() if self.has_jobs else None,
        )

    def contender(self, spec: str) -> Predictor:
        """One side of a comparison: `statistical`, `bedrock`, `bedrock=MODEL`, `bedrock=MODEL+PROMPT` or
        `bedrock+PROMPT`; always on demand."""
        name, _, prompt = spec.partition("+")
        name, _, model = name.partition("=")
        if name == "statistical" and not (model or prompt):
            return self.statistical()
        if name != "bedrock":
            hint = "Write statistical, bedrock, bedrock=MODEL or bedrock=MODEL+PROMPT@VERSION, divided by commas."
            raise ConfigError(f"{spec!r} cannot be compared", hint=hint)
        given = {key: value for key, value in (("model", model), ("prompt", prompt)) if value}
        changed = self.settings.model_copy(
            update={
                "bedrock": self.settings.bedrock.model_copy(update=given),
                "prediction": self.settings.prediction.model_copy(update={"predictor": "bedrock"}),
            }
        )
        return replace(self, settings=changed).bedrock()

    def asker(self) -> ConverseAsker:
        """What puts questions to the model, within the budget of this run."""
        from omnix_cli.predictors.bedrock.asking.client import connect
        from omnix_cli.predictors.bedrock.asking.converse import ConverseAsker
        from omnix_cli.predictors.bedrock.asking.money import Budget
        from omnix_cli.predictors.bedrock.prompts.prompt_files import ANSWER_SCHEMA

        bedrock = self.settings.bedrock
        return ConverseAsker(
            connect(bedrock),
            self.answers(),
            bedrock,
            schema=ANSWER_SCHEMA,
            prices=self.prices,
            budget=Budget(bedrock.budget),
            now=self.now,
            run=self.run,
            progress=_Teller(),
        )

    @property
    def has_jobs(self) -> bool:
        """Whether batch jobs are set up."""
        batch = self.settings.bedrock.batch
        return bool(batch.location and batch.role_arn)

    def jobs(self) -> BatchJobs:
        """Batch jobs. Raises `ConfigError` when no place or role is set."""
        bedrock = self.settings.bedrock
        if not self.has_jobs or bedrock.batch.location is None:
            raise ConfigError(
                "batch jobs need a place and a role", hint="Set bedrock.batch.location and bedrock.batch.role_arn."
            )
        from omnix_cli.predictors.bedrock.batches.job_service import connect_jobs
        from omnix_cli.predictors.bedrock.batches.jobs import BedrockBatches
        from omnix_cli.stores.s3.objects import S3Objects

        return BedrockBatches(
            connect_jobs(bedrock),
            S3Objects(bedrock.batch.location, self.settings.s3),
            self.answers(),
            prices=self.prices,
            now=self.now,
            run=self.run,
        )

    @cached_property
    def prices(self) -> PriceTable:
        """What models cost."""
        from omnix_cli.predictors.bedrock.asking.money import load_prices

        return load_prices(self.settings.bedrock.prices)

    def prompt(self) -> Prompt:
        """The prompt that the settings name."""
        from omnix_cli.predictors.bedrock.prompts.prompt_files import load_prompt

        return load_prompt(self.settings.bedrock.prompt)

    def terms(self, seconds_per_answer: float | None) -> Terms:
        """What an estimate of the costs goes by."""
        from omnix_cli.predictors.bedrock.asking.estimates import SECONDS_PER_ANSWER, Terms

        bedrock = self.settings.bedrock
        return Terms(
            self.prices,
            bedrock.service_tier,
            Decimal(str(bedrock.batch.price_share)),
            bedrock.connections,
            bedrock.requests_per_minute,
            seconds_per_answer or SECONDS_PER_ANSWER,
        )


class _AtFirstUse:
    """An asker that is made when it is needed: a dry run needs no way to Bedrock. Implements `protocols.Asker`."""

    def __init__(self, make: Callable[[], Asker]) -> None:
        self._asker = cache(make)

    def ask(self, questions: Iterable[Question]) -> Iterator[tuple[Question, Reply | Failure]]:
        return self._asker().ask(questions)


class _Teller:
    """Tells in the log how far the questions are, now and then."""

    def __init__(self) -> None:
        self._told = time.monotonic()
        self._pause = _SHOWN_SECONDS if sys.stderr and sys.stderr.isatty() else _TOLD_SECONDS

    def __call__(self, progress: Progress) -> None:
        if time.monotonic() - self._told < self._pause:
            return
        self._told = time.monotonic()
        spending = progress.spending
        figures = {
            "answered": progress.answered,
            "failed": progress.failed,
            "per_minute": round(progress.per_minute),
            "dollars": f"{spending.spent + spending.lost:.4f}",
            **({} if spending.limit is None else {"budget": f"{spending.limit}"}),
        }
        _log.info("asking", extra=figures)
