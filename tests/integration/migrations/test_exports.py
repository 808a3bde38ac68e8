"""Tables exported to a folder and loaded from it."""

from __future__ import annotations

from pathlib import Path

import orjson
import polars as pl

from omnix_cli.stores.dynamodb.wire import from_wire
from tests.integration.migrations.conftest import TABLE, Omnix, Side, purchase


def test_an_export_comes_back_as_it_was(omnix: Omnix, source: Side, target: Side, tmp_path: Path) -> None:
    source.put([purchase(number) for number in range(300)])
    omnix("export", TABLE, "customer-profiles", "--to", "first")
    omnix("load", "first", *target.to(), "--create")
    assert target.items() == source.items()
    back = [part for setting in target.place for part in ("--from", setting)]
    omnix("export", TABLE, "--to", "second", *back, "--segments", "3")
    omnix("verify", TABLE, "--from", "first", "--to", "second/")
    columns = ["id", "customerId", "purchaseDate", "productId", "item"]
    first, second = (pl.read_parquet(tmp_path / name / f"{TABLE}-*.parquet").sort("id") for name in ("first", "second"))
    assert first.columns == second.columns == columns
    assert first.drop("item").equals(second.drop("item"))
    # DynamoDB itself drops the zeros at the end of a number; SQLite gives back the very text.
    assert [from_wire(orjson.loads(text)) for text in second["item"]] == list(source.items().values())
    if "dynamodb" not in target.place:
        assert first.equals(second)


def test_a_damaged_export_is_not_loaded(omnix: Omnix, source: Side, tmp_path: Path) -> None:
    source.put([purchase(number) for number in range(10)])
    omnix("export", TABLE, "--to", "backup")
    (part,) = (tmp_path / "backup").glob("*.parquet")
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    assert "differs from its checksum" in omnix("load", "backup", "--to", "stage=other", "--create", code=3)
