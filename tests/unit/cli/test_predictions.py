from __future__ import annotations

from typing import Any

import typer

from omnix_cli.cli.predictions import app

GROUP: Any = typer.main.get_command(app)


def test_predict_is_a_command_and_a_group() -> None:
    assert GROUP.invoke_without_command
    assert {"compare", "show-prompt", "estimate", "status", "collect", "retry-failed", "usage"} < set(GROUP.commands)


def test_old_spellings_are_hidden() -> None:
    hidden = {name for option in GROUP.params if option.hidden for name in option.opts}
    assert hidden == {"--compare", "--customers", "--show-prompt"}
