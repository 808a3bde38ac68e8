"""Everything that a workspace, its store and its batch jobs keep about customers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial

from omnix_cli.predictors.bedrock.personal_data import pseudonym
from omnix_cli.protocols.tables import TableStore
from omnix_cli.services.privacy.byte_search import StoredFile, files_in
from omnix_cli.services.privacy.checkpoint_rows import CheckpointRows
from omnix_cli.services.privacy.forgetting import Kept
from omnix_cli.services.privacy.kept_places import Place
from omnix_cli.services.privacy.migration_images import MigrationImages
from omnix_cli.services.privacy.model_answers_kept import BatchJobFiles, KeptAnswers
from omnix_cli.services.privacy.store_items import StoreItems
from omnix_cli.services.privacy.workspace_files import LogFiles, WorkspaceRecords
from omnix_cli.stores.s3.folders import s3_folder
from omnix_cli.stores.sqlite.store import SqliteStore
from omnix_cli.stores.workspace.folders import DiskFolder
from omnix_cli.wiring.workspaces import Workspace


def kept_data(workspace: Workspace, store: TableStore) -> Kept:
    """What is kept in the workspace, in this store, and at the location of batch jobs."""
    settings, disk = workspace.settings, DiskFolder(workspace.folder)
    others = list(_embedded(workspace, store))
    items = StoreItems(store, others, key=lambda: workspace.forgotten.key, now=workspace.now)
    live: list[Place] = [items]
    if settings.shared_workspace or (workspace.folder / "answers.sqlite").exists():
        live.append(KeptAnswers(workspace.answers))
    secret, location = settings.bedrock.pseudonym_secret, settings.bedrock.batch.location
    name, jobs = pseudonym(secret) if secret else None, None
    if location is not None:
        jobs = BatchJobFiles(s3_folder(location, settings.s3), name)
    records = [WorkspaceRecords(disk)]
    if settings.shared_workspace:
        records.append(WorkspaceRecords(workspace.root, name="shared records"))
    stored: list[Place] = [
        *([jobs] if jobs else []),
        MigrationImages(DiskFolder(workspace.folder / "migrations")),
        *records,
        LogFiles(workspace.folder / "logs"),
    ]
    return Kept(
        forgotten=workspace.forgotten,
        rows=CheckpointRows(workspace.checkpoints, workspace.ledger),
        live=live,
        stored=stored,
        files=lambda: _files(workspace, jobs),
        now=workspace.now,
        secret=secret.get_secret_value().encode() if secret else b"",
        pseudonym=name,
        jobs=jobs,
        named_in_settings=partial(_excluded, workspace),
        open_doors=items.open_doors,
        close=partial(_close, others),
        may_go_on=workspace.may_go_on,
    )


def _embedded(workspace: Workspace, store: TableStore) -> Iterator[SqliteStore]:
    """The other stores in the file of the embedded store, and all in the usual file if another one is used now."""
    used = None
    if isinstance(store, SqliteStore):
        used = store.path.absolute()
        yield from store.others_in_file()
    path = workspace.folder / "store.sqlite"
    if path.exists() and path.absolute() != used:
        with closing(SqliteStore(path, prefix="", stage="")) as left:
            yield from left.others_in_file()


def _excluded(workspace: Workspace, customer: str) -> tuple[str, ...]:
    is_named = customer in workspace.settings.recommend.excluded_customers
    return ("the setting recommend.excluded_customers",) if is_named else ()


def _files(workspace: Workspace, jobs: BatchJobFiles | None) -> Iterator[StoredFile]:
    """Every file of the workspace, of its part on S3, of the embedded store, and of batch jobs."""
    path = workspace.settings.store.path
    others = [path] if path is not None and workspace.settings.store.kind == "sqlite" else []
    yield from files_in(workspace.folder, *others)
    folders = [workspace.root] if workspace.settings.shared_workspace else []
    for folder in [*folders, *([jobs.objects] if jobs else [])]:
        for name in folder.files_below():
            yield StoredFile(f"{folder}/{name}", partial(folder.read, name))


def _close(stores: Sequence[TableStore]) -> None:
    for store in stores:
        store.close()
