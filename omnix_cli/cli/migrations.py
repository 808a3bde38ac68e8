"""`omnix tables export | load | copy | undo | verify | backfill | bulk`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omnix_cli.api.tables import Speed
from omnix_cli.cli.options import (
    DryRun,
    From,
    MaxReadUnits,
    OutputSession,
    Session,
    To,
    ToFolder,
    command,
    instead,
    note,
    renamed,
    render,
    write_text,
)
from omnix_cli.cli.progress_bars import on_stderr
from omnix_cli.cli.tables import app
from omnix_cli.counted_nouns import counted
from omnix_cli.errors import ConfigError

if TYPE_CHECKING:
    from omnix_cli.services.migrations.copying import CopyReport
    from omnix_cli.services.migrations.verifying import VerifyReport

Table = Annotated[str, typer.Argument(metavar="TABLE", help="A table such as purchase-history.")]
Names = Annotated[list[str], typer.Argument(metavar="TABLE", help="Tables such as purchase-history.")]
AnyNames = Annotated[
    list[str] | None,
    typer.Argument(metavar="TABLE", help="Tables such as purchase-history (default: all tables of an export)."),
]
Run = Annotated[str, typer.Argument(metavar="RUN", help="The id of a copy, or `latest`.")]
Folder = Annotated[
    str, typer.Argument(metavar="FOLDER", help="The folder of an export, on disk or s3://BUCKET/PREFIX.")
]
Create = Annotated[bool, typer.Option("--create", help="Create tables that are missing in the target.")]
_ITEMS = ("table", "items")


@dataclass(frozen=True)
class SpeedOptions(Speed):
    """How fast tables are read and written."""

    segments: Annotated[
        int | None, typer.Option("--segments", min=1, max=64, help="Segments of a table that are read in parallel.")
    ] = None
    max_read_units: MaxReadUnits = None
    max_write_units: Annotated[
        float | None, typer.Option("--max-write-units", min=1, help="Write units a second to use at most.")
    ] = None
    write_share: Annotated[
        float | None, typer.Option("--write-share", max=1, help="Share of the table's write capacity to use at most.")
    ] = None


@dataclass(frozen=True)
class RewriteOptions:
    """How items change on their way."""

    rewrite: Annotated[
        Path | None,
        typer.Option(
            "--rewrite", metavar="FILE", help="Rules that change items (TOML): key_prefix, rename, drop, set."
        ),
    ] = None
    mapping: Annotated[Path | None, typer.Option("--mapping", hidden=True)] = None

    def rules(self) -> Path | None:
        """The file of rewrite rules."""
        return renamed(self.rewrite, self.mapping, old="--mapping", new="--rewrite")


@dataclass(frozen=True)
class CopyOptions(RewriteOptions):
    """How tables are copied."""

    create: Create = False
    dry_run: DryRun = False

    def arguments(self) -> dict[str, Any]:
        """The same as arguments of the API."""
        return {"rewrite": self.rules(), "create": self.create, "dry_run": self.dry_run}


@command(app, "omnix tables export purchase-history products --to backup/monday")
def export(session: OutputSession, speed: SpeedOptions, tables: Names, to: ToFolder, source: From = None) -> None:
    """Export tables to Parquet files that keep every type. Run it again to continue an export that was stopped."""
    report = session.workspace.tables.export(tables, to, source=source or (), speed=speed, progress=on_stderr())
    session.write_records(report, _ITEMS, title=f"Exported to {to}")


@command(app, "omnix tables load backup/monday --to stage=test --dry-run")
def load(
    session: OutputSession,
    speed: SpeedOptions,
    options: CopyOptions,
    folder: Folder,
    tables: AnyNames = None,
    to: To = None,
) -> None:
    """Copy an export into the tables of a store. Like any copy, it can be continued and undone."""
    call = partial(session.workspace.tables.load, folder, tables or (), target=to or (), **options.arguments())
    render(lambda: call(speed=speed, progress=on_stderr()), partial(_show_copy, session))


@command(app, "omnix tables copy purchase-history --to stage=prod --max-write-units 500 --dry-run")
def copy(
    session: OutputSession,
    speed: SpeedOptions,
    options: CopyOptions,
    tables: AnyNames = None,
    source: From = None,
    to: To = None,
    undo_run: Annotated[str | None, typer.Option("--undo", hidden=True)] = None,
) -> None:
    """Copy tables to another store. Run it again to continue; `omnix tables undo` puts back what it overwrote."""
    if undo_run is not None:
        instead("tables copy --undo", "tables undo")
        if tables or source or to or options != CopyOptions():
            raise ConfigError("--undo needs nothing but the run", hint="The run knows its tables and its target.")
        undo(session, speed, undo_run)
        return
    places: dict[str, Any] = {"source": source or (), "target": to or ()}
    call = partial(session.workspace.tables.copy, tables or (), **places, **options.arguments())
    render(lambda: call(speed=speed, progress=on_stderr()), partial(_show_copy, session))


@command(app, "omnix tables undo latest")
def undo(session: OutputSession, speed: SpeedOptions, run: Run) -> None:
    """Put back what a copy changed. Changes made to those items since the copy are lost."""
    report = session.workspace.tables.undo(run, speed=speed, progress=on_stderr())
    session.write_records(report, _ITEMS, title="Put back")


@command(app, "omnix tables verify purchase-history --from backup/monday --to stage=test")
def verify(
    session: OutputSession,
    speed: SpeedOptions,
    *,
    tables: AnyNames = None,
    source: From = None,
    to: To = None,
    options: RewriteOptions,
) -> None:
    """Compare tables item by item and list what is missing, extra or different. Exit code 5 if anything is."""
    places: dict[str, Any] = {"source": source or (), "target": to or ()}
    call = partial(session.workspace.tables.verify, tables or (), **places, rewrite=options.rules())
    render(lambda: call(speed=speed, progress=on_stderr()), partial(_show_differences, session))


@command(app, "omnix tables backfill --to dynamodb --dry-run")
def backfill(
    session: OutputSession, speed: SpeedOptions, to: To = None, create: Create = False, dry_run: DryRun = False
) -> None:
    """Write the imported purchases, without cancelled and returned ones, to purchase-history with their dates."""
    call = partial(session.workspace.tables.backfill, target=to or (), create=create, dry_run=dry_run)
    render(lambda: call(speed=speed, progress=on_stderr()), partial(_show_copy, session))


@command(app, "omnix tables bulk purchase-history --to-files s3://my-bucket/load --to dynamodb")
def bulk(
    session: Session,
    speed: SpeedOptions,
    table: Table,
    to_files: Annotated[
        str | None,
        typer.Option("--to-files", metavar="FOLDER", help="Write the files here: s3://BUCKET/PREFIX, or a folder."),
    ] = None,
    files: Annotated[str | None, typer.Option("--files", hidden=True)] = None,
    source: From = None,
    to: To = None,
    start: Annotated[bool, typer.Option("--start", help="Have DynamoDB load the files into the table now.")] = False,
) -> None:
    """Write files that DynamoDB loads by itself, and print the requests that start the load.

    StartBulkPutItems loads them into an existing table, ImportTable into a new one."""
    address = renamed(to_files, files, old="--files", new="--to-files")
    if address is None:
        raise typer.BadParameter("say where to write the files", param_hint="--to-files")
    report = session.workspace.tables.bulk(
        table, address, source=source or (), target=to or (), start=start, speed=speed, progress=on_stderr()
    )
    written = report.files
    items, files = counted(written.items, "item"), counted(len(written.names), "file")
    note(f"{items} in {files} of {counted(written.bytes, 'byte')} at {report.address}")
    if report.warning:
        note(report.warning)
    write_text(json.dumps(report.answer if start else report.requests, indent=2, default=str) + "\n")


def _show_copy(session: OutputSession, report: CopyReport) -> None:
    for line in (*report.limits, *report.samples):
        note(line)
    columns = ("table", "read", "added", "changed", "unchanged", "left_out", "refused", "write_units", "read_units")
    title = f"Run {report.run_id}" if report.run_id else "What would be copied"
    session.write_records(report.tables, columns, title=f"{title}: about ${report.cost:,.2f}")


def _show_differences(session: OutputSession, report: VerifyReport) -> None:
    for one in report.tables:
        note(
            f"{one.table}: {one.source_items:,} items in the source, {one.target_items:,} in the target: "
            f"{one.missing:,} missing, {one.extra:,} extra, {one.different:,} different"
        )
    session.write(report.differences, title="Differences")
