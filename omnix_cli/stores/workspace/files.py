"""Writing files safely, and their checksums."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import polars as pl

from omnix_cli.errors import os_failure
from omnix_cli.protocols.checkpoints import StagedFile
from omnix_cli.stores.workspace.private import open_private, private_folder

_TEMPORARY = re.compile(r"\..+\.(json|parquet)-\w{8}")


def write_atomically(path: Path, content: bytes, *, private: bool = True) -> None:
    """Replaces the file in one step: readers see the old content or the new, never half of it. The permissions of a
    file that is not `private` follow the umask."""
    private_folder(path.parent)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if not private:
                os.fchmod(descriptor, 0o666 & ~_umask())
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync(path.parent)


def rewrite_lines(path: Path, edited: Callable[[bytes], bytes], *, dry_run: bool = False) -> int:
    """Replaces each line of a file with what `edited` makes of it; returns how many are different now, or would be. The
    file is written in place and keeps what is added meanwhile: processes that log have it open."""
    changed, lines = 0, list[bytes]()
    with path.open("r+b") as file:
        while content := file.read():
            for line in content.splitlines(keepends=True):
                lines.append(edited(line))
                changed += lines[-1] != line
        if changed and not dry_run:
            file.seek(0)
            file.write(b"".join(lines))
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
    return changed


def _umask() -> int:
    """It can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def is_temporary(name: str) -> bool:
    """Whether a file has the name under which `write_atomically` writes JSON and Parquet."""
    return _TEMPORARY.fullmatch(name) is not None


def entries(folder: Path) -> list[Path]:
    """What is in a folder; nothing if there is none. A folder that may not be read raises, as with `Path.glob` it does
    not."""
    try:
        return list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def stage(path: Path, write: Callable[[IO[bytes]], None]) -> StagedFile:
    """Writes a file, flushes it to the disk and computes its checksum."""
    with open_private(path, "wb") as file:
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
