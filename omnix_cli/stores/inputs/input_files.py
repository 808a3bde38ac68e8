"""Input files on this machine, and on S3: addresses of objects, prefixes as folders, and globs."""

from __future__ import annotations

import glob
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from io import BufferedReader
from pathlib import Path

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.safe_text.printing import is_whole
from omnix_cli.settings import S3Settings
from omnix_cli.stores.s3.prefix import BLOCK_BYTES, SCHEME, Prefix, StoredObject, connect
from omnix_cli.stores.workspace.files import checksum
from omnix_cli.stores.workspace.folders import Folder


def _raise(error: OSError) -> None:
    raise error  # a folder that may not be read is not an empty one


class LocalFiles:
    """Files on this machine."""

    def below(self, folder: str) -> list[str]:
        """All files in a folder and its subfolders, in order; none if this is not a folder."""
        found = os.walk(folder, onerror=_raise) if Path(folder).is_dir() else ()
        paths = (Path(place) / name for place, _, names in found for name in names)
        return _checked([str(path) for path in sorted(paths) if path.is_file()])

    def holds(self, folder: str, ending: str) -> bool:
        """Whether a folder directly holds a file whose name ends so."""
        place = Path(folder)
        return place.is_dir() and any(entry.name.endswith(ending) for entry in place.iterdir())

    def matching(self, pattern: str) -> list[str]:
        """The file with this name, or those that match a glob, in order."""
        if Path(pattern).exists():
            return [] if Path(pattern).is_dir() else _checked([pattern])
        found = glob.glob(pattern, recursive=True)  # noqa: PTH207  Path.glob takes no absolute patterns
        return _checked(sorted(name for name in found if Path(name).is_file()))

    def exists(self, name: str) -> bool:
        return Path(name).is_file()

    def size(self, name: str) -> int:
        """In bytes, as stored."""
        return Path(name).stat().st_size

    def table_options(self, address: str) -> dict[str, str]:
        """The options with which the libraries of tables read this place."""
        return {}

    def fingerprint(self, name: str) -> str:
        """The SHA-256 of the content."""
        return checksum(Path(name))

    def read(self, name: str) -> bytes:
        return Path(name).read_bytes()

    def open(self, name: str) -> BufferedReader:
        return Path(name).open("rb")


@dataclass
class S3Files:
    """Objects of any buckets, with the methods of `LocalFiles`.

    An object that changes after it was listed is not read: that is a `DataError`. The folder `fingerprints` keeps those
    of objects by their tags, so that an object that does not change is not read every night."""

    settings: S3Settings
    fingerprints: Folder | None = None
    block_bytes: int = BLOCK_BYTES
    _buckets: dict[str, Prefix] = field(default_factory=dict)
    _found: dict[str, StoredObject] = field(default_factory=dict)

    def below(self, folder: str) -> list[str]:
        return list(self._list(folder.rstrip("/") + "/"))

    def matching(self, pattern: str) -> list[str]:
        if self.exists(pattern):
            return [pattern]  # its name may have the signs of a pattern
        fixed = re.split(r"[*?\[]", pattern)[0]
        if fixed == pattern:
            return []
        parts = pattern.split("/")
        return [name for name in self._list(fixed) if _fits(name.split("/"), parts)]

    def exists(self, name: str) -> bool:
        if name not in self._found:
            bucket, key = self._place(name)
            if key and not key.endswith("/") and (stored := bucket.head(key)) is not None:
                self._found[name] = stored
        return name in self._found

    def holds(self, folder: str, ending: str) -> bool:
        start = folder.rstrip("/") + "/"
        if not self._place(start)[1].strip("/"):
            return False
        return any(name.endswith(ending) for name in self._list(start))

    def size(self, name: str) -> int:
        return self._found[name].size if self.exists(name) else 0

    def table_options(self, address: str) -> dict[str, str]:
        bucket = self._place(address)[0].bucket
        return {**bucket.polars_options, **bucket.polars_credentials()[0]}

    def fingerprint(self, name: str) -> str:
        if self.fingerprints is None:
            return self._computed(name)
        tag = self._found[name].etag if self.exists(name) else ""
        kept = hashlib.sha256(f"{name} {tag}".encode()).hexdigest()
        try:
            return self.fingerprints.read(kept).decode()
        except FileNotFoundError:
            found = self._computed(name)
            self.fingerprints.write(kept, found.encode())
            return found

    def read(self, name: str) -> bytes:
        with self.open(name) as content:
            return content.read()

    def _computed(self, name: str) -> str:
        with self.open(name) as content:
            return hashlib.file_digest(content, "sha256").hexdigest()

    def open(self, name: str) -> BufferedReader:
        if not self.exists(name):
            raise DataError(f"{name}: there is no such object", hint="It was deleted after it was listed.")
        return self._place(name)[0].open(self._found[name], self.block_bytes)

    def _list(self, beginning: str) -> Iterator[str]:
        bucket, prefix = self._place(beginning)
        for stored in bucket.list(prefix):
            if not stored.key.endswith("/"):  # consoles create such objects for empty folders
                name = f"{bucket}{stored.key}"
                self._found[name] = stored
                yield name

    def _place(self, address: str) -> tuple[Prefix, str]:
        name, _, key = address.removeprefix(SCHEME).partition("/")
        if name not in self._buckets:
            self._buckets[name] = connect(f"{SCHEME}{name}", self.settings)
        return replace(self._buckets[name], prefix=""), key


def _checked(names: list[str]) -> list[str]:
    """The names, which enter the ledger. Raises `ConfigError` for one that no text can hold."""
    for name in names:
        if not is_whole(name):
            raise ConfigError(f"the name of the file {name} is not UTF-8", hint="Rename the file.")
    return names


def _fits(parts: Sequence[str], patterns: Sequence[str]) -> bool:
    """Whether a path matches a glob, part by part. `**` matches any number of folders; a name that begins with a dot
    is only matched by a pattern that does."""
    if not patterns:
        return not parts
    if patterns[0] == "**":
        return any(_fits(parts[skipped:], patterns[1:] or ["*"]) for skipped in range(len(parts)))
    if not parts or (parts[0].startswith(".") and not patterns[0].startswith(".")):
        return False
    return fnmatchcase(parts[0], patterns[0]) and _fits(parts[1:], patterns[1:])
