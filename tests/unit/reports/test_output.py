from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.reports.output import write_frame, write_objects

ROWS = pl.DataFrame(
    {
        "product_id": ["milk", "tea"],
        "price": [Decimal("1.10"), None],
        "tags": [["dairy", "fresh"], []],
        "due": [date(2018, 1, 2), None],
    }
)


def written(tmp_path: Path, kind: str) -> str:
    file = tmp_path / f"rows.{kind}"
    write_frame(ROWS, title="Rows", kind=kind, target=file)
    return file.read_text()


def test_json_has_numbers_and_lists(tmp_path: Path) -> None:
    first, second = json.loads(written(tmp_path, "json"))
    assert first == {"product_id": "milk", "price": 1.1, "tags": ["dairy", "fresh"], "due": "2018-01-02"}
    assert second["price"] is None


def test_csv_joins_lists(tmp_path: Path) -> None:
    assert written(tmp_path, "csv") == 'product_id,price,tags,due\nmilk,1.10,dairy; fresh,2018-01-02\ntea,,"",\n'


def test_a_table_is_aligned_under_its_title(tmp_path: Path) -> None:
    title, header, first, *_ = written(tmp_path, "table").splitlines()
    assert (title, header.split()[:2]) == ("Rows", ["product", "id"])
    assert first.startswith("milk") and "dairy, fresh" in first


def test_what_takes_bytes_gets_them() -> None:
    taken: list[bytes] = []
    write_objects([{"setting": "as_of", "value": None}], target=taken.append)
    assert taken == [b'[{"setting":"as_of","value":null}]\n']


def test_a_path_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        write_frame(ROWS, title="Rows", kind="csv", target=tmp_path)
