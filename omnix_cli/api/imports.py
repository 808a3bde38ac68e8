"""`workspace.imports`: files, tables and the configured sources become rows of the workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from omnix_cli.api.opening import Opening

if TYPE_CHECKING:
    from omnix_cli.records import StepRecord
    from omnix_cli.services.importing.reports import ImportReport
    from omnix_cli.wiring.workspaces import Workspace


@dataclass(frozen=True)
class Imports:
    """The `omnix import` commands. `kind` is purchases, products, customers, interactions or orders.

    `mapping` is a recipe by name or path, `columns` replaces single columns of it (omnix column to file column), and
    `timezone` its time zone. An import that exceeds a limit raises `ImportRefused`, whose `report` has the counts."""

    opening: Opening

    def files(
        self,
        kind: str,
        files: str | Sequence[str],
        *,
        mapping: str | None = None,
        columns: Mapping[str, str] | None = None,
        timezone: str | None = None,
        max_bad: float | None = None,
        dry_run: bool = False,
    ) -> ImportReport:
        """Imports files, folders or globs, on disk or on S3, as one batch; nothing if too many rows are bad."""
        names = [files] if isinstance(files, str) else list(files)
        with self._locked(kind, timezone, max_bad, dry_run) as workspace:
            how = workspace.mapping(kind, mapping, columns, timezone)
            return workspace.import_files(kind, names, how, dry_run=dry_run)

    def table(
        self,
        kind: str,
        place: str | Sequence[str] = (),
        *,
        mapping: str | None = None,
        columns: Mapping[str, str] | None = None,
        timezone: str | None = None,
        max_bad: float | None = None,
        dry_run: bool = False,
    ) -> ImportReport:
        """Imports the table that holds this kind of rows, from the store of the settings or from another `place`:
        `dynamodb`, `sqlite`, or settings in which that store differs, such as `stage=prod`; or the folder of a DynamoDB
        export of the table."""
        with self._locked(kind, timezone, max_bad, dry_run, resumes=True) as workspace:
            how = workspace.mapping(kind, mapping, columns, timezone)
            at_store, files = _opened(workspace, place)
            return at_store.import_files(kind, files, how, dry_run=dry_run)

    def sources(self, *, dry_run: bool = False) -> tuple[StepRecord, ...]:
        """Imports the sources of the settings, in order, as a run does first."""
        with self.opening.locked("import", dry_run=dry_run) as workspace:
            return workspace.import_sources(dry_run=dry_run)

    def _locked(
        self, kind: str, timezone: str | None, max_bad: float | None, dry_run: bool, *, resumes: bool = False
    ) -> AbstractContextManager[Workspace]:
        settings: dict[str, Any] = {"imports__max_bad": max_bad, "imports__timezone": timezone}
        return self.opening.locked(f"import {kind}", dry_run=dry_run, resumes=resumes, **settings)


def _opened(workspace: Workspace, place: str | Sequence[str]) -> tuple[Workspace, tuple[str, ...]]:
    """The workspace with the store at a place, or the folder of the export that the place is."""
    from omnix_cli.wiring.places import Places, check_folder, parse_place

    parsed = parse_place(place)
    if parsed.folder is not None:
        check_folder(parsed.folder)
        return workspace, (parsed.folder,)
    store = Places(workspace).settings(parsed)
    return replace(workspace, settings=workspace.settings.model_copy(update={"store": store})), ()
