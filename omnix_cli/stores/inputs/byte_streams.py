"""The bytes of an input: hashed as stored, decompressed, recoded to UTF-8, in blocks of whole lines."""

from __future__ import annotations

import base64
import codecs
import gzip
import hashlib
import io
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Protocol

import pyarrow as pa

from omnix_cli.errors import DataError, os_failure

BLOCK_BYTES = 8 << 20
LONGEST_LINE = 64 << 20
_HEAD_BYTES = 64 << 10

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Readable(Protocol):
    """Anything that bytes can be read from."""

    def read(self, size: int = -1, /) -> bytes: ...


class HashedStream:
    """Computes the SHA-256 of the bytes read through it, and their MD5 if a manifest has that."""

    closed = False

    def __init__(self, stream: IO[bytes], head: bytes = b"", *, md5: bool = False) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False) if md5 else None
        self._head = head

    def peek(self, size: int) -> bytes:
        """The next bytes, which will be read again."""
        while len(self._head) < size:
            more = self._stream.read(size - len(self._head))
            if not more:
                break
            self._head += more
        return self._head[:size]

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; empty at the end."""
        content, self._head = (self._head, b"") if size < 0 else (self._head[:size], self._head[size:])
        if len(content) != size:
            content += self._stream.read(size - len(content) if size > 0 else size)
        self._hash.update(content)
        if self._md5 is not None:
            self._md5.update(content)
        return content

    def rest(self) -> None:
        """Reads to the end, so that the hash covers the whole file."""
        while self.read(1 << 20):
            pass

    @contextmanager
    def anywhere(self) -> Iterator[IO[bytes]]:
        """The whole stream, hashed, as a seekable file; the bytes of a pipe are written to disk for that."""
        if not self._stream.seekable():
            with tempfile.TemporaryFile() as file:
                shutil.copyfileobj(self, file, 1 << 20)
                file.seek(0)
                yield file
            return
        self.rest()
        self._stream.seek(0)
        try:
            yield self._stream
        finally:
            self._stream.seek(0, io.SEEK_END)

    def close(self) -> None:
        """Part of the file protocol; the caller that opened the stream closes it."""

    def readable(self) -> bool:
        """Part of the file protocol."""
        return True

    def hexdigest(self) -> str:
        """The SHA-256 of the bytes read so far."""
        return self._hash.hexdigest()

    def md5(self) -> str:
        """The MD5 of the bytes read so far, in base64; empty if it is not computed."""
        return base64.b64encode(self._md5.digest()).decode() if self._md5 is not None else ""


def unpacked(stream: HashedStream) -> tuple[Any, str | None]:
    """The decompressed stream, and the name of the compression."""
    magic = stream.peek(4)
    if magic[:2] == b"\x1f\x8b":
        return gzip.GzipFile(fileobj=stream, mode="rb"), "gzip"  # type: ignore[call-overload]
    is_skippable = magic[1:4] == b"\x2a\x4d\x18" and magic[0] >> 4 == 5  # pzstd begins with such a frame (RFC 8878)
    if magic == b"\x28\xb5\x2f\xfd" or is_skippable:
        return pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), "zstd"), "zstd"
    return stream, None


@contextmanager
def input_errors(name: str) -> Iterator[None]:
    """Turns errors of reading and decompressing an input into `DataError`."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile, pa.ArrowInvalid, pa.ArrowIOError) as error:
        raise DataError(
            f"{name}: the file is damaged or truncated: {error}", hint="Get the file again; nothing of it was imported."
        ) from error
    except UnicodeError as error:
        raise DataError(
            f"{name}: the file has another encoding than expected: {error}",
            hint="Set `encoding` in the mapping to the encoding of the file.",
        ) from error
    except OSError as error:
        raise os_failure(error, f"{name} cannot be read") from error


class Recoded:
    """A stream recoded to UTF-8."""

    def __init__(self, stream: Readable, encoding: str, head: bytes) -> None:
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

    def __init__(self, stream: Readable, encoding: str | None, *, name: str, block_bytes: int = BLOCK_BYTES) -> None:
        self._name = name
        self._block_bytes = block_bytes
        head = stream.read(max(4, min(_HEAD_BYTES, self._block_bytes)))
        marked = next(((mark, name) for mark, name in _BYTE_ORDER_MARKS if head.startswith(mark)), None)
        self.encoding = codecs.lookup(encoding).name if encoding else (marked[1] if marked else None)
        if self.encoding == "utf-8" and marked:
            head = head.removeprefix(marked[0])
        recode = self.encoding not in (None, "utf-8", "cp1252", "iso8859-1")
        self._stream: Readable = Recoded(stream, str(self.encoding), head) if recode else stream
        self._named = self.encoding
        if recode:
            head, self.encoding = b"", "utf-8"
        self._carriage_returns = b"\r" in head and b"\n" not in head
        self._rest = self._lines(head)

    @property
    def found(self) -> str:
        """The encoding, for reports."""
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

    def as_utf8(self, block: bytes) -> tuple[bytes, list[int]]:
        """The block as UTF-8, and the numbers (from 0) of the lines that are not UTF-8 or have a NUL byte; these lines
        are emptied."""
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
            if cut := more.rfind(b"\n") + 1:
                self._rest = more[cut:]
                return b"".join([*pieces, memoryview(more)[:cut]])
            pieces.append(more)
            size += len(more)
            if size > LONGEST_LINE:
                raise DataError(
                    f"{self._name}: a line is longer than {LONGEST_LINE >> 20} MiB",
                    hint="Is this a table with one row a line?",
                )
        content = b"".join(pieces)
        cut = content.rfind(b"\n") + 1
        self._rest = content[cut:]
        return content[:cut]

    def _lines(self, content: bytes) -> bytes:
        """The content with line feeds instead of the carriage returns of old Macs."""
        return content.replace(b"\r", b"\n") if self._carriage_returns else content


def _guess(block: bytes) -> str:
    good = bad = 0
    for line in block.splitlines()[:10_000]:
        if not line.isascii():
            valid = _is_text(line)
            good, bad = good + valid, bad + (not valid)
    return "utf-8" if good >= bad else "cp1252"


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
