"""Scanning a table in parallel segments. Each page goes to disk first, so that no page is read twice.

A page ends with the key at which the next one begins, so the pages on disk are the state of the scan: after a crash,
each segment resumes behind its last page. Items written while the table is being read may or may not be included.
"""

from __future__ import annotations

import os
import re
import shutil
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

import orjson
import pyarrow as pa

from omnix_cli.errors import ConfigError, CorruptCheckpoint
from omnix_cli.stores.dynamodb.client.answers import bad_answer, check, last_key, parsed
from omnix_cli.stores.dynamodb.client.errors import ServiceError, explained
from omnix_cli.stores.dynamodb.client.service import Pace, Service
from omnix_cli.stores.workspace.files import checksum, disk_errors, write_atomically
from omnix_cli.stores.workspace.private import open_private

OLDEST = timedelta(hours=24)
"""An older scan is not resumed: the table has changed since."""
_FULL_PAGE_UNITS = 128.0
"""Read units of a page of 1 MB: half a unit for every 4 KB, without strong consistency."""
_REPORT_SECONDS = 10.0
_HEADER = struct.Struct("<III")
_LAST_KEY = re.compile(rb'"LastEvaluatedKey"\s*:\s*(\{\s*"[^"]*"\s*:\s*\{\s*"S"\s*:\s*"(?:[^"\\]|\\.)*"\s*\}\s*\})')
_ITEMS = re.compile(rb'"Items"\s*:\s*\[')
_COUNT = re.compile(rb'"Count"\s*:\s*(\d+)')
_UNITS = re.compile(rb'"ConsumedCapacity"\s*:\s*\{[^{}]*"CapacityUnits"\s*:\s*([\d.]+)')


@dataclass(frozen=True)
class PageEnd:
    """What a page says besides its items: the key to continue from (None for the last), number of items, read units."""

    position: dict[str, Any] | None
    items: int
    units: float


def page_end(page: bytes) -> PageEnd:
    """Searches the text of the page, since parsing all of it takes longer than receiving it. Raises `ServiceError` for
    a page that DynamoDB does not send.

    An item cannot be mistaken for it: the value of an attribute has a type tag where a key has its name."""
    count, units = _COUNT.search(page), _UNITS.search(page)
    if count is None or _ITEMS.search(page) is None:
        answer = parsed(page)
        check("Scan", answer)
        return PageEnd(last_key(answer), len(answer["Items"]), _FULL_PAGE_UNITS)
    start = page.rfind(b'"LastEvaluatedKey"')
    if start < 0:
        position = None
    elif (found := _LAST_KEY.match(page, start)) is not None:
        position = orjson.loads(found[1])
    else:  # an attribute has that name
        position = last_key(parsed(page))
    return PageEnd(position, int(count[1]), float(units[1]) if units else _FULL_PAGE_UNITS)


