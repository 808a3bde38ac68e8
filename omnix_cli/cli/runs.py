"""`omnix runs list | show | diff | prune`."""

from __future__ import annotations

from typing import Annotated

import typer

from omnix_cli.cli.options import RUN, DryRun, Limit, OutputSession, command

app = typer.Typer(name="runs", help="Look at earlier runs, and remove old ones.", no_args_is_help=True)


@command(app, "omnix runs list --limit 5", name="list")
def list_runs(session: OutputSession, limit: Limit = 20) -> None:
    """List the runs, newest first."""
    from omnix_cli.reports.output import runs_table

    session.write(runs_table(session.workspace.runs.list(limit=limit)), title="Runs")


@command(app, "omnix runs show latest --format json")
def show(
    session: OutputSession,
    run: Annotated[str, typer.Argument(metavar=RUN, help="A run's id, the beginning of one, or `latest`.")] = "latest",
) -> None:
    """Show the steps of a run. For each: rows, seconds, peak memory, whether it ran or was reused, and why."""
    from omnix_cli.reports.output import steps_table

    record = session.workspace.runs.show(run)
    code = "" if record.exit_code is None else f", exit code {record.exit_code}"
    session.write(steps_table(record.steps), title=f"Run {record.run_id}, as of {record.as_of}: {record.status}{code}")


@command(app, "omnix runs diff 20180101 latest")
def diff(
    session: OutputSession,
    before: Annotated[str, typer.Argument(metavar=RUN, help="A run's id, or the beginning of one.")],
    after: Annotated[
        str, typer.Argument(metavar=RUN, help="Another run's id, the beginning of one, or `latest`.")
    ] = "latest",
) -> None:
    """Show what differs between two runs. Compares settings, sources, and each step's key, rows and figures."""
    made = session.workspace.runs.diff(before, after)
    session.write_records(made.differences, ("what", "before", "after"), title=f"From {made.before} to {made.after}")


@command(app, "omnix runs prune --keep 7 --dry-run")
def prune(
    session: OutputSession,
    keep: Annotated[int, typer.Option("--keep", min=1, help="Keep so many of the newest runs.")] = 10,
    dry_run: DryRun = False,
) -> None:
    """Remove old runs and unneeded checkpoints. Import batches always stay."""
    from omnix_cli.reports.output import removed_table

    report = session.workspace.runs.prune(keep=keep, dry_run=dry_run)
    verb = "Would be removed" if report.dry_run else "Removed"
    kept = f"kept: {report.kept_runs} runs, {report.kept_checkpoints} checkpoints"
    title = f"{verb}: {report.freed_bytes / 1e6:.1f} MB; {kept}"
    session.write(removed_table(report.runs, report.checkpoints), title=title)
