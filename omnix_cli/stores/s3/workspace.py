"""A workspace that machines share: its checkpoints, ledger, run records and lock under one address on S3.

The lock allows one run at a time: a lease on the object `lock`, renewed by its holder. The lease of a process that dies
ends after a minute, by the clock of S3. If a process is stopped for longer than its lease and another one starts, the
first one ends with `LockedError` as soon as it goes on. Neither can damage the other's work: manifests and the ledger
are only put if nobody else changed them. A server that ignores such conditions is refused.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from uuid import uuid4

import orjson

from omnix_cli.errors import LockedError, OmnixError
from omnix_cli.processes.boot_time import boot_seconds
from omnix_cli.processes.renewals import keep_renewing
from omnix_cli.protocols.progress import MayGoOn
from omnix_cli.settings import S3Settings
from omnix_cli.stores.s3.errors import Changed
from omnix_cli.stores.s3.folders import S3Folder, S3Shelf
from omnix_cli.stores.s3.prefix import Prefix, connect, unchanged
from omnix_cli.stores.workspace.lock import holder, owner

LOCK = "lock"
_FREE = b""
_MARGIN = 1 / 3
"""The share of the lease at its end that is not relied on: a request takes time to arrive."""

_log = logging.getLogger(__name__)


class S3Workspace:
    """The workspace at `s3://bucket/prefix`, with the same files as a workspace on disk."""

    def __init__(self, address: str, settings: S3Settings, *, now: Callable[[], datetime]) -> None:
        self._objects = connect(address, settings).within("")
        self._leftover_age = timedelta(hours=settings.leftover_hours)
        self._now = now

    def folder(self, name: str = "") -> S3Folder:
        """A folder in it; without a name, its root."""
        return S3Folder(self._objects.within(name))

    def shelf(self, name: str) -> S3Shelf:
        """The checkpoints in one of its folders."""
        return S3Shelf(self._objects.within(name), self._now, self._leftover_age)

    def lock(self, command: str) -> AbstractContextManager[MayGoOn]:
        """Its lock: only one process at a time may change it. Gives what raises once the lock is lost."""
        return bucket_lock(self._objects, command=command, now=self._now())


@contextmanager
def bucket_lock(objects: Prefix, *, command: str, now: datetime, lease_seconds: float = 60.0) -> Iterator[MayGoOn]:
    """Holds the lease, and gives what raises `LockedError` once it is lost. Raises `LockedError`, which names the
    holder, when another process has it, and `ConfigError` when the server ignores conditions."""
    lease = _Lease(objects, {**owner(command, now), "lease": uuid4().hex}, lease_seconds)
    lease.take()
    done = threading.Event()
    renewing = threading.Thread(target=lease.renew, args=(done,), name="lease", daemon=True)
    renewing.start()
    try:
        lease.check_conditions()
        yield lease.check
    finally:
        done.set()
        renewing.join()
        lease.release()


class _Lease:
    """The lease of one process. Every renewal changes its content, and with it its tag."""

    def __init__(
        self, objects: Prefix, terms: dict[str, object], seconds: float, timer: Callable[[], float] = boot_seconds
    ) -> None:
        self._objects = objects
        self._terms = terms
        self._seconds = seconds
        self._timer = timer
        self._renewals = 0
        self._etag: str | None = None
        self._ends = 0.0
        self._is_lost = False
        self._busy = threading.RLock()

    def take(self) -> None:
        content, self._etag = self._objects.get(LOCK) or (_FREE, None)
        try:
            age = self._objects.age(LOCK) if content != _FREE else None
            if age is not None and age.total_seconds() < self._seconds:
                raise Changed
            self._write()
        except Changed:
            current, _ = self._objects.get(LOCK) or (content, None)
            message = f"another run holds the lock of {self._objects}: {holder(current or content)}"
            hint = f"Wait for it to end. If its process died, the lock expires after {self._seconds:.0f} seconds."
            raise LockedError(message, hint=hint) from None

    def check(self) -> None:
        """Raises `LockedError` unless this process is sure to hold the lease now, and for a while."""
        with self._busy:
            if self._is_lost or self._ends - self._timer() < self._seconds * _MARGIN:
                self._renew()

    def check_conditions(self) -> None:
        """Raises `ConfigError` when the server puts objects although a condition fails: then it cannot keep a lock."""
        with self._busy:
            self._objects.check_conditions(LOCK, self._content())

    def renew(self, done: threading.Event) -> None:
        """Renews the lease until `done` is set or the lease is lost."""
        keep_renewing(self._renew, "the lock", every=self._seconds / 4, busy=self._busy, done=done)

    def release(self) -> None:
        if self._is_lost:
            return
        try:
            self._objects.put(LOCK, _FREE, unchanged(self._etag))
        except (Changed, OmnixError) as error:
            _log.warning("the lock of %s could not be released: %s", self._objects, error)

    def _renew(self) -> None:
        try:
            if not self._is_lost:
                self._write()
        except Changed:
            self._is_lost = True
        if self._is_lost:
            message = f"another run took the lock of {self._objects} while this one was stopped, slow or cut off"
            raise LockedError(message, hint="Run the same command again when that run has finished.")

    def _write(self) -> None:
        began = self._timer()
        self._renewals += 1
        self._etag = self._objects.put(LOCK, self._content(), unchanged(self._etag))
        self._ends = began + self._seconds

    def _content(self) -> bytes:
        return orjson.dumps({**self._terms, "renewals": self._renewals})