class PageLog:
    """One file of pages as they were received, appended to by one thread at a time.

    A record has the size of a page, the size and checksum of its zstd frame, and the frame. Records are only appended,
    and flushed to the disk, so a killed process can only leave its last record incomplete; the next one cuts it off."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, page: bytes) -> None:
        """Adds a page, and returns when it is on the disk."""
        frame = pa.compress(page, codec="zstd", asbytes=True)
        with disk_errors(self._path.parent), open_private(self._path, "ab") as file:
            file.write(_HEADER.pack(len(page), len(frame), zlib.crc32(frame)) + frame)
            file.flush()
            os.fsync(file.fileno())

    def recover(self) -> list[bytes]:
        """The last complete page, if there is one. Cuts off what a killed process left incomplete."""
        last: list[bytes] = []
        if self._path.exists():
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
        size, frame_size, crc = _HEADER.unpack(header)
        frame = file.read(frame_size)
        if len(frame) == frame_size and zlib.crc32(frame) == crc:
            with suppress(OSError):  # the size of the page is damaged, and its frame is not
                page: bytes = pa.decompress(frame, decompressed_size=size, codec="zstd", asbytes=True)
                return page
    file.seek(start)
    return None


@dataclass
class TableScan:
    """Scans a table (by its full name) into a folder; `max_units` are read units a second, over all segments."""

    service: Service
    table: str
    folder: Path
    now: Callable[[], datetime]
    segments: int = 4
    max_units: float | None = None
    say: Callable[[str], None] = lambda message: None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] | None = None
    """How to wait; by default in a way that an interruption ends."""
    items: int = 0
    """Items read by this process."""
    units: float = 0.0
    """Read units used by this process."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _stop: threading.Event = field(default_factory=threading.Event, repr=False)

    def run(self) -> list[PageLog]:
        """The complete pages of all segments. Raises `ConfigError` when the table does not exist, `UnavailableError`
        when the service does not respond after retries: the pages read stay on disk for the next attempt."""
        segments = self._begin()
        logs = [PageLog(self.folder / f"{number:06d}.pages") for number in range(segments)]
        self._began = self._reported = self._slowed = self.clock()
        self._pace = Pace(limit=self.max_units, sleep=self.sleep or self._stop.wait)
        with ThreadPoolExecutor(segments) as pool:
            work = [pool.submit(self._read, log, number, segments) for number, log in enumerate(logs)]
            try:
                for done in as_completed(work):
                    done.result()
            finally:
                self._stop.set()
        self._report("read")
        return logs

    def discard(self) -> None:
        """Deletes the pages."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _begin(self) -> int:
        """Resumes an unfinished scan of this table, or starts one; returns its number of segments."""
        description = self.service.description(self.table)
        if description is None:
            hint = "Check store.prefix, store.stage and the region."
            raise ConfigError(f"the table {self.table} does not exist", hint=hint)
        identity = {"table": description.get("TableArn"), "id": description.get("TableId")}
        state = self.folder / "scan.json"
        before = orjson.loads(state.read_bytes()) if state.exists() else None
        if before is not None and before["of"] == identity:
            if self.now() - datetime.fromisoformat(before["began_at"]) < OLDEST:
                self.say(f"{self.table}: resuming the scan of {before['began_at']}")
                return int(before["segments"])
            self.say(f"{self.table}: the scan of {before['began_at']} is too old, starting again")
        self.discard()
        begun = {"of": identity, "segments": self.segments, "began_at": self.now().isoformat(timespec="seconds")}
        write_atomically(state, orjson.dumps(begun))
        return self.segments

    def _read(self, log: PageLog, segment: int, segments: int) -> None:
        """Reads one segment to its end, from its last page."""
        part = {"Segment": segment, "TotalSegments": segments}
        request = {"TableName": self.table, "ReturnConsumedCapacity": "TOTAL", **part}
        end = next((page_end(page) for page in log.recover()), None)
        expected = _FULL_PAGE_UNITS if end is None else end.units
        while (end is None or end.position is not None) and not self._stop.is_set():
            self._pace.take(expected)
            start = {} if end is None else {"ExclusiveStartKey": end.position}
            page, end = self._page({**request, **start})
            log.append(page)
            self._pace.correct(end.units - expected)
            expected = end.units
            self._count(end)

    def _page(self, request: dict[str, Any]) -> tuple[bytes, PageEnd]:
        def send() -> tuple[bytes, PageEnd]:
            page = self.service.transport.raw("Scan", request)
            if not (page.startswith(b"{") and page.rstrip().endswith(b"}")):
                raise bad_answer(repr(page[:80]))
            end = page_end(page)
            if end.position is not None and end.position == request.get("ExclusiveStartKey"):
                raise bad_answer(f"the page ends where it began, at {end.position}")
            return page, end

        try:
            return self.service.retries.call(send, self._slow_down)
        except ServiceError as error:
            raise explained(error, self.table) from error

    def _slow_down(self, error: ServiceError) -> None:
        """Once a second at most: segments are throttled together."""
        now = self.clock()
        with self._lock:
            slow = error.is_throttling and (now - self._slowed >= 1.0 or self._pace.rate is None)
            self._slowed = now if slow else self._slowed
        if slow:
            self._pace.throttled(self.units / max(now - self._began, 0.1))

    def _count(self, end: PageEnd) -> None:
        with self._lock:
            self.items += end.items
            self.units += end.units
            if due := self.clock() - self._reported >= _REPORT_SECONDS:
                self._reported = self.clock()
        if due:
            self._report("so far")

    def _report(self, how: str) -> None:
        seconds = max(self.clock() - self._began, 0.001)
        rate, pace = self.items / seconds, self.units / seconds
        self.say(f"{self.table}: {self.items:,} items {how}, {rate:,.0f} a second, {pace:,.0f} read units a second")
