from __future__ import annotations

import gzip
import lzma
import struct
import zlib
from pathlib import Path

import pyarrow as pa
import pytest

from omnix_cli.errors import DataError
from tests.unit.stores.inputs.contents import read, values


def zstd(content: bytes) -> bytes:
    """The content as one zstd frame."""
    return bytes(pa.Codec("zstd").compress(content, asbytes=True))


def skippable(size: int, number: int = 0) -> bytes:
    """A frame without content, as pzstd writes it before each frame (RFC 8878, 3.1.2)."""
    return struct.pack("<II", 0x184D2A50 + number, size) + bytes(size)


FIRST, SECOND = zstd(b"a,b\n1,2\n"), zstd(b"3,4\n5,6\n")


@pytest.mark.parametrize(
    "packed",
    [
        pytest.param(FIRST + SECOND, id="two frames"),
        pytest.param(skippable(4) + FIRST + skippable(4) + SECOND, id="pzstd"),
        pytest.param(skippable(100_000, 15) + FIRST + SECOND, id="long skippable frame first"),
        pytest.param(FIRST + skippable(0, 7) + SECOND, id="skippable frame between"),
        pytest.param(zstd(b"") + FIRST + SECOND, id="empty frame first"),
    ],
)
def test_a_zstd_file_of_several_frames(packed: bytes) -> None:
    rows, rejected, findings = read(packed)
    assert values(rows) == [("1", "2"), ("3", "4"), ("5", "6")]
    assert findings["compression"] == "zstd"
    assert rejected == []


def test_compressed_files(tmp_path: Path) -> None:
    content = b"a,b\n" + b"1,2\n" * 1000
    packed = {"gzip": gzip.compress(content), "zstd": zstd(content)}
    for name, packed_content in packed.items():
        rows, _, findings = read(packed_content)
        assert rows.height == 1000
        assert findings["compression"] == name
        with pytest.raises(DataError, match="damaged or truncated"):
            read(packed_content[:-9])


def test_an_xz_file_of_several_streams_with_padding() -> None:
    packed = lzma.compress(b"a,b\n1,2\n") + bytes(8) + lzma.compress(b"") + lzma.compress(b"3,4\n", preset=9) + bytes(4)
    rows, _, findings = read(packed)
    assert values(rows) == [("1", "2"), ("3", "4")]
    assert findings["compression"] == "xz"
    with pytest.raises(DataError, match="damaged or truncated"):
        read(packed[:-20])


def test_an_xz_file_that_asks_for_gigabytes_is_refused() -> None:
    packed = bytearray(lzma.compress(b"a,b\n1,2\n"))
    assert packed[14:16] == b"\x21\x01"  # LZMA2, with one byte for the size of the dictionary
    packed[16] = 40  # 4 GiB
    header = slice(12, 12 + 4 * packed[12])
    packed[header.stop : header.stop + 4] = zlib.crc32(packed[header]).to_bytes(4, "little")
    with pytest.raises(DataError, match="needs too much memory") as error:
        read(bytes(packed))
    assert "xz -9" in str(error.value.hint)
