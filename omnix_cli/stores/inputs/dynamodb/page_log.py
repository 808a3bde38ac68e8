"""The pages of a scan on disk, as they were received.

A record has the size of a page, the size and checksum of its zstd frame, and the frame. Records are only appended, and
flushed to the disk, so a killed process can only leave its last record incomplete; the next process cuts it off.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pyarrow as pa

from omnix_cli.errors import CorruptCheckpoint
from omnix_cli.stores.workspace.files import checksum, disk_errors

_HEADER = struct.Struct("<III")


class PageLog:
    """One file of pages, appended to by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, page: bytes) -> None:
        """Adds a page, and returns when it is on the disk."""
        frame = pa.compress(page, codec="zstd", asbytes=True)
        with disk_errors(self._path.parent), self._path.open("ab") as file:
            file.write(_HEADER.pack(len(page), len(frame), zlib.crc32(frame)) + frame)
            file.flush()
            os.fsync(file.fileno())

    def recover(self) -> list[bytes]:
        """The last complete page, if there is one. Cuts off what a killed process left incomplete."""
        if not self._path.exists():
            return []
        last: list[bytes] = []
        with disk_errors(self._path.parent), self._path.open("r+b") as file:
            whole = 0
            while (page := _next_page(file)) is not None:
                last, whole = [page], file.tell()
            file.truncate(whole)
        return last

    def pages(self) -> Iterator[bytes]:
        """All pages in order. Raises `CorruptCheckpoint` when one does not match its checksum."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            while (page := _next_page(file)) is not None:
                yield page
            if file.read(1):
                raise CorruptCheckpoint(f"{self._path}: a page is damaged", hint="Import the table again.")

    def checksum(self) -> str:
        """The SHA-256 of the pages as stored, in hex."""
        return checksum(self._path)


def _next_page(file: IO[bytes]) -> bytes | None:
    """The next page, or None if it is incomplete; then the position in the file does not change."""
    start = file.tell()
    header = file.read(_HEADER.size)
    if len(header) == _HEADER.size:
        size, frame_size, checksum = _HEADER.unpack(header)
        frame = file.read(frame_size)
        if len(frame) == frame_size and zlib.crc32(frame) == checksum:
            page: bytes = pa.decompress(frame, decompressed_size=size, codec="zstd", asbytes=True)
            return page
    file.seek(start)
    return None
