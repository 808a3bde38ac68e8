"""`omnix predict`: predictions, and all that goes with having a model make them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omnix_cli.cli.options import AsOf, Output, Session, expand, note
from omnix_cli.cli.steps import PredictorName, Work, bring_up_to_date, told

if TYPE_CHECKING:
    from omnix_cli.records import BatchJob

app = typer.Typer(help="Predict when each customer needs what again.", invoke_without_command=True)
prompts = typer.Typer(help="The prompts that models are asked by.", no_args_is_help=True)
app.add_typer(prompts, name="prompts")

Model = Annotated[str | None, typer.Option("--model", help="The model: an id, or the id or ARN of a profile.")]
Prompt = Annotated[str | None, typer.Option("--prompt", help="The prompt: a name, or name@version.")]
Budget = Annotated[str | None, typer.Option("--budget", help="Dollars that this run may spend on a model, at most.")]
Compare = Annotated[
    str | None,
    typer.Option(
        "--compare",
        help="Compare predictors on a time that is over: statistical,bedrock,bedrock=MODEL,bedrock=MODEL+PROMPT.",
    ),
]
Customers = Annotated[int | None, typer.Option("--customers", min=1, help="Customers of a comparison, at most.")]
ShowPrompt = Annotated[
    str | None,
    typer.Option("--show-prompt", metavar="CUSTOMER", help="Print exactly what would be sent about a customer."),
]

_SCORES = (
    "predictor",
    "customers",
    "bought",
    "mean_error_days",
    "median_error_days",
    "within_7_days",
    "brier",
    "calibration_error",
    "invalid_share",
    "input_tokens",
    "output_tokens",
    "cost",
    "seconds",
)
_COSTS = ("model", "mode", "questions", "input_tokens", "output_tokens", "dollars", "dollars_at_most", "minutes")


@app.callback(epilog="Example: omnix predict --predictor bedrock --budget 5 --dry-run")
@expand
def predict(
    context: typer.Context,
    session: Session,
    output: Output,
    work: Work,
    predictor: PredictorName = None,
    model: Model = None,
    prompt: Prompt = None,
    budget: Budget = None,
    compare: Compare = None,
    customers: Customers = None,
    show_prompt: ShowPrompt = None,
) -> None:
    """Predict when each customer needs what again."""
    if context.invoked_subcommand:
        return
    flags: dict[str, Any] = {
        "prediction__predictor": predictor,
        "prediction__compare_customers": customers,
        "bedrock__model": model,
        "bedrock__prompt": prompt,
        "bedrock__budget": budget,
    }
    if compare is not None:
        _compare(compare.split(","), session, output, as_of=work.as_of, **flags)
    elif show_prompt is not None:
        _show_prompt(show_prompt, session, as_of=work.as_of, **flags)
    elif work.dry_run and session.load(as_of=work.as_of, **flags).values.prediction.predictor != "statistical":
        _estimate(session, output, as_of=work.as_of, **flags)
    else:
        bring_up_to_date("predict", session, output, work, **flags)


@app.command(epilog="Example: omnix predict status")
@expand
def status(session: Session, output: Output) -> None:
    """Show the batch jobs, as Bedrock says they stand."""
    from omnix_cli.wiring.models import Models

    _tell_jobs(Models(session.open()).jobs(), output, "Batch jobs")


@app.command(epilog="Example: omnix predict collect")
@expand
def collect(session: Session, output: Output) -> None:
    """Take the answers in of the batch jobs that have ended."""
    from omnix_cli.wiring.models import Models

    with session.locked("predict collect") as workspace:
        jobs = Models(workspace).collect()
    _tell_jobs(jobs, output, "Batch jobs")
    if any(job.done for job in jobs):
        note("What was collected is used by the next `omnix predict` or `omnix run`.")


@app.command("retry-failed", epilog="Example: omnix predict retry-failed --as-of 2018-01-01")
@expand
def retry_failed(
    session: Session, output: Output, as_of: AsOf = None, predictor: PredictorName = None, budget: Budget = None
) -> None:
    """Ask again about the customers who got no valid answer."""
    from omnix_cli.wiring.models import Models

    flags: dict[str, Any] = {"as_of": as_of, "prediction__predictor": predictor, "bedrock__budget": budget}
    with session.locked("predict retry-failed", **flags) as workspace, told(workspace, output):
        Models(workspace).retry_failed()


@app.command(epilog="Example: omnix predict usage --format csv")
@expand
def usage(session: Session, output: Output) -> None:
    """Show what models answered so far: replies, tokens and dollars, by run, model, prompt and mode."""
    from omnix_cli.wiring.models import Models

    output.write(Models(session.open()).usage(), title="Replies of models, in dollars")


@prompts.command("list", epilog="Example: omnix predict prompts list")
@expand
def list_prompts(session: Session, output: Output) -> None:
    """List the prompts with their versions and hashes."""
    from omnix_cli.predictors.bedrock.prompts.trials import prompt_list

    session.load()
    output.write(prompt_list(), title="Prompts")


@prompts.command("diff", epilog="Example: omnix predict prompts diff replenishment@1 replenishment")
@expand
def diff_prompts(
    session: Session,
    old: Annotated[str, typer.Argument(help="A prompt: a name, or name@version.")],
    new: Annotated[str, typer.Argument(help="Another one.")],
) -> None:
    """Show what changed from one prompt to another."""
    from omnix_cli.predictors.bedrock.prompts.prompt_files import load_prompt
    from omnix_cli.predictors.bedrock.prompts.trials import prompt_difference

    session.load()
    sys.stdout.write(prompt_difference(load_prompt(old), load_prompt(new)))


@prompts.command("test", epilog="Example: omnix predict prompts test replenishment --model amazon.nova-pro-v1:0")
@expand
def test_prompt(
    session: Session,
    output: Output,
    prompt: Annotated[str, typer.Argument(help="A prompt: a name, or name@version.")] = "replenishment",
    model: Model = None,
    budget: Budget = None,
) -> None:
    """Ask a model about invented customers of whom it is known what a good answer says."""
    from omnix_cli.errors import PartialError
    from omnix_cli.reports.tables import records_table
    from omnix_cli.wiring.models import Models

    with session.locked("predict prompts test", bedrock__model=model, bedrock__budget=budget) as workspace:
        trials = Models(workspace).try_prompt(prompt)
    columns = ("case", "is_valid", "is_good", "problems", "input_tokens", "output_tokens", "cost", "seconds")
    good = sum(trial.is_good for trial in trials)
    output.write(records_table(trials, columns), title=f"{prompt}: {good} of {len(trials)} answers are good")
    if good < len(trials):
        raise PartialError(f"{len(trials) - good} of {len(trials)} answers are not good", hint="See `problems`.")


def _compare(specs: list[str], session: Session, output: Output, **flags: Any) -> None:
    from omnix_cli.wiring.models import Models

    with session.locked("predict --compare", **flags) as workspace:
        found = Models(workspace).compare(specs)
    title = f"Foretold on {found.time.cut}, looked up until {found.time.until}"
    output.write(found.frame, title=title, brief=_SCORES)


def _estimate(session: Session, output: Output, **flags: Any) -> None:
    from omnix_cli.wiring.models import Models

    with session.locked("predict", dry_run=True, **flags) as workspace:
        found = Models(workspace).estimate()
    for line in found.words:
        note(line)
    output.write(found.costs, title="What would be asked, in dollars", brief=_COSTS)


def _show_prompt(customer: str, session: Session, **flags: Any) -> None:
    from omnix_cli.wiring.models import Models

    sys.stdout.write(Models(session.open(**flags)).show(customer))


def _tell_jobs(jobs: list[BatchJob], output: Output, title: str) -> None:
    from omnix_cli.reports.tables import records_table

    columns = ("name", "status", "as_of", "model", "questions", "collected", "failed", "submitted_at", "message")
    output.write(records_table(jobs, columns), title=title)
