"""The command line: `app` has all commands, `main` runs one and turns its outcome into text and an exit code.

A command parses its arguments, calls one function of the Python API and shows the result; it decides nothing.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Annotated, Any

import typer

from omnix_cli import __version__
from omnix_cli.errors import EXIT_CODES, ConfigError, Interrupted, OmnixError, os_failure
from omnix_cli.processes import stop_signals
from omnix_cli.safe_text.masking import without_secrets
from omnix_cli.safe_text.printing import is_whole, one_line, printable

# pydantic looks for plugins in every installed package, at a cost that each command would pay
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

_MODULES = {
    **dict.fromkeys(("init", "run", "explain", "similarity", "recommend", "publish"), "steps"),
    "import": "imports",
    "mapping": "mapping_commands",
    "predict": "predictions",
    "show": "show",
    "serve": "store_commands.serve",
    "customers": "store_commands.customer_commands",
    "privacy": "store_commands.privacy_commands",
    "purchases": "store_commands.purchase_commands",
    "recommendations": "store_commands.list_commands",
    "quarantine": "quarantine",
    "runs": "runs",
    "tables": "migrations",
    "config": "config",
    "check": "checks",
    "evaluate": "evaluate",
}
"""The module whose `app` has a command, or is a group of commands."""


def __getattr__(name: str) -> Any:
    if name == "app":
        return make_app()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def make_app(arguments: Sequence[str] = ()) -> typer.Typer:
    """The command line. If the first argument is a command or a group, only what it needs is built: a look-up should be
    fast."""
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
    for module in _modules_of(arguments):
        app.add_typer(import_module(f"omnix_cli.cli.{module}").app)
    return app


def _modules_of(arguments: Sequence[str]) -> Iterable[str]:
    """The modules that a command line needs: those of its command, or all."""
    match list(arguments[:2]):
        case ["show", "quarantine"]:  # an old spelling, which `quarantine` adds to `show`
            return ("show", "quarantine")
        case [first, *_] if first in _MODULES:
            return (_MODULES[first],)
    return dict.fromkeys(_MODULES.values())


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; never raises, except what ends Python itself.

    After a signal it is 130, even if the command ended before it looked, or a library made another error of it."""
    try:
        stop_signals.install()
        code, raised = _run(list(sys.argv[1:] if argv is None else argv)), None
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of polars is no Exception
        code, raised = OmnixError.exit_code, error
    try:
        stop_signals.check()
    except Interrupted as stopped:
        return _fail(raised if isinstance(raised, Interrupted) else stopped)
    finally:
        stop_signals.clear_mark()
    return code if raised is None else _explained(raised)


def _checked(arguments: Sequence[str]) -> list[str]:
    for argument in arguments:
        if not is_whole(argument):
            raise ConfigError(f"the argument {argument} is not UTF-8", hint="Rename the file, or write it in UTF-8.")
    return list(arguments)


def _run(arguments: Sequence[str]) -> int:
    command = typer.main.get_command(make_app(arguments))
    code = command.main(args=_checked(arguments), prog_name="omnix", standalone_mode=False)
    if sys.stdout is not None:
        sys.stdout.flush()
    return code if isinstance(code, int) else 0


def _explained(error: BaseException) -> int:
    """Prints an error and returns its exit code."""
    match error:
        case OmnixError():
            return _fail(error)
        case typer.TyperException():
            shown = io.StringIO()
            error.show(shown)  # type: ignore[attr-defined]  # what is raised is a subclass that Typer keeps private
            print(printable(without_secrets(shown.getvalue())), end="", file=sys.stderr)
            return error.exit_code
        case BrokenPipeError():
            sys.stderr.close()
            return 0
        case OSError() if (failure := os_failure(error)).exit_code != OmnixError.exit_code:
            from omnix_cli.cli.logs import log_traceback  # here, since only failures need it

            log_traceback(error)
            return _fail(failure)
        case _:
            return _fail_with_bug(error)


def _fail_with_bug(error: BaseException) -> int:
    from omnix_cli.cli.logs import keep_traceback

    hint = f"Report it with the traceback in {keep_traceback(error)}."
    return _fail(OmnixError(f"a bug in omnix: {type(error).__name__}: {error}", hint=hint))


def _fail(error: OmnixError) -> int:
    print(f"error: {one_line(error.message)}", file=sys.stderr)
    if error.hint:
        print(f"hint: {one_line(error.hint)}", file=sys.stderr)
    return error.exit_code


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
