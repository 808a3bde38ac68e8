"""Folders of small files, and shelves of checkpoints: the two protocols, and both on a disk.

`stores.s3.folders` has both in a bucket.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Protocol

import orjson
import polars as pl
from pydantic import AfterValidator, BaseModel, NonNegativeInt, TypeAdapter

from omnix_cli.protocols.checkpoints import StagedFile
from omnix_cli.stores.workspace.files import checksum, disk_errors, entries, is_temporary, sync, write_atomically
from omnix_cli.stores.workspace.private import private_folder

MANIFEST = "manifest.json"
_MANIFESTS = "_manifests"


def inner_path(path: str) -> str:
    """The path of a file below a folder, as it is. Raises ValueError for one that may lie outside."""
    if path.startswith("/") or {"\\", "\0"} & set(path) or {"", ".", ".."} & set(path.split("/")):
        raise ValueError(f"{path!r} is not the name of a file in this folder")
    return path


class FilePart(BaseModel):
    """A file, as a manifest describes it."""

    path: Annotated[str, AfterValidator(inner_path)]
    bytes: NonNegativeInt
    sha256: str


class FramePart(FilePart):
    """A file with rows of a frame."""

    rows: NonNegativeInt


_FRAME_PARTS = TypeAdapter(dict[str, list[FramePart]])


def check_parts(parts: object) -> None:
    """Raises ValueError when these are not the parts of frames, or a file of them may lie outside its folder."""
    _FRAME_PARTS.validate_python(parts)


def listed_paths(manifest: bytes) -> set[str] | None:
    """The paths of the files that a manifest lists; None when it cannot be read."""
    try:
        return {str(part["path"]) for parts in orjson.loads(manifest)["parts"].values() for part in parts}
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


class Folder(Protocol):
    """Small files, each written whole or not at all."""

    def read(self, name: str) -> bytes:
        """Raises FileNotFoundError when there is no such file."""

    def write(self, name: str, content: bytes) -> None: ...

    def change(self, name: str, edit: Callable[[bytes | None], bytes]) -> None:
        """Replaces the content with what `edit` returns for it (None: no such file); concurrent changes are kept."""

    def names(self) -> list[str]: ...
    def files_below(self) -> list[str]:
        """The paths of all files in it and in its folders."""

    def remove(self, name: str) -> None: ...
    def sweep(self) -> None:
        """Removes what killed processes left of files that they were writing; call it when no other process writes."""

    def damage(self, part: Mapping[str, Any]) -> str | None:
        """What is wrong with the file that a manifest describes as `part`: path, bytes, sha256."""

    def __str__(self) -> str:
        """Its address."""


class Draft(Protocol):
    """A checkpoint being written."""

    @property
    def folder(self) -> Path:
        """Where its files are best written."""

    def adopt(self, name: str, file: StagedFile) -> dict[str, Any]:
        """Takes a file from this folder or any other; returns its entry in the manifest: path, bytes, sha256."""

    def commit(self, manifest: bytes) -> None:
        """Turns the files into a checkpoint; replaces an earlier one with this key."""


class Shelf(Protocol):
    """All checkpoints, each in a folder named after its key; a folder without a manifest is not a checkpoint."""

    def committed(self) -> list[str]:
        """The keys of all checkpoints, sorted."""

    def manifest(self, key: str) -> bytes | None: ...
    def damage(self, key: str, part: Mapping[str, Any]) -> str | None:
        """What is wrong with a file of a checkpoint, which its manifest describes as `part`."""

    def scan(self, key: str, paths: Sequence[str]) -> pl.LazyFrame: ...

    def draft(self, key: str) -> AbstractContextManager[Draft]:
        """A new checkpoint; nothing of it remains unless it is committed."""

    def revise(self, key: str) -> AbstractContextManager[Draft]:
        """A change of a checkpoint: its files stay until a manifest without them is committed, in one step."""

    def tidy(self, key: str) -> int:
        """Removes the files of a checkpoint that its manifest does not list; returns how many."""

    def hide(self, key: str) -> object:
        """Hides a damaged checkpoint; a later `sweep` removes it."""

    def remove(self, key: str) -> None: ...

    def sweep(self) -> int:
        """Removes what killed processes left behind and returns how many files; call it under the workspace's lock."""


