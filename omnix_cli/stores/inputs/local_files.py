"""Input files on this machine; `s3_files` has those on S3."""

from __future__ import annotations

import glob
from io import BufferedReader
from pathlib import Path
from typing import Protocol

from omnix_cli.stores.workspace.files import checksum


class InputFiles(Protocol):
    """Input files in one kind of place."""

    def below(self, folder: str) -> list[str]:
        """All files in a folder and its subfolders, in order; none if this is not a folder."""
        ...

    def matching(self, pattern: str) -> list[str]:
        """The file with this name, or those that match a glob, in order."""
        ...

    def exists(self, name: str) -> bool: ...

    def fingerprint(self, name: str) -> str:
        """The SHA-256 of the content."""
        ...

    def open(self, name: str) -> BufferedReader: ...


class LocalFiles:
    """Files on this machine. Implements `InputFiles`."""

    def below(self, folder: str) -> list[str]:
        return [str(path) for path in sorted(Path(folder).rglob("*")) if path.is_file()]

    def matching(self, pattern: str) -> list[str]:
        if Path(pattern).exists():
            return [] if Path(pattern).is_dir() else [pattern]
        found = glob.glob(pattern, recursive=True)  # noqa: PTH207  Path.glob takes no absolute patterns
        return sorted(name for name in found if Path(name).is_file())

    def exists(self, name: str) -> bool:
        return Path(name).is_file()

    def fingerprint(self, name: str) -> str:
        return checksum(Path(name))

    def open(self, name: str) -> BufferedReader:
        return Path(name).open("rb")
