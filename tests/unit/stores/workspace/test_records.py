"""The current rows and the open quarantine, as the ledger puts them together from batches; the records of runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import polars as pl
import pytest

from omnix_cli.errors import ConfigError, CorruptCheckpoint, DataError, LockedError
from omnix_cli.protocols.checkpoints import OWN_IDS, SOURCES
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


def reopened(ledger: FileLedger) -> FileLedger:
    """The ledger as another process sees it."""
    return FileLedger(ledger.folder, ledger.checkpoints)


def test_a_ledger_that_another_process_changed_takes_no_batch(ledger: FileLedger) -> None:
    add(ledger, "one", {"1": "Tea"})
    slow = reopened(ledger)
    assert len(slow.batches("products")) == 1
    two = add(ledger, "two", {"2": "Jam"})
    for batch in (two, two.model_copy(update={"key": "three"})):
        with pytest.raises(LockedError, match="another run imported something meanwhile"):
            slow.add(batch)
    with pytest.raises(LockedError):
        slow.drop([two])
    assert [batch.key for batch in reopened(ledger).batches("products")] == ["one", "two"]
    add(reopened(ledger), "three", {"3": "Milk"})


def test_a_batch_stands_in_the_ledger_once(ledger: FileLedger) -> None:
    one = add(ledger, "one", {"1": "Tea"})
    with pytest.raises(LockedError):
        reopened(ledger).add(one)
    assert ledger.batches("products") == (one,)


def test_a_ledger_that_two_runs_doubled_counts_once(
    ledger: FileLedger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add(ledger, "one", {"1": "Tea", "2": "Jam"})
    file = tmp_path / "imports.json"
    file.write_bytes(orjson.dumps(orjson.loads(file.read_bytes()) * 2))
    doubled = reopened(ledger)
    assert doubled.view("products").rows == doubled.view("products").scan().collect().height == 2
    assert "imports.json lists an import twice" in caplog.text
    add(doubled, "two", {"3": "Milk"})
    assert len(orjson.loads(file.read_bytes())) == 2


def test_a_change_whose_answer_was_lost_is_made_once(ledger: FileLedger) -> None:
    class Forgetful(DiskFolder):
        """Changes a file, loses the answer and tries again, as a client of S3 may."""

        def change(self, name: str, edit: Callable[[bytes | None], bytes]) -> None:
            super().change(name, edit)
            super().change(name, edit)

    forgetful = FileLedger(Forgetful(ledger.folder.path), ledger.checkpoints)  # type: ignore[attr-defined]
    for key, product in (("one", "1"), ("two", "2")):
        add(forgetful, key, {product: "Tea"})
    assert [batch.key for batch in reopened(ledger).batches("products")] == ["one", "two"]


def test_two_processes_that_change_the_ledger_at_once(ledger: FileLedger) -> None:
    """Also when somebody deleted the lock of the workspace: one of them is refused."""
    batch = add(ledger, "one", {"1": "Tea"})
    together = threading.Barrier(2)

    def is_added(key: str) -> bool:
        own = reopened(ledger)
        own.batches("products")
        together.wait(timeout=10)
        with suppress(LockedError):
            own.add(batch.model_copy(update={"key": key}))
            return True
        return False

    with ThreadPoolExecutor(2) as threads:
        for number in range(10):
            assert sorted(threads.map(is_added, [f"{number}-a", f"{number}-b"])) == [False, True]
    assert len(reopened(ledger).batches("products")) == 11


def record(run_id: str) -> RunRecord:
    return RunRecord(
        run_id=run_id,
        command="run",
        status="done",
        as_of=date(2018, 1, 1),
        started_at=NOW,
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


def test_runs_are_ordered_by_succession_whatever_their_clocks_said(runs: RunFolder, tmp_path: Path) -> None:
    ahead, right = record("20300101T1"), record("20180103T1")
    for following in (ahead, right, ahead.model_copy(update={"status": "killed"})):
        RunFolder(DiskFolder(tmp_path)).save(following)
    found = RunFolder(DiskFolder(tmp_path))
    ids = ["20180103T1", "20300101T1", "20180102T2", "20180102T1", "20180101T1"]
    assert [run.run_id for run in found.newest_first()] == ids
    assert found.load("latest").run_id == "20180103T1"
    assert found.load("20300101").status == "killed"
    found.remove("20300101T1")
    found.save(record("20180103T0"))
    assert [run.run_id for run in found.newest_first()][:2] == ["20180103T0", "20180103T1"]


def test_runs_without_an_order_are_older_and_go_by_their_ids(runs: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "order").unlink()
    runs = RunFolder(DiskFolder(tmp_path))
    assert [run.run_id for run in runs.newest_first()] == ["20180102T2", "20180102T1", "20180101T1"]
    runs.save(record("20180101T1"))
    runs.save(record("20171231T1"))
    ids = ["20171231T1", "20180102T2", "20180102T1", "20180101T1"]
    assert [run.run_id for run in runs.newest_first()] == ids
    (tmp_path / "order").write_bytes(b"\xff\xfe")
    assert runs.load("latest").run_id == "20180102T2"


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


def test_the_own_id_of_a_row_is_the_key_of_its_frame() -> None:
    assert {name: (own_id,) for name, own_id in OWN_IDS.items()} == {name: FRAMES[name].key for name in SOURCES}
