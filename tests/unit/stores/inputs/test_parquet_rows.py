from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest

from omnix_cli.errors import DataError
from omnix_cli.mappings import ColumnMapping
from omnix_cli.stores.inputs.sources import FileSources, Source
from tests.unit.stores.inputs.contents import read


class Pipe(io.BytesIO):
    """Bytes that can be read once only."""

    def seekable(self) -> bool:
        return False

    def seek(self, offset: int, whence: int = 0, /) -> int:
        raise io.UnsupportedOperation("seek")


@pytest.mark.parametrize("stream", [io.BytesIO, Pipe])
def test_parquet_is_read_from_files_and_pipes(tmp_path: Path, stream: type[io.BytesIO]) -> None:
    path = tmp_path / "f.parquet"
    pl.DataFrame({"id": range(1000)}).write_parquet(path, row_group_size=100)
    source = Source("input", stream(path.read_bytes()), ColumnMapping(kind="purchases"))
    assert pl.concat(chunk.rows for chunk in source.chunks())["id"].to_list() == list(range(1000))
    assert source.fingerprint() == FileSources().fingerprint(str(path))


def test_parquet_keeps_its_types_and_flattens_structs(tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    frame = pl.DataFrame(
        {"id": [1, 2], "who": [{"age": 3}, {"age": None}], "lists": [["a"], []], "raw": [b"\xff", b""]}
    )
    frame.write_parquet(path)
    rows, _, findings = read(path.read_bytes())
    assert findings["format"] == "Parquet"
    assert rows.select("id", "who.age", "lists", "raw").rows() == [(1, 3, ["a"], "ff"), (2, None, [], "")]
    with pytest.raises(DataError, match="damaged or truncated"):
        read(path.read_bytes()[:-20])
