"""The lines of a text file as UTF-8, in blocks; and the lines that are not rows, as quarantine rows."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
import orjson
import polars as pl

from omnix_cli.errors import DataError
from omnix_cli.schemas import FRAMES

BLOCK_BYTES = 8 << 20
LONGEST_LINE = 64 << 20
_HEAD_BYTES = 64 << 10
_LONGEST_VALUE = 200
_QUARANTINE = FRAMES["quarantine"].empty().drop("file").schema

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class RejectedLine(NamedTuple):
    """A line, its number from 1, and why it is not a row."""

    number: int
    reason: str
    text: str


def as_frame(lines: list[RejectedLine]) -> pl.DataFrame:
    """The lines in the form of `schemas.Quarantine`, without the name of the file."""
    rows = [
        (number, 0, None, text[:_LONGEST_VALUE], reason, False, orjson.dumps({"line": text}).decode())
        for number, reason, text in lines
    ]
    return pl.DataFrame(rows, schema=_QUARANTINE, orient="row")


class TextBlock(NamedTuple):
    """Whole lines: the number of the first, from 1; their bytes; these as UTF-8; and the lines that are not text."""

    first: int
    stored: bytes
    utf8: bytes
    rejected: list[RejectedLine]


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class _Recoded:
    """A stream recoded to UTF-8."""

    def __init__(self, stream: _Readable, encoding: str, head: bytes) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._head = head

    def read(self, size: int = -1, /) -> bytes:
        """About that many bytes; empty at the end."""
        while True:
            content = self._head or self._stream.read(size)
            self._head = b""
            decoded = self._decoder.decode(content, final=not content).encode()
            if decoded or not content:
                return decoded


class LineBlocks:
    """Blocks of whole lines, each ending in a line feed.

    The encoding is the given one, or that of the byte order mark, else UTF-8. A file whose first non-ASCII lines are
    mostly not UTF-8 is read as Windows-1252, a superset of Latin-1."""

    def __init__(self, stream: _Readable, encoding: str | None, *, name: str, block_bytes: int = BLOCK_BYTES) -> None:
        self._name = name
        self._block_bytes = block_bytes
        self.cut_after = b"\n"
        """The sign that ends a block."""
        head = stream.read(max(4, min(_HEAD_BYTES, self._block_bytes)))
        marked = next(((mark, name) for mark, name in _BYTE_ORDER_MARKS if head.startswith(mark)), None)
        self.encoding = codecs.lookup(encoding).name if encoding else (marked[1] if marked else None)
        if self.encoding == "utf-8" and marked:
            head = head.removeprefix(marked[0])
        recode = self.encoding not in (None, "utf-8", "cp1252", "iso8859-1")
        self._stream: _Readable = _Recoded(stream, str(self.encoding), head) if recode else stream
        self._named = self.encoding
        if recode:
            head, self.encoding = b"", "utf-8"
        self._carriage_returns = b"\r" in head and b"\n" not in head
        self._rest = self._lines(head)

    @property
    def encoding_name(self) -> str:
        """The encoding as reports name it."""
        names = {"cp1252": "windows-1252 (Latin-1)", None: "utf-8"}
        return names.get(self._named or self.encoding, str(self._named or self.encoding))

    def beginning(self) -> bytes:
        """The first bytes, without leading white space."""
        if not self._rest:
            self._rest = self._lines(self._stream.read(_HEAD_BYTES))
        return self._rest.lstrip()

    def __iter__(self) -> Iterator[bytes]:
        while block := self._fill():
            yield block
        if self._rest:
            yield self._rest + b"\n"

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
        if b"\0" in block and self.encoding in (None, "utf-8"):
            return _without_broken(block)
        if block.isascii():
            return block, []
        if self.encoding is None:
            self.encoding = _guess(block)
        if self.encoding == "utf-8":
            return _without_broken(block)
        try:
            return block.decode(self.encoding).encode(), []
        except UnicodeDecodeError:
            return block.decode("latin-1").encode(), []

    def _fill(self) -> bytes:
        """The next block; empty at the end, when only a line without a line feed is left."""
        pieces, size = [self._rest], len(self._rest)
        while more := self._lines(self._stream.read(self._block_bytes)):
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

    def _lines(self, content: bytes) -> bytes:
        """The content with line feeds instead of the carriage returns of old Macs."""
        return content.replace(b"\r", b"\n") if self._carriage_returns else content


def count_sign(block: bytes, sign: str) -> int:
    """How often an ASCII sign occurs; several times as fast as `bytes.count` for a frequent sign."""
    return int(np.count_nonzero(np.frombuffer(block, np.uint8) == ord(sign)))


def _not_text(number: int, line: bytes) -> RejectedLine:
    return RejectedLine(number, "has a NUL byte" if b"\0" in line else "not UTF-8", line.decode("latin-1"))


def _guess(block: bytes) -> str:
    valid = [_is_text(line) for line in block.splitlines()[:10_000] if not line.isascii()]
    return "utf-8" if 2 * sum(valid) >= len(valid) else "cp1252"


def _is_text(line: bytes) -> bool:
    try:
        return "\0" not in line.decode()
    except UnicodeDecodeError:
        return False


def _without_broken(block: bytes) -> tuple[bytes, list[int]]:
    if _is_text(block):
        return block, []
    lines = block.split(b"\n")
    broken = [number for number, line in enumerate(lines) if not _is_text(line)]
    for number in broken:
        lines[number] = b""
    return b"\n".join(lines), broken
