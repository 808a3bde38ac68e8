"""`omnix predict`: predictions, and all that goes with having them made by a model."""

from __future__ import annotations

from typing import Annotated

import typer

from omnix_cli.cli.options import Output, Session, expand, note
from omnix_cli.cli.steps import Work, bring_up_to_date

app = typer.Typer(
    help="Predict when each customer needs what again.",
    epilog="Example: omnix predict --predictor bedrock --dry-run",
    invoke_without_command=True,
)
prompts = typer.Typer(help="The prompts that models are asked with.", no_args_is_help=True)
app.add_typer(prompts, name="prompts")

PredictorName = Annotated[
    str | None,
    typer.Option("--predictor", help="What makes the predictions: statistical, bedrock, bedrock-batch or auto."),
]
Model = Annotated[str | None, typer.Option("--model", help="The model: an id, or that or the ARN of a profile.")]
Prompt = Annotated[str | None, typer.Option("--prompt", help="The prompt: a name, or name@version.")]
Budget = Annotated[float | None, typer.Option("--budget", min=0, help="Dollars that this run may spend at most.")]
Compare = Annotated[
    str | None,
    typer.Option(
        "--compare",
        help="Compare predictors on a time that is over instead: "
        "statistical,bedrock,bedrock=MODEL,bedrock=MODEL+PROMPT@VERSION.",
    ),
]
Customers = Annotated[int | None, typer.Option("--customers", min=1, help="Customers of a comparison, at most.")]
ShowPrompt = Annotated[
    str | None,
    typer.Option("--show-prompt", metavar="CUSTOMER", help="Print exactly what would be sent about this customer."),
]


@app.callback()
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
    flags = {
        "prediction__predictor": predictor,
        "bedrock__model": model,
        "bedrock__prompt": prompt,
        "bedrock__budget": budget,
        "prediction__compare_customers": customers,
    }
    if compare is not None:
        _compare(compare, session, output, work, **flags)
    elif show_prompt is not None:
        _show_prompt(show_prompt, session, work, **flags)
    else:
        bring_up_to_date("predict", session, output, work, **flags)
