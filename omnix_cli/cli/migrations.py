"""`omnix tables export | load | copy | verify | backfill`."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from omnix_cli.cli.options import DryRun, Output, Session, expand, note
from omnix_cli.errors import ConfigError, PartialError

if TYPE_CHECKING:
    from omnix_cli.wiring.migrations import CopyOutcome, Migrations

_log = logging.getLogger(__name__)
_SETTING = "a setting of the store, such as stage=prod, kind=sqlite, path=FILE or region=eu-west-1; may be repeated"

Tables = Annotated[list[str], typer.Argument(help="Tables such as purchase-history.")]
AnyTables = Annotated[
    list[str] | None, typer.Argument(help="Tables such as purchase-history; all of the export, if none is named.")
]
From = Annotated[list[str] | None, typer.Option("--from", help=f"In what the source differs from [store]: {_SETTING}.")]
To = Annotated[list[str] | None, typer.Option("--to", help=f"In what the target differs from [store]: {_SETTING}.")]
Mapping = Annotated[
    Path | None, typer.Option("--mapping", help="How items change on their way (TOML): key_prefix, rename, drop, set.")
]
Create = Annotated[bool, typer.Option("--create", help="Create the tables that are missing in the target.")]


@dataclass(frozen=True)
class Speed:
    """How fast a migration may go."""

    segments: Annotated[
        int | None, typer.Option("--segments", min=1, max=64, help="Parts of a DynamoDB table read at a time.")
    ] = None
    max_read_units: Annotated[
        float | None, typer.Option("--max-read-units", min=0.5, help="Read units a second taken from the source.")
    ] = None
    max_write_units: Annotated[
        float | None, typer.Option("--max-write-units", min=1, help="Write units a second taken from the target.")
    ] = None
    write_share: Annotated[
        float | None, typer.Option("--write-share", max=1, help="Share of the target's write capacity, such as 0.5.")
    ] = None

    def open(self, session: Session) -> Migrations:
        """The migrations of the session's workspace, at this speed."""
        from omnix_cli.wiring.migrations import Migrations

        workspace = session.open(
            store__segments=self.segments,
            store__max_read_units=self.max_read_units,
            store__max_write_units=self.max_write_units,
            store__write_share=self.write_share,
        )
        return Migrations(workspace, _on_terminal if sys.stderr and sys.stderr.isatty() else _in_log)


def register(app: typer.Typer) -> None:
    """Adds the commands to the group `tables`."""
    app.command(epilog="Example: omnix tables export purchase-history products --to backup/monday")(expand(export))
    app.command(epilog="Example: omnix tables load backup/monday --to stage=test --dry-run")(expand(load))
    app.command(epilog="Example: omnix tables copy purchase-history --to stage=prod --max-write-units 500 --dry-run")(
        expand(copy)
    )
    app.command(epilog="Example: omnix tables verify purchase-history --from backup/monday --to stage=test")(
        expand(verify)
    )
    app.command(epilog="Example: omnix tables backfill --to kind=dynamodb --dry-run")(expand(backfill))
    app.command(epilog="Example: omnix tables bulk purchase-history --files s3://my-bucket/load --to kind=dynamodb")(
        expand(bulk)
    )


def export(
    session: Session,
    output: Output,
    speed: Speed,
    tables: Tables,
    to: Annotated[str, typer.Option("--to", help="The folder to make, on disk or as s3://BUCKET/PREFIX.")],
    source: From = None,
) -> None:
    """Export tables to Parquet files, every type kept; an export that was stopped goes on."""
    import polars as pl

    counts = speed.open(session).export(tables, source or [], to)
    output.write(pl.DataFrame({"table": list(counts), "items": list(counts.values())}), title=f"Exported to {to}")


def load(
    session: Session,
    output: Output,
    speed: Speed,
    folder: Annotated[str, typer.Argument(help="The folder of an export, on disk or as s3://BUCKET/PREFIX.")],
    tables: AnyTables = None,
    to: To = None,
    mapping: Mapping = None,
    create: Create = False,
    dry_run: DryRun = False,
) -> None:
    """Load an export into the tables of a store: a copy, so it can be stopped, repeated and undone as one."""
    migrations = speed.open(session)
    place = f"{folder.rstrip('/')}/"
    _tell(output, migrations.copy(tables or [], [place], to or [], mapping=mapping, create=create, dry_run=dry_run))


