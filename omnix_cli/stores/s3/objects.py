"""Objects under an address on S3 that others read and write too, such as the files of batch jobs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

from omnix_cli.settings import S3Settings
from omnix_cli.stores.s3.folders import S3Folder
from omnix_cli.stores.s3.prefix import Prefix, connect
from omnix_cli.stores.s3.streams import ObjectStream
from omnix_cli.stores.workspace.files import disk_errors


class S3Objects:
    """The objects at `s3://bucket/prefix`. Implements `protocols.Objects`."""

    def __init__(self, address: str, settings: S3Settings) -> None:
        self._objects: Prefix = connect(address, settings).within("")
        self._folder = S3Folder(self._objects)

    def address(self, key: str) -> str:
        return f"{self._objects}{key}"

    def keys(self, beginning: str) -> Iterator[str]:
        return (stored.key for stored in self._objects.list(beginning))

    def read(self, key: str) -> bytes:
        return self._folder.read(key)

    def open(self, key: str) -> closing[ObjectStream]:
        stored = self._objects.head(key)
        if stored is None:
            raise FileNotFoundError(self.address(key))
        return closing(ObjectStream(self._objects, stored))

    def write_lines(self, key: str, lines: Iterable[bytes]) -> None:
        """Writes a temporary file first, since a large object is uploaded in parts."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "lines"
            with disk_errors(path.parent), path.open("wb") as file:
                file.writelines(lines)
            self._objects.upload(key, path)

    def change(self, key: str, edit: Callable[[bytes | None], bytes]) -> None:
        self._folder.change(key, edit)
