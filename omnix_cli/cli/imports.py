"""`omnix import purchases | products | customers | interactions | orders`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from omnix_cli.cli.options import DryRun, Output, Session, expand, note

if TYPE_CHECKING:
    from omnix_cli.services.importing.reports import ImportReport


class StoreKind(StrEnum):
    """What can be read as a whole."""

    DYNAMODB = "dynamodb"
    SQLITE = "sqlite"


app = typer.Typer(help="Take files in: bad rows are set aside, known rows are left alone.", no_args_is_help=True)

Files = Annotated[
    list[str] | None,
    typer.Argument(
        help="Files, folders or globs, also s3://.. (CSV, NDJSON, Parquet, DynamoDB exports; gzip, zstd); - is stdin."
    ),
]
Mapping = Annotated[
    str | None, typer.Option("--mapping", help="A recipe of configs/mappings/ by name, or a path to one.")
]
Map = Annotated[list[str] | None, typer.Option("--map", help="Column of omnix = column of the file; may be repeated.")]
MaxBad = Annotated[
    float | None, typer.Option("--max-bad", min=0, max=1, help="The largest share of bad rows; above it, exit code 3.")
]
From = Annotated[StoreKind | None, typer.Option("--from", help="Read the whole table of this store instead of files.")]
MaxReadUnits = Annotated[
    float | None, typer.Option("--max-read-units", min=1, help="Read units a second that reading a table may use.")
]
Timezone = Annotated[
    str | None, typer.Option("--timezone", help="The shop's time zone: where days begin and bare times belong.")
]

EXAMPLES = {
    "purchases": "omnix import purchases history.csv.gz --map purchased_at=sold_on --timezone Europe/Paris",
    "products": "omnix import products catalogue.parquet --dry-run",
    "customers": "omnix import customers profiles.ndjson",
    "interactions": "omnix import interactions clicks/ --max-bad 0.05",
    "orders": "omnix import orders orders.ndjson",
}


def _importer(kind: str) -> Callable[..., None]:
    def take_in(
        session: Session,
        output: Output,
        files: Files = None,
        from_store: From = None,
        max_read_units: MaxReadUnits = None,
        mapping: Mapping = None,
        map_columns: Map = None,
        max_bad: MaxBad = None,
        timezone: Timezone = None,
        dry_run: DryRun = False,
    ) -> None:
        from omnix_cli.reports.printed_tables import records_table
        from omnix_cli.services.importing.reports import ImportRefused

        _check_place(kind, files, from_store)
        flags = {"imports__max_bad": max_bad, "imports__timezone": timezone}
        flags |= {"store__kind": from_store, "store__max_read_units": max_read_units}
        with session.locked(f"import {kind}", dry_run=dry_run, **flags) as workspace:
            try:
                mapped = pairs(map_columns or ())
                report = workspace.import_files(kind, files or (), mapping, mapped, timezone=timezone, dry_run=dry_run)
            except ImportRefused as refused:
                found = refused.report
                note(f"{found.read:,} rows read, {found.quarantined - found.expected:,} bad: nothing was taken over")
                tell_reasons(found)
                raise
        tell(report)
        columns = ("name", "read", "accepted", "quarantined", "known", "findings")
        output.write(records_table(report.files, columns), title=f"Import of {kind}{': dry run' if dry_run else ''}")

    take_in.__doc__ = f"Take {kind} in."
    return take_in


def _check_place(kind: str, files: Sequence[str] | None, store: StoreKind | None) -> None:
    if bool(files) == bool(store):
        raise typer.BadParameter("either files, or --from and a store", param_hint="FILES")
    if store and kind == "orders":
        raise typer.BadParameter("no table holds orders: import purchases", param_hint="--from")


def pairs(texts: Sequence[str], *, flag: str = "--map") -> dict[str, str]:
    """`name=value` texts as a dictionary. Raises `BadParameter` for anything else."""
    split = [text.partition("=") for text in texts]
    for text, (name, _, column) in zip(texts, split, strict=True):
        if not name or not column:
            raise typer.BadParameter(f"{text!r} is not of the form name=value", param_hint=flag)
    return {name.strip(): column.strip() for name, _, column in split}


def tell(report: ImportReport) -> None:
    """Says on stderr what became of the rows, and why some were set aside."""
    known = f"{report.known:,} already known"
    note(f"{report.read:,} rows read = {report.accepted:,} accepted + {report.quarantined:,} quarantined + {known}")
    for line in report.notes:
        note(line)
    tell_reasons(report)


def tell_reasons(report: ImportReport) -> None:
    """Says on stderr why rows were set aside."""
    from omnix_cli.reports.printed_tables import as_text, records_table

    if report.reasons:
        columns = ("reason", "column", "expected", "rows", "example")
        note(as_text(records_table(report.reasons, columns), title="Quarantined"))


for _kind, _example in EXAMPLES.items():
    app.command(_kind, epilog=f"Example: {_example}")(expand(_importer(_kind)))
