"""`omnix runs list | show | diff | prune`."""

from __future__ import annotations

from typing import Annotated

import typer

from omnix_cli.cli.options import DryRun, Output, Session, expand

app = typer.Typer(help="What earlier runs used and made.", no_args_is_help=True)


@app.command("list", epilog="Example: omnix runs list --limit 5")
@expand
def list_runs(
    session: Session,
    output: Output,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 20,
) -> None:
    """List the runs, newest first."""
    from itertools import islice

    from omnix_cli.reports.tables import runs_table

    records = session.open().records.newest_first()
    output.write(runs_table(list(islice(records, limit))), title="Runs")


@app.command(epilog="Example: omnix runs show latest --format json")
@expand
def show(
    session: Session,
    output: Output,
    run: Annotated[str, typer.Argument(help="A run's id, the beginning of one, or `latest`.")] = "latest",
) -> None:
    """Show the steps of a run: rows, seconds, peak memory, reused or ran, and why."""
    from omnix_cli.reports.tables import steps_table

    record = session.open().records.load(run)
    code = "" if record.exit_code is None else f", exit code {record.exit_code}"
    output.write(steps_table(record.steps), title=f"Run {record.run_id}, as of {record.as_of}: {record.status}{code}")


@app.command(epilog="Example: omnix runs diff 20180101 latest")
@expand
def diff(
    session: Session,
    output: Output,
    before: Annotated[str, typer.Argument(help="A run's id, or the beginning of one.")],
    after: Annotated[str, typer.Argument(help="Another run's id, or `latest`.")] = "latest",
) -> None:
    """Show in what two runs differ: settings, sources, and each step's key, rows and figures."""
    from omnix_cli.reports.tables import records_table
    from omnix_cli.services.runs.history import compare

    records = session.open().records
    left, right = records.load(before), records.load(after)
    output.write(
        records_table(compare(left, right), ("what", "before", "after")), title=f"From {left.run_id} to {right.run_id}"
    )


@app.command(epilog="Example: omnix runs prune --keep 7 --dry-run")
@expand
def prune(
    session: Session,
    output: Output,
    keep: Annotated[int, typer.Option("--keep", min=1, help="How many of the newest runs stay.")] = 10,
    dry_run: DryRun = False,
) -> None:
    """Remove old runs and the checkpoints that nothing needs any more; import batches always stay."""
    from omnix_cli.reports.tables import removed_table

    with session.locked("runs prune", dry_run=dry_run) as workspace:
        report = workspace.prune(keep=keep, dry_run=dry_run)
    verb = "Would be removed" if dry_run else "Removed"
    title = f"{verb}: {report.freed_bytes / 1e6:.1f} MB; kept: {report.kept_runs} runs"
    output.write(
        removed_table(report.runs, report.checkpoints), title=f"{title}, {report.kept_checkpoints} checkpoints"
    )
