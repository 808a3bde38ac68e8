"""The lines of a text file as UTF-8, in blocks; and the lines that are not rows, as quarantine rows."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import orjson
import polars as pl

from omnix_cli.errors import DataError
from omnix_cli.schemas import FRAMES
from omnix_cli.stores.inputs import encodings
from omnix_cli.stores.inputs.encodings import Joined, Readable

BLOCK_BYTES = 8 << 20
LONGEST_LINE = 64 << 20
_HEAD_BYTES = 64 << 10
_LONGEST_VALUE = 200
_QUARANTINE = FRAMES["quarantine"].empty().drop("file").schema


def block_bytes(memory: int) -> int:
    """The size of blocks with so much memory; several are in work at a time, and rows take many times their text."""
    return min(BLOCK_BYTES, max(1 << 20, memory >> 8))


_UNICODE_ENDS = ("\x85".encode(), "\u2028".encode(), "\u2029".encode())


class RejectedLine(NamedTuple):
    """A line, its number from 1, and why it is not a row; whether such lines belong to a good file."""

    number: int
    reason: str
    text: str
    expected: bool = False


def as_frame(lines: list[RejectedLine]) -> pl.DataFrame:
    """The lines in the form of `schemas.Quarantine`, without the name of the file."""
    rows = [
        (number, 0, None, text[:_LONGEST_VALUE], reason, expected, orjson.dumps({"line": text}).decode())
        for number, reason, text, expected in lines
    ]
    return pl.DataFrame(rows, schema=_QUARANTINE, orient="row")


class TextBlock(NamedTuple):
    """Whole lines: the number of the first, from 1; their bytes; these as UTF-8; and the lines that are not text."""

    first: int
    stored: bytes
    utf8: bytes
    rejected: list[RejectedLine]


class LineBlocks:
    """Blocks of whole lines, each ending in a line feed.

    The encoding is the given one, or that of the byte order mark, else UTF-8 or Windows-1252, a superset of Latin-1:
    all lines of the file together decide which (see `encodings.judged`). Line ends are line feeds, with or without a
    carriage return; carriage returns alone; or, where the first line has them, U+0085, U+2028 or U+2029."""

    def __init__(self, stream: Readable, encoding: str | None, *, name: str, block_bytes: int = BLOCK_BYTES) -> None:
        self._name = name
        self._block_bytes = block_bytes
        self.cut_after = b"\n"
        """The sign that ends a block."""
        head = stream.read(max(4, min(_HEAD_BYTES, self._block_bytes)))
        opened = encodings.opened(stream, head, encoding, name=name)
        self._stream, self.encoding, self._recoded = opened.stream, opened.encoding, opened.recoded
        self._guessed: encodings.Tally | None = None
        self._rest = self._stream.read(_HEAD_BYTES)
        if end := _line_end(self._rest):
            self._stream = _LineFeeds(Joined(io.BytesIO(self._rest), self._stream), end)
            self._rest = b""

    @property
    def encoding_name(self) -> str:
        """The encoding as reports name it."""
        name = self._recoded or self.encoding or "utf-8"
        name = "windows-1252 (Latin-1)" if name == encodings.WINDOWS else name
        if self._guessed is None or self.encoding != encodings.WINDOWS or not self._guessed.valid:
            return name
        return f"{name}, some lines utf-8"

    def beginning(self) -> bytes:
        """The first bytes, without leading white space."""
        if not self._rest:
            self._rest = self._stream.read(_HEAD_BYTES)
        return self._rest.lstrip()

    def __iter__(self) -> Iterator[bytes]:
        while block := self._fill():
            yield _split_at_returns(block)
        if self._rest:
            yield _split_at_returns(self._rest + b"\n")

    def texts(self) -> Iterator[TextBlock]:
        """The blocks as UTF-8. Lines that are not text are rejected and emptied."""
        first = 1
        for block in self:
            text, broken = self._as_utf8(block)
            lines = block.split(b"\n") if broken else []
            yield TextBlock(first, block, text, [_not_text(first + number, lines[number]) for number in broken])
            first += count_sign(block, "\n")

    def _as_utf8(self, block: bytes) -> tuple[bytes, list[int]]:
        """The block as UTF-8, and the numbers (from 0) of the lines that are not UTF-8 or have a NUL byte."""
        if block.isascii() and b"\0" not in block:
            return block, []
        if self.encoding is None and not block.isascii():
            self._guessed, self._stream = encodings.judged(block, self._rest, self._stream)
            self.encoding = self._guessed.encoding
        if self.encoding in (None, "utf-8"):
            return _without_broken(_without_marks(block))
        if self.encoding == encodings.WINDOWS:
            return _without_broken(encodings.from_windows(block))
        return _without_broken(block.decode(self.encoding).encode())

    def _fill(self) -> bytes:
        """The next block; empty at the end, when only a line without a line feed is left."""
        pieces, size = [self._rest], len(self._rest)
        while more := self._stream.read(self._block_bytes):
            if cut := more.rfind(self.cut_after) + 1:
                self._rest = more[cut:]
                return b"".join([*pieces, memoryview(more)[:cut]])
            pieces.append(more)
            size += len(more)
            if size > LONGEST_LINE:
                message = f"{self._name}: a line is longer than {LONGEST_LINE >> 20} MiB"
                raise DataError(message, hint="Is this a table with one row a line?")
        content = b"".join(pieces)
        cut = content.rfind(self.cut_after) + 1
        self._rest = content[cut:]
        return content[:cut]


class _LineFeeds:
    """A stream with line feeds instead of another line end."""

    def __init__(self, stream: Readable, end: bytes) -> None:
        self._stream = stream
        self._end = end
        self._rest = b""

    def read(self, size: int = -1, /) -> bytes:
        """About that many bytes; empty at the end."""
        while more := self._stream.read(size):
            content = (self._rest + more).replace(self._end, b"\n")
            begun = next((size for size in range(len(self._end) - 1, 0, -1) if content.endswith(self._end[:size])), 0)
            complete = len(content) - begun
            self._rest = content[complete:]
            if complete:
                return content[:complete]
        content, self._rest = self._rest, b""
        return content


def count_sign(block: bytes, sign: str) -> int:
    """How often an ASCII sign occurs; several times as fast as `bytes.count` for a frequent sign."""
    return int(np.count_nonzero(np.frombuffer(block, np.uint8) == ord(sign)))


def _not_text(number: int, line: bytes) -> RejectedLine:
    return RejectedLine(number, "has a NUL byte" if b"\0" in line else "not UTF-8", line.decode("latin-1"))


def _line_end(head: bytes) -> bytes:
    """How lines end in a file that begins so, if not in a line feed."""
    first, feed, _ = head.partition(b"\n")
    if not feed and b"\r" in first:
        return b"\r"
    is_json = head.lstrip()[:1] in (b"{", b"[")  # whose texts may have these signs
    for end in _UNICODE_ENDS:
        if end + b"{" in first or (end in first and not is_json):
            return end
    is_latin = not feed and b"\x85" in first and not encodings.is_text(first)
    return b"\x85" if is_latin else b""


def _split_at_returns(block: bytes) -> bytes:
    """The block with line feeds instead of lone carriage returns outside quotes."""
    if b"\r" not in block:
        return block
    content = np.frombuffer(block, np.uint8)
    returns = np.flatnonzero(content == ord("\r"))
    lone = returns[content[returns + 1] != ord("\n")]  # a block ends in a line feed
    if not len(lone):
        return block
    if b'"' in block:
        lone = lone[~np.bitwise_xor.accumulate(content == ord('"'))[lone]]
    split = content.copy()
    split[lone] = ord("\n")
    return split.tobytes()


def _without_marks(block: bytes) -> bytes:
    """The block without byte order marks at the beginning of lines, as appended files leave them."""
    mark = codecs.BOM_UTF8
    if mark not in block:
        return block
    return block.removeprefix(mark).replace(b"\n" + mark, b"\n")


def _without_broken(block: bytes) -> tuple[bytes, list[int]]:
    if encodings.is_text(block):
        return block, []
    lines = block.split(b"\n")
    broken = [number for number, line in enumerate(lines) if not encodings.is_text(line)]
    for number in broken:
        lines[number] = b""
    return b"\n".join(lines), broken