def copy(
    session: Session,
    output: Output,
    speed: Speed,
    tables: Annotated[list[str] | None, typer.Argument(help="Tables such as purchase-history.")] = None,
    source: From = None,
    to: To = None,
    mapping: Mapping = None,
    create: Create = False,
    dry_run: DryRun = False,
    undo: Annotated[
        str | None, typer.Option("--undo", help="Put back what stood before this copy: a run's id, or `latest`.")
    ] = None,
) -> None:
    """Copy tables to another store. The same again goes on where it stopped; what is overwritten can be put back."""
    migrations = speed.open(session)
    if undo is None:
        outcome = migrations.copy(tables or [], source or [], to or [], mapping=mapping, create=create, dry_run=dry_run)
        _tell(output, outcome)
        return
    if tables or source or to or mapping or create or dry_run:
        raise ConfigError("--undo takes nothing but the run", hint="The run knows its tables and its target.")
    import polars as pl

    settled = migrations.undo(undo)
    output.write(pl.DataFrame({"table": list(settled), "items": list(settled.values())}), title="Put back")


def verify(
    session: Session,
    output: Output,
    speed: Speed,
    tables: AnyTables = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--from", help=f"The folder of an export, or in what the source differs from [store]: {_SETTING}."
        ),
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option("--to", help=f"The folder of an export, or in what the target differs from [store]: {_SETTING}."),
    ] = None,
    mapping: Mapping = None,
) -> None:
    """Compare tables item by item and list what is missing, extra or different; then the exit code is 5."""
    import polars as pl

    compared = speed.open(session).verify(tables or [], source or [], to or [], mapping=mapping)
    for one in compared:
        note(
            f"{one.table}: {one.source_items:,} items in the source, {one.target_items:,} in the target: "
            f"{one.missing:,} missing, {one.extra:,} extra, {one.different:,} different"
        )
    output.write(pl.concat([one.differences for one in compared]), title="Differences")
    count = sum(one.count for one in compared)
    if count:
        raise PartialError(f"{count:,} differences", hint="A copy settles what is missing or different.")


def backfill(
    session: Session, output: Output, speed: Speed, to: To = None, create: Create = False, dry_run: DryRun = False
) -> None:
    """Write the imported purchases to purchase-history, with their true dates, less what was cancelled or returned."""
    _tell(output, speed.open(session).backfill(to or [], create=create, dry_run=dry_run))


def _tell(output: Output, outcome: CopyOutcome) -> None:
    """Shows what became of the items; raises `PartialError` when the target refused some."""
    from omnix_cli.reports.printed_tables import records_table

    for line in (*outcome.limits, *outcome.samples):
        note(line)
    columns = ("table", "read", "added", "changed", "unchanged", "refused", "write_units", "read_units")
    title = f"Run {outcome.run_id}" if outcome.run_id else "What would be copied"
    output.write(records_table(outcome.reports, columns), title=f"{title}: about ${outcome.cost:,.2f}")
    refused = sum(report.refused for report in outcome.reports)
    if refused:
        keys = ", ".join(key for report in outcome.reports for key in report.refused_keys)
        raise PartialError(f"{refused:,} items were refused: {keys}", hint="Everything else was copied.")


@contextmanager
def _on_terminal(name: str, items: int) -> Iterator[Callable[[int], None]]:
    """A bar with the time left."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("left"), TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task(name, total=items or None)
        yield lambda done: progress.advance(task, done)


@contextmanager
def _in_log(name: str, items: int) -> Iterator[Callable[[int], None]]:
    """One log line at the end."""
    began = time.perf_counter()
    counts: list[int] = []
    yield counts.append
    _log.info(
        "items settled", extra={"table": name, "items": sum(counts), "seconds": round(time.perf_counter() - began, 1)}
    )


def bulk(
    session: Session,
    speed: Speed,
    table: Annotated[str, typer.Argument(help="A table such as purchase-history.")],
    files: Annotated[str, typer.Option("--files", help="Where to: s3://BUCKET/PREFIX, or a folder.")],
    source: From = None,
    to: To = None,
    start: Annotated[bool, typer.Option("--start", help="Have DynamoDB load the files into the table now.")] = False,
) -> None:
    """Write files that DynamoDB loads by itself, and show the requests that make it do so.

    StartBulkPutItems loads them into a table that is there, ImportTable into a new one."""
    import json

    outcome = speed.open(session).bulk(table, source or [], to or [], files, start=start)
    written = outcome.files
    note(f"{written.items:,} items in {len(written.names):,} files of {written.bytes:,} bytes at {files}")
    print(json.dumps(outcome.answer if start else outcome.requests, indent=2, default=str))
