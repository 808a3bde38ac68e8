"""`omnix predict`: predictions, and everything about the models that make them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from omnix_cli.cli.options import (
    AsOf,
    Customers,
    Limit,
    OutputSession,
    Session,
    command,
    expand,
    instead,
    note,
    render,
    write_text,
)
from omnix_cli.cli.steps import Predictor, Work, show_run

if TYPE_CHECKING:
    from omnix_cli.records import BatchJob
    from omnix_cli.services.models import Backtest, CostEstimate

app = typer.Typer(name="predict", help="Predict when each customer needs what again.", invoke_without_command=True)
prompts = typer.Typer(help="List, compare and test the prompts.", no_args_is_help=True)
app.add_typer(prompts, name="prompts")

Model = Annotated[
    str | None, typer.Option("--model", help="The model: its id, or the id or ARN of an inference profile.")
]
Prompt = Annotated[str | None, typer.Option("--prompt", help="The prompt: a name, or name@version.")]
Budget = Annotated[
    str | None, typer.Option("--budget", metavar="DOLLARS", help="Spend at most so many dollars on a model.")
]

_USE = ("input_tokens", "output_tokens", "cost", "seconds")
_ERRORS = (
    "mean_error_days",
    "median_error_days",
    "within_7_days",
    "brier",
    "calibration_error",
    "invalid_share",
    "not_asked",
)
_SCORES = ("predictor", "customers", "bought", *_ERRORS, *_USE)
_COSTS = ("model", "mode", "questions", "input_tokens", "output_tokens", "dollars", "dollars_at_most", "minutes")


@dataclass(frozen=True)
class Asking:
    """How a model is asked."""

    model: Model = None
    prompt: Prompt = None
    budget: Budget = None


@app.callback(epilog="Example: omnix predict --predictor bedrock --budget 5")
@expand
def predict(
    context: typer.Context,
    session: OutputSession,
    work: Work,
    *,
    predictor: Predictor = None,
    asking: Asking,
    old_compare: Annotated[str | None, typer.Option("--compare", hidden=True)] = None,
    old_customers: Annotated[int | None, typer.Option("--customers", hidden=True)] = None,
    old_show_prompt: Annotated[str | None, typer.Option("--show-prompt", hidden=True)] = None,
) -> None:
    """Predict when each customer needs what again."""
    if context.invoked_subcommand:
        return
    workspace, models, day = session.workspace, session.workspace.models, work.as_of
    if old_compare is not None:
        instead("predict --compare", "predict compare")
        compared = old_compare
        _show_scores(lambda: models.compare(compared, as_of=day, customers=old_customers, **vars(asking)), session)
    elif old_show_prompt is not None:
        instead("predict --show-prompt", "predict show-prompt")
        chosen = {"predictor": predictor, "model": asking.model, "prompt": asking.prompt}
        write_text(models.show_prompt(old_show_prompt, as_of=day, **chosen))
    elif work.dry_run and models.asks(predictor):
        instead("predict --dry-run", "predict estimate")
        _show_costs(models.estimate(as_of=day, predictor=predictor, **vars(asking)), session)
    else:
        show_run(lambda: workspace.predict(**vars(work), predictor=predictor, **vars(asking)), session)


@command(app, "omnix predict compare statistical bedrock --budget 1")
def compare(
    session: OutputSession,
    predictors: Annotated[
        list[str],
        typer.Argument(
            metavar="PREDICTOR",
            help="Two or more of: statistical, bedrock, bedrock=MODEL, bedrock=MODEL+PROMPT@VERSION.",
        ),
    ],
    *,
    as_of: AsOf = None,
    customers: Customers = None,
    asking: Asking,
) -> None:
    """Backtest predictors on a past period. Shows how close each came to what was bought, and what it cost."""
    call = session.workspace.models.compare
    _show_scores(lambda: call(*predictors, as_of=as_of, customers=customers, **vars(asking)), session)


@command(app, "omnix predict show-prompt 1142 --prompt replenishment", name="show-prompt")
def show_prompt(
    session: Session,
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="A customer id.")],
    as_of: AsOf = None,
    predictor: Predictor = None,
    model: Model = None,
    prompt: Prompt = None,
) -> None:
    """Print the prompt about a customer. This is exactly what would be sent to a model; nothing is sent."""
    call = session.workspace.models.show_prompt
    write_text(call(customer, as_of=as_of, predictor=predictor, model=model, prompt=prompt))


@command(app, "omnix predict estimate --predictor bedrock --budget 5")
def estimate(session: OutputSession, *, as_of: AsOf = None, predictor: Predictor = None, asking: Asking) -> None:
    """Estimate the cost of predictions by a model. Nothing is sent."""
    _show_costs(session.workspace.models.estimate(as_of=as_of, predictor=predictor, **vars(asking)), session)


@command(app, "omnix predict status")
def status(session: OutputSession) -> None:
    """Show the batch jobs and their state."""
    _show_jobs(session.workspace.models.jobs(), session)


@command(app, "omnix predict collect")
def collect(session: OutputSession) -> None:
    """Collect the answers of finished batch jobs."""
    jobs = session.workspace.models.collect()
    _show_jobs(jobs, session)
    if any(job.done for job in jobs):
        note("The next `omnix predict` or `omnix run` uses the collected answers.")


@command(app, "omnix predict retry-failed --as-of 2018-01-01", name="retry-failed")
def retry_failed(
    session: OutputSession, as_of: AsOf = None, predictor: Predictor = None, budget: Budget = None
) -> None:
    """Ask again about failed customers. These are the customers for whom a model gave no valid answer."""
    call = session.workspace.models.retry_failed
    show_run(lambda: call(as_of=as_of, predictor=predictor, budget=budget), session)


@command(app, "omnix predict dead-letters --limit 50", name="dead-letters")
def dead_letters(session: OutputSession, as_of: AsOf = None, limit: Limit = 20) -> None:
    """List the customers without a valid answer, and why. Statistical predictions are used for them."""
    found = session.workspace.models.dead_letters(as_of=as_of, limit=limit)
    session.write(found, title="Customers without a valid answer", brief=("customer_id", "reason", "detail"))


@command(app, "omnix predict usage --format csv")
def usage(session: OutputSession) -> None:
    """Show what models cost so far. Counts replies, tokens and dollars by run, model, prompt and mode; also what may
    have been billed besides, for answers that never arrived."""
    session.write(session.workspace.models.usage(), title="Replies of models, in dollars")


@command(prompts, "omnix predict prompts list", name="list")
def list_prompts(session: OutputSession) -> None:
    """List the prompts with their versions and hashes."""
    session.write(session.workspace.models.prompts(), title="Prompts")


@command(prompts, "omnix predict prompts diff replenishment@1 replenishment", name="diff")
def diff_prompts(
    session: Session,
    old: Annotated[str, typer.Argument(help="A prompt: a name, or name@version.")],
    new: Annotated[str, typer.Argument(help="Another prompt.")],
) -> None:
    """Show what changed from one prompt to another."""
    write_text(session.workspace.models.diff_prompts(old, new))


@command(prompts, "omnix predict prompts test replenishment --model amazon.nova-pro-v1:0", name="test")
def test_prompt(
    session: OutputSession,
    prompt: Annotated[str, typer.Argument(help="A prompt: a name, or name@version.")] = "replenishment",
    model: Model = None,
    budget: Budget = None,
) -> None:
    """Test a prompt on invented customers whose good answers are known. Ends with exit code 5 if one is not good."""
    render(
        lambda: session.workspace.models.check_prompt(prompt, model=model, budget=budget),
        lambda report: session.write_records(
            report.trials,
            ("case", "is_valid", "is_good", "problems", *_USE),
            title=f"{report.prompt}: {report.good} of {len(report.trials)} answers are good",
        ),
    )


def _show_scores(call: Callable[[], Backtest], session: OutputSession) -> None:
    def show(made: Backtest) -> None:
        title = f"Predicted on {made.period.cut}, compared with purchases until {made.period.until}"
        session.write(made.frame, title=title, brief=_SCORES)

    render(call, show)


def _show_costs(made: CostEstimate, session: OutputSession) -> None:
    for line in made.notes:
        note(line)
    session.write(made.costs, title="Estimated cost, in dollars", brief=_COSTS)


def _show_jobs(jobs: list[BatchJob], session: OutputSession) -> None:
    columns = ("name", "status", "as_of", "model", "questions", "collected", "failed", "submitted_at", "message")
    session.write_records(jobs, columns, title="Batch jobs")
