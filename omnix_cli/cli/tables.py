"""`omnix tables create | status | drop`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Annotated

import typer

from omnix_cli.cli.options import DryRun, OutputSession, command, note, render
from omnix_cli.errors import ConfigError

app = typer.Typer(name="tables", help="Create, check, drop and move the tables of the store.", no_args_is_help=True)

Names = Annotated[
    list[str] | None, typer.Argument(metavar="TABLE", help="Tables such as recommendations (default: all).")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@dataclass(frozen=True)
class Naming:
    """How the tables are named."""

    prefix: Annotated[str | None, typer.Option("--prefix", help="The tables are named <prefix>-<table>-<stage>.")] = (
        None
    )
    stage: Annotated[
        str | None, typer.Option("--stage", help="The stage in these names, such as dev or production.")
    ] = None


@command(app, "omnix tables create --stage production --dry-run")
def create(session: OutputSession, naming: Naming, dry_run: DryRun = False) -> None:
    """Create missing tables, indexes, expiry, backups and protection. Removes nothing."""
    changes = session.workspace.tables.create(**vars(naming), dry_run=dry_run)
    session.write_records(changes, ("table", "what"), title="Would be created" if dry_run else "Created")


@command(app, "omnix tables status --stage production --format json")
def status(session: OutputSession, naming: Naming) -> None:
    """Compare the tables with their specification. Exit code 2 if something differs."""
    columns = ("table", "items", "size_bytes", "what", "found", "wanted", "to_do")
    render(
        lambda: session.workspace.tables.status(**vars(naming)),
        lambda findings: session.write_records(findings, columns, title="Tables"),
    )


@command(app, "omnix tables drop recommendations --stage test --dry-run")
def drop(
    session: OutputSession, *, tables: Names = None, naming: Naming, yes: Yes = False, dry_run: DryRun = False
) -> None:
    """Drop tables with all their items, after asking. Protected tables are never dropped."""
    chosen = session.workspace.tables.drop(tables or (), **vars(naming), dry_run=True)
    title = "Would be dropped" if dry_run else "To be dropped"
    session.write_records(chosen, ("full_name", "items", "size_bytes"), title=title)
    if dry_run or not chosen:
        return
    if not yes:
        _ask(f"Drop {len(chosen)} tables and all their items?")
    for state in session.workspace.tables.drop(tables or (), **vars(naming)):
        note(f"dropped {state.full_name}")


def _ask(question: str) -> None:
    if sys.stdin is None or not sys.stdin.isatty():
        raise ConfigError("nobody is there to answer", hint="Add --yes to drop without asking.")
    if not typer.confirm(question, err=True):
        raise typer.Exit
