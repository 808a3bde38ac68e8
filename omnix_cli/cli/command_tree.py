"""All commands of `omnix`. A call builds only the command or group that it names, since a look-up should be fast."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Annotated

import typer

from omnix_cli import __version__

_COMMANDS = {
    "init": "workspace",
    "run": "steps",
    "explain": "steps",
    "similarity": "steps",
    "recommend": "steps",
    "publish": "steps",
}
"""The module whose `register` adds a command."""
_GROUPS = {
    "import": "imports",
    "predict": "predictions",
    "show": "show",
    "quarantine": "quarantine",
    "runs": "runs",
    "tables": "tables",
    "config": "config",
}
"""The module whose `app` is a group of commands."""


def _show_version(asked: bool) -> None:
    if asked:
        print(f"omnix {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def make_app(arguments: Sequence[str] = ()) -> typer.Typer:
    """The command line. If the first argument is a command or a group, only what it needs is built."""
    app = typer.Typer(
        name="omnix",
        help="Batch analytics on retail purchase history: similarity, replenishment predictions, recommendations.",
        epilog="Exit codes: 0 done, 1 bug, 2 usage or configuration, 3 data rejected, 4 try later, 5 finished in part, "
        "75 another run holds the lock, 130 interrupted.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    first = arguments[0] if arguments else ""
    is_known = first in _COMMANDS or first in _GROUPS
    for module in dict.fromkeys(_COMMANDS[name] for name in _COMMANDS if name == first or not is_known):
        import_module(f"omnix_cli.cli.{module}").register(app)
    for name in _GROUPS:
        if name == first or not is_known:
            app.add_typer(_group(_GROUPS[name]), name=name)
    return app


@cache
def _group(module: str) -> typer.Typer:
    group: typer.Typer = import_module(f"omnix_cli.cli.{module}").app
    if module == "tables":
        import_module("omnix_cli.cli.migrations").register(group)
    return group
