from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.errors import DataError, OmnixError
from omnix_cli.mappings import ColumnMapping
from omnix_cli.stores.inputs.sources import FileSources
from tests.unit.stores.inputs.contents import read


@pytest.mark.parametrize("content", [b"", b"\n\n", b"a\x00b,c\n1,2\n"])
def test_a_file_that_is_not_a_table_is_an_error(content: bytes) -> None:
    with pytest.raises(DataError, match=r"empty|binary"):
        read(content)


def test_files_folders_globs_and_stdin_are_found(tmp_path: Path) -> None:
    for name in ("b.csv", "a.ndjson", "deep/c.csv.gz", "notes.md", ".hidden.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x\n1\n")
    sources = FileSources(io.BytesIO(b"x\n1\n"))
    names = [str(Path(name).relative_to(tmp_path)) for name in sources.find([str(tmp_path)])]
    assert names == ["a.ndjson", "b.csv", "deep/c.csv.gz"]
    assert sources.find([str(tmp_path / "*.csv"), str(tmp_path / "b.csv"), "-"]) == [str(tmp_path / "b.csv"), "-"]
    with pytest.raises(DataError, match="nothing to import"):
        sources.find([str(tmp_path / "*.xml")])
    with sources.open("-", ColumnMapping(kind="purchases")) as source:
        assert sum(chunk.rows.height for chunk in source.chunks()) == 1


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=300) | st.text(alphabet='a1,;"\n\r\\{}[]:é', max_size=80).map(str.encode))
def test_any_bytes_give_rows_or_an_error_of_omnix(content: bytes) -> None:
    try:
        read(content)
    except OmnixError as error:
        assert error.hint
