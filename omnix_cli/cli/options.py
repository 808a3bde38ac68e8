"""Options that mean the same in every command, and the session that they open.

A command takes a group of options (`OutputSession`) as one argument; `command` turns it into single options.
Nothing heavy is imported before a command runs, so that help and completion answer at once.
"""

from __future__ import annotations

import inspect
import os
import sys
import typing
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, is_dataclass
from functools import cache, cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from omnix_cli.processes import stop_signals
from omnix_cli.safe_text.printing import one_line, printable
from omnix_cli.store_kinds import FACTORIES

if TYPE_CHECKING:
    import polars as pl

    from omnix_cli.api.workspace import Workspace
    from omnix_cli.reports.output import Target

    StoreKind = str
else:
    StoreKind = Literal[tuple(FACTORIES)]  # the choices, which a type checker cannot see

Report = TypeVar("Report")
Value = TypeVar("Value")
Function = TypeVar("Function", bound=Callable[..., None])

Format = Literal["table", "json", "csv", "parquet"]
LogFormat = Literal["text", "json"]
PredictorName = Literal["statistical", "bedrock", "bedrock-batch", "auto"]

RUN = "RUN"
"""The name of an argument or option that takes a run."""
_PLACE = (
    f"a store ({', '.join(FACTORIES)}, or settings in which it differs from [store], such as stage=prod; repeatable) "
    "or the folder of an export."
)

