"""`--from` and `--to`: the same in every command that has them. `wiring.places.parse_place` reads their values."""

from __future__ import annotations

from typing import Annotated

import typer

_PLACE = (
    "a store (dynamodb, sqlite, or settings in which it differs from [store], such as stage=prod; repeatable) "
    "or the folder of an export."
)

From = Annotated[list[str] | None, typer.Option("--from", metavar="PLACE", help=f"The source: {_PLACE}")]
To = Annotated[list[str] | None, typer.Option("--to", metavar="PLACE", help=f"The target: {_PLACE}")]
ToFolder = Annotated[str, typer.Option("--to", metavar="PLACE", help=f"The target: {_PLACE}")]
"""Where only a folder will do."""
MaxReadUnits = Annotated[
    float | None, typer.Option("--max-read-units", min=0.5, help="Read units a second to use at most.")
]
