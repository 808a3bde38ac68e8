"""Publishing makes the store hold exactly the latest lists, and writes only what differs.

One publisher writes at a time (see `leases`). The lists are compared with what the store holds (see
`published_state`), so a publish after a crash recognises the lists that were already written.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any

from omnix_cli.errors import ConfigError
from omnix_cli.processes.boot_time import boot_seconds
from omnix_cli.processes.peak_memory import PeakMemory
from omnix_cli.protocols.checkpoints import Checkpoints, StoredFrame
from omnix_cli.protocols.progress import NO_PROGRESS, MayGoOn, Progress, always, shown
from omnix_cli.protocols.tables import GuardedStore, TableStore, WriteLimit
from omnix_cli.records import StepRecord
from omnix_cli.services.customers import profile_patterns, profiles
from omnix_cli.services.publishing.drift import Tolerance
from omnix_cli.services.publishing.leases import TABLE, Lease, read_control
from omnix_cli.services.publishing.list_items import CHUNK_ROWS, Edition, lists_of
from omnix_cli.services.publishing.list_writer import ListWriter, aged
from omnix_cli.services.publishing.published_state import (
    Verification,
    keep_receipts,
    published_day,
    published_state,
    verify,
)
from omnix_cli.settings import PublishSettings

_log = logging.getLogger(__name__)

PUBLISHED = ("recommendations", "shop_lists")
"""The frames that are written to the store."""


@dataclass(frozen=True)
class PublishReport:
    """What a publish did, or would do. The `lists` are those added, changed, refreshed and unchanged; all these and the
    `removed` ones, except the unchanged, were `written`.

    `drifted` ones of the unchanged have other numbers than the published lists, within the tolerance (see `drift`);
    `refreshed` lists keep their content and get a new lifetime; `removed` lists are no longer made; `foreign` items
    belong to another service and are never touched (counted only when the store was read); `refused` items were
    rejected by the store as invalid. `receipts_key` names the receipts of what the store holds now. `units` are the
    write units used, `units_saved` those of the unchanged lists; `limit` is how fast a dry run would write."""

    lists: int
    added: int
    changed: int
    refreshed: int
    unchanged: int
    removed: int
    foreign: int
    refused: int
    compared_with: str
    receipts_key: str | None
    units: int
    units_saved: int
    samples: tuple[Mapping[str, Any], ...]
    limit: WriteLimit | None
    verification: Verification | None
    dry_run: bool
    drifted: int = 0

    @property
    def written(self) -> int:
        return self.added + self.changed + self.refreshed + self.removed

    @property
    def figures(self) -> dict[str, int | float | str]:
        always = {name: getattr(self, name) for name in ("added", "changed", "refreshed", "unchanged", "removed")}
        sometimes = {"drifted": self.drifted, "refused": self.refused}
        return {**always, **{name: count for name, count in sometimes.items() if count}}

    def cost(self, price: float) -> dict[str, int | float | str]:
        """Write units and dollars, spent and saved, at a price for a million units."""
        spent, saved = (round(units * price / 1e6, 4) for units in (self.units, self.units_saved))
        units = {"write_units": self.units, "write_units_saved": self.units_saved}
        return {**units, "cost_usd": spent, "cost_saved_usd": saved}

    @property
    def summary(self) -> str:
        """What the lists were compared with, what the verification proves, how fast a dry run would write."""
        details = [str(detail) for detail in (self.verification, self.limit) if detail]
        return "; ".join([f"compared with {self.compared_with}", *details])

    @property
    def incomplete(self) -> str:
        """What could not be done; empty when everything was."""
        differing = str(self.verification) if self.verification and self.verification.differences else ""
        refused = f"the store refused {self.refused} items" if self.refused else ""
        return "; ".join(filter(None, (refused, differing)))


@dataclass(frozen=True)
class Publisher:
    """Publishes the lists of a run to a store, which is opened for each publish. `holder` names the workspace that
    publishes, and `may_go_on` is called before every write. `timer` and `sleep` are those of the lease.

    `force` reads the store instead of trusting the receipts, and publishes lists of any day; `roll_back` allows lists
    that are older than the published ones; `dry_run` writes nothing, and adds some of the items that it would write to
    `samples`."""

    open_store: Callable[[], TableStore]
    checkpoints: Checkpoints
    settings: PublishSettings
    clock: Callable[[], datetime]
    holder: str
    may_go_on: MayGoOn = always
    timer: Callable[[], float] = boot_seconds
    sleep: Callable[[float], object] = time.sleep
    force: bool = False
    roll_back: bool = False
    dry_run: bool = False
    progress: Progress = NO_PROGRESS
    chunk_rows: int = CHUNK_ROWS
    samples: list[Mapping[str, Any]] = field(default_factory=list)

    def publish(self, frames: Mapping[str, StoredFrame], run_id: str, as_of: date) -> StepRecord:
        """Publishes those of the frames that `PUBLISHED` names, and says what was done. Without `force`, lists that are
        older than the published ones or belong to a future day are not published: recomputing a past night, or looking
        ahead, must not replace the lists that customers see today.

        Raises `LockedError` while another workspace publishes to the same store."""
        memory, began = PeakMemory(), time.perf_counter()
        with closing(self.open_store()) as store:
            self.may_go_on()
            control = read_control(store, self.clock())
            reason = None if self.force else self._objection(control, as_of)
            if reason:
                _log.warning("not published: %s", reason)
                return StepRecord(name="publish", key="", status="skipped", reason=reason)
            report = self.write(store, frames, run_id, as_of, control=control)
            bills = store.traits.bills_capacity
        if self.dry_run:
            self.samples.extend(report.samples)
        return StepRecord(
            name="publish",
            key=report.receipts_key or "",
            status="reused" if not report.written else "pending" if self.dry_run else "ran",
            reason=report.summary,
            incomplete=report.incomplete,
            rows_in=sum(frames[name].rows for name in PUBLISHED),
            rows_out=report.lists,
            seconds=round(time.perf_counter() - began, 3),
            peak_memory_bytes=memory.peak_bytes(),
            figures={**report.figures, **(report.cost(self.settings.write_price) if bills else {})},
        )

    def objection(self, as_of: date) -> str | None:
        """Why lists of this day would not be published; None if they would."""
        with closing(self.open_store()) as store:
            return None if self.force else self._objection(read_control(store, self.clock()), as_of)

    def write_profiles(self, frames: Mapping[str, StoredFrame]) -> StepRecord | None:
        """Writes shopping patterns and segments to the profiles that the store has, where they changed (see
        `profile_patterns`). None if it has no table of profiles, or the settings want none written. Without the rights
        to it the step is incomplete; the lists are published."""
        memory, began = PeakMemory(), time.perf_counter()
        if not self.settings.profiles:
            return None
        with closing(self.open_store()) as store:
            self.may_go_on()
            known = profile_patterns.known_of(*(frames[name].scan() for name in profile_patterns.PROFILED))
            writer = profile_patterns.ProfileWriter(store, self.clock, may_go_on=self.may_go_on, dry_run=self.dry_run)
            bills = store.traits.bills_capacity
            try:
                if profiles.TABLE in store.missing_tables((profiles.TABLE,)):
                    return None
                written = writer.write(known)
            except ConfigError as error:
                reason = f"{error.message} (publish.profiles = false leaves the profiles alone)"
                return StepRecord(name="profiles", key="", status="failed", reason=reason, incomplete=reason)
        price = round(written.units * self.settings.write_price / 1e6, 4)
        return StepRecord(
            name="profiles",
            key="",
            status="reused" if not written.written else "pending" if self.dry_run else "ran",
            reason="compared with the profiles in the store",
            rows_in=known.height,
            rows_out=written.written,
            seconds=round(time.perf_counter() - began, 3),
            peak_memory_bytes=memory.peak_bytes(),
            figures={**written.figures, **({"write_units": written.units, "cost_usd": price} if bills else {})},
        )

    def write(
        self,
        store: TableStore,
        frames: Mapping[str, StoredFrame],
        run_id: str,
        as_of: date,
        *,
        control: Mapping[str, Any] | None = None,
    ) -> PublishReport:
        """Writes what differs, removes lists that are no longer made, and keeps the receipts; for any day. Writes
        nothing if another publisher began since `control` was read."""
        now = self.clock()
        if not self.dry_run and not store.traits.is_administered:
            store.create_tables((TABLE,))
        control = read_control(store, now) if control is None else control
        facts = {"runId": run_id, "asOf": as_of.isoformat()}
        lease = Lease(
            store,
            control,
            self.holder,
            self.clock,
            self.settings.lease_seconds,
            facts,
            may_go_on=self.may_go_on,
            timer=self.timer,
            sleep=self.sleep,
        )
        writer = ListWriter(
            store,
            Edition.of(run_id, now=now, lifetime_days=self.settings.lifetime_days),
            lease,
            dry_run=self.dry_run,
        )
        try:
            with closing(lease), store.guarded(lease) if isinstance(store, GuardedStore) else nullcontext():
                return self._write(writer, [frames[name] for name in PUBLISHED])
        except (Exception, KeyboardInterrupt):  # whatever it is, the lease may be lost, too
            lease.mark_late_writes()
            raise

    def _write(self, writer: ListWriter, published: list[StoredFrame]) -> PublishReport:
        store, lease, edition = writer.store, writer.lease, writer.edition
        before = published_state(
            store, self.checkpoints, lease.before, force=self.force, before_reading=writer.may_write
        )
        keys = {frame.name: frame.key for frame in published}
        is_aged, tolerance = aged(edition, self.settings.refresh_share), Tolerance.of(self.settings)
        verification, key = None, before.key
        is_latest = before.frames == keys and before.tolerance == tolerance
        if is_latest and before.receipts.filter(is_aged).is_empty():
            after = writer.keep_all(before.receipts)
        else:
            chunks = chain.from_iterable(lists_of(frame, chunk_rows=self.chunk_rows) for frame in published)
            with shown(self.progress, "publish", before.receipts.height):
                after = writer.replace(before, chunks, is_aged, tolerance, self.progress)
            if not self.dry_run and (lease.held or key is None):
                writer.may_write()
                verification = verify(store, after, published, self.settings, seed=edition.run_id)
                if verification and verification.differences:
                    lease.disturb()
                else:  # refused items are tried again: the receipts then name no frames
                    key = keep_receipts(after, self.checkpoints, {} if writer.refused else keys, tolerance)
                    lease.complete(key)
        return PublishReport(
            lists=after.height,
            **writer.counts(),
            foreign=before.foreign,
            refused=len(writer.refused),
            compared_with=before.source,
            receipts_key=key,
            units=writer.units,
            units_saved=writer.units_saved,
            samples=tuple(writer.samples),
            limit=store.write_limit(TABLE) if self.dry_run else None,
            verification=verification,
            dry_run=self.dry_run,
        )

    def _objection(self, control: Mapping[str, Any], as_of: date) -> str | None:
        """Why lists of this day should not be published; None if they should."""
        now = self.clock()
        published = published_day(control)
        if published is not None and published > as_of and not self.roll_back:
            return f"the store holds newer lists, as of {published}; use --force to publish those of {as_of} anyway"
        if as_of > now.date() + timedelta(days=1):
            return f"{as_of} is in the future; use --force to publish anyway"
        return None
