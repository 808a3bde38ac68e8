"""Opening the workspace of a call: which settings apply, who may change it, and where its log goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from omnix_cli.errors import ConfigError, Interrupted
from omnix_cli.protocols.progress import NO_PROGRESS, MayGoOn, Progress, always

if TYPE_CHECKING:
    from decimal import Decimal

    from omnix_cli.configuration import LoadedSettings
    from omnix_cli.wiring.workspace_reader import WorkspaceReader
    from omnix_cli.wiring.workspaces import Workspace

    Dollars: TypeAlias = Decimal | float | str

Opened = TypeVar("Opened", bound="WorkspaceReader")


def present() -> datetime:
    """The current time; the only clock of the program."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Opening:
    """The settings of a call are those of `config` (a TOML file), overridden by `environment` (OMNIX_* variables), then
    by `settings` (dotted names), then by the arguments of the call itself.

    `now` is the only clock. `log_to` is called with the folder of a workspace that exists, before work begins;
    `may_go_on` after each piece of work and before each change of the workspace or the store. `is_named`: somebody
    typed the name of the workspace, so one that does not exist is not taken for an empty one. Runs show their
    `progress`."""

    config: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    now: Callable[[], datetime] = present
    log_to: Callable[[Path], None] = lambda folder: None
    may_go_on: MayGoOn = always
    is_named: bool = False
    progress: Progress = NO_PROGRESS

    def load(self, **arguments: Any) -> LoadedSettings:
        """The settings of one call. `arguments` are settings with `__` for the dot; None means not given."""
        from omnix_cli.configuration import load_settings

        given = {name.replace("__", "."): value for name, value in arguments.items() if value is not None}
        return load_settings(file=self.config, environment=self.environment, flags={**self.settings, **given})

    def results(self, **arguments: Any) -> WorkspaceReader:
        """The workspace, to look up results: loads nothing of what computes them."""
        from omnix_cli.wiring.workspace_reader import WorkspaceReader

        return self._logged(self._existing(WorkspaceReader.open(self.load(**arguments).values, now=self.now)))

    def read(self, **arguments: Any) -> Workspace:
        """The workspace, to read from."""
        from omnix_cli.wiring.workspaces import Workspace

        opened = Workspace.open(self.load(**arguments).values, now=self.now)
        return self._logged(replace(opened, progress=self.progress))

    def existing(self, **arguments: Any) -> Workspace:
        """The workspace, to read from. Raises `ConfigError` when one is named that does not exist."""
        return self._existing(self.read(**arguments))

    @contextmanager
    def locked(
        self, command: str, *, dry_run: bool = False, resumes: bool = False, **arguments: Any
    ) -> Iterator[Workspace]:
        """The workspace, to change: no other process can change it until the block ends.

        A dry run in a workspace that does not exist yet uses an empty one, which is deleted afterwards. If the command
        `resumes`, an interruption says so."""
        workspace = self.read(**arguments)
        workspace.checks.append(self.may_go_on)
        with resumable(resumes and not dry_run, self.may_go_on):
            if dry_run and workspace.is_new:
                from tempfile import TemporaryDirectory

                with TemporaryDirectory(prefix="omnix-") as folder:
                    settings = workspace.settings.model_copy(update={"workspace": Path(folder)})
                    yield replace(workspace, settings=settings)
                return
            with workspace.lock(command):
                self.log_to(workspace.folder)
                workspace.prepare(dry_run=dry_run)
                yield workspace

    def _existing(self, workspace: Opened) -> Opened:
        if workspace.is_new and self.is_named:
            message = f"there is no workspace {workspace.folder}"
            raise ConfigError(message, hint="Check --workspace. `omnix init` and `omnix import` make a workspace.")
        return workspace

    def _logged(self, workspace: Opened) -> Opened:
        if workspace.folder.exists():
            self.log_to(workspace.folder)
        return workspace


@contextmanager
def resumable(resumes: bool = True, may_go_on: MayGoOn = always) -> Iterator[None]:
    """Says after an interruption, if the command `resumes`, that it continues where it stopped; also if a library made
    another error of the interruption."""
    try:
        try:
            yield
        except Exception:
            may_go_on()
            raise
    except Interrupted as error:
        error.hint = "Run the same command again: it continues where it stopped." if resumes else None
        raise


def model_settings(
    model: str | None = None, prompt: str | None = None, budget: Dollars | None = None
) -> dict[str, Any]:
    """The settings that say how a model is asked, as arguments of a call."""
    return {"bedrock__model": model, "bedrock__prompt": prompt, "bedrock__budget": budget}
