"""Options that mean the same in every command, and the session they open.

A command takes a bundle (`Session`, `Output`) as one argument; `expand` turns it into its single options.
Nothing heavy is imported before a command runs, so that help and completion answer at once.
"""

from __future__ import annotations

import inspect
import os
import sys
import typing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property, wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import polars as pl

    from omnix_cli.configuration import LoadedSettings
    from omnix_cli.reports.output import Target
    from omnix_cli.settings import Settings
    from omnix_cli.wiring.workspaces import Workspace


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

    def load(self, **flags: Any) -> LoadedSettings:
        """The settings with this command's flags (dotted names with `__` for the dot; None: not given)."""
        from omnix_cli.cli.logs import configure_logging
        from omnix_cli.configuration import load_settings

        configure_logging(json_lines=self.log_format is LogFormat.JSON, verbose=self.verbose, quiet=self.quiet)
        is_shared = (self.workspace_folder or "").startswith("s3://")
        given = {
            "shared_workspace" if is_shared else "workspace": self.workspace_folder,
            **{name.replace("__", "."): value for name, value in flags.items()},
        }
        return load_settings(
            file=self._file,
            environment=os.environ,
            flags={name: value for name, value in given.items() if value is not None},
        )

    @cached_property
    def settings(self) -> Settings:
        """The settings without the flags of a command."""
        from omnix_cli.configuration import load_settings

        return load_settings(file=self._file, environment=os.environ).values

    def open(self, **flags: Any) -> Workspace:
        """The workspace to read from."""
        from omnix_cli.cli.logs import log_to_file
        from omnix_cli.wiring.workspaces import open_workspace

        workspace = open_workspace(self.load(**flags).values, now=now)
        if workspace.folder.exists():
            log_to_file(workspace.folder / "logs" / "omnix.log")
        return workspace

    @contextmanager
    def locked(self, command: str, *, dry_run: bool = False, **flags: Any) -> Iterator[Workspace]:
        """The workspace to change; nobody else can change it meanwhile. For a dry run that would be the first thing in
        its workspace, an empty one that is gone afterwards."""
        from omnix_cli.cli.logs import log_to_file

        workspace = self.open(**flags)
        if dry_run and workspace.is_new:
            with TemporaryDirectory(prefix="omnix-") as folder:
                settings = workspace.settings.model_copy(update={"workspace": Path(folder)})
                yield replace(workspace, settings=settings)
            return
        with workspace.lock(command):
            log_to_file(workspace.folder / "logs" / "omnix.log")
            workspace.sweep()
            yield workspace

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

        return uploader(self.session.settings, self.output)


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
