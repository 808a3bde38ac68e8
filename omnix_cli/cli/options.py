"""Options that mean the same in every command, and the session they open.

A command takes a bundle (`Session`, `Output`) as one argument; `expand` turns it into its single options.
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
from functools import cached_property, wraps
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


class Format(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


class LogFormat(StrEnum):
    """How log lines look."""

    TEXT = "text"
    JSON = "json"


AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help="Stand on this day and see only earlier ones: a date, `today` or `latest`."),
]
Force = Annotated[bool, typer.Option("--force", help="Compute again even when nothing changed.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")]


@dataclass(frozen=True)
class Session:
    """The settings and the workspace a command works with."""

    config: Annotated[
        Path | None, typer.Option("--config", envvar="OMNIX_CONFIG", help="A configuration file (TOML).")
    ] = None
    workspace_folder: Annotated[
        str | None,
        typer.Option(
            "--workspace", help="The folder, or the s3:// address, of checkpoints and runs (default: .omnix)."
        ),
    ] = None
    log_format: Annotated[LogFormat, typer.Option("--log-format", help="How log lines on stderr look.")] = (
        LogFormat.TEXT
    )
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="More log lines.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only warnings and errors on stderr.")] = False

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace with its functions: what a command calls."""
        from omnix_cli.api.workspace import Workspace

        return Workspace(self.opening)

    @cached_property
    def opening(self) -> Opening:
        """How the workspace is opened; sets up the log lines on stderr first."""
        from omnix_cli.api.opening import Opening
        from omnix_cli.cli.logs import configure_logging, log_to_file

        configure_logging(json_lines=self.log_format is LogFormat.JSON, verbose=self.verbose, quiet=self.quiet)
        is_shared = (self.workspace_folder or "").startswith("s3://")
        place = {"shared_workspace" if is_shared else "workspace": self.workspace_folder}
        return Opening(
            config=self._file,
            environment=os.environ,
            settings={name: value for name, value in place.items() if value is not None},
            now=now,
            log_to=lambda folder: log_to_file(folder / "logs" / "omnix.log"),
        )

    def load(self, **flags: Any) -> LoadedSettings:
        """The settings with this command's flags (dotted names with `__` for the dot; None: not given)."""
        return self.opening.load(**flags)

    def open(self, **flags: Any) -> OpenWorkspace:
        """The workspace to read from."""
        return self.opening.read(**flags)

    def locked(self, command: str, *, dry_run: bool = False, **flags: Any) -> AbstractContextManager[OpenWorkspace]:
        """The workspace to change."""
        return self.opening.locked(command, dry_run=dry_run, **flags)

    @cached_property
    def _file(self) -> Path | None:
        found = Path("omnix.toml")
        return self.config or (found if found.exists() else None)


@dataclass(frozen=True)
class Output:
    """Where results go and how they look."""

    session: Session
    format: Annotated[Format, typer.Option("--format", help="How results are printed.")] = Format.TABLE
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="Write to this file or s3:// address instead of stdout.")
    ] = None

    def write(
        self, frame: pl.DataFrame, *, title: str, brief: Sequence[str] = (), objects: Sequence[dict[str, Any]] = ()
    ) -> None:
        """Prints a frame, or writes it to the file; a table has only the columns `brief`, if any are named.

        JSON is `objects` where they are given: the rows with values of types that do not fit into one column."""
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
    """Gives Typer a flat signature: every parameter that is a bundle becomes the bundle's options.

    A bundle that has another one as a field is given the command's own, which stands before it."""
    hints = typing.get_type_hints(function, include_extras=True)
    bundles = {name: _fields(hint) for name, hint in hints.items() if _is_bundle(hint)}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if name in bundles:
            parameters.extend(option for option in bundles[name] if not _is_bundle(option.annotation))
        else:
            parameters.append(parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY))

    @wraps(function)
    def command(**values: Any) -> None:
        made: dict[Any, Any] = {}
        for name, options in bundles.items():
            given = {
                option.name: made[option.annotation] if _is_bundle(option.annotation) else values.pop(option.name)
                for option in options
            }
            made[hints[name]] = hints[name](**given)
        bundled = {name: made[hints[name]] for name in bundles}
        function(**values, **bundled)

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _is_bundle(hint: Any) -> bool:
    return isinstance(hint, type) and is_dataclass(hint)


def _fields(bundle: Any) -> list[inspect.Parameter]:
    hints = typing.get_type_hints(bundle, include_extras=True)
    kind = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter(
            field.name,
            kind,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(bundle)
    ]


def now() -> datetime:
    """The present instant; the only clock of the program."""
    return datetime.now(UTC)


def note(message: str) -> None:
    """Tells the person at the terminal something; results go to stdout, everything else here."""
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
