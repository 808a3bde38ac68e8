"""A workspace that machines share: its checkpoints, ledger, run records and lock under one address on S3."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from omnix_cli.settings import S3Settings
from omnix_cli.stores.s3.folders import S3Folder, S3Shelf
from omnix_cli.stores.s3.lock import bucket_lock
from omnix_cli.stores.s3.prefix import connect


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

    def lock(self, command: str) -> AbstractContextManager[None]:
        """Its lock: only one process at a time may change it."""
        return bucket_lock(self._objects, command=command, now=self._now())
