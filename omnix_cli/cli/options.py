"""Options that mean the same in every command, and the session that they open.

A command takes a group of options (`Session`, `Output`) as one argument; `expand` turns it into single options.
Nothing heavy is imported before a command runs, so that help and completion answer at once.
"""

from __future__ import annotations

import inspect
import os
import sys
import typing
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache, cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    import polars as pl

    from omnix_cli.api.opening import Opening
    from omnix_cli.api.workspace import Workspace
    from omnix_cli.configuration import LoadedSettings
    from omnix_cli.reports.output import Target
    from omnix_cli.wiring.workspaces import Workspace as OpenWorkspace


Report = TypeVar("Report")
Value = TypeVar("Value")


class Format(StrEnum):
    """The format of results."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


class LogFormat(StrEnum):
    """The format of log lines."""

    TEXT = "text"
    JSON = "json"


class PredictorName(StrEnum):
    """What makes the predictions."""

    STATISTICAL = "statistical"
    BEDROCK = "bedrock"
    BEDROCK_BATCH = "bedrock-batch"
    AUTO = "auto"


class StoreKind(StrEnum):
    """Where lists are published."""

    SQLITE = "sqlite"
    DYNAMODB = "dynamodb"


RUN = "RUN"
"""The name of an argument or option that takes a run."""

AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DAY", help="Use only rows of days before this one: a date, `today` or `latest`."),
]
Force = Annotated[bool, typer.Option("--force", help="Compute again even if nothing changed.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="Show at most so many rows.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen; change nothing.")]


@dataclass(frozen=True)
class Session:
    """The settings and the workspace of a command."""

    config: Annotated[
        Path | None, typer.Option("--config", envvar="OMNIX_CONFIG", help="A configuration file (TOML).")
    ] = None
    workspace_folder: Annotated[
        str | None,
        typer.Option("--workspace", help="The folder or s3:// address of the workspace (default: .omnix)."),
    ] = None
    log_format: Annotated[LogFormat, typer.Option("--log-format", help="The format of log lines on stderr.")] = (
        LogFormat.TEXT
    )
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show more log lines.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show only warnings and errors on stderr.")] = False

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace of the Python API: a command calls one of its methods."""
        from omnix_cli.api.workspace import Workspace

        return Workspace(self.opening)

    @cached_property
    def opening(self) -> Opening:
        """How the workspace is opened. Sets up the log lines on stderr first."""
        from omnix_cli.api.opening import Opening
        from omnix_cli.cli.logs import configure_logging, log_to_file

        configure_logging(json_lines=self.log_format is LogFormat.JSON, verbose=self.verbose, quiet=self.quiet)
        is_shared = (self.workspace_folder or "").startswith("s3://")
        folder = {"shared_workspace" if is_shared else "workspace": self.workspace_folder}
        return Opening(
            config=self._file,
            environment=os.environ,
            settings={name: value for name, value in folder.items() if value is not None},
            now=now,
            log_to=lambda folder: log_to_file(folder / "logs" / "omnix.log"),
        )

    def load(self, **flags: Any) -> LoadedSettings:
        """The settings with the flags of this command (`__` stands for the dot; None: not given)."""
        return self.opening.load(**flags)

    def open(self, **flags: Any) -> OpenWorkspace:
        """The workspace to read from."""
        return self.opening.read(**flags)

    def locked(self, command: str, *, dry_run: bool = False, **flags: Any) -> AbstractContextManager[OpenWorkspace]:
        """The workspace to change."""
        return self.opening.locked(command, dry_run=dry_run, **flags)

    @cached_property
    def _file(self) -> Path | None:
        default = Path("omnix.toml")
        return self.config or (default if default.exists() else None)


@dataclass(frozen=True)
class Output:
    """Where results go, and in which format."""

    session: Session
    format: Annotated[Format, typer.Option("--format", help="The format of the results.")] = Format.TABLE
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="Write to this file or s3:// address instead of stdout.")
    ] = None

    def write(
        self, frame: pl.DataFrame, *, title: str, brief: Sequence[str] = (), objects: Sequence[dict[str, Any]] = ()
    ) -> None:
        """Prints a frame, or writes it to the file. A table shows only the columns `brief`, if any are given.

        JSON output is `objects`, if they are given: rows with values of types that do not fit into one column."""
        from omnix_cli.reports.output import write_frame, write_objects

        if objects and self.format is Format.JSON:
            write_objects(objects, target=self._target())
            return
        if brief and self.format is Format.TABLE:
            frame = frame.select(brief)
        write_frame(frame, title=title, kind=self.format.value, target=self._target())

    def _target(self) -> Target:
        if self.output is None or not self.output.startswith("s3://"):
            return Path(self.output) if self.output else None
        from omnix_cli.wiring.stores import uploader

        return uploader(self.session.load().values, self.output)


def expand(function: Callable[..., None]) -> Callable[..., None]:
    """Gives Typer a flat signature: a parameter that is a group of options becomes these options.

    A group with another group as a field gets the one that the command takes before it."""
    hints = typing.get_type_hints(function, include_extras=True)
    groups = {name: _fields(hint) for name, hint in hints.items() if _is_group(hint)}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if name in groups:
            parameters.extend(option for option in groups[name] if not _is_group(option.annotation))
        else:
            parameters.append(parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY))

    @wraps(function)
    def command(**values: Any) -> None:
        made: dict[Any, Any] = {}
        for name, options in groups.items():
            given = {
                option.name: made[option.annotation] if _is_group(option.annotation) else values.pop(option.name)
                for option in options
            }
            made[hints[name]] = hints[name](**given)
        grouped = {name: made[hints[name]] for name in groups}
        function(**values, **grouped)

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _is_group(hint: Any) -> bool:
    return isinstance(hint, type) and is_dataclass(hint)


@cache
def _fields(group: Any) -> list[inspect.Parameter]:
    hints = typing.get_type_hints(group, include_extras=True)
    kind = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter(
            field.name,
            kind,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(group)
    ]


def now() -> datetime:
    """The current time; the only clock of the program."""
    return datetime.now(UTC)


def note(message: str) -> None:
    """Prints a message to stderr; only results go to stdout."""
    print(message, file=sys.stderr)


def instead(old: str, new: str) -> None:
    """Says that an old spelling still works in this release, and what to use instead."""
    note(f"warning: `{old}` will be removed in the next release; use `{new}`")


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


def renamed(value: Value | None, old_value: Value | None, *, old: str, new: str) -> Value | None:
    """The value of an option that is given by its new or, for this release, by its old name."""
    if old_value is None:
        return value
    if value is not None:
        raise typer.BadParameter(f"use only {new}, its new name", param_hint=old)
    note(f"{old} is now {new}; the old name will be removed in the next release")
    return old_value
