"""How a workspace is opened: which settings hold, who may change it, and where its log goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omnix_cli.configuration import LoadedSettings
    from omnix_cli.wiring.workspaces import Workspace


def present() -> datetime:
    """The present instant."""
    return datetime.now(UTC)


def _unlogged(folder: Path) -> None:
    pass


@dataclass(frozen=True)
class Opening:
    """The settings of a call are those of `config` (a TOML file), then `environment` (OMNIX_* variables), then
    `settings` (dotted names), then the arguments of the call itself.

    `now` is the only clock. `log_to` is called with the folder of a workspace that is there, before work begins."""

    config: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    now: Callable[[], datetime] = present
    log_to: Callable[[Path], None] = _unlogged

    def load(self, **arguments: Any) -> LoadedSettings:
        """The settings of one call. `arguments` are settings, `__` for the dot; those that are None do not count."""
        from omnix_cli.configuration import load_settings

        given = {name.replace("__", "."): value for name, value in arguments.items() if value is not None}
        return load_settings(file=self.config, environment=self.environment, flags={**self.settings, **given})

    def read(self, **arguments: Any) -> Workspace:
        """The workspace, to read from."""
        from omnix_cli.wiring.workspaces import open_workspace

        workspace = open_workspace(self.load(**arguments).values, now=self.now)
        if workspace.folder.exists():
            self.log_to(workspace.folder)
        return workspace

    @contextmanager
    def locked(self, command: str, *, dry_run: bool = False, **arguments: Any) -> Iterator[Workspace]:
        """The workspace, to change: nobody else can change it until this ends.

        A dry run that would be the first thing in its workspace gets an empty one that is deleted afterwards."""
        workspace = self.read(**arguments)
        if dry_run and workspace.is_new:
            with TemporaryDirectory(prefix="omnix-") as folder:
                settings = workspace.settings.model_copy(update={"workspace": Path(folder)})
                yield replace(workspace, settings=settings)
            return
        with workspace.lock(command):
            self.log_to(workspace.folder)
            if not dry_run:
                workspace.upgrade()
            workspace.sweep()
            yield workspace