@dataclass(frozen=True)
class DiskFolder:
    """A folder on this machine. Implements `Folder`."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def read(self, name: str) -> bytes:
        return (self.path / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        with disk_errors(self.path):
            write_atomically(self.path / name, content)

    def change(self, name: str, edit: Callable[[bytes | None], bytes]) -> None:
        """Locks the folder itself meanwhile: nobody can delete that lock, as a file named `lock`."""
        with disk_errors(self.path):
            private_folder(self.path)
            with _locked(self.path):
                self.write(name, edit(self.read(name) if (self.path / name).exists() else None))

    def names(self) -> list[str]:
        return sorted(path.name for path in entries(self.path) if path.name[0] != "." and path.is_file())

    def files_below(self) -> list[str]:
        return sorted(str(path.relative_to(self.path)) for path in self.path.rglob("[!.]*") if path.is_file())

    def remove(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)

    def sweep(self) -> None:
        for path in entries(self.path):
            if is_temporary(path.name):
                path.unlink(missing_ok=True)

    def damage(self, part: Mapping[str, Any]) -> str | None:
        path = self.path / str(part["path"])
        if not path.exists():
            return f"{path.name} is missing"
        if path.stat().st_size != part["bytes"] or checksum(path) != part["sha256"]:
            return f"{path.name} differs from its checksum"
        return None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # NFS locks no folders: there the lock of the workspace has to do
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class _DiskDraft:
    """Files in a hidden folder, each flushed to the disk. Implements `Draft`."""

    folder: Path
    shelf: DiskShelf
    key: str

    def adopt(self, name: str, file: StagedFile) -> dict[str, Any]:
        if file.path != self.folder / name:
            with disk_errors(self.shelf.path):
                shutil.move(file.path, self.folder / name)
                sync(self.folder / name)  # it may have come from another disk
        return {"path": name, "bytes": file.bytes, "sha256": file.sha256}

    def commit(self, manifest: bytes) -> None:
        with disk_errors(self.shelf.path):
            sync(self.folder)
            self.shelf.remove(self.key)
            self.folder.rename(self.shelf.path / self.key)
            sync(self.shelf.path)
            write_atomically(self.shelf.manifest_path(self.key), manifest)


@dataclass(frozen=True)
class _DiskRevision(_DiskDraft):
    """New files beside those of a checkpoint, and its new manifest. Implements `Draft`."""

    def adopt(self, name: str, file: StagedFile) -> dict[str, Any]:
        stem, _, kind = name.rpartition(".")
        name = f"{stem}-{file.sha256[:12]}.{kind}"
        with disk_errors(self.shelf.path):
            shutil.move(file.path, self.shelf.path / self.key / name)
        return {"path": name, "bytes": file.bytes, "sha256": file.sha256}

    def commit(self, manifest: bytes) -> None:
        with disk_errors(self.shelf.path):
            sync(self.shelf.path / self.key)
            write_atomically(self.shelf.manifest_path(self.key), manifest)


@dataclass(frozen=True)
class DiskShelf:
    """Checkpoints in a folder on this machine; hidden folders are drafts and leftovers. Implements `Shelf`.

    Manifests are in a folder of their own, so that programs can read the folder of a checkpoint as Parquet; omnix 0.1
    kept them beside the parts. A manifest is written when everything else is in its place, so a killed process or a
    full disk leaves either a whole checkpoint or none."""

    path: Path

    def manifest_path(self, key: str) -> Path:
        """Where the manifest of a checkpoint is written."""
        return self.path / _MANIFESTS / f"{key}.{MANIFEST}"

    def committed(self) -> list[str]:
        names = DiskFolder(self.path / _MANIFESTS).names()
        old = (folder.name for folder in entries(self.path) if folder.name[0] != "." and (folder / MANIFEST).exists())
        return sorted({*(name.removesuffix(f".{MANIFEST}") for name in names), *old})

    def manifest(self, key: str) -> bytes | None:
        for path in (self.manifest_path(key), self.path / key / MANIFEST):
            with suppress(FileNotFoundError, NotADirectoryError):
                return path.read_bytes()
        return None

    def damage(self, key: str, part: Mapping[str, Any]) -> str | None:
        return DiskFolder(self.path / key).damage(part)

    def scan(self, key: str, paths: Sequence[str]) -> pl.LazyFrame:
        return pl.scan_parquet([self.path / key / path for path in paths], glob=False)  # the path may have brackets

    @contextmanager
    def draft(self, key: str) -> Iterator[_DiskDraft]:
        with disk_errors(self.path):
            private_folder(self.path)
            hidden = Path(tempfile.mkdtemp(prefix=f".writing-{key}-", dir=self.path))
        try:
            yield _DiskDraft(hidden, self, key)
        finally:
            shutil.rmtree(hidden, ignore_errors=True)

    @contextmanager
    def revise(self, key: str) -> Iterator[_DiskRevision]:
        with disk_errors(self.path):
            hidden = Path(tempfile.mkdtemp(prefix=f".writing-{key}-", dir=self.path))
        try:
            yield _DiskRevision(hidden, self, key)
        finally:
            shutil.rmtree(hidden, ignore_errors=True)
            self.tidy(key)

    def tidy(self, key: str) -> int:
        content = self.manifest(key)
        listed = listed_paths(content or b"")
        if listed is None:
            return 0
        listed |= set() if self.manifest_path(key).exists() else {MANIFEST}
        folder = self.path / key
        unlisted = [path for path in entries(folder) if path.is_file() and path.name not in listed]
        for path in unlisted:
            path.unlink(missing_ok=True)
        return len(unlisted)

    def hide(self, key: str) -> Path:
        """Moves the checkpoint into a hidden folder, the manifest first, and returns that folder."""
        hidden = Path(tempfile.mkdtemp(prefix=".aside-", dir=self.path))
        for path in (self.manifest_path(key), self.path / key):
            if path.exists():
                path.rename(hidden / path.name)
        return hidden

    def remove(self, key: str) -> None:
        """Hides the checkpoint first, so that no reader finds half of it."""
        if self.manifest_path(key).exists() or (self.path / key).exists():
            shutil.rmtree(self.hide(key))

    def sweep(self) -> int:
        DiskFolder(self.path / _MANIFESTS).sweep()
        keys = {*self.committed(), _MANIFESTS}
        leftovers = [folder for folder in entries(self.path) if folder.is_dir() and folder.name not in keys]
        for folder in leftovers:
            shutil.rmtree(folder, ignore_errors=True)
        return len(leftovers)
