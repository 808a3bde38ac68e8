"""Manifests of exports; `tests/integration/test_table_exports.py` has exports that are damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from omnix_cli.errors import DataError
from omnix_cli.stores.inputs.dynamodb.manifests import ExportedFile, export_summaries, exported_files
from tests.table_exports import full_line, write_export


def test_the_data_files_of_an_export(tmp_path: Path) -> None:
    folder = write_export(tmp_path, [[full_line({"id": "1"})], []])
    names = [str(path) for path in tmp_path.rglob("*") if path.is_file()]
    summaries = export_summaries(names)
    assert summaries == [str(folder / "manifest-summary.json")]
    (file,) = exported_files(summaries, lambda name: Path(name).read_bytes(), lambda name: Path(name).exists())
    assert file.items == 1
    file.check(1, str(file.md5))
    with pytest.raises(DataError, match="differs from its manifest: 2 items instead of 1"):
        file.check(2, str(file.md5))
    with pytest.raises(DataError, match="checksum differs"):
        ExportedFile("a", 1, "other").check(1, str(file.md5))


def test_an_export_without_a_summary_has_not_ended() -> None:
    assert export_summaries(["a/b.csv"]) == []
    with pytest.raises(DataError, match="a: the export is incomplete"):
        export_summaries(["a/_started"])
