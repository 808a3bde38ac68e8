"""`--from` and `--to`: the same in every command that has them. `wiring.places.parse_place` reads their values."""

from __future__ import annotations

from typing import Annotated

import typer

_A_STORE = "dynamodb, sqlite, or settings that differ from [store], such as stage=prod (repeatable)"

From = Annotated[
    list[str] | None,
    typer.Option("--from", metavar="PLACE", help=f"Read from this store: {_A_STORE}; or from the folder of an export."),
]
To = Annotated[list[str] | None, typer.Option("--to", metavar="PLACE", help=f"Write to this store: {_A_STORE}.")]
ToFolder = Annotated[
    str, typer.Option("--to", metavar="PLACE", help="Write to this new folder, on disk or s3://BUCKET/PREFIX.")
]
Against = Annotated[
    list[str] | None,
    typer.Option(
        "--to", metavar="PLACE", help=f"Compare with this store: {_A_STORE}; or with the folder of an export."
    ),
]
