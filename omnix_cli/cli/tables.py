"""`omnix tables create | status | drop`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from omnix_cli.cli.options import DryRun, Output, Session, expand, note, render
from omnix_cli.errors import ConfigError

if TYPE_CHECKING:
    from omnix_cli.services.tables import Finding

app = typer.Typer(help="Create, check, drop and move the tables of the store.", no_args_is_help=True)

Names = Annotated[
    list[str] | None, typer.Argument(metavar="TABLE", help="Tables such as recommendations (default: all).")
]
Prefix = Annotated[str | None, typer.Option("--prefix", help="The tables are named <prefix>-<table>-<stage>.")]
Stage = Annotated[str | None, typer.Option("--stage", help="The stage in these names, such as dev or production.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@app.command(epilog="Example: omnix tables create --stage production --dry-run")
@expand
def create(
    session: Session, output: Output, prefix: Prefix = None, stage: Stage = None, dry_run: DryRun = False
) -> None:
    """Create missing tables, indexes, expiry, backups and protection. Removes nothing."""
    from omnix_cli.reports.printed_tables import records_table

    changes = session.workspace.tables.create(prefix=prefix, stage=stage, dry_run=dry_run)
    output.write(records_table(changes, ("table", "what")), title="Would be created" if dry_run else "Created")


@app.command(epilog="Example: omnix tables status --stage production --format json")
@expand
def status(session: Session, output: Output, prefix: Prefix = None, stage: Stage = None) -> None:
    """Compare the tables with their specification. Exit code 2 if something differs."""
    from omnix_cli.reports.printed_tables import records_table

    columns = ("table", "items", "size_bytes", "what", "found", "wanted", "to_do")

    def show(findings: list[Finding]) -> None:
        output.write(records_table(findings, columns), title="Tables")

    render(lambda: session.workspace.tables.status(prefix=prefix, stage=stage), show)


@app.command(epilog="Example: omnix tables drop recommendations --stage test --dry-run")
@expand
def drop(
    session: Session,
    output: Output,
    tables: Names = None,
    prefix: Prefix = None,
    stage: Stage = None,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Drop tables with all their items, after asking. Protected tables are never dropped."""
    from omnix_cli.reports.printed_tables import records_table

    doomed = session.workspace.tables.drop(tables or (), prefix=prefix, stage=stage, dry_run=True)
    shown = records_table(doomed, ("full_name", "items", "size_bytes"))
    output.write(shown, title="Would be dropped" if dry_run else "To be dropped")
    if dry_run or not doomed:
        return
    if not yes:
        _ask(f"Drop {len(doomed)} tables and all their items?")
    for state in session.workspace.tables.drop(tables or (), prefix=prefix, stage=stage):
        note(f"dropped {state.full_name}")


def _ask(question: str) -> None:
    if sys.stdin is None or not sys.stdin.isatty():
        raise ConfigError("nobody is there to answer", hint="Add --yes to drop without asking.")
    if not typer.confirm(question, err=True):
        raise typer.Exit
