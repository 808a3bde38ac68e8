"""`omnix init`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import typer

from omnix_cli.cli.options import Session, expand, note


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(epilog="Example: omnix init --config shop.toml")(expand(init))


def init(session: Session) -> None:
    """Make a workspace and a configuration file. The file is omnix.toml, or the one that --config names."""
    file = session.config or Path("omnix.toml")
    if not file.exists():
        session = replace(session, config=None)
    made = session.workspace.initialise(file)
    note("\n".join(f"made {path}" for path in made) or "nothing to do: everything exists already")
