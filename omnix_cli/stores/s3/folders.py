"""Folders and shelves in a bucket. The manifest makes a checkpoint: the one object that is put conditionally.

    checkpoints/<step>-<hash>/
        manifest.json
        <attempt>/<frame>-00000.parquet     the same bytes as on a disk

Every attempt writes into a folder of its own, so no writer touches the files of another one.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from io import BufferedReader
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import polars as pl

from omnix_cli.errors import LockedError, OmnixError, UnavailableError
from omnix_cli.protocols.checkpoints import StagedFile
from omnix_cli.settings import S3Settings
from omnix_cli.stores.s3.errors import Changed
from omnix_cli.stores.s3.prefix import Prefix, StoredObject, connect, unchanged
from omnix_cli.stores.workspace.files import disk_errors
from omnix_cli.stores.workspace.folders import MANIFEST, listed_paths

_TRIES = 20
"""How often a change is retried when other processes change the file at the same time."""


def s3_folder(address: str, settings: S3Settings) -> S3Folder:
    """The folder at `s3://bucket/prefix`. Raises `ConfigError` when the address or the settings are wrong."""
    return S3Folder(connect(address, settings).within(""))


@dataclass(frozen=True)
class S3Folder:
    """Objects under a prefix. Implements `folders.Folder` and, for the files of batch jobs, `protocols.Objects`."""

    objects: Prefix

    def __str__(self) -> str:
        return str(self.objects)

    def read(self, name: str) -> bytes:
        if (found := self.objects.get(name)) is None:
            raise FileNotFoundError(self.address(name))
        return found[0]

    def open(self, name: str) -> BufferedReader:
        if (stored := self.objects.head(name)) is None:
            raise FileNotFoundError(self.address(name))
        return self.objects.open(stored)

    def address(self, name: str) -> str:
        return f"{self.objects}{name}"

    def keys(self, beginning: str) -> Iterator[str]:
        return (stored.key for stored in self.objects.list(beginning))

    def write(self, name: str, content: bytes) -> None:
        self.objects.put(name, content)

    def write_lines(self, name: str, lines: Iterable[bytes]) -> None:
        """Writes a temporary file first, since a large object is uploaded in parts."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "lines"
            with disk_errors(path.parent), path.open("wb") as file:
                file.writelines(lines)
            self.objects.upload(name, path)

    def change(self, name: str, edit: Callable[[bytes | None], bytes]) -> None:
        for _ in range(_TRIES):
            content, etag = self.objects.get(name) or (None, None)
            with suppress(Changed):
                self.objects.put(name, edit(content), unchanged(etag))
                return
        raise UnavailableError(f"other processes keep changing {self.objects}{name}", hint="Try again later.")

    def names(self) -> list[str]:
        return [key for key in self.keys("") if key and "/" not in key]

    def files_below(self) -> list[str]:
        """The markers that consoles write for folders are no files."""
        return [key for key in self.keys("") if key and not key.endswith("/")]

    def remove(self, name: str) -> None:
        self.objects.delete([name])

    def sweep(self) -> None:
        """An object is there whole or not at all; see `S3Shelf.sweep` for unfinished uploads."""

    def damage(self, part: Mapping[str, Any]) -> str | None:
        """Uses the checksum that S3 keeps of the whole object; reads the object where there is none."""
        path = str(part["path"])
        if (stored := self.objects.head(path)) is None:
            return f"{path} is missing"
        if stored.size == part["bytes"]:
            if stored.sha256 == part["sha256"]:
                return None
            with self.objects.open(stored) as content:
                if hashlib.file_digest(content, "sha256").hexdigest() == part["sha256"]:
                    return None
        return f"{path} differs from its checksum"


@dataclass
class _S3Draft:
    """The objects of one attempt. Implements `folders.Draft`."""

    objects: Prefix
    folder: Path
    replaces: str | None
    """The tag of the manifest that was there when the attempt began."""
    attempt: str = field(default_factory=lambda: uuid4().hex[:12])
    parts: list[dict[str, Any]] = field(default_factory=list)
    is_committed: bool = False

    def adopt(self, name: str, file: StagedFile) -> dict[str, Any]:
        key = f"{self.attempt}/{name}"
        part: dict[str, Any] = {"path": key, "bytes": file.bytes, "sha256": file.sha256}
        self.parts.append(part)
        part["etag"] = self.objects.upload(key, file.path)
        file.path.unlink()
        return dict(part)

    def commit(self, manifest: bytes) -> None:
        """Raises `LockedError` when another writer was first, unless it wrote the same."""
        try:
            self.objects.put(MANIFEST, manifest, unchanged(self.replaces))
            self.is_committed = True
        except Changed:
            theirs, _ = self.objects.get(MANIFEST) or (b"", "")
            if sorted(part["sha256"] for part in _parts(theirs)) != sorted(part["sha256"] for part in self.parts):
                message = f"another run has just written {self.objects} with other content"
                raise LockedError(message, hint="Run again to reuse its result.") from None

    def clear(self) -> None:
        """Deletes the files if they were not committed; a later sweep deletes what this cannot."""
        if not self.is_committed:
            with suppress(OmnixError):
                self.objects.delete([str(part["path"]) for part in self.parts])


