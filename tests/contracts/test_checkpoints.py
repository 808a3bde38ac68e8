"""What any folder of checkpoints must do, whatever it is kept on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import orjson
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omnix_cli.errors import CorruptCheckpoint
from omnix_cli.protocols.checkpoints import Checkpoints
from omnix_cli.schemas import FRAMES
from omnix_cli.stores.inputs.spill import open_spill
from omnix_cli.stores.s3.folders import S3Shelf
from omnix_cli.stores.workspace.checkpoints import PART_ROWS, ParquetCheckpoints
from omnix_cli.stores.workspace.folders import DiskShelf
from tests.aws.buckets import TestBucket

NOW = datetime(2018, 1, 1, tzinfo=UTC)


class Place(Protocol):
    """Where checkpoints lie: opened as by a new process, and looked into and harmed from outside."""

    def open(self, part_rows: int = PART_ROWS) -> ParquetCheckpoints: ...
    def files(self) -> list[str]: ...
    def read(self, file: str) -> bytes: ...
    def write(self, file: str, content: bytes) -> None: ...
    def delete(self, file: str) -> None: ...
    def manifest(self, key: str) -> str:
        """The file of a manifest."""
        ...

    def leave_behind(self) -> None:
        """What a killed process leaves."""
        ...


@dataclass(frozen=True)
class OnDisk:
    folder: Path

    def open(self, part_rows: int = PART_ROWS) -> ParquetCheckpoints:
        return ParquetCheckpoints(DiskShelf(self.folder), now=lambda: NOW, part_rows=part_rows)

    def files(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())

    def read(self, file: str) -> bytes:
        return (self.folder / file).read_bytes()

    def write(self, file: str, content: bytes) -> None:
        (self.folder / file).write_bytes(content)

    def delete(self, file: str) -> None:
        (self.folder / file).unlink()

    def manifest(self, key: str) -> str:
        return f"_manifests/{key}.manifest.json"

    def leave_behind(self) -> None:
        (self.folder / ".writing-count-2-abc").mkdir(parents=True)
        self.write(".writing-count-2-abc/numbers-00000.parquet", b"PAR1")


@dataclass(frozen=True)
class OnS3:
    bucket: TestBucket
    prefix: str

    def open(self, part_rows: int = PART_ROWS) -> ParquetCheckpoints:
        shelf = S3Shelf(self.bucket.at.within(self.prefix).within("checkpoints"), tomorrow, timedelta(days=1))
        return ParquetCheckpoints(shelf, now=lambda: NOW, part_rows=part_rows)

    def files(self) -> list[str]:
        return [key.removeprefix(f"{self.prefix}/checkpoints/") for key in self.bucket.keys(self.prefix)]

    def read(self, file: str) -> bytes:
        return self.bucket.read(f"{self.prefix}/checkpoints/{file}")

    def write(self, file: str, content: bytes) -> None:
        self.bucket.write(f"{self.prefix}/checkpoints/{file}", content)

    def delete(self, file: str) -> None:
        self.bucket.delete(f"{self.prefix}/checkpoints/{file}")

    def manifest(self, key: str) -> str:
        return f"{key}/manifest.json"

    def leave_behind(self) -> None:
        self.write("count-2/1234567890ab/numbers-00000.parquet", b"PAR1")


def tomorrow() -> datetime:
    """A day after the clock of the server, so that what is left over is old enough to be swept."""
    return datetime.now(UTC) + timedelta(days=1, minutes=1)


@pytest.fixture(params=["disk", "s3"])
def make_place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Place]:
    """A new place at every call."""
    if request.param == "disk":
        return lambda: OnDisk(tmp_path / f"checkpoints-{len(list(tmp_path.iterdir()))}")
    bucket: TestBucket = request.getfixturevalue("bucket")
    return lambda: OnS3(bucket, f"team/omnix-{len(bucket.keys())}")


@pytest.fixture
def place(make_place: Callable[[], Place]) -> Place:
    return make_place()


@pytest.fixture
def store(place: Place) -> ParquetCheckpoints:
    return place.open()


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


def test_a_failed_step_leaves_nothing(place: Place) -> None:
    store = place.open(part_rows=2)
    with (
        pytest.raises(RuntimeError),
        store.write(key="count-1", step="count", version="1", parameters={}, inputs={}) as writer,
    ):
        writer.append("numbers", numbers(0, 3))
        raise RuntimeError
    assert store.find("count-1") is None
    assert place.files() == []


def parquet_files(place: Place, key: str) -> list[bytes]:
    return [place.read(file) for file in place.files() if file.startswith(f"{key}/") and file.endswith(".parquet")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10, deadline=None)
@given(cuts=st.lists(st.integers(0, 100), max_size=6))
def test_how_rows_arrive_leaves_no_trace(make_place: Callable[[], Place], cuts: list[int]) -> None:
    bounds = [0, *sorted(cuts), 100]
    place = make_place()
    write(place.open(part_rows=32), "count-whole", numbers(0, 100))
    write(place.open(part_rows=32), "count-cut", *(numbers(low, high) for low, high in pairwise(bounds)))
    whole = parquet_files(place, "count-whole")
    assert len(whole) == 4
    assert whole == parquet_files(place, "count-cut")


def test_a_staged_part_is_taken_over_as_it_is(store: ParquetCheckpoints, place: Place, tmp_path: Path) -> None:
    with open_spill(tmp_path / "spill") as spill:
        staged = spill.stage(numbers(0, 5).with_columns(place=pl.lit("a"), row=pl.int_range(5)), ["n"])
        content = staged.file.path.read_bytes()
        with store.write(key="count-1", step="count", version="1", parameters={}, inputs={}) as writer:
            writer.append("numbers", numbers(5, 7))
            writer.adopt("numbers", staged)
        assert not staged.file.path.exists()
    fresh = place.open()
    found = fresh.find("count-1")
    assert found is not None
    assert found.frame("numbers").scan().collect()["n"].to_list() == [0, 1, 2, 3, 4, 5, 6]
    assert found.manifest.schemas["numbers"] == {"n": "Int64"}
    assert [part["rows"] for part in found.manifest.parts["numbers"]] == [5, 2]
    assert parquet_files(place, "count-1")[0] == content
    write(store, "count-2", numbers(0, 5))
    assert parquet_files(place, "count-2") == [content]


def test_a_staged_part_that_was_not_committed_is_gone(store: ParquetCheckpoints, place: Place, tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError),
        open_spill(tmp_path / "spill") as spill,
        store.write(key="count-1", step="count", version="1", parameters={}, inputs={}) as writer,
    ):
        writer.adopt("numbers", spill.stage(numbers(0, 5).with_columns(row=pl.int_range(5)), ["n"]))
        raise RuntimeError
    assert place.files() == []
    assert list((tmp_path / "spill").iterdir()) == []


@pytest.mark.parametrize("harm", ["flip", "cut", "delete"])
def test_a_damaged_part_is_noticed_and_reported(
    store: ParquetCheckpoints, place: Place, harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    write(store, "count-1", numbers(0, 1000))
    part = next(file for file in place.files() if file.endswith(".parquet"))
    content = place.read(part)
    if harm == "delete":
        place.delete(part)
    else:
        place.write(part, content[:-7] if harm == "cut" else content[:40] + bytes([content[40] ^ 1]) + content[41:])
    fresh = place.open()
    assert fresh.find("count-1") is None
    assert "count-1 is damaged" in caplog.text
    write(fresh, "count-1", numbers(0, 1000))
    assert fresh.find("count-1") is not None
    assert place.open().damage("count-1") is None


def test_a_part_that_was_put_back_is_good_again(store: ParquetCheckpoints, place: Place) -> None:
    write(store, "count-1", numbers(0, 1000))
    part = next(file for file in place.files() if file.endswith(".parquet"))
    content = place.read(part)
    place.write(part, b"")
    assert place.open().damage("count-1") == f"{part.removeprefix('count-1/')} differs from its checksum"
    place.write(part, content)
    assert place.open().damage("count-1") is None


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


def test_what_is_removed_is_gone(store: ParquetCheckpoints, place: Place) -> None:
    write(store, "count-1", numbers(0, 1))
    write(store, "count-2", numbers(0, 1))
    store.remove("count-1")
    store.remove("count-3")
    assert store.find("count-1") is None
    assert [manifest.key for manifest in store.manifests()] == ["count-2"]
    assert all("count-2" in file for file in place.files())


def test_what_is_left_over_is_swept_and_nothing_else(store: ParquetCheckpoints, place: Place) -> None:
    write(store, "count-1", numbers(0, 1))
    kept = place.files()
    place.leave_behind()
    assert [manifest.key for manifest in store.manifests()] == ["count-1"]
    assert store.sweep() == 1
    assert place.files() == kept
    assert place.open().find("count-1") is not None


def test_a_rewritten_checkpoint_survives_a_sweep(store: ParquetCheckpoints, place: Place) -> None:
    write(store, "count-1", numbers(0, 9))
    write(store, "count-1", numbers(5, 6))
    store.sweep()
    assert len(parquet_files(place, "count-1")) == 1
    assert place.open().damage("count-1") is None


@pytest.mark.parametrize("text", ["", "{", "{}", '{"key": 1}'])
def test_an_unreadable_manifest_is_as_good_as_none(store: ParquetCheckpoints, place: Place, text: str) -> None:
    write(store, "count-1", numbers(0, 9))
    place.write(place.manifest("count-1"), text.encode())
    fresh = place.open()
    assert fresh.damage("count-1") is not None
    assert list(fresh.manifests()) == []
    assert fresh.find("count-1") is None
    write(fresh, "count-1", numbers(0, 9))
    assert fresh.damage("count-1") is None


def changed(content: bytes, **fields: Any) -> bytes:
    """The manifest with other fields, as a release without checksums would have written it."""
    manifest = {name: value for name, value in orjson.loads(content).items() if name != "sha256"}
    return orjson.dumps(manifest | fields)


@pytest.mark.parametrize(
    "parts",
    [
        *(None, [], {"numbers": 7}, {"numbers": [7]}, {"numbers": [{}]}),
        *(
            {"numbers": [{"path": path, "rows": 1, "bytes": 1, "sha256": ""}]}
            for path in ("../a", "/a", "a/../../b", "")
        ),
        {"numbers": [{"path": "a", "rows": "many", "bytes": 1, "sha256": ""}]},
        {"numbers": [{"path": "a", "rows": 1, "bytes": -1, "sha256": None}]},
    ],
)
def test_parts_of_another_shape_or_outside_are_damage(store: ParquetCheckpoints, place: Place, parts: Any) -> None:
    write(store, "count-1", numbers(0, 9))
    place.write(place.manifest("count-1"), changed(place.read(place.manifest("count-1")), parts=parts))
    assert "cannot be read" in str(place.open().damage("count-1"))
    assert place.open().find("count-1") is None


@pytest.mark.parametrize("field", ["rows", "numbers", "count-1", "parquet"])
def test_a_changed_letter_of_a_manifest_is_damage(store: ParquetCheckpoints, place: Place, field: str) -> None:
    write(store, "count-1", numbers(0, 9))
    content = place.read(place.manifest("count-1"))
    place.write(place.manifest("count-1"), content.replace(field.encode(), field[:-1].encode() + b"x", 1))
    assert place.open().damage("count-1") is not None


def test_a_key_outside_is_no_checkpoint(store: ParquetCheckpoints) -> None:
    with pytest.raises(CorruptCheckpoint, match="is not the name of a file in this folder"):
        store.open("../count-1")


@pytest.mark.parametrize(
    "reader", [pl.read_parquet, lambda folder: pl.scan_parquet(folder).collect(), pd.read_parquet, pq.read_table]
)
def test_the_folder_of_a_checkpoint_is_a_folder_of_parquet(
    make_place: Callable[[], Place], tmp_path: Path, reader: Callable[[Path], Any]
) -> None:
    place = make_place()
    write(place.open(part_rows=4), "count-1", numbers(0, 9))
    for file in (file for file in place.files() if file.endswith(".parquet")):
        (tmp_path / "copy" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "copy" / file).write_bytes(place.read(file))
    (part, *_) = sorted((tmp_path / "copy").rglob("*.parquet"))
    folder = place.folder / "count-1" if isinstance(place, OnDisk) else part.parent
    rows = reader(folder)
    assert sorted(pl.DataFrame(rows.to_dict("list") if isinstance(rows, pd.DataFrame) else rows)["n"]) == list(range(9))


def test_a_checkpoint_of_omnix_0_1_keeps_its_manifest_beside_its_parts(tmp_path: Path) -> None:
    place = OnDisk(tmp_path)
    write(place.open(), "count-1", numbers(0, 9))
    (tmp_path / place.manifest("count-1")).rename(tmp_path / "count-1" / "manifest.json")
    store = place.open()
    assert store.find("count-1") is not None
    assert [manifest.key for manifest in store.manifests()] == ["count-1"]
    assert store.sweep() == 0
    write(store, "count-1", numbers(0, 3))
    assert place.files() == ["_manifests/count-1.manifest.json", "count-1/numbers-00000.parquet"]
    store.remove("count-1")
    assert place.files() == []


def test_a_checkpoint_without_its_manifest_is_swept(tmp_path: Path) -> None:
    place = OnDisk(tmp_path)
    write(place.open(), "count-1", numbers(0, 9))
    place.delete(place.manifest("count-1"))
    place.write("_manifests/.count-1.manifest.json-a1b2c3d4", b"{")
    assert place.open().find("count-1") is None
    assert place.open().sweep() == 1
    assert place.files() == []


def test_numbers_of_every_frame_are_signed() -> None:
    columns = [column for frame in FRAMES.values() for column in frame.empty().schema.values()]
    kinds = {kind.inner if isinstance(kind, pl.List) else kind for kind in columns}
    assert not [kind for kind in kinds if isinstance(kind, pl.DataType) and kind.is_unsigned_integer()]


def test_pandas_reads_absent_numbers_as_such(tmp_path: Path) -> None:
    place = OnDisk(tmp_path)
    rows = pl.DataFrame({"n": [1, None, 2**53 + 1], "m": [1, 2, 3]}, schema={"n": pl.Int64, "m": pl.Int32})
    write(place.open(part_rows=2), "count-1", rows)
    frame = pd.read_parquet(tmp_path / "count-1").sort_values("m")
    assert [str(kind) for kind in frame.dtypes] == ["Int64", "Int32"]
    assert frame["n"].tolist() == [1, pd.NA, 2**53 + 1]
    assert pl.read_parquet(tmp_path / "count-1").sort("m").equals(rows)