AS_OF = "Use only rows of days before this one: a date, `today` or `latest`."
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="DAY", help=AS_OF)]
Customers = Annotated[
    int | None,
    typer.Option("--customers", min=1, help="Use at most so many customers, chosen by the hash of their id."),
]
Force = Annotated[bool, typer.Option("--force", help="Compute again even if nothing changed.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="Show at most so many rows.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen; change nothing.")]
From = Annotated[list[str] | None, typer.Option("--from", metavar="PLACE", help=f"The source: {_PLACE}")]
To = Annotated[list[str] | None, typer.Option("--to", metavar="PLACE", help=f"The target: {_PLACE}")]
ToFolder = Annotated[str, typer.Option("--to", metavar="PLACE", help=f"The target: {_PLACE}")]
"""Where only a folder will do."""
MaxReadUnits = Annotated[
    float | None, typer.Option("--max-read-units", min=0.5, help="Read units a second to use at most.")
]


@dataclass(frozen=True)
class Session:
    """The settings and the workspace of a command."""

    config: Annotated[
        Path | None, typer.Option("--config", envvar="OMNIX_CONFIG", help="A configuration file (TOML).")
    ] = None
    workspace_folder: Annotated[
        str | None, typer.Option("--workspace", help="The folder or s3:// address of the workspace (default: .omnix).")
    ] = None
    log_format: Annotated[LogFormat, typer.Option("--log-format", help="The format of log lines on stderr.")] = "text"
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show more log lines.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show only warnings and errors on stderr.")] = False

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace of the Python API: a command calls one of its methods. Sets up the log lines first."""
        from omnix_cli.api.opening import Opening
        from omnix_cli.api.workspace import Workspace
        from omnix_cli.cli.logs import configure_logging, log_to_file
        from omnix_cli.cli.progress_bars import on_terminal
        from omnix_cli.protocols.progress import NO_PROGRESS

        configure_logging(json_lines=self.log_format == "json", verbose=self.verbose, quiet=self.quiet)
        default, folder = Path("omnix.toml"), self.workspace_folder
        name = "shared_workspace" if (folder or "").startswith("s3://") else "workspace"
        opening = Opening(
            config=self.config or (default if default.exists() else None),
            environment=os.environ,
            settings={} if folder is None else {name: folder},
            log_to=lambda folder: log_to_file(folder / "logs" / "omnix.log"),
            may_go_on=stop_signals.check,
            is_named=folder is not None,
            progress=NO_PROGRESS if self.quiet else on_terminal(),
        )
        return Workspace(opening)


@dataclass(frozen=True)
class Chosen:
    """The run whose results are looked at."""

    run: Annotated[str, typer.Option("--run", metavar=RUN, help="A run's id, the beginning of one, or `latest`.")] = (
        "latest"
    )
    as_of: AsOf = None


@dataclass(frozen=True)
class OutputSession(Session):
    """A session with results: where they go, and in which format."""

    format: Annotated[Format, typer.Option("--format", help="The format of the results.")] = "table"
    csv_safe: Annotated[
        bool, typer.Option("--csv-safe", help="In CSV, put ' before texts that a spreadsheet would run as a formula.")
    ] = False
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="Write to this file or s3:// address instead of stdout.")
    ] = None

    def __post_init__(self) -> None:
        if self.csv_safe and self.format != "csv":
            raise typer.BadParameter("it is for --format csv", param_hint="--csv-safe")

    def write(
        self, frame: pl.DataFrame, *, title: str, brief: Sequence[str] = (), objects: Sequence[dict[str, Any]] = ()
    ) -> None:
        """Prints a frame, or writes it to the file. A table shows only the columns `brief`, if any are given.

        JSON output is `objects`, if they are given: rows with values of types that do not fit into one column."""
        from omnix_cli.reports.output import write_frame, write_objects

        if objects and self.format == "json":
            write_objects(objects, target=self._target())
            return
        if brief and self.format == "table":
            frame = frame.select(brief)
        write_frame(frame, title=title, kind=self.format, target=self._target(), csv_safe=self.csv_safe)

    def write_values(self, frame: pl.DataFrame, values: Any, *, title: str, brief: Sequence[str] = ()) -> None:
        """Like `write`, but JSON output is `values`, whose numbers stay exact."""
        from omnix_cli.reports.output import write_json

        if self.format == "json":
            write_json(values, target=self._target())
        else:
            self.write(frame, title=title, brief=brief)

    def write_tables(self, frames: Sequence[tuple[str, pl.DataFrame]]) -> None:
        """Prints several titled frames as tables, or writes them to the file."""
        from omnix_cli.reports.output import write_tables

        write_tables(frames, target=self._target())

    def write_records(self, records: Iterable[Any], columns: Sequence[str], *, title: str) -> None:
        """Prints the fields `columns` of records, or writes them to the file."""
        from omnix_cli.reports.output import records_table

        self.write(records_table(records, columns), title=title)

    def _target(self) -> Target:
        if self.output is None or not self.output.startswith("s3://"):
            return Path(self.output) if self.output else None
        from omnix_cli.wiring.stores import uploader

        return uploader(self.workspace.settings().values, self.output)


def command(
    app: typer.Typer, example: str, *, name: str | None = None, hidden: bool = False
) -> Callable[[Function], Function]:
    """Adds a function to a group as a command, which is called after the function unless it has a `name`."""

    def add(function: Function) -> Function:
        app.command(name, epilog=f"Example: {example}", hidden=hidden)(expand(function))
        return function

    return add


def expand(function: Callable[..., None]) -> Callable[..., None]:
    """Gives Typer a flat signature: a parameter that is a group of options becomes these options."""
    groups: dict[str, Any] = {one.name: one.annotation for one in _parameters(function) if is_dataclass(one.annotation)}
    flat: list[inspect.Parameter] = []
    for one in _parameters(function):
        flat.extend(_parameters(one.annotation) if one.name in groups else [one])

    @wraps(function)
    def expanded(**values: Any) -> None:
        made = {
            name: group(**{option.name: values.pop(option.name) for option in _parameters(group)})
            for name, group in groups.items()
        }
        function(**values, **made)

    expanded.__signature__ = inspect.Signature(flat)  # type: ignore[attr-defined]
    expanded.__annotations__ = {one.name: one.annotation for one in flat}
    return expanded


@cache
def _parameters(function: Any) -> list[inspect.Parameter]:
    """What a function or a group takes, with the types themselves instead of their names."""
    hints = typing.get_type_hints(function, include_extras=True)
    given = inspect.signature(function).parameters.values()
    return [one.replace(annotation=hints[one.name], kind=inspect.Parameter.KEYWORD_ONLY) for one in given]


def note(message: str) -> None:
    """Prints a message of one line to stderr; only results go to stdout."""
    print(one_line(message), file=sys.stderr)


def write_text(text: str) -> None:
    """Writes a result that is a text to stdout: as it is, but for what a terminal would obey."""
    if sys.stdout is not None:  # a daemon may have closed it
        sys.stdout.write(printable(text) if sys.stdout.isatty() else text)


def instead(old: str, new: str) -> None:
    """Says that an old spelling still works in this release, and what to use instead."""
    note(f"warning: `{old}` will be removed in the next release; use `{new}`")


def renamed(value: Value | None, old_value: Value | None, *, old: str, new: str) -> Value | None:
    """The value of an option that is given by its new or, for this release, by its old name."""
    if old_value is None:
        return value
    if value is not None:
        raise typer.BadParameter(f"use only {new}, its new name", param_hint=old)
    instead(old, new)
    return old_value


def render(call: Callable[[], Report], show: Callable[[Report], None]) -> None:
    """Shows the report of a call; if the call failed with a report, shows that report before its error."""
    from omnix_cli.errors import OmnixError

    try:
        report = call()
    except OmnixError as error:
        if error.report is not None:
            show(error.report)
        raise
    show(report)
