"""`omnix quarantine show | replay | discard`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from omnix_cli.cli.imports import REASONS, Map, Mapping, Timezone, pairs, show_report
from omnix_cli.cli.options import DryRun, Limit, Output, Session, expand, note, renamed, render

app = typer.Typer(help="Show, replay or discard rows that could not be imported.", no_args_is_help=True)


class Kind(StrEnum):
    """A kind of rows."""

    PURCHASES = "purchases"
    PRODUCTS = "products"
    CUSTOMERS = "customers"
    INTERACTIONS = "interactions"


KindOf = Annotated[Kind, typer.Argument(help="The kind of rows; lines of order documents are purchases.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Only rows with this reason.")]
File = Annotated[str | None, typer.Option("--file", help="Only quarantined rows of this input file.")]
Fixed = Annotated[
    list[str] | None,
    typer.Option("--fixed", metavar="FILE=FILE", help="Quarantined file = its fixed copy (repeatable)."),
]
Mended = Annotated[list[str] | None, typer.Option("--mended", hidden=True)]
Rows = Annotated[bool, typer.Option("--rows", help="List the rows instead of counting them by reason.")]
_ROWS = ("file", "row_number", "column", "value", "reason", "expected")


@app.command(epilog="Example: omnix quarantine show purchases --rows --limit 50")
@expand
def show(
    session: Session,
    output: Output,
    kind: KindOf = Kind.PURCHASES,
    reason: Reason = None,
    file: File = None,
    rows: Rows = False,
    limit: Limit = 20,
) -> None:
    """Count quarantined rows by reason, or list them."""
    from omnix_cli.reports.printed_tables import records_table

    found = session.workspace.quarantine.show(kind.value, reason=reason, file=file, limit=limit)
    table = found.rows if rows else records_table(found.reasons, REASONS)
    output.write(table, title=f"Quarantine of {kind}", brief=_ROWS if rows else REASONS)


@expand
def show_quarantine(session: Session, output: Output, kind: KindOf = Kind.PURCHASES, limit: Limit = 20) -> None:
    """List quarantined rows. Now: omnix quarantine show --rows."""
    note("`omnix show quarantine` is now `omnix quarantine show --rows`; the old name goes with the next release")
    found = session.workspace.quarantine.show(kind.value, limit=limit)
    output.write(found.rows.drop("batch", "item", "row"), title=f"Quarantine of {kind}")


@app.command(epilog="Example: omnix quarantine replay purchases --fixed history.csv=fixed.csv --dry-run")
@expand
def replay(
    session: Session,
    output: Output,
    kind: KindOf = Kind.PURCHASES,
    mapping: Mapping = None,
    map_columns: Map = None,
    fixed: Fixed = None,
    mended: Mended = None,
    reason: Reason = None,
    file: File = None,
    timezone: Timezone = None,
    dry_run: DryRun = False,
) -> None:
    """Import quarantined rows with a fixed mapping or file.

    Rows that are still bad stay in quarantine."""
    copies = pairs(renamed(fixed or None, mended or None, old="--mended", new="--fixed") or (), flag="--fixed")
    columns = pairs(map_columns or ())
    quarantine = session.workspace.quarantine
    selected = {"timezone": timezone, "reason": reason, "file": file}
    render(
        lambda: quarantine.replay(
            kind.value, mapping=mapping, columns=columns, fixed=copies, dry_run=dry_run, **selected
        ),
        lambda report: show_report(output, report, title=f"Replay of {kind}"),
    )


@app.command(epilog="Example: omnix quarantine discard purchases --file history.csv --dry-run")
@expand
def discard(
    session: Session, kind: KindOf = Kind.PURCHASES, reason: Reason = None, file: File = None, dry_run: DryRun = False
) -> None:
    """Discard quarantined rows for good."""
    discarded = session.workspace.quarantine.discard(kind.value, reason=reason, file=file, dry_run=dry_run)
    note(f"{discarded.rows:,} rows {'would be ' if discarded.dry_run else ''}discarded")
