"""All commands of `omnix`. A call builds only the command or group that it names, since a look-up should be fast."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer

from omnix_cli import __version__
from omnix_cli.errors import EXIT_CODES

_MODULES = {
    **dict.fromkeys(("init", "run", "explain", "similarity", "recommend", "publish"), "steps"),
    "import": "imports",
    "predict": "predictions",
    "show": "show",
    "quarantine": "quarantine",
    "runs": "runs",
    "tables": "migrations",
    "config": "config",
}
"""The module whose `app` has a command, or is a group of commands."""


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
        epilog=f"Exit codes: {'; '.join(f'{known.code} {known.name}' for known in EXIT_CODES)}.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    first = arguments[0] if arguments else ""
    for module in [_MODULES[first]] if first in _MODULES else dict.fromkeys(_MODULES.values()):
        app.add_typer(import_module(f"omnix_cli.cli.{module}").app)
    return app
