"""`omnix init`."""

from __future__ import annotations

import typer

from omnix_cli.cli.options import Session, expand, note


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(epilog="Example: omnix init")(expand(init))


def init(session: Session) -> None:
    """Make a workspace and a commented configuration file in the current folder."""
    with session.locked("init") as workspace:
        made = workspace.initialise()
    note("\n".join(f"made {path}" for path in made) or "nothing to do: everything is there already")
