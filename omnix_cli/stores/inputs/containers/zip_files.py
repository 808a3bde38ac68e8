"""Zip archives: each member that is a table is an input of its own, named `archive.zip/member.csv`."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

from omnix_cli.errors import DataError
from omnix_cli.stores.inputs.byte_streams import input_errors, seekable
from omnix_cli.stores.inputs.folder_files import FileList, sorted_out
from omnix_cli.stores.inputs.parts import Part

ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
"""The beginnings of archives with members and without."""


def members(name: str, open_file: Callable[[], IO[bytes]]) -> tuple[list[Part], FileList]:
    """The inputs in an archive, in order of their names, and what becomes of its files. Raises `DataError` for an
    archive that is encrypted or has no table."""
    with input_errors(name), open_file() as file, seekable(file) as content, zipfile.ZipFile(content) as archive:
        entries = {entry.filename: entry for entry in archive.infolist() if not entry.is_dir()}
        sizes = {f"{name}/{member}": entry.file_size for member, entry in sorted(entries.items())}
        if any(entry.flag_bits & 1 for entry in entries.values()):
            raise DataError(f"{name}: the archive is encrypted", hint="Unpack it, and import the files in it.")

        def beginning(member: str) -> bytes:
            with archive.open(member.removeprefix(f"{name}/")) as stream:
                return stream.read(1 << 16)

        found = sorted_out(sizes, name, beginning, sizes.__getitem__)
    if not found.inputs:
        held = ", ".join(sorted(entries)[:5]) or "nothing"
        raise DataError(f"{name}: the archive has no file that omnix reads", hint=f"It holds {held}.")

    def part(member: str) -> Part:
        return Part(member, lambda: _member(open_file, member.removeprefix(f"{name}/")), findings={"archive": "zip"})

    return [part(member) for member in found.inputs], found


@contextmanager
def _member(open_file: Callable[[], IO[bytes]], member: str) -> Iterator[IO[bytes]]:
    """The bytes of a member, decompressed as they are read. It cannot be read from any place but the beginning."""
    with ExitStack() as stack:
        content = stack.enter_context(seekable(stack.enter_context(open_file())))
        archive = stack.enter_context(zipfile.ZipFile(content))
        yield _ForwardOnly(stack.enter_context(archive.open(member)))


class _ForwardOnly(io.BufferedReader):
    """A member seeks by reading all over again, which a format that seeks often must not do."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(stream, 1 << 20)  # type: ignore[arg-type]

    def seekable(self) -> bool:
        return False
