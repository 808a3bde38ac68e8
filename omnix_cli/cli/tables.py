"""`omnix tables create | status | drop`."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from omnix_cli.cli.options import DryRun, Output, Session, expand, note, now
from omnix_cli.errors import ConfigError

if TYPE_CHECKING:
    from omnix_cli.protocols.tables import TableAdministration

app = typer.Typer(help="The tables of the store: making, checking, dropping and moving them.", no_args_is_help=True)

Names = Annotated[list[str] | None, typer.Argument(help="Tables such as recommendations; all, if none is named.")]
Prefix = Annotated[str | None, typer.Option("--prefix", help="Tables are named <prefix>-<table>-<stage> ...")]
Stage = Annotated[str | None, typer.Option("--stage", help="... and this is the stage, such as dev or production.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@app.command(epilog="Example: omnix tables create --stage production --dry-run")
@expand
def create(
    session: Session, output: Output, prefix: Prefix = None, stage: Stage = None, dry_run: DryRun = False
) -> None:
    """Create what is missing: tables, indexes, expiry, backups, protection; take nothing away."""
    from omnix_cli.reports.printed_tables import records_table

    with closing(_administration(session, prefix, stage)) as administration:
        changes = administration.complete(dry_run=dry_run)
    output.write(records_table(changes, ("table", "what")), title="Would be created" if dry_run else "Created")


@app.command(epilog="Example: omnix tables status --stage production --format json")
@expand
def status(session: Session, output: Output, prefix: Prefix = None, stage: Stage = None) -> None:
    """Compare the tables with their specification; ends with exit code 2 when something differs."""
    from omnix_cli.reports.printed_tables import records_table
    from omnix_cli.services.tables import check, findings

    with closing(_administration(session, prefix, stage)) as administration:
        states = administration.states()
    columns = ("table", "items", "size_bytes", "what", "found", "wanted", "to_do")
    output.write(records_table(findings(states), columns), title="Tables")
    check(states)


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
    """Drop tables with all their items, after asking; a protected table is never dropped."""
    from omnix_cli.reports.printed_tables import records_table
    from omnix_cli.services.tables import droppable

    with closing(_administration(session, prefix, stage)) as administration:
        doomed = droppable(administration, tables or ())
        shown = records_table(doomed, ("full_name", "items", "size_bytes"))
        output.write(shown, title="Would be dropped" if dry_run else "To be dropped")
        if dry_run or not doomed:
            return
        if not yes:
            _ask(f"Drop {len(doomed)} tables and all their items?")
        for state in doomed:
            administration.drop(state.table)
            note(f"dropped {state.full_name}")


def _administration(session: Session, prefix: str | None, stage: str | None) -> TableAdministration:
    from omnix_cli.wiring.stores import table_administration

    return table_administration(session.load(store__prefix=prefix, store__stage=stage).values, now=now)


def _ask(question: str) -> None:
    if sys.stdin is None or not sys.stdin.isatty():
        raise ConfigError("nobody is there to be asked", hint="Give --yes to go ahead without asking.")
    if not typer.confirm(question, err=True):
        raise typer.Exit
