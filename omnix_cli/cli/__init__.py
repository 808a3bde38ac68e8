"""The command line: `app` holds the commands, `main` turns whatever happens into text and an exit code."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Annotated

import typer

from omnix_cli import __version__
from omnix_cli.cli import config, imports, migrations, predictions, quarantine, runs, show, steps, tables, workspace
from omnix_cli.cli.logs import keep_traceback
from omnix_cli.errors import Interrupted, OmnixError

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


def _show_version(asked: bool) -> None:
    if asked:
        print(f"omnix {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


workspace.register(app)
app.add_typer(imports.app, name="import")
steps.register(app)
app.add_typer(predictions.app, name="predict")
app.add_typer(show.app, name="show")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(runs.app, name="runs")
app.add_typer(tables.app, name="tables")
migrations.register(tables.app)
app.add_typer(config.app, name="config")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; no exception leaves it."""
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _interrupt)
        command = typer.main.get_command(app)
        code = command.main(args=list(argv) if argv is not None else None, prog_name="omnix", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except OmnixError as error:
        return _fail(error.message, error.hint, error.exit_code)
    except typer.TyperException as error:
        error.show()  # type: ignore[attr-defined]  # what is raised is a subclass that Typer keeps private
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        place = keep_traceback(error)
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        return _fail(what, f"Check the path, its permissions, the disk and the network; details are in {place}.", 4)
    except Exception as error:
        place = keep_traceback(error)
        return _fail(f"a bug in omnix: {type(error).__name__}: {error}", f"The traceback is in {place}.", 1)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise Interrupted(f"stopped by {signal.Signals(number).name}")


def _fail(message: str, hint: str | None, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)
    return code
