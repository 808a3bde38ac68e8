from __future__ import annotations

from typing import Any

import typer

from omnix_cli.cli.options import RUN
from omnix_cli.cli.runs import app

GROUP: Any = typer.main.get_command(app)


def test_a_run_is_called_the_same_everywhere() -> None:
    runs = [
        parameter
        for command in GROUP.commands.values()
        for parameter in command.params
        if parameter.name in ("run", "before", "after")
    ]
    assert len(runs) == 3
    assert {parameter.metavar for parameter in runs} == {RUN}
