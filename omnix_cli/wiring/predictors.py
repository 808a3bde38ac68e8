"""The predictors that the settings name, and access to models on Bedrock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING

from omnix_cli.errors import ConfigError
from omnix_cli.predictors.bedrock.asking.money import Budget, PriceTable, load_prices
from omnix_cli.predictors.statistical import StatisticalPredictor
from omnix_cli.protocols.models import AnswerLedger, BatchJobs
from omnix_cli.protocols.steps import Predictor
from omnix_cli.settings import Settings

if TYPE_CHECKING:
    from omnix_cli.predictors.bedrock.asking.conversation import ReplyRecorder
    from omnix_cli.predictors.bedrock.asking.converse import ConverseAsker
    from omnix_cli.predictors.bedrock.asking.estimates import Terms
    from omnix_cli.predictors.bedrock.predictor import BedrockPredictor
    from omnix_cli.predictors.bedrock.prompts.prompt_files import Prompt


@dataclass(frozen=True)
class Predictors:
    """Makes predictors. `answers` opens the ledger of replies; new replies are kept under the id `run`. All of them,
    and all ways of asking, share one `budget`. A model is asked while there `is_time`. AWS libraries are loaded only
    when it is asked, and what asks it only where the settings name a model."""

    settings: Settings
    answers: Callable[[], AnswerLedger]
    now: Callable[[], datetime]
    budget: Budget
    run: str = ""
    is_time: Callable[[], bool] = lambda: True

    def configured(self) -> Predictor:
        """The predictor of the settings, behind the gate if they say so."""
        if self.settings.prediction.predictor == "statistical":
            return self.statistical()
        model = self.bedrock()
        if not self.settings.prediction.gate:
            return model
        from omnix_cli.predictors.comparison import GatedPredictor

        consent = self.settings.privacy.consent_ai_analysis
        return GatedPredictor(model, self.statistical(), self.settings.prediction, default_consent=consent)

    def statistical(self) -> StatisticalPredictor:
        return StatisticalPredictor(self.settings.prediction, min_customers=self.settings.privacy.min_customers)

    def bedrock(self) -> BedrockPredictor:
        """The predictor that asks a model: on demand unless the settings name batch jobs."""
        from omnix_cli.predictors.bedrock.batches.reply_source import ModelAccess
        from omnix_cli.predictors.bedrock.predictor import BedrockPredictor

        name = self.settings.prediction.predictor
        jobs = self.jobs() if self.has_jobs and name in ("bedrock-batch", "auto") else None
        return BedrockPredictor(
            self.statistical(),
            ModelAccess(self.answers(), cache(self.asker), jobs),
            self.prompt(),
            self.settings.bedrock,
            self.settings.prediction,
            default_consent=self.settings.privacy.consent_ai_analysis,
            name="bedrock" if name == "statistical" else name,
            run=self.run,
        )

    def contender(self, spec: str) -> Predictor:
        """A predictor to compare: `statistical`, `bedrock`, `bedrock=MODEL`, `bedrock=MODEL+PROMPT` or
        `bedrock+PROMPT`. Models are always asked on demand."""
        name, _, prompt = spec.partition("+")
        name, _, model = name.partition("=")
        if name == "statistical" and not (model or prompt):
            return self.statistical()
        if name != "bedrock":
            hint = "Use statistical, bedrock, bedrock=MODEL or bedrock=MODEL+PROMPT@VERSION."
            raise ConfigError(f"{spec!r} cannot be compared", hint=hint)
        given = {key: value for key, value in (("model", model), ("prompt", prompt)) if value}
        bedrock = self.settings.bedrock.model_copy(update=given)
        prediction = self.settings.prediction.model_copy(update={"predictor": "bedrock"})
        changed = self.settings.model_copy(update={"bedrock": bedrock, "prediction": prediction})
        return replace(self, settings=changed).bedrock()

    def asker(self) -> ConverseAsker:
        """Asks the model of the settings on demand, within the budget of this run."""
        from omnix_cli.predictors.bedrock.answers.checking import ANSWER_SCHEMA
        from omnix_cli.predictors.bedrock.asking.client import connect
        from omnix_cli.predictors.bedrock.asking.converse import ConverseAsker

        client, recorder = connect(self.settings.bedrock), self._recorder()
        return ConverseAsker(client, recorder, schema=ANSWER_SCHEMA, budget=self.budget, is_time=self.is_time)

    @property
    def has_jobs(self) -> bool:
        batch = self.settings.bedrock.batch
        return bool(batch.location and batch.role_arn)

    def jobs(self) -> BatchJobs:
        """Batch jobs. Raises `ConfigError` when no location or role is set."""
        bedrock = self.settings.bedrock
        if not self.has_jobs or bedrock.batch.location is None:
            hint = "Set bedrock.batch.location and bedrock.batch.role_arn."
            raise ConfigError("batch jobs need a location and a role", hint=hint)
        from omnix_cli.predictors.bedrock.asking.client import connect
        from omnix_cli.predictors.bedrock.batches.job_service import JobService
        from omnix_cli.predictors.bedrock.batches.jobs import BedrockBatches
        from omnix_cli.stores.s3.folders import s3_folder

        objects = s3_folder(bedrock.batch.location, self.settings.s3)
        return BedrockBatches(JobService(connect(bedrock, "bedrock"), bedrock), objects, self._recorder(), self.budget)

    @cached_property
    def prices(self) -> PriceTable:
        return load_prices(self.settings.bedrock.prices)

    def prompt(self) -> Prompt:
        from omnix_cli.predictors.bedrock.prompts.prompt_files import load_prompt

        return load_prompt(self.settings.bedrock.prompt)

    def terms(self, seconds_per_answer: float | None) -> Terms:
        from omnix_cli.predictors.bedrock.asking.estimates import SECONDS_PER_ANSWER, Terms

        return Terms(self.prices, self.settings.bedrock, seconds_per_answer or SECONDS_PER_ANSWER)

    def _recorder(self) -> ReplyRecorder:
        from omnix_cli.predictors.bedrock.asking.conversation import ReplyRecorder

        return ReplyRecorder(self.answers(), self.prices, self.settings.bedrock, self.now, self.run)
