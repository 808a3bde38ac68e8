"""Tables: creating, checking and dropping them, and moving their items; `workspace.tables`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from omnix_cli.api.opening import Opening, resumable
from omnix_cli.protocols.progress import NO_PROGRESS, Progress

if TYPE_CHECKING:
    from omnix_cli.protocols.tables import TableAdministration, TableChange, TableState
    from omnix_cli.services.migrations.bulk_loading import BulkReport
    from omnix_cli.services.migrations.copying import CopyOptions, CopyReport
    from omnix_cli.services.migrations.sides import TableItems
    from omnix_cli.services.migrations.verifying import VerifyReport
    from omnix_cli.services.tables import Finding
    from omnix_cli.wiring.places import Places

PlaceLike = str | Sequence[str]
"""A place: nothing for the store of the settings; "dynamodb", "stage=test" or several such texts for another store; or
the folder of an export."""


@dataclass(frozen=True)
class Speed:
    """How fast tables are read and written; None as the settings say."""

    segments: int | None = None
    max_read_units: float | None = None
    max_write_units: float | None = None
    write_share: float | None = None


@dataclass(frozen=True)
class Tables:
    """The `omnix tables` commands. The sizes say how much work an interruption can lose."""

    opening: Opening
    chunk_items: int | None = None
    part_items: int | None = None

    def create(
        self, *, prefix: str | None = None, stage: str | None = None, dry_run: bool = False
    ) -> list[TableChange]:
        """Creates missing tables, indexes, expiry, backups and protection; removes nothing."""
        with self._administration(prefix, stage) as administration:
            return administration.complete(dry_run=dry_run)

    def status(self, *, prefix: str | None = None, stage: str | None = None) -> list[Finding]:
        """Compares the tables with their specification. Raises `ConfigError`, with the findings, when they differ."""
        from omnix_cli.services.tables import status

        with self._administration(prefix, stage) as administration:
            return status(administration)

    def drop(
        self, tables: Sequence[str] = (), *, prefix: str | None = None, stage: str | None = None, dry_run: bool = False
    ) -> list[TableState]:
        """Drops tables with all their items (all tables, if none is named); a protected one is never dropped."""
        from omnix_cli.services.tables import drop

        with self._administration(prefix, stage) as administration:
            return drop(administration, tables, dry_run=dry_run)

    def export(
        self,
        tables: Sequence[str],
        folder: str,
        *,
        source: PlaceLike = (),
        speed: Speed = Speed(),
        progress: Progress = NO_PROGRESS,
    ) -> tuple[TableItems, ...]:
        """Exports tables to Parquet files; an export that was stopped continues."""
        from omnix_cli.services.migrations.copying import PART_ITEMS, export

        places = self._places(speed)
        with resumable(), places.source(source) as opened:
            size, now = self.part_items or PART_ITEMS, places.workspace.now()
            return export(tables, opened, places.folder(folder), now=now, part_items=size, progress=progress)

    def load(
        self,
        folder: str,
        tables: Sequence[str] = (),
        *,
        target: PlaceLike = (),
        rewrite: str | Path | None = None,
        create: bool = False,
        dry_run: bool = False,
        speed: Speed = Speed(),
        progress: Progress = NO_PROGRESS,
    ) -> CopyReport:
        """Copies an export (all its tables, if none is named) to a store."""
        call = partial(self.copy, tables, source=f"{folder.rstrip('/')}/", target=target, rewrite=rewrite)
        return call(create=create, dry_run=dry_run, speed=speed, progress=progress)

    def copy(
        self,
        tables: Sequence[str] = (),
        *,
        source: PlaceLike = (),
        target: PlaceLike = (),
        rewrite: str | Path | None = None,
        create: bool = False,
        dry_run: bool = False,
        speed: Speed = Speed(),
        progress: Progress = NO_PROGRESS,
    ) -> CopyReport:
        """Copies tables to a store; the same copy again continues where it stopped. Raises `PartialError`, with the
        report, when the target refuses items."""
        from omnix_cli.services.migrations.copying import copy

        places = self._places(speed)
        options = self._options(places, rewrite, create=create, dry_run=dry_run)
        with resumable(not dry_run), places.source(source) as read, places.target(target) as written:
            return copy(tables, read, written, places.journals(), options=options, progress=progress)

    def undo(self, run: str, *, speed: Speed = Speed(), progress: Progress = NO_PROGRESS) -> tuple[TableItems, ...]:
        """Puts back what a copy changed; `run` is its id, the beginning of it, or `latest`."""
        from omnix_cli.services.migrations.copying import undo

        places = self._places(speed)
        settings = places.workspace.settings.store
        with resumable():
            return undo(run, places.journals(), settings=settings, open_store=places.store, progress=progress)

    def verify(
        self,
        tables: Sequence[str] = (),
        *,
        source: PlaceLike = (),
        target: PlaceLike = (),
        rewrite: str | Path | None = None,
        speed: Speed = Speed(),
        progress: Progress = NO_PROGRESS,
    ) -> VerifyReport:
        """Compares tables item by item. Raises `PartialError`, with the report, when they differ."""
        from omnix_cli.services.migrations.verifying import verify
        from omnix_cli.stores.migrations.rewrites import load_rewrites

        places, rewrites = self._places(speed), load_rewrites(rewrite)
        with places.source(source) as left, places.source(target) as right:
            return verify(tables, left, right, rewrites=rewrites, progress=progress)

    def backfill(
        self,
        *,
        target: PlaceLike = (),
        create: bool = False,
        dry_run: bool = False,
        speed: Speed = Speed(),
        progress: Progress = NO_PROGRESS,
    ) -> CopyReport:
        """Copies the imported purchases to `purchase-history`, without what was cancelled or returned."""
        from omnix_cli.services.migrations.backfill import backfill

        places = self._places(speed)
        purchases = places.workspace.ledger.view("purchases")
        options = self._options(places, None, create=create, dry_run=dry_run)
        with resumable(not dry_run), places.target(target) as written:
            return backfill(purchases, written, places.journals(), options=options, progress=progress)

    def bulk(
        self,
        table: str,
        to_files: str,
        *,
        source: PlaceLike = (),
        target: PlaceLike = (),
        start: bool = False,
        speed: Speed = Speed(),
        progress: Progress = NO_PROGRESS,
    ) -> BulkReport:
        """Writes files from which DynamoDB loads a table by itself; `start` has it load them."""
        from omnix_cli.services.migrations.bulk_loading import bulk

        places = self._places(speed)
        bulk_target = places.bulk_target(target, to_files)
        with places.source(source) as read:
            return bulk(table, read, bulk_target, start=start, progress=progress)

    def _places(self, speed: Speed) -> Places:
        from omnix_cli.wiring.places import Places

        return Places(self.opening.read(**{f"store__{name}": value for name, value in asdict(speed).items()}))

    def _options(self, places: Places, rewrite: str | Path | None, *, create: bool, dry_run: bool) -> CopyOptions:
        from omnix_cli.services.migrations.copying import CHUNK_ITEMS, CopyOptions
        from omnix_cli.stores.migrations.rewrites import load_rewrites

        settings = places.workspace.settings
        return CopyOptions(
            rewrites=load_rewrites(rewrite),
            create=create,
            dry_run=dry_run,
            chunk_items=self.chunk_items or CHUNK_ITEMS,
            write_price=settings.publish.write_price,
            read_price=settings.store.read_price,
        )

    @contextmanager
    def _administration(self, prefix: str | None, stage: str | None) -> Iterator[TableAdministration]:
        from omnix_cli.wiring.stores import store_factory

        settings = self.opening.load(store__prefix=prefix, store__stage=stage).values
        with closing(store_factory(settings, now=self.opening.now).administration()) as administration:
            yield administration
