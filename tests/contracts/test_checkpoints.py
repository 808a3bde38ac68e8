"""What any folder of checkpoints must do, whatever it is kept on."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omnix_cli.errors import CorruptCheckpoint, UnavailableError
from omnix_cli.protocols import Checkpoints
from omnix_cli.stores import checkpoints as module
from omnix_cli.stores.checkpoints import ParquetCheckpoints
from omnix_cli.stores.folders import DiskShelf

NOW = datetime(2018, 1, 1, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "checkpoints"


@pytest.fixture
def store(folder: Path) -> ParquetCheckpoints:
    return ParquetCheckpoints(DiskShelf(folder), now=lambda: NOW)


def write(store: Checkpoints, key: str, *pieces: pl.DataFrame, name: str = "numbers") -> None:
    with store.write(key=key, step="count", version="1", parameters={"a": 1}, inputs={"x": "k"}) as writer:
        for piece in pieces:
            writer.append(name, piece)


def numbers(start: int, stop: int) -> pl.DataFrame:
    return pl.DataFrame({"n": range(start, stop)}, schema={"n": pl.Int64})


def test_what_was_written_is_found_with_its_manifest(store: ParquetCheckpoints) -> None:
    write(store, "count-1", numbers(0, 3), numbers(3, 5))
    found = store.find("count-1")
    assert found is not None
    assert found.frame("numbers").scan().collect()["n"].to_list() == [0, 1, 2, 3, 4]
    manifest = found.manifest
    assert (manifest.step, manifest.version, manifest.rows("numbers")) == ("count", "1", 5)
    assert (manifest.parameters, manifest.inputs, manifest.created_at) == ({"a": 1}, {"x": "k"}, NOW)
    assert manifest.schemas["numbers"] == {"n": "Int64"}


def test_an_unknown_key_is_not_found(store: ParquetCheckpoints) -> None:
    assert store.find("count-1") is None
    with pytest.raises(CorruptCheckpoint):
        store.open("count-1")


def test_a_failed_step_leaves_nothing(store: ParquetCheckpoints, folder: Path) -> None:
    with (
        pytest.raises(RuntimeError),
        store.write(key="count-1", step="count", version="1", parameters={}, inputs={}) as writer,
    ):
        writer.append("numbers", numbers(0, 3))
        raise RuntimeError
    assert store.find("count-1") is None
    assert list(folder.iterdir()) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 100), max_size=6))
def test_how_rows_arrive_leaves_no_trace(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    patch = pytest.MonkeyPatch()
    patch.setattr(module, "PART_ROWS", 32)
    folder = tmp_path_factory.mktemp("cuts")
    store = ParquetCheckpoints(DiskShelf(folder), now=lambda: NOW)
    bounds = [0, *sorted(cuts), 100]
    write(store, "count-whole", numbers(0, 100))
    write(store, "count-cut", *(numbers(low, high) for low, high in pairwise(bounds)))
    patch.undo()
    whole, cut = sorted((folder / "count-whole").glob("*.parquet")), sorted((folder / "count-cut").glob("*.parquet"))
    assert len(whole) == 4
    assert [path.read_bytes() for path in whole] == [path.read_bytes() for path in cut]


@pytest.mark.parametrize("harm", ["flip", "cut", "delete"])
def test_a_damaged_part_is_noticed_and_reported(
    store: ParquetCheckpoints, folder: Path, harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    write(store, "count-1", numbers(0, 1000))
    part = next((folder / "count-1").glob("*.parquet"))
    content = part.read_bytes()
    if harm == "delete":
        part.unlink()
    else:
        part.write_bytes(content[:-7] if harm == "cut" else content[:40] + bytes([content[40] ^ 1]) + content[41:])
    fresh = ParquetCheckpoints(DiskShelf(folder), now=lambda: NOW)
    assert fresh.find("count-1") is None
    assert "count-1 is damaged" in caplog.text
    write(fresh, "count-1", numbers(0, 1000))
    assert fresh.find("count-1") is not None


def test_a_rewrite_replaces_the_whole(store: ParquetCheckpoints) -> None:
    write(store, "count-1", numbers(0, 9))
    write(store, "count-1", numbers(5, 6))
    found = store.find("count-1")
    assert found is not None
    assert found.frame("numbers").scan().collect()["n"].to_list() == [5]


def test_an_empty_frame_keeps_its_columns(store: ParquetCheckpoints) -> None:
    write(store, "count-1", numbers(0, 0))
    assert store.open("count-1").frame("numbers").scan().collect_schema() == {"n": pl.Int64}


def test_a_frame_the_step_did_not_write_is_empty(store: ParquetCheckpoints) -> None:
    write(store, "count-1", numbers(0, 1))
    assert store.open("count-1").frame("cycles").scan().collect().is_empty()


def test_figures_of_slices_add_up(store: ParquetCheckpoints) -> None:
    with store.write(key="count-1", step="count", version="1", parameters={}, inputs={}) as writer:
        writer.append("numbers", numbers(0, 1))
        writer.add_figures({"kept": 2, "share": 0.5, "mode": "a"})
        writer.add_figures({"kept": 3, "share": 0.25, "mode": "b"})
    assert store.open("count-1").manifest.figures == {"kept": 5, "share": 0.75, "mode": "b"}


def test_removed_and_leftover_folders_are_gone(store: ParquetCheckpoints, folder: Path) -> None:
    write(store, "count-1", numbers(0, 1))
    (folder / ".writing-count-2-abc").mkdir()
    store.remove("count-1")
    assert store.find("count-1") is None
    assert store.sweep() == 1
    assert [manifest.key for manifest in store.manifests()] == []
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    store = ParquetCheckpoints(DiskShelf(tmp_path / "file" / "checkpoints"), now=lambda: NOW)
    with pytest.raises(UnavailableError, match="could not be written"):
        write(store, "count-1", numbers(0, 1))


@pytest.mark.parametrize("text", ["", "{", "{}", '{"key": 1}'])
def test_an_unreadable_manifest_is_as_good_as_none(store: ParquetCheckpoints, folder: Path, text: str) -> None:
    write(store, "count-1", numbers(0, 9))
    (folder / "count-1" / "manifest.json").write_text(text)
    fresh = ParquetCheckpoints(DiskShelf(folder), now=lambda: NOW)
    assert fresh.damage("count-1") is not None
    assert list(fresh.manifests()) == []
    assert fresh.find("count-1") is None
    write(fresh, "count-1", numbers(0, 9))
    assert fresh.damage("count-1") is None
