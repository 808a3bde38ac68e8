"""The content of an object as a stream, fetched block by block so that a lost connection costs one block."""

from __future__ import annotations

import io

from omnix_cli.errors import DataError
from omnix_cli.stores.s3.errors import Changed
from omnix_cli.stores.s3.prefix import Prefix, StoredObject

BLOCK_BYTES = 8 << 20


class ObjectStream(io.BufferedReader):
    """An object from its beginning. Raises `DataError` when it changed since it was listed."""

    def __init__(self, objects: Prefix, stored: StoredObject, block_bytes: int = BLOCK_BYTES) -> None:
        super().__init__(_Blocks(objects, stored), block_bytes)


class _Blocks(io.RawIOBase):
    def __init__(self, objects: Prefix, stored: StoredObject) -> None:
        self._objects = objects
        self._stored = stored
        self._position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        size = min(len(buffer), self._stored.size - self._position)
        if size == 0:
            return 0
        try:
            content = self._objects.block(self._stored.key, self._position, size, self._stored.etag)
        except Changed:
            raise DataError(
                f"{self._objects}{self._stored.key} was changed or deleted while it was being read",
                hint="Nothing of it was imported. Import it again when nothing writes to it.",
            ) from None
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)
