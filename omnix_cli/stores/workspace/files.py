"""Writing files safely, and their checksums."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import polars as pl

from omnix_cli.errors import os_failure
from omnix_cli.protocols.checkpoints import StagedFile


def write_atomically(path: Path, content: bytes) -> None:
    """Replaces the file in one step: readers see the old content or the new, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync(path.parent)


def open_private(path: Path) -> IO[bytes]:
    """Opens a file to append to, which nobody but its owner may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")


def stage(path: Path, write: Callable[[IO[bytes]], None]) -> StagedFile:
    """Writes a file, flushes it to the disk and computes its checksum."""
    with path.open("wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    return StagedFile(path, path.stat().st_size, checksum(path))


def checksum(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turns disk errors (full, read-only, file too large) into an error of omnix that names the folder.

    polars reports them as a ComputeError whose text ends in the system's error number."""
    try:
        yield
    except (OSError, pl.exceptions.ComputeError) as error:
        if isinstance(error, pl.exceptions.ComputeError) and "os error" not in str(error):
            raise
        raise os_failure(error, f"{folder} could not be written") from error


def sync(path: Path) -> None:
    """Flushes a file, or a folder's entries, so that a rename in it survives a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
