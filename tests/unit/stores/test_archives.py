"""Exports in a folder."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from omnix_cli.errors import ConfigError, CorruptCheckpoint, DataError
from omnix_cli.stores.archives import Archive, ArchiveWriter

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def products(*numbers: int) -> list[dict[str, Any]]:
    return [{"id": f"{number:03d}", "price": Decimal("1.50"), "stock": number} for number in numbers]


def writer(folder: Path, **changes: Any) -> ArchiveWriter:
    return ArchiveWriter(folder, **{"source": "here", "tables": ["products"], "segments": 2, **changes})


def export(folder: Path) -> Archive:
    archive = writer(folder)
    archive.add("products", 0, products(5, 1, 9))
    archive.add("products", 1, products(2))
    archive.add("products", 0, products(7, 3))
    archive.commit(NOW)
    return Archive(folder)


def test_it_gives_back_what_it_was_given(tmp_path: Path) -> None:
    archive = export(tmp_path / "backup")
    assert archive.tables == ("products",)
    assert archive.expected_items("products") == 6
    assert list(archive.scan("products")) == products(5, 1, 9, 7, 3, 2)
    assert next(iter(archive.scan("products", attributes=["stock"]))) == {"stock": 5}
    assert list(archive.get_many("products", ["003", "004", "002"])) == products(3, 2)


@pytest.mark.parametrize("segments", [1, 2, 3, 5])
def test_segments_hold_every_item_once_and_go_on_after_any_key(tmp_path: Path, segments: int) -> None:
    archive = export(tmp_path / "backup")
    found = []
    for segment in range(segments):
        items = list(archive.scan("products", segment=segment, segments=segments))
        found += items
        for place, item in enumerate(items):
            rest = archive.scan("products", segment=segment, segments=segments, after=item["id"])
            assert list(rest) == items[place + 1 :]
    assert sorted(item["id"] for item in found) == ["001", "002", "003", "005", "007", "009"]


def test_there_is_none_until_it_is_committed(tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    begun = writer(folder)
    begun.add("products", 0, products(1, 2))
    with pytest.raises(ConfigError, match="no export") as caught:
        Archive(folder)
    assert caught.value.hint is not None
    assert "repeat" in caught.value.hint
    again = writer(folder)
    assert again.last_key("products", 0) == "002"
    assert again.last_key("products", 1) is None
    assert again.items("products", 0) == 2
    again.commit(NOW)
    assert list(Archive(folder).scan("products")) == products(1, 2)


def test_nothing_else_is_written_over(tmp_path: Path) -> None:
    export(tmp_path / "backup")
    with pytest.raises(ConfigError, match="already"):
        writer(tmp_path / "backup")
    writer(tmp_path / "begun")
    with pytest.raises(ConfigError, match="another export"):
        writer(tmp_path / "begun", segments=3)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("mine")
    with pytest.raises(ConfigError, match="not empty"):
        writer(tmp_path / "notes")


def test_a_missing_part_is_found(tmp_path: Path) -> None:
    export(tmp_path / "backup")
    (tmp_path / "backup" / "products-001-00000.parquet").unlink()
    with pytest.raises(CorruptCheckpoint, match="is missing"):
        Archive(tmp_path / "backup")


def test_a_table_that_is_not_in_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no recommendations"):
        list(export(tmp_path / "backup").scan("recommendations"))


def test_what_dynamodb_cannot_say_is_no_item_of_an_export(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'long'"):
        writer(tmp_path / "backup").add("products", 0, [{"id": "long", "price": Decimal("1." + "1" * 50)}])
