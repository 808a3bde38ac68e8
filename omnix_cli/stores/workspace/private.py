"""Files and folders for their owner alone, whatever the umask: purchases, profiles and logs are nobody else's business.

What exists already keeps its permissions, so that an administrator may share it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Any

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def private_folder(path: Path) -> None:
    """Creates a folder, and those above it that are missing."""
    if not path.is_dir():
        private_folder(path.parent)
        path.mkdir(FOLDER_MODE, exist_ok=True)


def create_private(path: Path) -> None:
    """Creates an empty file where there is none, for libraries that create theirs with the umask."""
    if not path.exists():
        path.touch(FILE_MODE)


def open_private(path: Path, mode: str, encoding: str | None = None) -> IO[Any]:
    """Opens a file like `open`; one that it creates is private."""
    return open(path, mode, encoding=encoding, opener=_create_private)  # Path.open has no opener


def _create_private(path: str, flags: int) -> int:
    return os.open(path, flags, FILE_MODE)
