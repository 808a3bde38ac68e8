from __future__ import annotations

import subprocess
import sys

import pytest
import typer

from omnix_cli.cli import make_app


def names(*arguments: str) -> set[str]:
    return set(typer.main.get_command(make_app(arguments)).commands)  # type: ignore[attr-defined]


def test_only_what_is_called_is_built() -> None:
    assert names("show", "due") == {"show"}
    assert names("run") == {"init", "run", "explain", "similarity", "recommend", "publish"}


@pytest.mark.parametrize("arguments", [(), ("--help",), ("rum",), ("--version", "show")])
def test_anything_else_has_all_commands(arguments: tuple[str, ...]) -> None:
    assert names(*arguments) >= {"init", "run", "import", "predict", "show", "quarantine", "runs", "tables", "config"}


def test_calls_leave_the_commands_of_others_alone() -> None:
    script = (
        "import sys; from omnix_cli.cli import main; main(['runs', '--help']);"
        " print('omnix_cli.cli.show' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", script], text=True).endswith("False\n")
