"""What is done with models besides predicting: what it would cost, who is better, jobs, what failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import polars as pl

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.predictors.bedrock.asking.estimates import estimate
from omnix_cli.predictors.bedrock.predictor import BedrockPredictor
from omnix_cli.predictors.bedrock.prompts.prompt_files import load_prompt
from omnix_cli.predictors.bedrock.prompts.trials import Trial, try_prompt
from omnix_cli.predictors.comparison import HeldOut, Score, compare, held_out
from omnix_cli.records import BatchJob, Question, RunRecord
from omnix_cli.services.predictions import questions_to_drop
from omnix_cli.services.runs.scratch import without_trace
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from omnix_cli.stores.workspace.folders import DiskShelf
from omnix_cli.wiring.workspaces import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnix_cli.services.runs.runner import Runner


@dataclass(frozen=True)
class Estimate:
    """What a run would ask: `costs` by model and way, and in words about whom, and what the figures rest on."""

    costs: pl.DataFrame
    words: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """How predictors did on a time that is over."""

    time: HeldOut
    scores: Sequence[Score]

    @property
    def frame(self) -> pl.DataFrame:
        """One row a predictor."""
        return pl.DataFrame([asdict(score) for score in self.scores])


@dataclass(frozen=True)
class Models:
    """The models that the settings name, in a workspace."""

    workspace: Workspace

    def estimate(self) -> Estimate:
        """What a prediction run would ask and cost. Nothing is asked (but to count tokens, if the settings say so) and
        nothing is kept."""
        model = self.workspace.predictors.bedrock()
        with self._frames(model) as (frames, as_of):
            inquiry = model.questions(**frames, as_of=as_of)
        products = sum(len(inquiry.subjects[one].rows) for asked in inquiry.missing for one in asked.customers)
        terms = self.workspace.predictors.terms(self._seconds_per_answer())
        count = self._count() if self.workspace.settings.bedrock.count_tokens else None
        costs = estimate(inquiry.missing, products, terms, count=count)
        skipped = inquiry.choice.skipped.group_by("reason").len().sort("reason").iter_rows()
        words = (
            f"{sum(len(asked.customers) for asked in inquiry.missing):,} customers to ask about in"
            f" {len(inquiry.missing):,} questions, {len(inquiry.reused):,} answered by earlier ones,"
            f" {len(inquiry.replies):,} questions already answered",
            *(f"{number:,} customers not asked about: {reason}" for reason, number in skipped),
            "tokens of some questions counted by the service, the others by their length"
            if count
            else "tokens estimated from the text; bedrock.count_tokens has the service count them",
            terms.prices.note,
        )
        return Estimate(costs, words)

    def show(self, customer: str) -> str:
        """All that would be sent about a customer."""
        model = self.workspace.predictors.bedrock()
        with self._frames(model) as (frames, as_of):
            return model.show(customer, **frames, as_of=as_of)

    def compare(self, specs: Sequence[str]) -> Comparison:
        """The contenders over the newest held-out time."""
        if len(specs) < 2 or len(set(specs)) < len(specs):
            raise ConfigError(
                "a comparison needs two or more different predictors", hint="Write --compare statistical,bedrock."
            )
        workspace, prediction = self.workspace, self.workspace.settings.prediction
        contenders = {spec: workspace.predictors.contender(spec) for spec in specs}
        time = held_out(
            workspace.runner(workspace.predictors.statistical()).as_of(),
            prediction.compare_days,
            customers=prediction.compare_customers,
            default_consent=workspace.settings.privacy.consent_ai_analysis,
            personal_purchases=prediction.personal_purchases,
        )
        sources = workspace.sources()
        if not sources["purchases"].rows:
            raise DataError("there are no purchases yet", hint="Take some in with `omnix import purchases FILES...`.")
        scores = compare(
            contenders,
            *(sources[name].scan() for name in ("purchases", "products", "customers")),
            time_out=time,
        )
        return Comparison(time, scores)

    def jobs(self) -> list[BatchJob]:
        """The batch jobs as they stand now, newest first."""
        service = self.workspace.predictors.jobs()
        return [job if job.done else service.status(job) for job in service.jobs()]

    def collect(self) -> list[BatchJob]:
        """Takes the answers in of all jobs that have ended; every job as it stands then."""
        service = self.workspace.predictors.jobs()
        return [job if job.done else service.collect(job) for job in service.jobs()]

    def retry_failed(self) -> RunRecord:
        """Asks again about the dead letters of the last predictions of the settings' day, and predicts anew."""
        workspace, model = self.workspace, self.workspace.settings.bedrock.model
        as_of = workspace.runner().as_of()
        failed = workspace.findings("latest", on_day=True).dead_letters()
        asked = workspace.answers.asked(model=model, prompt=workspace.predictors.prompt().id, since=as_of, until=as_of)
        workspace.answers.drop(questions_to_drop(failed, asked))
        return workspace.runner().execute(("predict",), command="predict retry-failed", force=("predict",))

    def usage(self) -> pl.DataFrame:
        """Replies, tokens and dollars by run, model, prompt and way, newest run first."""
        return self.workspace.answers.totals()

    def try_prompt(self, spec: str) -> list[Trial]:
        """Asks the model about invented customers by a prompt."""
        predictors = self.workspace.predictors
        return try_prompt(
            load_prompt(spec), self.workspace.answers, predictors.asker(), self.workspace.settings.bedrock
        )

    def _count(self) -> Callable[[Question], int | None]:
        return self.workspace.predictors.asker().count_tokens

    def _seconds_per_answer(self) -> float | None:
        return self.workspace.answers.seconds_per_reply(model=self.workspace.settings.bedrock.model)

    @contextmanager
    def _frames(self, model: BedrockPredictor) -> Iterator[tuple[dict[str, Any], date]]:
        """What the predictor reads, computed without a trace where it is not there."""
        with TemporaryDirectory(prefix="omnix-") as folder:
            scratch = ParquetCheckpoints(DiskShelf(Path(folder)), now=self.workspace.now)
            runner: Runner = without_trace(self.workspace.runner(model), scratch)
            frames = runner.inputs("predict")
            yield {name: frame.scan() for name, frame in frames.items()}, runner.as_of()
