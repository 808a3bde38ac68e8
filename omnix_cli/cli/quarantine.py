"""`omnix quarantine show | replay | discard`."""

from __future__ import annotations

import typer

app = typer.Typer(help="The input rows that were set aside, and what becomes of them.", no_args_is_help=True)
