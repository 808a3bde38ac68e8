"""`omnix import purchases | products | customers | interactions | orders`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from omnix_cli.cli.options import DryRun, Output, Session, expand, note

app = typer.Typer(help="Take files in: bad rows are set aside, known rows are left alone.", no_args_is_help=True)

Files = Annotated[list[str], typer.Argument(help="Files, folders or globs (CSV, NDJSON, Parquet; gzip, zstd); - is stdin.")]
Mapping = Annotated[
    str | None, typer.Option("--mapping", help="A recipe of configs/mappings/ by name, or a path to one.")
]
Map = Annotated[
    list[str] | None, typer.Option("--map", help="Column of omnix = column of the file; may be repeated.")
]
MaxBad = Annotated[
    float | None, typer.Option("--max-bad", min=0, max=1, help="The largest share of bad rows; above it, exit code 3.")
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
        files: Files,
        mapping: Mapping = None,
        map_columns: Map = None,
        max_bad: MaxBad = None,
        timezone: Timezone = None,
        dry_run: DryRun = False,
    ) -> None:
        from omnix_cli.reports.imports import files_table, findings_of

        flags = {"imports__max_bad": max_bad, "imports__timezone": timezone}
        with session.locked(f"import {kind}", **flags) as workspace:
            report = workspace.import_files(kind, files, mapping=mapping, columns=map_columns or (), dry_run=dry_run)
        for line in findings_of(report):
            note(line)
        output.write(files_table(report), title=f"Import of {kind}" + (" (dry run)" if dry_run else ""))

    take_in.__doc__ = f"Take {kind} in."
    return take_in


for _kind, _example in EXAMPLES.items():
    app.command(_kind, epilog=f"Example: {_example}")(expand(_importer(_kind)))
