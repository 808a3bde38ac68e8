"""`omnix mapping list | init | check`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from omnix_cli.cli.imports import At, DayFirst, DecimalComma, Encoding, Sheet, Timezone
from omnix_cli.cli.options import Limit, OutputSession, Session, command, note, write_text
from omnix_cli.counted_nouns import counted

app = typer.Typer(name="mapping", help="List, write and check recipes for the columns of files.", no_args_is_help=True)

File = Annotated[str, typer.Argument(help="A file, on disk or s3://...")]
Recipe = Annotated[str, typer.Argument(help="A recipe by name, or its path.")]
RowKind = Annotated[
    Literal["purchases", "products", "customers", "interactions", "orders"],
    typer.Option("--kind", help="What the rows of the file are."),
]


DraftKind = Annotated[
    Literal["purchases", "products", "customers", "interactions"],
    typer.Option("--kind", help="What the rows of the file are."),
]


@command(app, "omnix mapping list", name="list")
def list_recipes(session: OutputSession) -> None:
    """List the recipes that come with omnix, and the kinds of input that each reads."""
    session.write_records(session.workspace.imports.recipes(), ("name", "kinds", "what"), title="Recipes")


@command(app, "omnix mapping init history.csv > shop.toml")
def init(session: Session, *, file: File, kind: DraftKind = "purchases") -> None:
    """Write a draft of a recipe for a file to stdout. Guesses are marked as comments."""
    write_text(session.workspace.imports.draft(file, kind=kind))


@command(app, "omnix mapping check shop.toml history.csv")
def check(
    session: OutputSession,
    *,
    recipe: Recipe,
    file: File,
    kind: RowKind = "purchases",
    encoding: Encoding = None,
    timezone: Timezone = None,
    day_first: DayFirst = None,
    decimal_comma: DecimalComma = None,
    sheet: Sheet = None,
    at: At = None,
    limit: Limit = 20,
) -> None:
    """Show what a recipe makes of the first rows of a file. Nothing is imported."""
    found = session.workspace.imports.check(
        recipe,
        file,
        kind=kind,
        encoding=encoding,
        timezone=timezone,
        day_first=day_first,
        decimal_comma=decimal_comma,
        sheet=sheet,
        at=at,
        limit=limit,
    )
    session.write(found.cells, title=f"First rows of {file}")
    note(f"{counted(found.good + found.bad, 'row')} read = {found.good:,} good + {found.bad:,} for quarantine")
    for name, text in found.findings.items():
        note(f"{name}: {text}")
