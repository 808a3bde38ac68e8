"""`omnix quarantine show | replay | discard`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

import typer

from omnix_cli.cli.imports import REASONS, HowToRead, pairs, show_report
from omnix_cli.cli.options import DryRun, Limit, OutputSession, Session, command, instead, note, renamed, render
from omnix_cli.cli.show import app as show_app
from omnix_cli.counted_nouns import counted

app = typer.Typer(
    name="quarantine", help="Show, replay or discard rows that could not be imported.", no_args_is_help=True
)

Kind = Annotated[
    Literal["purchases", "products", "customers", "interactions"],
    typer.Argument(help="The kind of rows; lines of order documents are purchases."),
]
Fixed = Annotated[
    list[str] | None,
    typer.Option("--fixed", metavar="FILE=FILE", help="Quarantined file = its fixed copy (repeatable)."),
]
Mended = Annotated[list[str] | None, typer.Option("--mended", hidden=True)]
Rows = Annotated[bool, typer.Option("--rows", help="List the rows instead of counting them by reason.")]


@dataclass(frozen=True)
class Selected:
    """The rows that a command is about."""

    reason: Annotated[str | None, typer.Option("--reason", help="Only rows with this reason.")] = None
    file: Annotated[str | None, typer.Option("--file", help="Only quarantined rows of this input file.")] = None


_ROWS = ("file", "row_number", "column", "value", "reason", "expected")


@command(app, "omnix quarantine show purchases --rows --limit 50")
def show(
    session: OutputSession, *, kind: Kind = "purchases", selected: Selected, rows: Rows = False, limit: Limit = 20
) -> None:
    """Count quarantined rows by reason, or list them."""
    found = session.workspace.quarantine.show(kind, limit=limit, **vars(selected))
    if rows:
        session.write(found.rows, title=f"Quarantine of {kind}", brief=_ROWS)
    else:
        session.write_records(found.reasons, REASONS, title=f"Quarantine of {kind}")


@command(show_app, "omnix show quarantine purchases", name="quarantine", hidden=True)
def show_quarantine(session: OutputSession, kind: Kind = "purchases", limit: Limit = 20) -> None:
    """List quarantined rows. Now: omnix quarantine show --rows."""
    instead("omnix show quarantine", "omnix quarantine show --rows")
    found = session.workspace.quarantine.show(kind, limit=limit)
    session.write(found.rows.drop("batch", "item", "row"), title=f"Quarantine of {kind}")


@command(app, "omnix quarantine replay purchases --fixed history.csv=fixed.csv --dry-run")
def replay(
    session: OutputSession,
    *,
    kind: Kind = "purchases",
    how: HowToRead,
    fixed: Fixed = None,
    mended: Mended = None,
    selected: Selected,
    dry_run: DryRun = False,
) -> None:
    """Import quarantined rows with a fixed mapping or file.

    What is not given (mapping, columns, time zone) stays as it was in their import. Rows that are still bad stay in
    quarantine."""
    copies = pairs(renamed(fixed or None, mended or None, old="--mended", new="--fixed") or (), flag="--fixed")
    work = partial(
        session.workspace.quarantine.replay,
        kind,
        **how.arguments(),
        fixed=copies,
        dry_run=dry_run,
        **vars(selected),
    )
    render(work, lambda report: show_report(session, report, title=f"Replay of {kind}"))


@command(app, "omnix quarantine discard purchases --file history.csv --dry-run")
def discard(session: Session, *, kind: Kind = "purchases", selected: Selected, dry_run: DryRun = False) -> None:
    """Discard quarantined rows for good."""
    discarded = session.workspace.quarantine.discard(kind, dry_run=dry_run, **vars(selected))
    note(f"{counted(discarded.rows, 'row')} {'would be ' if discarded.dry_run else ''}discarded")
