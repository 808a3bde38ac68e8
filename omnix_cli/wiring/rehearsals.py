"""Trying out what a run would do: in a copy of the workspace that shares what is kept and keeps nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from omnix_cli.protocols.checkpoints import Figures
from omnix_cli.protocols.steps import Predictor
from omnix_cli.services.runs.runner import Runner
from omnix_cli.settings import SourceSettings
from omnix_cli.stores.workspace.folders import DiskFolder, DiskShelf, Folder, Shelf
from omnix_cli.stores.workspace.layered_shelf import LayeredShelf
from omnix_cli.stores.workspace.records import LEDGER, FileLedger, RunFolder
from omnix_cli.wiring.workspaces import Workspace

if TYPE_CHECKING:
    from omnix_cli.services.importing.reports import ImportReport


@dataclass(frozen=True)
class Rehearsal(Workspace):
    """A workspace in which imports and steps are done as in `lasting`, with the same keys; what they write is in the
    folder `apart`."""

    lasting: Workspace = field(kw_only=True)
    apart: Path = field(kw_only=True)

    @cached_property
    def shelf(self) -> Shelf:
        return LayeredShelf(DiskShelf(self.apart / "checkpoints"), self.lasting.shelf)

    @cached_property
    def ledger(self) -> FileLedger:
        return FileLedger(DiskFolder(self.apart), self.checkpoints, forgotten=self.forgotten)

    @property
    def spills(self) -> Path:
        return self.apart

    @property
    def fingerprints(self) -> Folder:
        return DiskFolder(self.apart) if self.is_new else self.lasting.fingerprints

    def _import_source(self, source: SourceSettings) -> ImportReport:
        return replace(super()._import_source(source), dry_run=True)


@contextmanager
def rehearsal(workspace: Workspace) -> Iterator[Rehearsal]:
    """The workspace to try out what would happen. All that is imported or computed in it is deleted when the block
    ends."""
    with TemporaryDirectory(prefix="omnix-") as folder:
        given = {one.name: getattr(workspace, one.name) for one in fields(Workspace)}
        apart = Path(folder)
        with suppress(FileNotFoundError):
            DiskFolder(apart).write(LEDGER, workspace.ledger.folder.read(LEDGER))
        with closing(Rehearsal(**given, lasting=workspace, apart=apart)) as rehearsed:
            yield rehearsed


@contextmanager
def scratch_runner(workspace: Workspace, predictor: Predictor) -> Iterator[Runner]:
    """A runner that keeps nothing: what it computes is deleted when the block ends."""
    with rehearsal(workspace) as rehearsed:
        records = RunFolder(DiskFolder(rehearsed.apart / "runs"))
        yield replace(rehearsed.runner(predictor), records=records)


def questions_to_come(workspace: Workspace) -> Figures:
    """What a run would ask a model, and what that costs; nothing if it asks none. The steps before are done for it, and
    not kept."""
    if workspace.settings.prediction.predictor == "statistical":
        return {}
    from omnix_cli.services.models import expected_questions

    predictors = workspace.predictors
    terms = predictors.terms(workspace.answers.seconds_per_reply(model=workspace.settings.bedrock.model))
    predicting = predictors.bedrock()
    with scratch_runner(workspace, predicting) as runner:
        return expected_questions(predicting, runner, terms)
