"""What is done with models besides predicting: estimate the cost, compare, test prompts, collect jobs, retry.

Functions take what they need (a predictor, a runner, a ledger) and return small reports; nothing here connects to AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import polars as pl

from omnix_cli.counted_nouns import counted
from omnix_cli.errors import ConfigError, DataError, PartialError, UnavailableError
from omnix_cli.predictors.bedrock.answers.outcomes import TOO_LONG
from omnix_cli.predictors.bedrock.asking.estimates import Terms, estimate
from omnix_cli.predictors.bedrock.predictor import BedrockPredictor
from omnix_cli.predictors.bedrock.prompts.prompt_files import load_prompt
from omnix_cli.predictors.bedrock.prompts.trials import Trial, try_prompt
from omnix_cli.predictors.comparison import HeldOut, Score, compare, held_out
from omnix_cli.protocols.checkpoints import Figures
from omnix_cli.protocols.models import AnswerLedger, Asker, BatchJobs
from omnix_cli.protocols.steps import Predictor
from omnix_cli.records import NOT_ASKED, BatchJob, Question
from omnix_cli.services.as_of import IMPORT_SOME, NO_PURCHASES
from omnix_cli.services.lookups.run_frames import RunFrames
from omnix_cli.services.runs.commands import Command, RunReport, bring_up_to_date
from omnix_cli.services.runs.runner import Runner
from omnix_cli.settings import BedrockSettings
from omnix_cli.steps.consent import with_consent

_RETRY = Command("predict retry-failed", ("predict",))


@dataclass(frozen=True)
class CostEstimate:
    """One row of `costs` for each model and mode; `notes` say who would be asked about and how sure the figures are."""

    costs: pl.DataFrame
    notes: tuple[str, ...]


def estimate_costs(
    model: BedrockPredictor, runner: Runner, terms: Terms, *, count: Callable[[Question], int | None] | None
) -> CostEstimate:
    """Estimates the cost of the questions that a run would ask now. Nothing is asked, except to count tokens when
    `count` is given."""
    today = model.questions(**_inputs(runner), as_of=runner.as_of())
    products = sum(len(today.subjects[one].rows) for question in today.missing for one in question.customers)
    costs = estimate(today.missing, products, terms, count=count)
    skipped = today.choice.skipped.group_by("reason").len().sort("reason").iter_rows()
    exact = "tokens of some questions counted by the service, the others estimated from their length"
    estimated = "tokens estimated from the text; set bedrock.count_tokens to have the service count them"
    notes = (
        f"{counted(sum(len(question.customers) for question in today.missing), 'customer')} to ask about in"
        f" {counted(len(today.missing), 'question')}; {len(today.reused):,} served by earlier answers,"
        f" {len(today.replies):,} questions already answered",
        *(f"{counted(number, 'customer')} skipped: {reason}" for reason, number in skipped),
        exact if count else estimated,
        terms.prices.note,
        *terms.doubts,
    )
    return CostEstimate(costs, notes)


def expected_questions(model: BedrockPredictor, runner: Runner, terms: Terms) -> Figures:
    """What a run would ask the model of the settings, and what that costs, as figures."""
    first = estimate_costs(model, runner, terms, count=None).costs
    asked = first.filter(pl.col("model") == terms.settings.model)
    mode = "batch" if model.name == "bedrock-batch" else "on demand"
    rows = asked.filter(pl.col("mode") == mode).rows(named=True)
    if not rows:
        return {"to_ask": 0, "cost_usd": 0.0}
    return {
        "to_ask": rows[0]["customers"],
        "questions": rows[0]["questions"],
        "cost_usd": round(rows[0]["dollars"], 4),
        "cost_usd_at_most": round(rows[0]["dollars_at_most"], 4),
    }


@dataclass(frozen=True)
class Backtest:
    """The scores of predictors on a past period; `frame` has one row for each predictor."""

    period: HeldOut
    scores: Sequence[Score]

    @property
    def frame(self) -> pl.DataFrame:
        return pl.DataFrame([asdict(score) for score in self.scores])


def compare_predictors(specs: Sequence[str], contender: Callable[[str], Predictor], runner: Runner) -> Backtest:
    """Compares the predictors that `specs` name on the newest full period before the run's day. A spec may list several
    names, divided by commas; `contender` makes the predictor of a name; all share one budget.

    Raises `PartialError` with the report when a model was not asked about everybody."""
    names = [name for spec in specs for name in spec.split(",")]
    if len(names) < 2 or len(set(names)) < len(names):
        hint = "Write `statistical bedrock`, for example."
        raise ConfigError("a comparison needs two or more different predictors", hint=hint)
    contenders = {name: contender(name) for name in names}
    if not runner.sources["purchases"].rows:
        raise DataError(NO_PURCHASES, hint=IMPORT_SOME)
    consent = runner.settings.privacy.consent_ai_analysis
    period = held_out(runner.as_of(), runner.settings.prediction, default_consent=consent)
    frames = (runner.sources[name].scan() for name in ("purchases", "products", "customers"))
    made = Backtest(period, compare(contenders, *frames, period=period))
    if unasked := [f"{score.predictor} about {score.not_asked:,}" for score in made.scores if score.not_asked]:
        message = f"not asked about all {made.scores[0].customers:,} customers: {'; '.join(unasked)}"
        hint = "Raise --budget, or compare on fewer customers; answers so far are kept. See `not_asked`."
        raise PartialError(message, hint=hint, report=made)
    return made


@dataclass(frozen=True)
class PromptReport:
    """The answers of a model to a prompt, one for each invented customer; `good` counts the good ones."""

    prompt: str
    trials: tuple[Trial, ...]

    @property
    def good(self) -> int:
        return sum(trial.is_good for trial in self.trials)


def show_prompt(model: BedrockPredictor, runner: Runner, customer: str) -> str:
    """Exactly what would be sent to the model about a customer."""
    return model.show(customer, **_inputs(runner), as_of=runner.as_of())


@dataclass(frozen=True)
class SomePredictions:
    """The `predictions` about some customers whom a model was asked about. `failed` are those without a valid answer,
    `skipped` those that are not asked about, each with the reason; `left` those for whom there was no time."""

    predictions: pl.DataFrame
    failed: Mapping[str, str]
    skipped: Mapping[str, str]
    left: tuple[str, ...]


def predict_some(model: BedrockPredictor, runner: Runner, customers: Sequence[str]) -> SomePredictions:
    """Predicts for some customers, on demand. Answers are in the ledger, so that those who are left can be asked about
    later and nobody twice."""
    wanted = list(dict.fromkeys(customers))
    some = replace(model, access=replace(model.access, jobs=None), only=frozenset(wanted), name="bedrock")
    inputs, as_of = _inputs(runner), runner.as_of()
    frames = some.predict(**inputs, as_of=as_of).frames
    unanswered = dict(frames["dead_letters"].select("customer_id", "reason").iter_rows())
    considered = set(frames["usage"]["customer_id"])
    skipped: dict[str, str] = {}
    if others := [one for one in wanted if one not in considered]:
        reasons = dict(some.questions(**inputs, as_of=as_of).choice.skipped.iter_rows())
        skipped = {one: reasons.get(one, "no purchases") for one in others}
    answered = considered - unanswered.keys()
    return SomePredictions(
        frames["predictions"].filter(pl.col("customer_id").is_in(sorted(answered))),
        {one: unanswered[one] for one in wanted if unanswered.get(one, NOT_ASKED) != NOT_ASKED},
        skipped,
        tuple(one for one in wanted if unanswered.get(one) == NOT_ASKED),
    )


def _inputs(runner: Runner) -> dict[str, pl.LazyFrame]:
    frames = {name: frame.scan() for name, frame in runner.inputs("predict").items()}
    consent = runner.settings.privacy.consent_personalisation
    return frames | {"cycles": with_consent(frames["cycles"], frames["customers"], default=consent)}


def check_prompt(spec: str, answers: AnswerLedger, asker: Asker, settings: BedrockSettings) -> PromptReport:
    """Asks a model about invented customers whose good answers are known. Raises `PartialError` with the report when
    some answers are not good."""
    report = PromptReport(spec, tuple(try_prompt(load_prompt(spec), answers, asker, settings)))
    bad = len(report.trials) - report.good
    if bad:
        message = f"{bad} of {len(report.trials)} answers are not good"
        raise PartialError(message, hint="See `problems`.", report=report)
    return report


def job_states(service: BatchJobs) -> list[BatchJob]:
    """All batch jobs in their present state, newest first."""
    return [job if job.done else service.status(job) for job in service.jobs()]


def collect_jobs(service: BatchJobs) -> list[BatchJob]:
    """Collects the answers of all finished jobs; returns all jobs, newest first. Raises `UnavailableError` for a job
    whose answers cannot be read, after collecting those of the others."""
    jobs, unreadable = service.jobs(), list[UnavailableError]()
    for number, job in enumerate(jobs):
        try:
            jobs[number] = job if job.done else service.collect(job)
        except UnavailableError as error:
            unreadable.append(error)
    if unreadable:
        raise unreadable[0]
    return jobs


def retry_failed(runner: Runner, frames: RunFrames, answers: AnswerLedger, *, model: str, prompt: str) -> RunReport:
    """Asks again about the customers in the dead letters of the newest predictions for the run's day, and predicts
    again. `frames` are the frames of that day. An answer that was too long is kept: the same question would be cut off
    again, and one with a higher limit is another question."""
    as_of = runner.as_of()
    asked = answers.asked(model=model, prompt=prompt, since=as_of, until=as_of)
    letters = frames.scan("dead_letters").filter(pl.col("reason") != TOO_LONG).collect()
    answers.drop(questions_to_drop(letters, asked))
    return bring_up_to_date(_RETRY, lambda: runner, force=True)


def questions_to_drop(dead_letters: pl.DataFrame, asked: pl.DataFrame) -> list[str]:
    """The questions whose replies must be deleted before their customers can be asked about again: those about
    customers of `dead_letters` (`customer_id`) only. `asked` has one row for each `customer_id` and `question`."""
    failed = pl.col("customer_id").is_in(dead_letters["customer_id"].implode())
    return asked.group_by("question").agg(failed.all().alias("all")).filter("all")["question"].sort().to_list()
