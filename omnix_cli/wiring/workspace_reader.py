"""Opening a workspace to read from it: checkpoints, run records and imports, and nothing that computes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from omnix_cli.errors import ConfigError
from omnix_cli.services.as_of import resolve_as_of
from omnix_cli.services.lookups.results import Results
from omnix_cli.services.lookups.run_frames import LATEST, RunFrames
from omnix_cli.settings import Settings
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from omnix_cli.stores.workspace.folders import DiskFolder, DiskShelf, Folder, Shelf
from omnix_cli.stores.workspace.forgotten import ForgottenCustomers
from omnix_cli.stores.workspace.records import FileLedger, RunFolder
from omnix_cli.stores.workspace.versions import check_format

if TYPE_CHECKING:
    from omnix_cli.stores.s3.workspace import S3Workspace


@dataclass(frozen=True)
class WorkspaceReader:
    """A folder of checkpoints, import batches and runs, to read from. `now` is the only clock."""

    settings: Settings
    now: Callable[[], datetime]

    @classmethod
    def open(cls, settings: Settings, *, now: Callable[[], datetime]) -> Self:
        """The workspace that the settings name. Raises `ConfigError` when its folder is something else."""
        if settings.workspace.exists() and not settings.workspace.is_dir():
            message = f"the workspace {settings.workspace} is not a folder"
            raise ConfigError(message, hint="Choose another with --workspace.")
        return cls(settings, now)

    @property
    def folder(self) -> Path:
        return self.settings.workspace

    @property
    def is_new(self) -> bool:
        """Whether it has never been used."""
        return self._shared is None and not self.folder.exists()

    @cached_property
    def shelf(self) -> Shelf:
        """Where the checkpoints are."""
        return self._shared.shelf("checkpoints") if self._shared else DiskShelf(self.folder / "checkpoints")

    @cached_property
    def checkpoints(self) -> ParquetCheckpoints:
        return ParquetCheckpoints(self.shelf, now=self.now, forgotten=self.forgotten)

    @cached_property
    def records(self) -> RunFolder:
        return RunFolder(self._shared.folder("runs") if self._shared else DiskFolder(self.folder / "runs"))

    @cached_property
    def ledger(self) -> FileLedger:
        return FileLedger(self.root, self.checkpoints, forgotten=self.forgotten)

    @cached_property
    def root(self) -> Folder:
        """Where the files of the workspace itself are: on this machine, or shared."""
        return self._shared.folder() if self._shared else DiskFolder(self.folder)

    @cached_property
    def forgotten(self) -> ForgottenCustomers:
        """The customers who were forgotten."""
        return ForgottenCustomers(self.root)

    def results(self, run: str = LATEST, *, on_day: bool = False) -> Results:
        """The results of a run (an id, the beginning of one, or `latest`); with `on_day`, of the latest run for the day
        of the settings."""
        as_of = None
        if on_day:
            purchases, timezone = self.ledger.view("purchases"), self.settings.imports.timezone
            as_of = resolve_as_of(self.settings.as_of, purchases=purchases, now=self.now(), timezone=timezone)
        frames = RunFrames(self.records, self.checkpoints, self.ledger.view, run, as_of)
        return Results(frames, self.settings.recommend.hemisphere, self.settings.privacy.consent_personalisation)

    @cached_property
    def _shared(self) -> S3Workspace | None:
        """The part of the workspace that machines share on S3, if the settings name one."""
        address = self.settings.shared_workspace
        if not address:
            check_format(DiskFolder(self.folder))
            return None
        from omnix_cli.stores.s3.workspace import S3Workspace

        shared = S3Workspace(address, self.settings.s3, now=self.now)
        check_format(shared.folder())
        return shared
