"""What Bedrock wrote for a batch job: one JSON record a line, in any number of files.

A record is `{"recordId": ..., "modelInput": ..., "modelOutput": ...}`, or has `error` in place of its output. Each
input file has an output file `<name>.jsonl.out`, beside `manifest.json.out`. People and lifecycle rules pack, split and
rename files, so every file but the manifest counts, packed or not.

Source: docs.aws.amazon.com/bedrock/latest/userguide/batch-inference-results.html
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import orjson

from omnix_cli.protocols.models import Objects

_MANIFEST = "manifest.json.out"
_WITH_HEADER = 31
"""Tells zlib to expect gzip's header and checksum."""
_GZIP, _MARK = b"\x1f\x8b", b"\xef\xbb\xbf"
DAMAGED: dict[str, Any] = {}
"""A line that is no JSON object."""


class JobOutput:
    """The records under one prefix. After they are read, `files` counts the files and `unreadable` names those without
    a single record."""

    def __init__(self, objects: Objects, prefix: str) -> None:
        self._objects, self._prefix = objects, prefix
        self.files = 0
        self.unreadable: list[str] = []

    def records(self) -> Iterator[dict[str, Any]]:
        """All records, and `DAMAGED` for each line that is none, if its file has any."""
        for key in self._objects.keys(self._prefix):
            if key.endswith(("/", _MANIFEST, f"{_MANIFEST}.gz")):
                continue
            with self._objects.open(key) as content:
                yield from self._of_file(key, content)

    def _of_file(self, key: str, content: Iterable[bytes]) -> Iterator[dict[str, Any]]:
        damaged = records = 0
        try:
            for line in _lines(content):
                if record := _record(line):
                    records += 1
                    yield record
                else:
                    damaged += 1
        except (EOFError, zlib.error):
            damaged += 1
        self.files += bool(records or damaged)
        if records:
            yield from (DAMAGED for _ in range(damaged))
        elif damaged:
            self.unreadable.append(self._objects.address(key))


def _lines(content: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a file that are not blank, unpacked if it is packed."""
    lines = iter(content)
    first = next(lines, b"")
    whole = chain([first.removeprefix(_MARK)], lines)
    yield from (line for line in (_unpacked(whole) if first.startswith(_GZIP) else whole) if line.strip())


def _unpacked(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines in the members of a gzip file. Raises EOFError when the last one is cut off, `zlib.error` when it is
    damaged."""
    unpacker, rest = zlib.decompressobj(_WITH_HEADER), b""
    for block in blocks:
        while block:
            rest += unpacker.decompress(block)
            block = unpacker.unused_data
            if block:
                unpacker = zlib.decompressobj(_WITH_HEADER)
        *lines, rest = rest.split(b"\n")
        yield from lines
    yield rest
    if not unpacker.eof:
        raise EOFError


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        content = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return content if isinstance(content, dict) and content else None
