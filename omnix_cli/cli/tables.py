"""`omnix tables create`."""

from __future__ import annotations

from contextlib import closing

import typer

from omnix_cli.cli.options import Session, expand, note, now

app = typer.Typer(help="The tables of the store: making, checking, moving them.", no_args_is_help=True)


@app.command(epilog="Example: omnix tables create --config configs/sample.toml")
@expand
def create(session: Session) -> None:
    """Create the tables that are missing."""
    from omnix_cli.wiring import table_store

    with closing(table_store(session.load().values, now=now)) as store:
        note("created: " + (", ".join(store.create_tables()) or "nothing, all are there"))
