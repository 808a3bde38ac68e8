"""`omnix tables export | load | copy | undo | verify | backfill | bulk`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from omnix_cli.api.tables import Speed
from omnix_cli.cli.options import DryRun, Output, Session, expand, instead, note, render
from omnix_cli.cli.places import From, MaxReadUnits, To, ToFolder
from omnix_cli.cli.progress_bars import on_stderr
from omnix_cli.errors import ConfigError

if TYPE_CHECKING:
    from omnix_cli.services.migrations.copying import CopyReport
    from omnix_cli.services.migrations.sides import TableItems
    from omnix_cli.services.migrations.verifying import VerifyReport

Value = TypeVar("Value")

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
Rewrite = Annotated[
    Path | None,
    typer.Option("--rewrite", metavar="FILE", help="Rules that change items (TOML): key_prefix, rename, drop, set."),
]
OldMapping = Annotated[Path | None, typer.Option("--mapping", hidden=True)]
Create = Annotated[bool, typer.Option("--create", help="Create tables that are missing in the target.")]


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
class CopyOptions:
    """How tables are copied."""

    rewrite: Rewrite = None
    mapping: OldMapping = None
    create: Create = False
    dry_run: DryRun = False

    def rules(self) -> Path | None:
        """The file of rewrite rules."""
        return _renamed(self.rewrite, self.mapping, old="--mapping", new="--rewrite")


def register(app: typer.Typer) -> None:
    """Adds the commands to the group `tables`."""
    examples: dict[Callable[..., None], str] = {
        export: "omnix tables export purchase-history products --to backup/monday",
        load: "omnix tables load backup/monday --to stage=test --dry-run",
        copy: "omnix tables copy purchase-history --to stage=prod --max-write-units 500 --dry-run",
        undo: "omnix tables undo latest",
        verify: "omnix tables verify purchase-history --from backup/monday --to stage=test",
        backfill: "omnix tables backfill --to dynamodb --dry-run",
        bulk: "omnix tables bulk purchase-history --to-files s3://my-bucket/load --to dynamodb",
    }
    for function, example in examples.items():
        app.command(epilog=f"Example: {example}")(expand(function))


def export(
    session: Session, output: Output, speed: SpeedOptions, tables: Names, to: ToFolder, source: From = None
) -> None:
    """Export tables to Parquet files that keep every type. Run it again to continue an export that was stopped."""
    report = session.workspace.tables.export(tables, to, source=source or (), speed=speed, progress=on_stderr())
    _show_items(output, report, title=f"Exported to {to}")


def load(
    session: Session,
    output: Output,
    speed: SpeedOptions,
    options: CopyOptions,
    folder: Folder,
    tables: AnyNames = None,
    to: To = None,
) -> None:
    """Copy an export into the tables of a store. Like any copy, it can be continued and undone."""
    rules = options.rules()
    render(
        lambda: session.workspace.tables.load(
            folder,
            tables or (),
            target=to or (),
            rewrite=rules,
            create=options.create,
            dry_run=options.dry_run,
            speed=speed,
            progress=on_stderr(),
        ),
        lambda report: _show_copy(output, report),
    )


def copy(
    session: Session,
    output: Output,
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
        undo(session, output, speed, undo_run)
        return
    rules = options.rules()
    render(
        lambda: session.workspace.tables.copy(
            tables or (),
            source=source or (),
            target=to or (),
            rewrite=rules,
            create=options.create,
            dry_run=options.dry_run,
            speed=speed,
            progress=on_stderr(),
        ),
        lambda report: _show_copy(output, report),
    )


def undo(session: Session, output: Output, speed: SpeedOptions, run: Run) -> None:
    """Put back what a copy changed. Changes made to those items since the copy are lost."""
    report = session.workspace.tables.undo(run, speed=speed, progress=on_stderr())
    _show_items(output, report, title="Put back")


def verify(
    session: Session,
    output: Output,
    speed: SpeedOptions,
    tables: AnyNames = None,
    source: From = None,
    to: To = None,
    rewrite: Rewrite = None,
    mapping: OldMapping = None,
) -> None:
    """Compare tables item by item and list what is missing, extra or different. Exit code 5 if anything is."""
    rules = _renamed(rewrite, mapping, old="--mapping", new="--rewrite")
    render(
        lambda: session.workspace.tables.verify(
            tables or (), source=source or (), target=to or (), rewrite=rules, speed=speed, progress=on_stderr()
        ),
        lambda report: _show_differences(output, report),
    )


def backfill(
    session: Session,
    output: Output,
    speed: SpeedOptions,
    to: To = None,
    create: Create = False,
    dry_run: DryRun = False,
) -> None:
    """Write the imported purchases, without cancelled and returned ones, to purchase-history with their dates."""
    render(
        lambda: session.workspace.tables.backfill(
            target=to or (), create=create, dry_run=dry_run, speed=speed, progress=on_stderr()
        ),
        lambda report: _show_copy(output, report),
    )


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
    address = _renamed(to_files, files, old="--files", new="--to-files")
    if address is None:
        raise typer.BadParameter("say where to write the files", param_hint="--to-files")
    report = session.workspace.tables.bulk(
        table, address, source=source or (), target=to or (), start=start, speed=speed, progress=on_stderr()
    )
    written = report.files
    note(f"{written.items:,} items in {len(written.names):,} files of {written.bytes:,} bytes at {report.address}")
    print(json.dumps(report.answer if start else report.requests, indent=2, default=str))


def _renamed(value: Value | None, old_value: Value | None, *, old: str, new: str) -> Value | None:
    """The value of an option that is given by its new or by its old name."""
    if old_value is None:
        return value
    if value is not None:
        raise typer.BadParameter(f"use only {new}, its new name", param_hint=old)
    instead(old, new)
    return old_value


def _show_items(output: Output, report: Sequence[TableItems], *, title: str) -> None:
    from omnix_cli.reports.printed_tables import records_table

    output.write(records_table(report, ("table", "items")), title=title)


def _show_copy(output: Output, report: CopyReport) -> None:
    from omnix_cli.reports.printed_tables import records_table

    for line in (*report.limits, *report.samples):
        note(line)
    columns = ("table", "read", "added", "changed", "unchanged", "refused", "write_units", "read_units")
    title = f"Run {report.run_id}" if report.run_id else "What would be copied"
    output.write(records_table(report.tables, columns), title=f"{title}: about ${report.cost:,.2f}")


def _show_differences(output: Output, report: VerifyReport) -> None:
    for one in report.tables:
        note(
            f"{one.table}: {one.source_items:,} items in the source, {one.target_items:,} in the target: "
            f"{one.missing:,} missing, {one.extra:,} extra, {one.different:,} different"
        )
    output.write(report.differences, title="Differences")
