from __future__ import annotations

import gzip
import struct
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
