"""`workspace.imports` imports files and tables; `workspace.quarantine` has the rows that could not be imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from omnix_cli.api.opening import Opening

if TYPE_CHECKING:
    from omnix_cli.mappings import ColumnMapping
    from omnix_cli.records import StepRecord
    from omnix_cli.services.importing.quarantine import Discarded, OpenQuarantine
    from omnix_cli.services.importing.recipe_drafts import CanonicalColumn, RecipeCheck
    from omnix_cli.services.importing.reports import ImportReport
    from omnix_cli.stores.inputs.recipes import KnownRecipe
    from omnix_cli.wiring.workspaces import Workspace


@dataclass(frozen=True)
class Imports:
    """The `omnix import` commands. `kind` is purchases, products, customers, interactions or orders.

    `mapping` is a recipe by name or path, `columns` replaces single columns of it (omnix column to file column),
    `constants` gives columns the same value on every row, `encoding` and `timezone` replace those of the recipe;
    `day_first` and `decimal_comma` say how dates and numbers are written where the rows leave it open. If products or
    customers are `complete`, those that the input lacks are no longer offered; purchases that a Delta or Iceberg table
    no longer has are withdrawn, unless `complete` is False (None: unless they are most of them). An import that exceeds
    a limit raises `ImportRefused`, whose `report` has the counts."""

    opening: Opening

    def files(
        self,
        kind: str,
        files: str | Sequence[str],
        *,
        mapping: str | None = None,
        columns: Mapping[str, str] | None = None,
        constants: Mapping[str, str] | None = None,
        encoding: str | None = None,
        timezone: str | None = None,
        day_first: bool | None = None,
        decimal_comma: bool | None = None,
        max_bad: float | None = None,
        complete: bool | None = None,
        sheet: str | None = None,
        at: str | None = None,
        dry_run: bool = False,
    ) -> ImportReport:
        """Imports files, folders or globs, on disk or on S3, as one batch; nothing if too many rows are bad. `sheet` is
        that of an Excel workbook (`*`: all), `at` the version or time of a Delta or Iceberg table."""
        from omnix_cli.stores.inputs.recipes import load_mapping

        names = [files] if isinstance(files, str) else list(files)
        changes: dict[str, Any] = {"imports__max_bad": max_bad, "imports__timezone": timezone}
        with self.opening.locked(f"import {kind}", dry_run=dry_run, **changes) as workspace:
            how = load_mapping(kind, mapping).changed(
                columns=columns, constants=constants, encoding=encoding, timezone=timezone
            )
            how = how.written(day_first=day_first, decimal_comma=decimal_comma).choosing(sheet, at)
            return _advised(workspace, workspace.import_files(kind, names, how, complete=complete, dry_run=dry_run))

    def table(
        self,
        kind: str,
        place: str | Sequence[str] = (),
        *,
        mapping: str | None = None,
        columns: Mapping[str, str] | None = None,
        constants: Mapping[str, str] | None = None,
        encoding: str | None = None,
        timezone: str | None = None,
        day_first: bool | None = None,
        decimal_comma: bool | None = None,
        max_bad: float | None = None,
        complete: bool | None = None,
        dry_run: bool = False,
    ) -> ImportReport:
        """Imports the table that holds this kind of rows, from the store of the settings or from another `place`:
        `dynamodb`, `sqlite`, or settings in which that store differs, such as `stage=prod`; or the folder of a DynamoDB
        export of the table."""
        from omnix_cli.stores.inputs.recipes import load_mapping

        changes: dict[str, Any] = {"imports__max_bad": max_bad, "imports__timezone": timezone}
        with self.opening.locked(f"import {kind}", dry_run=dry_run, resumes=True, **changes) as workspace:
            how = load_mapping(kind, mapping).changed(
                columns=columns, constants=constants, encoding=encoding, timezone=timezone
            )
            how = how.written(day_first=day_first, decimal_comma=decimal_comma)
            at_store, files = _opened(workspace, place)
            return _advised(workspace, at_store.import_files(kind, files, how, complete=complete, dry_run=dry_run))

    def columns(self, kind: str) -> tuple[CanonicalColumn, ...]:
        """The columns that omnix knows for a kind of rows, with their types and meanings."""
        from omnix_cli.services.importing.recipe_drafts import canonical_columns

        return canonical_columns(kind)

    def draft(self, file: str, *, kind: str = "purchases") -> str:
        """A draft of a recipe for a file, as TOML. What was guessed from names is marked in comments."""
        from omnix_cli.services.importing.recipe_drafts import draft_recipe

        return draft_recipe(self.opening.read().importer(), file, kind)

    def recipes(self) -> tuple[KnownRecipe, ...]:
        """The recipes that come with omnix."""
        from omnix_cli.stores.inputs.recipes import known_recipes

        return known_recipes()

    def check(
        self,
        mapping: str,
        file: str,
        *,
        kind: str = "purchases",
        encoding: str | None = None,
        timezone: str | None = None,
        day_first: bool | None = None,
        decimal_comma: bool | None = None,
        sheet: str | None = None,
        at: str | None = None,
        limit: int = 20,
    ) -> RecipeCheck:
        """What a recipe makes of the first `limit` rows of a file. Nothing is imported."""
        from omnix_cli.services.importing.recipe_drafts import check_recipe
        from omnix_cli.stores.inputs.recipes import load_mapping

        how = load_mapping(kind, mapping).changed(encoding=encoding, timezone=timezone)
        how = how.written(day_first=day_first, decimal_comma=decimal_comma).choosing(sheet, at)
        return check_recipe(self.opening.read().importer(), how, file, limit=limit)

    def sources(self, *, dry_run: bool = False) -> tuple[StepRecord, ...]:
        """Imports the sources of the settings, in order, as a run does first."""
        from omnix_cli.wiring.rehearsals import rehearsal

        with (
            self.opening.locked("import", dry_run=dry_run) as workspace,
            rehearsal(workspace) if dry_run else nullcontext(workspace) as working,
        ):
            return tuple(working.import_sources())


@dataclass(frozen=True)
class Quarantine:
    """The `omnix quarantine` commands. `kind` is purchases, products, customers or interactions; `reason` and `file`
    select the rows with this reason or of this input file."""

    opening: Opening

    def show(
        self, kind: str = "purchases", *, reason: str | None = None, file: str | None = None, limit: int = 20
    ) -> OpenQuarantine:
        """The open rows, counted by reason, and the first `limit` of them."""
        from omnix_cli.services.importing.quarantine import quarantine_show

        return quarantine_show(self.opening.existing().importer(), kind, reason=reason, file=file, limit=limit)

    def replay(
        self,
        kind: str = "purchases",
        *,
        mapping: str | None = None,
        columns: Mapping[str, str] | None = None,
        constants: Mapping[str, str] | None = None,
        encoding: str | None = None,
        timezone: str | None = None,
        day_first: bool | None = None,
        decimal_comma: bool | None = None,
        fixed: Mapping[str, str] | None = None,
        reason: str | None = None,
        file: str | None = None,
        dry_run: bool = False,
    ) -> ImportReport:
        """Reads open rows again, with a fixed mapping or from the fixed copies of their files (`fixed`: quarantined
        name to path), and imports those that are good now. What is not given stays as it was in their import."""
        from omnix_cli.services.importing.quarantine import quarantine_replay
        from omnix_cli.stores.inputs.recipes import load_mapping

        with self.opening.locked("quarantine replay", dry_run=dry_run, imports__timezone=timezone) as workspace:
            given = load_mapping(kind, mapping) if mapping else None

            def revised(before: ColumnMapping) -> ColumnMapping:
                how = (given or before).changed(
                    columns=columns, constants=constants, encoding=encoding, timezone=timezone
                )
                return how.written(day_first=day_first, decimal_comma=decimal_comma)

            return quarantine_replay(
                workspace.importer(), kind, revised, fixed=fixed, reason=reason, file=file, dry_run=dry_run
            )

    def discard(
        self, kind: str = "purchases", *, reason: str | None = None, file: str | None = None, dry_run: bool = False
    ) -> Discarded:
        """Discards open rows: they are not shown or replayed again."""
        from omnix_cli.services.importing.quarantine import quarantine_discard

        with self.opening.locked("quarantine discard", dry_run=dry_run) as workspace:
            return quarantine_discard(workspace.importer(), kind, reason=reason, file=file, dry_run=dry_run)


def _opened(workspace: Workspace, place: str | Sequence[str]) -> tuple[Workspace, tuple[str, ...]]:
    """The workspace with the store at a place, or the folder of the export that the place is."""
    from omnix_cli.wiring.places import Places, check_folder, parse_place

    parsed = parse_place(place)
    if parsed.folder is not None:
        check_folder(parsed.folder)
        return workspace, (parsed.folder,)
    store = Places(workspace).settings(parsed)
    return replace(workspace, settings=workspace.settings.model_copy(update={"store": store})), ()


def _advised(workspace: Workspace, report: ImportReport) -> ImportReport:
    """The report with what was noticed about all rows, unless it left them as they were."""
    if report.batch is None:
        return report
    return replace(report, advice=workspace.advisor(keep=True).warn())
