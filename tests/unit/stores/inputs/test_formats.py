from __future__ import annotations

import subprocess
import sys

import pytest

from omnix_cli.stores.inputs.formats import FORMATS, recognised


@pytest.mark.parametrize(
    ("name", "beginning", "expected"),
    [
        ("a.csv", b"a,b\n", "CSV"),
        ("a", b"", "CSV"),
        ("a.json", b'{"id": 1}', "NDJSON"),
        ("a.csv", b'{"id": 1}', "CSV"),
        ("-", b"[{", "JSON"),
        ("x.gz", b'{"Item":{"id":{"S":"1"}}}', "DynamoDB export"),
        ("x", b'{"Metadata":{"WriteTimestampMicros":{"N":"1"}}}', "DynamoDB incremental export"),
        ("x", b'{"Keys":{"id":{"S":"1"}}}', "DynamoDB incremental export"),
        ("x", b'{"Item": "a document with this name"}', "NDJSON"),
    ],
)
def test_texts_are_recognised_by_their_beginning(name: str, beginning: bytes, expected: str) -> None:
    found = recognised(name, beginning, is_binary=False)
    assert found is not None
    assert found.name == expected


def test_binary_files_are_recognised_by_their_magic_number() -> None:
    found = recognised("a", b"PAR1", is_binary=True)
    assert found is not None
    assert found.name == "Parquet"
    assert recognised("a", b"a,b\n", is_binary=True) is None


def test_a_reader_is_loaded_when_a_file_needs_it() -> None:
    script = (
        "import io, sys; from omnix_cli.mappings import ColumnMapping; "
        "from omnix_cli.stores.inputs.sources import Source; "
        "list(Source('a', io.BytesIO(b'a,b\\n1,2\\n'), ColumnMapping(kind='products')).chunks()); "
        "print(sorted(name.rpartition('.')[2] for name in sys.modules if name.startswith('omnix_cli.stores.inputs.')))"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "delimited" in loaded
    for module in ("json_rows", "parquet_rows", "exports", "item_chunks"):
        assert module not in loaded
    assert {one.module for one in FORMATS} == {
        "delimited.rows",
        "json.json_rows",
        "parquet.parquet_rows",
        "dynamodb.exports",
    }
