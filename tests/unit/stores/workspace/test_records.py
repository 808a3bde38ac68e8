"""The current rows and the open quarantine, as the ledger puts them together from batches; the records of runs."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from omnix_cli.errors import ConfigError, CorruptCheckpoint, DataError
from omnix_cli.records import ImportBatch, ImportedFile, RunRecord
from omnix_cli.schemas import FRAMES
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from omnix_cli.stores.workspace.folders import DiskFolder, DiskShelf
from omnix_cli.stores.workspace.records import FileLedger, RunFolder

NOW = datetime(2018, 1, 1, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> FileLedger:
    return FileLedger(DiskFolder(tmp_path), ParquetCheckpoints(DiskShelf(tmp_path / "c"), now=lambda: NOW))


def add(ledger: FileLedger, key: str, names: dict[str, str], superseded: list[str] | None = None) -> ImportBatch:
    """A batch of products by id and name."""
    rows = pl.DataFrame({"product_id": list(names), "name": list(names.values())})
    lists = pl.lit([], pl.List(pl.String))
    empty = FRAMES["products"].empty().drop("product_id", "name", "tags", "dietary").clear(len(names))
    products = pl.concat([rows, empty], how="horizontal").with_columns(tags=lists, dietary=lists)
    replaced = FRAMES["superseded"].conform(pl.DataFrame({"id": superseded or []}, {"id": pl.String}))
    with ledger.checkpoints.write(key=key, step="import-products", version="1", parameters={}, inputs={}) as writer:
        writer.append("products", FRAMES["products"].conform(products))
        writer.append("superseded", replaced)
    file = ImportedFile(name=f"{key}.csv", sha256=key, mapping_key="", read=len(names), accepted=len(names))
    corrected = len(superseded or [])
    batch = ImportBatch(key=key, kind="products", imported_at=NOW, files=(file,), corrected=corrected)
    ledger.add(batch)
    return batch


def test_a_corrected_row_replaces_the_earlier_one(ledger: FileLedger) -> None:
    add(ledger, "one", {"1": "Tea", "2": "Jam"})
    before = ledger.view("products").key
    add(ledger, "two", {"2": "Plum jam", "3": "Milk"}, superseded=["2"])
    view = ledger.view("products")
    rows = view.scan().select("product_id", "name").collect().sort("product_id").rows()
    assert rows == [("1", "Tea"), ("2", "Plum jam"), ("3", "Milk")]
    assert (view.rows, view.key != before) == (3, True)
    assert ledger.view("customers").rows == 0


def test_a_damaged_batch_is_found_and_dropped(ledger: FileLedger, tmp_path: Path) -> None:
    kept, lost = add(ledger, "one", {"1": "Tea"}), add(ledger, "two", {"2": "Jam"})
    (tmp_path / "c" / "two" / "products-00000.parquet").write_bytes(b"")
    fresh = FileLedger(DiskFolder(tmp_path), ParquetCheckpoints(DiskShelf(tmp_path / "c"), now=lambda: NOW))
    assert fresh.damaged() == (lost,)
    fresh.drop([lost])
    assert fresh.batches("products") == (kept,)


def test_a_damaged_ledger_and_one_of_a_newer_release(ledger: FileLedger, tmp_path: Path) -> None:
    add(ledger, "one", {"1": "Tea"})
    file = tmp_path / "imports.json"
    content = file.read_text()
    file.write_text(content.replace('"key"', '"approved_by": "ann", "key"'))
    with pytest.raises(ConfigError, match="this workspace was written by a newer omnix"):
        ledger.batches("products")
    file.write_text(content[:20])
    with pytest.raises(CorruptCheckpoint, match=r"imports\.json cannot be read"):
        ledger.batches("products")


def record(run_id: str) -> RunRecord:
    started = datetime(2018, 1, 1, tzinfo=UTC)
    return RunRecord(
        run_id=run_id,
        command="run",
        status="done",
        as_of=date(2018, 1, 1),
        started_at=started,
        settings={},
        sources={},
    )


@pytest.fixture
def runs(tmp_path: Path) -> RunFolder:
    folder = RunFolder(DiskFolder(tmp_path))
    for run_id in ("20180101T1", "20180102T1", "20180102T2"):
        folder.save(record(run_id))
    return folder


def test_runs_are_found_by_the_beginning_of_their_id(runs: RunFolder) -> None:
    assert runs.load("latest").run_id == "20180102T2"
    assert runs.load("20180101").run_id == "20180101T1"
    with pytest.raises(DataError, match="2 runs begin with '20180102'"):
        runs.load("20180102")
    with pytest.raises(DataError, match="there is no run 'x'"):
        runs.load("x")


def test_a_damaged_record_is_skipped_and_a_newer_one_refused(runs: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "20180102T1.json").write_text("{")
    assert [run.run_id for run in runs.newest_first()] == ["20180102T2", "20180101T1"]
    content = record("20180102T1").model_dump_json()
    (tmp_path / "20180102T1.json").write_text(content.replace("{", '{"approved_by": "ann", ', 1))
    with pytest.raises(ConfigError, match="newer omnix"):
        list(runs.newest_first())


def test_a_damaged_import_is_never_read(ledger: FileLedger, tmp_path: Path) -> None:
    add(ledger, "one", {"a": "Apple"})
    part = tmp_path / "c" / "one" / "products-00000.parquet"
    part.write_bytes(part.read_bytes()[:100])
    fresh = FileLedger(DiskFolder(tmp_path), ParquetCheckpoints(DiskShelf(tmp_path / "c"), now=lambda: NOW))
    for read in (fresh.view, fresh.quarantine):
        with pytest.raises(CorruptCheckpoint, match=r"the import of products from one\.csv is damaged"):
            read("products")
