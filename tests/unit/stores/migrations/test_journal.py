"""The journals of copies."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from omnix_cli.errors import ConfigError, CorruptCheckpoint, LockedError
from omnix_cli.records import MigrationRecord, SegmentProgress
from omnix_cli.stores.migrations.journal import Journal, Journals

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def journal_in(folder: Path) -> Journal:
    return Journals(folder, lambda: NOW).begin(MigrationRecord(run_id="1", plan={}, target={}, started_at=NOW))


def test_only_the_same_unfinished_copy_continues(tmp_path: Path) -> None:
    journals = Journals(tmp_path, lambda: NOW)

    def record(run: str, plan: str) -> MigrationRecord:
        return MigrationRecord(run_id=run, plan={"of": plan}, target={}, started_at=NOW)

    assert journals.begin(record("1", "a")).record.run_id == "1"
    assert journals.begin(record("2", "b")).record.run_id == "2"
    assert journals.begin(record("3", "a")).record.run_id == "1"
    journals.find("1").update(state="done")
    assert journals.begin(record("4", "a")).record.run_id == "4"
    assert journals.find("latest").record.run_id == "4"
    with pytest.raises(ConfigError, match="no copy"):
        journals.find("9")


def test_a_run_is_named_by_the_beginning_of_its_id(tmp_path: Path) -> None:
    journals = Journals(tmp_path, lambda: NOW)
    for run in ("2026-03-01-a", "2026-03-02-b"):
        journals.begin(MigrationRecord(run_id=run, plan={"of": run}, target={}, started_at=NOW))
    assert journals.find("2026-03-01").record.run_id == "2026-03-01-a"
    with pytest.raises(ConfigError, match="2 copies begin with '2026'"):
        journals.find("2026")


def test_a_record_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    journal_in(tmp_path)
    (tmp_path / "1" / "run.json").write_text("{")
    with pytest.raises(CorruptCheckpoint, match=r"run\.json cannot be read"):
        Journals(tmp_path, lambda: NOW).find("1")


def test_damaged_progress_and_images_are_told(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.save("products", 0, SegmentProgress(after="007", chunks=1))
    journal.keep("products", 0, 0, {"a": {"id": "a"}})
    (image,), folder = journal.images("products"), tmp_path / "1"
    for path in (folder / "products-000.json", folder / "images" / image):
        content = path.read_bytes()
        path.write_bytes(content.replace(b"007", b"008").replace(b'"a"', b'"b"'))
        with pytest.raises(CorruptCheckpoint, match=f"{path.name} cannot be read"):
            list(journal.image("products", image)), journal.progress("products", 0)
        path.write_bytes(content)


@pytest.mark.parametrize(
    ("plan", "target"),
    [
        ({}, {}),
        ({"tables": "products"}, {}),
        ({"tables": ["../x"]}, {}),
        ({"tables": ["products"]}, {"kind": 7}),
        ({"tables": ["products"]}, {"tables": {"expiring": -1}}),
    ],
)
def test_a_record_that_names_no_tables_or_no_store_is_told(
    tmp_path: Path, plan: dict[str, Any], target: dict[str, Any]
) -> None:
    record = MigrationRecord(run_id="1", plan=plan, target=target, started_at=NOW)
    journal = Journals(tmp_path, lambda: NOW).begin(record)
    with pytest.raises(CorruptCheckpoint, match=r"run\.json cannot be read") as caught:
        _ = journal.tables, journal.target()
    assert "backup" in str(caught.value.hint)


def test_progress_is_on_disk(tmp_path: Path) -> None:
    journal_in(tmp_path).save("products", 3, SegmentProgress(after="007", chunks=2))
    assert journal_in(tmp_path).progress("products", 3) == SegmentProgress(after="007", chunks=2)
    assert journal_in(tmp_path).progress("products", 0) == SegmentProgress()


def test_the_images_of_the_first_attempt_stay(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    first: dict[str, dict[str, Any] | None] = {"a": {"id": "a", "price": 1}, "b": None}
    assert journal.keep("products", 0, 5, first) == first
    second: dict[str, dict[str, Any] | None] = {"a": {"id": "a", "price": 2}, "c": None}
    assert journal.keep("products", 0, 5, second) == {**first, "c": None}
    kept = [dict(journal.image("products", name)) for name in journal.images("products")]
    assert kept == [first, {"c": None}]


def test_one_copy_at_a_time_changes_the_journals(tmp_path: Path) -> None:
    journals = Journals(tmp_path, lambda: NOW)
    with journals.locked("tables copy"), pytest.raises(LockedError, match="tables copy"), journals.locked("x"):
        raise AssertionError
