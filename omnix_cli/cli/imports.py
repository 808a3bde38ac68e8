"""`omnix import purchases | products | customers | interactions | orders`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omnix_cli.cli.options import DryRun, From, MaxReadUnits, OutputSession, command, note, render
from omnix_cli.counted_nouns import counted

if TYPE_CHECKING:
    from omnix_cli.services.importing.reports import ImportReport

app = typer.Typer(name="import", help="Import files or tables.", no_args_is_help=True)

Files = Annotated[
    list[str] | None,
    typer.Argument(
        help="Files, folders or globs, on disk or s3://... (CSV, NDJSON, JSON, Parquet, Excel, Delta and Iceberg "
        "tables, DynamoDB exports, also compressed or in a zip archive); - reads stdin."
    ),
]


Encoding = Annotated[
    str | None,
    typer.Option("--encoding", metavar="NAME", help="The text encoding, such as cp1252; by default it is detected."),
]
Timezone = Annotated[
    str | None,
    typer.Option(
        "--timezone",
        metavar="ZONE",
        help="The shop's time zone, used for the date of a purchase and for times without an offset.",
    ),
]
DayFirst = Annotated[
    bool | None,
    typer.Option(
        "--day-first/--month-first", help="Whether 03/04/2017 is the third of April; unset: shown by the dates."
    ),
]
DecimalComma = Annotated[
    bool | None,
    typer.Option(
        "--decimal-comma/--decimal-point",
        help="Whether 1,234 is a little more than one; unset: shown by the numbers.",
    ),
]


@dataclass(frozen=True)
class HowToRead:
    """How the columns, dates and numbers of an input are read, where the command line says so."""

    mapping: Annotated[
        str | None,
        typer.Option(
            "--mapping", metavar="RECIPE", help="How file columns become omnix columns: a recipe by name, or its path."
        ),
    ] = None
    map_columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="COLUMN=COLUMN",
            help="omnix column = file column, such as purchased_at=sold_on (repeatable).",
        ),
    ] = None
    set_columns: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="COLUMN=VALUE",
            help="The same value on every row, such as store_location=Rome (repeatable).",
        ),
    ] = None
    encoding: Encoding = None
    timezone: Timezone = None
    day_first: DayFirst = None
    decimal_comma: DecimalComma = None

    def arguments(self) -> dict[str, Any]:
        """As the Python API takes them."""
        given = {name: value for name, value in vars(self).items() if name not in ("map_columns", "set_columns")}
        constants = pairs(self.set_columns or (), flag="--set")
        return {**given, "columns": pairs(self.map_columns or ()), "constants": constants}


Columns = Annotated[
    bool, typer.Option("--columns", help="List the columns that omnix knows and what they mean; import nothing.")
]
MaxBad = Annotated[
    float | None,
    typer.Option(
        "--max-bad", min=0, max=1, metavar="SHARE", help="The largest share of bad rows; above it, nothing is imported."
    ),
]

Complete = Annotated[
    bool | None,
    typer.Option(
        "--complete/--no-complete",
        help="Products or customers: this is all there is; what is missing is no longer offered. A Delta or Iceberg "
        "table of purchases: rows that it no longer has are withdrawn; unset: unless they are most of it.",
    ),
]
Sheet = Annotated[
    str | None,
    typer.Option(
        "--sheet",
        metavar="NAME",
        help="The sheet of an Excel workbook, * for all; without it, the first that is no cover.",
    ),
]
At = Annotated[
    str | None,
    typer.Option(
        "--at", metavar="VERSION", help="The version of a Delta or Iceberg table, or a time; without it, the newest."
    ),
]

_EXAMPLES = {
    "purchases": "omnix import purchases history.csv.gz --map purchased_at=sold_on --timezone Europe/Paris",
    "products": "omnix import products catalogue.parquet --dry-run",
    "customers": "omnix import customers profiles.ndjson",
    "interactions": "omnix import interactions clicks/ --max-bad 0.05",
    "orders": "omnix import orders orders.ndjson",
}
REASONS = ("reason", "column", "expected", "rows", "example")
_FILES = ("name", "read", "accepted", "quarantined", "known", "findings")


def _import(kind: str) -> Callable[..., None]:
    def import_kind(
        session: OutputSession,
        *,
        files: Files = None,
        from_store: From = None,
        max_read_units: MaxReadUnits = None,
        how: HowToRead,
        max_bad: MaxBad = None,
        complete: Complete = None,
        sheet: Sheet = None,
        at: At = None,
        columns: Columns = False,
        dry_run: DryRun = False,
    ) -> None:
        if columns:
            known = session.workspace.imports.columns(kind)
            session.write_records(known, ("column", "type", "required", "meaning"), title=f"Columns of {kind}")
            return
        if bool(files) == bool(from_store):
            raise typer.BadParameter("give either files or --from", param_hint="FILES")
        if from_store and (sheet or at):
            raise typer.BadParameter("--sheet and --at are for files", param_hint="--from")
        units = [] if max_read_units is None else [f"max_read_units={max_read_units}"]
        imports = session.workspace.imports
        version: dict[str, Any] = {} if from_store else {"sheet": sheet, "at": at}
        work = partial(
            imports.table if from_store else imports.files,
            kind,
            [*from_store, *units] if from_store else files or (),
            **how.arguments(),
            max_bad=max_bad,
            complete=complete,
            dry_run=dry_run,
            **version,
        )
        render(work, lambda report: show_report(session, report, title=f"Import of {kind}"))

    import_kind.__doc__ = f"Import {kind}."
    return import_kind


def pairs(texts: Sequence[str], *, flag: str = "--map") -> dict[str, str]:
    """`name=value` texts as a dictionary. Raises `BadParameter` for anything else."""
    split = [text.partition("=") for text in texts]
    for text, (name, _, column) in zip(texts, split, strict=True):
        if not name or not column:
            raise typer.BadParameter(f"{text!r} is not of the form name=value", param_hint=flag)
    return {name.strip(): column.strip() for name, _, column in split}


def show_report(session: OutputSession, report: ImportReport, *, title: str) -> None:
    """Prints the rows of each file; the totals, notes and reasons go to stderr. Of a refused import, only these."""
    from omnix_cli.reports.output import as_text, records_table

    if report.refused:
        note(f"{counted(report.read, 'row')} read, {report.quarantined - report.expected:,} bad: nothing was imported")
    else:
        parts = f"{report.accepted:,} accepted + {report.quarantined:,} quarantined + {report.known:,} already known"
        note(f"{counted(report.read, 'row')} read = {parts}")
    for line in report.notes:
        note(line)
    for finding in report.findings:
        note(f"{finding.text}. {finding.hint}".rstrip())
    if report.reasons:
        print(as_text(records_table(report.reasons, REASONS), title="Quarantined"), file=sys.stderr)
    if not report.refused:
        session.write_records(report.files, _FILES, title=f"{title}{': dry run' if report.dry_run else ''}")


for _kind, _example in _EXAMPLES.items():
    command(app, _example, name=_kind)(_import(_kind))
