"""`workspace.models`: what is done with models besides predicting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from omnix_cli.api.opening import Opening, model_settings

if TYPE_CHECKING:
    import polars as pl

    from omnix_cli.api.opening import Dollars
    from omnix_cli.records import BatchJob
    from omnix_cli.services.models import Backtest, CostEstimate, PromptReport
    from omnix_cli.services.runs.commands import RunReport


@dataclass(frozen=True)
class Models:
    """The models that the settings of a workspace name."""

    opening: Opening

    def compare(
        self,
        *predictors: str,
        as_of: str | None = None,
        customers: int | None = None,
        model: str | None = None,
        prompt: str | None = None,
        budget: Dollars | None = None,
    ) -> Backtest:
        """Backtests predictors on a past period: `statistical`, `bedrock`, `bedrock=MODEL` or
        `bedrock=MODEL+PROMPT@VERSION`. A model is asked on demand, about consenting customers."""
        from omnix_cli.services.models import compare_predictors

        changes = {"prediction__compare_customers": customers, **model_settings(model, prompt, budget)}
        with self.opening.locked("predict compare", as_of=as_of, **changes) as workspace:
            runner = workspace.runner(workspace.predictors.statistical())
            return compare_predictors(predictors, workspace.predictors.contender, runner)

    def asks(self, predictor: str | None = None) -> bool:
        """Whether this predictor, or the one of the settings, asks a model."""
        return self.opening.load(prediction__predictor=predictor).values.prediction.predictor != "statistical"

    def estimate(
        self,
        *,
        as_of: str | None = None,
        predictor: str | None = None,
        model: str | None = None,
        prompt: str | None = None,
        budget: Dollars | None = None,
    ) -> CostEstimate:
        """What a prediction run by a model would ask and cost. Nothing is asked and nothing is kept."""
        from omnix_cli.services.models import estimate_costs
        from omnix_cli.wiring.rehearsals import scratch_runner

        changes = {"prediction__predictor": predictor, **model_settings(model, prompt, budget)}
        with self.opening.locked("predict estimate", dry_run=True, as_of=as_of, **changes) as workspace:
            predictors, bedrock = workspace.predictors, workspace.settings.bedrock
            terms = predictors.terms(workspace.answers.seconds_per_reply(model=bedrock.model))
            count = predictors.asker().count_tokens if bedrock.count_tokens else None
            predicting = predictors.bedrock()
            with scratch_runner(workspace, predicting) as runner:
                return estimate_costs(predicting, runner, terms, count=count)

    def show_prompt(
        self,
        customer: str,
        *,
        as_of: str | None = None,
        predictor: str | None = None,
        model: str | None = None,
        prompt: str | None = None,
    ) -> str:
        """Exactly what would be sent to the model about a customer."""
        from omnix_cli.services.models import show_prompt
        from omnix_cli.wiring.rehearsals import scratch_runner

        asking = model_settings(model, prompt)
        workspace = self.opening.read(as_of=as_of, prediction__predictor=predictor, **asking)
        predicting = workspace.predictors.bedrock()
        with scratch_runner(workspace, predicting) as runner:
            return show_prompt(predicting, runner, customer)

    def jobs(self) -> list[BatchJob]:
        """All batch jobs in their present state, newest first."""
        from omnix_cli.services.models import job_states

        return job_states(self.opening.read().predictors.jobs())

    def collect(self) -> list[BatchJob]:
        """Collects the answers of finished batch jobs; the next `predict` or `run` uses them."""
        from omnix_cli.services.models import collect_jobs

        with self.opening.locked("predict collect", resumes=True) as workspace:
            return collect_jobs(workspace.predictors.jobs())

    def retry_failed(
        self, *, as_of: str | None = None, predictor: str | None = None, budget: Dollars | None = None
    ) -> RunReport:
        """Asks again about the customers for whom a model gave no valid answer, and predicts again."""
        from omnix_cli.services.models import retry_failed

        changes = {"prediction__predictor": predictor, **model_settings(budget=budget)}
        with self.opening.locked("predict retry-failed", as_of=as_of, **changes) as workspace:
            frames, answers = workspace.results(on_day=True).frames, workspace.answers
            model, prompt = workspace.settings.bedrock.model, workspace.predictors.prompt().id
            return retry_failed(workspace.runner(), frames, answers, model=model, prompt=prompt)

    def dead_letters(self, *, limit: int | None = None, run: str = "latest", as_of: str | None = None) -> pl.DataFrame:
        """The customers without a valid answer of a model in the newest predictions, and why."""
        found = self.opening.results(as_of=as_of).results(run, on_day=as_of is not None).frames.scan("dead_letters")
        return (found if limit is None else found.head(limit)).collect()

    def usage(self) -> pl.DataFrame:
        """The replies of models so far, with tokens and dollars, by run, model, prompt and mode; and the dollars that
        `may_have_been_billed` besides, for answers that never arrived."""
        return self.opening.read().answers.totals()

    def prompts(self) -> pl.DataFrame:
        """All prompts, with their versions and hashes."""
        from omnix_cli.predictors.bedrock.prompts.trials import prompt_list

        self.opening.load()
        return prompt_list()

    def diff_prompts(self, old: str, new: str) -> str:
        """What changed from one prompt to another, as a unified diff; empty if nothing did."""
        from omnix_cli.predictors.bedrock.prompts.prompt_files import load_prompt
        from omnix_cli.predictors.bedrock.prompts.trials import prompt_difference

        self.opening.load()
        return prompt_difference(load_prompt(old), load_prompt(new))

    def check_prompt(
        self, prompt: str = "replenishment", *, model: str | None = None, budget: Dollars | None = None
    ) -> PromptReport:
        """Asks the model about invented customers whose good answers are known."""
        from omnix_cli.services.models import check_prompt

        with self.opening.locked("predict prompts test", bedrock__model=model, bedrock__budget=budget) as workspace:
            predictors, bedrock = workspace.predictors, workspace.settings.bedrock
            return check_prompt(prompt, workspace.answers, predictors.asker(), bedrock)
