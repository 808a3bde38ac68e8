"""`omnix quarantine show | replay | discard`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from omnix_cli.cli.imports import Map, Mapping, Timezone, pairs, tell
from omnix_cli.cli.options import DryRun, Output, Session, expand, note

app = typer.Typer(help="The input rows that were set aside, and what becomes of them.", no_args_is_help=True)


class Kind(StrEnum):
    """What was imported; the lines of order documents are purchases."""

    PURCHASES = "purchases"
    PRODUCTS = "products"
    CUSTOMERS = "customers"
    INTERACTIONS = "interactions"


KindOf = Annotated[Kind, typer.Argument(help="What the rows are; the lines of order documents are purchases.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Only rows with this reason.")]
File = Annotated[str | None, typer.Option("--file", help="Only rows of this file.")]
Mended = Annotated[
    list[str] | None, typer.Option("--mended", help="Quarantined file = its mended copy; may be repeated.")
]


@app.command(epilog="Example: omnix quarantine show purchases --format csv")
@expand
def show(
    session: Session, output: Output, kind: KindOf = Kind.PURCHASES, reason: Reason = None, file: File = None
) -> None:
    """Count the open rows by reason, each with its first example; `omnix show quarantine` lists the rows."""
    from omnix_cli.reports.printed_tables import records_table
    from omnix_cli.services.importing.quarantine import quarantine_show

    found = quarantine_show(session.open().importer(), kind.value, reason=reason, file=file)
    columns = ("reason", "column", "expected", "rows", "example")
    output.write(records_table(found.reasons, columns), title=f"Quarantine of {kind}")


@app.command(epilog="Example: omnix quarantine replay purchases --mended history.csv=mended.csv --dry-run")
@expand
def replay(
    session: Session,
    output: Output,
    kind: KindOf = Kind.PURCHASES,
    mapping: Mapping = None,
    map_columns: Map = None,
    mended: Mended = None,
    reason: Reason = None,
    file: File = None,
    timezone: Timezone = None,
    dry_run: DryRun = False,
) -> None:
    """Read open rows again with a mended mapping or file; what is good now is taken in, the rest stays open."""
    from omnix_cli.reports.printed_tables import records_table

    with session.locked("quarantine replay", dry_run=dry_run, imports__timezone=timezone) as workspace:
        report = workspace.replay(
            kind.value,
            mapping,
            pairs(map_columns or ()),
            mended=pairs(mended or (), flag="--mended"),
            reason=reason,
            file=file,
            dry_run=dry_run,
        )
    tell(report)
    columns = ("name", "read", "accepted", "quarantined", "known")
    output.write(records_table(report.files, columns), title=f"Replay of {kind}{': dry run' if dry_run else ''}")


@app.command(epilog="Example: omnix quarantine discard purchases --file history.csv --dry-run")
@expand
def discard(
    session: Session, kind: KindOf = Kind.PURCHASES, reason: Reason = None, file: File = None, dry_run: DryRun = False
) -> None:
    """Give open rows up; a record of them stays with the import they came from."""
    from omnix_cli.services.importing.quarantine import quarantine_discard

    with session.locked("quarantine discard", dry_run=dry_run) as workspace:
        count = quarantine_discard(workspace.importer(), kind.value, reason=reason, file=file, dry_run=dry_run)
    note(f"{count:,} rows {'would be ' if dry_run else ''}discarded")
