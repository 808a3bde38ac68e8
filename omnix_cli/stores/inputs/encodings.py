"""The encoding of a text file: given, marked, or judged by all of its lines."""

from __future__ import annotations

import codecs
import tempfile
import weakref
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from omnix_cli.errors import DataError

WINDOWS = "cp1252"
_PIECE_BYTES = 1 << 20
_IN_MEMORY = 32 << 20
_LONGEST_LINE = 64 << 20
_SURE = 1_000
"""So many lines that all say the same end the search."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_AS_STORED = ("utf-8", WINDOWS, "iso8859-1")
"""Encodings whose lines end in the byte of a line feed, and which are decoded block by block."""


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int = -1, /) -> bytes: ...


class Opened(NamedTuple):
    """A text file: its bytes, their encoding (None: UTF-8 or Windows-1252, which is judged later), and the encoding of
    the file, if that is another one."""

    stream: Readable
    encoding: str | None
    recoded: str | None


class Joined:
    """The bytes of one stream and then those of another."""

    def __init__(self, first: Readable, second: Readable) -> None:
        self._streams = [first, second]

    def read(self, size: int = -1, /) -> bytes:
        """About that many bytes; empty at the end."""
        while self._streams:
            if content := self._streams[0].read(size):
                return content
            self._streams.pop(0)
        return b""


class _Recoded:
    """A stream recoded to UTF-8, without a byte order mark."""

    def __init__(self, stream: Readable, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._begun = False

    def read(self, size: int = -1, /) -> bytes:
        """About that many bytes; empty at the end."""
        while True:
            content = self._stream.read(size)
            decoded = self._decoder.decode(content, final=not content)
            if not self._begun:
                decoded = decoded.lstrip("\ufeff")
                self._begun = bool(decoded)
            if decoded or not content:
                return decoded.encode()


def opened(stream: Readable, head: bytes, encoding: str | None, *, name: str) -> Opened:
    """The text of a file whose first bytes are `head`. Raises `DataError` if a byte order mark contradicts the given
    encoding."""
    mark, marked = next(((mark, found) for mark, found in _MARKS if head.startswith(mark)), (b"", None))
    given = codecs.lookup(encoding).name if encoding else None
    if given and marked and not given.startswith(marked):
        message = f"{name}: the file is {marked}, as its byte order mark says, and not {given}"
        raise DataError(message, hint="Leave the encoding out.")
    found = given or marked or _unmarked_utf16(head)
    if found == "utf-8-sig":
        found = "utf-8"
    if found == "utf-8":
        while mark and head.startswith(mark):
            head = head.removeprefix(mark)
    whole = Joined(_Bytes(head), stream)
    if found is None or found in _AS_STORED:
        return Opened(whole, found, None)
    return Opened(_Recoded(whole, found), "utf-8", found)


class _Bytes:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, size: int = -1, /) -> bytes:
        """All bytes at once."""
        content, self._content = self._content, b""
        return content


@dataclass
class Tally:
    """How many of the lines that are not ASCII are UTF-8, and how many are not."""

    valid: int = 0
    broken: int = 0

    @property
    def is_sure(self) -> bool:
        return max(self.valid, self.broken) >= _SURE and not min(self.valid, self.broken)

    @property
    def encoding(self) -> str:
        """UTF-8, unless most lines are not."""
        return "utf-8" if self.valid >= self.broken else WINDOWS

    def add(self, lines: bytes) -> None:
        """Counts lines."""
        if lines.isascii():
            return
        if is_text(lines):
            content = np.frombuffer(lines, np.uint8)
            line = np.searchsorted(np.flatnonzero(content == ord("\n")), np.flatnonzero(content > 127))
            self.valid += int(np.count_nonzero(np.diff(line))) + 1
            return
        valid = [is_text(line) for line in lines.split(b"\n") if not line.isascii()]
        self.valid += sum(valid)
        self.broken += len(valid) - sum(valid)


def judged(lines: bytes, rest: bytes, stream: Readable) -> tuple[Tally, Readable]:
    """What the lines say, those that follow included; `rest` is the beginning of the next one. Reads ahead until the
    evidence is plain; returns a stream with what follows `rest`."""
    tally = Tally()
    tally.add(lines)
    if tally.is_sure:
        return tally, stream
    ahead = _Ahead()
    while len(rest) < _LONGEST_LINE and not tally.is_sure:
        more = stream.read(_PIECE_BYTES)
        if not more:
            tally.add(rest)
            break
        ahead.file.write(more)
        cut = more.rfind(b"\n") + 1
        if cut:
            tally.add(rest + more[:cut])
        rest = more[cut:] if cut else rest + more
    ahead.file.seek(0)
    return tally, Joined(ahead, stream)


class _Ahead:
    """What was read ahead: in memory, or on disk if it is much."""

    def __init__(self) -> None:
        self.file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  (closed below)
        weakref.finalize(self, self.file.close)  # reading may stop anywhere

    def read(self, size: int = -1, /) -> bytes:
        """About that many bytes; empty at the end."""
        return self.file.read(size)


def from_windows(block: bytes) -> bytes:
    """Lines of Windows-1252 as UTF-8. A line that is UTF-8 already, as after a file of another program was appended,
    stays as it is."""
    if not _may_have_utf8(block):
        return _recoded_line(block)
    lines = block.split(b"\n")
    return b"\n".join(line if line.isascii() or _is_utf8_of_windows(line) else _recoded_line(line) for line in lines)


def is_text(line: bytes) -> bool:
    """Whether it is UTF-8 without a NUL byte."""
    try:
        return "\0" not in line.decode()
    except UnicodeDecodeError:
        return False


def _may_have_utf8(block: bytes) -> bool:
    content = np.frombuffer(block, np.uint8)
    first, second = content[:-1], content[1:]
    return bool(np.any((first >= 0xC2) & (first < 0xF5) & (second >= 0x80) & (second < 0xC0)))


def _is_utf8_of_windows(line: bytes) -> bool:
    """Whether a line is UTF-8 and its letters are such as Windows-1252 has: others come about by chance."""
    try:
        line.decode().encode(WINDOWS)
    except UnicodeError:
        return False
    return True


def _recoded_line(line: bytes) -> bytes:
    try:
        return line.decode(WINDOWS).encode()
    except UnicodeDecodeError:  # Windows-1252 leaves five bytes undefined
        return line.decode("latin-1").encode()


def _unmarked_utf16(head: bytes) -> str | None:
    """UTF-16 without a byte order mark: every other byte of a table is mostly zero."""
    pairs = np.frombuffer(head[: len(head) // 2 * 2], np.uint8).reshape(-1, 2) == 0
    if not len(pairs):
        return None
    first, second = pairs.mean(axis=0)
    if max(first, second) < 0.3 or min(first, second) > 0.05:
        return None
    encoding = "utf-16-le" if second > first else "utf-16-be"
    text = head[: len(pairs) * 2].decode(encoding, errors="replace").rstrip("\ufffd")
    plain = sum(sign.isprintable() or sign.isspace() for sign in text)
    return encoding if plain >= 0.95 * len(text) > 0 else None
