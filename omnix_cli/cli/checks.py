"""`omnix check data`."""

from __future__ import annotations

import typer

from omnix_cli.cli.options import OutputSession, command

app = typer.Typer(name="check", help="Check the imported data.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    pass


@command(app, "omnix check data --format json")
def data(session: OutputSession) -> None:
    """Show what looks wrong in the imported data. For each finding: how many rows, an example, and what to do."""
    session.write_records(session.workspace.check_data(), ("code", "rows", "text", "hint"), title="Findings")