@dataclass(frozen=True)
class S3Shelf:
    """Checkpoints under a prefix. Implements `folders.Shelf`."""

    objects: Prefix
    now: Callable[[], datetime]
    leftover_age: timedelta
    """A file that no manifest lists and that is older than this is a leftover; no attempt takes so long."""

    def committed(self) -> list[str]:
        keys = (stored.key.rpartition("/") for stored in self.objects.list())
        return sorted(key for key, _, name in keys if name == MANIFEST and "/" not in key)

    def manifest(self, key: str) -> bytes | None:
        found = self.objects.within(key).get(MANIFEST)
        return found[0] if found else None

    def damage(self, key: str, part: Mapping[str, Any]) -> str | None:
        """An object with the tag of its upload is unchanged; of any other the checksum is compared."""
        listed = self._listed.get(f"{key}/{part['path']}")
        if listed is not None and (listed.size, listed.etag) == (part["bytes"], part.get("etag")):
            return None
        return S3Folder(self.objects.within(key)).damage(part)

    @cached_property
    def _listed(self) -> dict[str, StoredObject]:
        """All objects, listed once: one request for a thousand objects instead of one for each."""
        return {stored.key: stored for stored in self.objects.list()}

    def scan(self, key: str, paths: Sequence[str]) -> pl.LazyFrame:
        return self.objects.within(key).scan(paths)

    @contextmanager
    def draft(self, key: str) -> Iterator[_S3Draft]:
        earlier = self.objects.within(key).head(MANIFEST)
        with tempfile.TemporaryDirectory(prefix="omnix-") as scratch:
            draft = _S3Draft(self.objects.within(key), Path(scratch), earlier.etag if earlier else None)
            try:
                yield draft
            finally:
                draft.clear()

    @contextmanager
    def revise(self, key: str) -> Iterator[_S3Draft]:
        with self.draft(key) as draft:
            yield draft
        self.tidy(key)

    def tidy(self, key: str) -> int:
        listed = listed_paths(self.manifest(key) or b"")
        if listed is None:
            return 0
        objects = self.objects.within(key)
        unlisted = [stored.key for stored in objects.list() if stored.key not in {*listed, MANIFEST}]
        objects.delete(unlisted)
        return len(unlisted)

    def hide(self, key: str) -> None:
        """Deletes the manifest; a sweep deletes the parts."""
        self.objects.within(key).delete([MANIFEST])

    def remove(self, key: str) -> None:
        """Deletes the manifest first, so that no reader finds half a checkpoint."""
        objects = self.objects.within(key)
        objects.delete([MANIFEST])
        objects.delete([stored.key for stored in objects.list()])

    def sweep(self) -> int:
        before = self.now() - self.leftover_age
        self.objects.abort_uploads(before)
        gone: list[str] = []
        for key, stored in groupby(self.objects.list(), key=lambda stored: stored.key.partition("/")[0]):
            gone.extend(f"{key}/{path}" for path in self._leftovers(key, list(stored), before))
        self.objects.delete(gone)
        return len(gone)

    def _leftovers(self, key: str, stored: list[StoredObject], before: datetime) -> list[str]:
        paths = {one.key.removeprefix(f"{key}/"): one.modified for one in stored}
        attempts = {path.partition("/")[0] for path in paths if path != MANIFEST}
        if MANIFEST in paths and len(attempts) <= 1:
            return []
        used = {str(part["path"]) for part in _parts(self.manifest(key) or b"")} | {MANIFEST}
        return [path for path, modified in paths.items() if path not in used and modified < before]


def _parts(manifest: bytes) -> list[dict[str, Any]]:
    """The parts that a manifest lists; none when it cannot be read."""
    try:
        return [part for parts in orjson.loads(manifest)["parts"].values() for part in parts]
    except (ValueError, TypeError, KeyError, AttributeError):
        return []
