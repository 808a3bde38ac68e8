"""The bytes of an input: hashed as stored, and decompressed."""

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import io
import lzma
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import pyarrow as pa

from omnix_cli.errors import DataError, os_failure

_XZ_MEMORY = 256 << 20
"""`xz -9` needs a quarter of that; what a file asks for may be 4 GiB."""

_DAMAGED = (
    EOFError,
    zlib.error,
    lzma.LZMAError,
    gzip.BadGzipFile,
    zipfile.BadZipFile,
    pa.ArrowInvalid,
)


class HashedStream(io.BufferedIOBase):
    """Computes the SHA-256 of the bytes read through it, and their MD5 if a manifest has that."""

    def __init__(self, stream: IO[bytes], head: bytes = b"", *, md5: bool = False) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False) if md5 else None
        self._head = head

    def peek(self, size: int) -> bytes:
        """The next bytes, which will be read again."""
        while len(self._head) < size and (more := self._stream.read(size - len(self._head))):
            self._head += more
        return self._head[:size]

    def read(self, size: int | None = -1, /) -> bytes:
        size = -1 if size is None else size
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

    def readable(self) -> bool:
        return True

    def hexdigest(self) -> str:
        """The SHA-256 of the bytes read so far."""
        return self._hash.hexdigest()

    def md5(self) -> str:
        """The MD5 of the bytes read so far, in base64; empty if it is not computed."""
        return base64.b64encode(self._md5.digest()).decode() if self._md5 is not None else ""


def unpacked(stream: HashedStream) -> tuple[Any, str | None]:
    """The decompressed stream, and the name of the compression."""
    file: Any = stream
    magic = stream.peek(6)
    if magic[:2] == b"\x1f\x8b":
        return gzip.GzipFile(fileobj=stream, mode="rb"), "gzip"
    is_skippable = magic[1:4] == b"\x2a\x4d\x18" and magic[0] >> 4 == 5  # pzstd begins with such a frame (RFC 8878)
    if magic[:3] == b"BZh":
        return bz2.BZ2File(file), "bzip2"
    if magic == b"\xfd7zXZ\x00":
        return io.BufferedReader(_Xz(stream), 1 << 20), "xz"
    if magic[:4] == b"\x28\xb5\x2f\xfd" or is_skippable:
        return pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), "zstd"), "zstd"
    return stream, None


class _Xz(io.RawIOBase):
    """The decompressed bytes of an xz file, in bounded memory, which `lzma.LZMAFile` cannot promise."""

    def __init__(self, stream: IO[bytes] | HashedStream) -> None:
        self._stream = stream
        self._decoder = _xz_decoder()
        self._input = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while True:
            if self._decoder.eof and not self._begin_next():
                return 0
            if self._decoder.needs_input and not self._input:
                self._input = self._stream.read(1 << 16)
                if not self._input:
                    raise EOFError("Compressed file ended before the end-of-stream marker was reached")
            given, self._input = self._input, b""
            if content := self._decoder.decompress(given, len(buffer)):
                buffer[: len(content)] = content
                return len(content)

    def _begin_next(self) -> bool:
        """Whether another stream follows; zeros may pad what is before it."""
        rest = self._decoder.unused_data.lstrip(b"\0")
        while not rest and (more := self._stream.read(1 << 16)):
            rest = more.lstrip(b"\0")
        if rest:
            self._decoder, self._input = _xz_decoder(), rest
        return bool(rest)


def _xz_decoder() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)


@contextmanager
def seekable(stream: IO[bytes]) -> Iterator[IO[bytes]]:
    """The stream, or a copy of it on disk if it can only be read once."""
    if stream.seekable():
        yield stream
        return
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(stream, file, 1 << 20)
        file.seek(0)
        yield file


@contextmanager
def input_errors(name: str) -> Iterator[None]:
    """Turns errors of reading and decompressing an input into `DataError`."""
    try:
        yield
    except _DAMAGED as error:
        raise _damaged(name, error) from error
    except NotImplementedError as error:
        hint = "Unpack the archive, and import the files in it."
        raise DataError(f"{name}: the archive cannot be read: {error}", hint=hint) from error
    except UnicodeError as error:
        hint = "Set `encoding` in the mapping to the encoding of the file."
        raise DataError(f"{name}: the file has another encoding than expected: {error}", hint=hint) from error
    except OSError as error:
        if error.errno is None:  # as bz2 tells of damaged content
            raise _damaged(name, error) from error
        raise os_failure(error, f"{name} cannot be read") from error


def _damaged(name: str, error: Exception) -> DataError:
    if "memory" in str(error).lower():  # as xz and zstd tell of what they refuse
        hint = "Compress it again with the usual options, such as `xz -9` or `zstd -19`, or unpack it."
        return DataError(f"{name}: the file needs too much memory to be decompressed", hint=hint)
    hint = "Get the file again; nothing of it was imported."
    return DataError(f"{name}: the file is damaged or truncated: {error}", hint=hint)
