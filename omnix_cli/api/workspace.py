"""The Python API: a workspace, and every command as a function of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omnix_cli.api.imports import Imports
from omnix_cli.api.opening import Opening, present
from omnix_cli.api.quarantine import Quarantine

if TYPE_CHECKING:
    from omnix_cli.configuration import LoadedSettings


@dataclass(frozen=True)
class Workspace:
    """A workspace and the settings in force. Each method is one command of `omnix`."""

    opening: Opening

    @cached_property
    def imports(self) -> Imports:
        """Imports of files, tables and the configured sources."""
        return Imports(self.opening)

    @cached_property
    def quarantine(self) -> Quarantine:
        """The input rows that could not be imported."""
        return Quarantine(self.opening)

    def settings(self, **arguments: Any) -> LoadedSettings:
        """The settings in force, and where each of them comes from."""
        return self.opening.load(**arguments)


def open_workspace(
    folder: str | Path | None = None,
    *,
    config: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    now: Callable[[], datetime] = present,
) -> Workspace:
    """Opens the workspace in `folder` (or at an s3:// address; by default the one of the settings).

    `config` is a TOML file, `settings` are single settings by dotted name that go before it, `environment` the OMNIX_*
    variables (none, unless given: the API does not read the process's environment), `now` the clock."""
    place = {} if folder is None else {_place(str(folder)): str(folder)}
    opening = Opening(
        config=Path(config) if config is not None else None,
        environment=environment or {},
        settings={**(settings or {}), **place},
        now=now,
    )
    return Workspace(opening)


def _place(folder: str) -> str:
    return "shared_workspace" if folder.startswith("s3://") else "workspace"
