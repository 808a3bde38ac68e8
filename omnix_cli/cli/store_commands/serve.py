"""`omnix serve`: the HTTP API on the customer side."""

from __future__ import annotations

from typing import Annotated

import typer

from omnix_cli.cli.options import Session, command, note

app = typer.Typer()


@command(app, "omnix serve --port 8080")
def serve(
    session: Session,
    host: Annotated[str | None, typer.Option("--host", help="The address to listen on (default: api.host).")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65_535, help="The port (0: any free one; default: api.port).")
    ] = None,
) -> None:
    """Serve the HTTP API until SIGTERM or Ctrl-C. Without a key it listens on this machine only."""
    session.workspace.serve(host=host, port=port, started=lambda address: note(f"listening on {address}"))
