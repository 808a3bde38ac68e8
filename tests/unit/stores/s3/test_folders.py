"""What is particular to S3; `tests/contracts/test_checkpoints.py` has what all places promise."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from omnix_cli.errors import LockedError
from omnix_cli.stores.s3.errors import Changed
from omnix_cli.stores.s3.folders import S3Folder, S3Shelf, s3_folder
from omnix_cli.stores.s3.prefix import unchanged
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from tests.aws.buckets import TestBucket


def now() -> datetime:
    return datetime.now(UTC)


def checkpoints(bucket: TestBucket) -> ParquetCheckpoints:
    return ParquetCheckpoints(S3Shelf(bucket.at.within("team"), now, timedelta(days=1)), now=now)


def writing(bucket: TestBucket, number: int) -> Any:
    return checkpoints(bucket).write(key="count-1", step="count", version="1", parameters={}, inputs={"n": str(number)})


class TestTwoWriters:
    def write_both(self, bucket: TestBucket, first: int, second: int) -> None:
        with writing(bucket, 1) as one:
            one.append("numbers", pl.DataFrame({"n": [first]}))
            with writing(bucket, 2) as other:
                other.append("numbers", pl.DataFrame({"n": [second]}))

    def stands(self, bucket: TestBucket) -> list[int]:
        found = checkpoints(bucket).find("count-1")
        assert found is not None
        return found.frame("numbers").scan().collect()["n"].to_list()

    @pytest.mark.parametrize("is_there", [False, True])
    def test_the_first_to_commit_wins_and_the_other_is_told(self, bucket: TestBucket, is_there: bool) -> None:
        if is_there:
            with writing(bucket, 0) as writer:
                writer.append("numbers", pl.DataFrame({"n": [0]}))
        with pytest.raises(LockedError, match="another run has just written"):
            self.write_both(bucket, 1, 2)
        assert self.stands(bucket) == [2]

    def test_who_writes_the_same_has_nothing_to_complain(self, bucket: TestBucket) -> None:
        self.write_both(bucket, 7, 7)
        assert self.stands(bucket) == [7]
        assert len(bucket.keys("team/count-1/")) == 2


class TestFolder:
    def test_no_change_gets_lost(self, bucket: TestBucket) -> None:
        folder = S3Folder(bucket.at.within("team"))

        def add(number: int) -> None:
            folder.change("list", lambda content: (content or b"") + f"{number};".encode())

        threads = [threading.Thread(target=add, args=(number,)) for number in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(folder.read("list").split(b";")[:-1]) == [b"0", b"1", b"2", b"3", b"4"]

    def test_only_its_own_files_are_named(self, bucket: TestBucket) -> None:
        folder = S3Folder(bucket.at.within("team").within("runs"))
        folder.write("b.json", b"b")
        folder.write("a.json", b"a")
        bucket.write("team/runs/deeper/c.json", b"c")
        bucket.write("team/imports.json", b"d")
        assert folder.names() == ["a.json", "b.json"]
        folder.remove("a.json")
        with pytest.raises(FileNotFoundError):
            folder.read("a.json")


class TestConditions:
    def test_a_new_object_is_put_once(self, bucket: TestBucket) -> None:
        bucket.at.put("a", b"1", unchanged(None))
        with pytest.raises(Changed):
            bucket.at.put("a", b"2", unchanged(None))

    def test_a_put_whose_answer_was_lost_is_recognised(self, bucket: TestBucket) -> None:
        tag = bucket.at.put("a", b"1", unchanged(None))
        assert bucket.at.put("a", b"1", unchanged(None)) == tag

    def test_what_was_deleted_was_changed(self, bucket: TestBucket) -> None:
        tag = bucket.at.put("a", b"1")
        bucket.delete("a")
        with pytest.raises(Changed):
            bucket.at.put("a", b"2", unchanged(tag))


@pytest.fixture
def objects(bucket: TestBucket) -> S3Folder:
    return s3_folder(f"{bucket.address}/batch", bucket.settings)


def test_lines_come_back_as_they_were_written(objects: S3Folder, bucket: TestBucket) -> None:
    lines = [b"%d %s\n" % (number, b"x" * 1000) for number in range(40_000)]  # more than one part of an upload
    objects.write_lines("job-1/input.jsonl", iter(lines))
    with objects.open("job-1/input.jsonl") as found:
        assert list(found) == lines
    assert objects.address("job-1/input.jsonl") == f"{bucket.address}/batch/job-1/input.jsonl"
    assert bucket.keys() == ["batch/job-1/input.jsonl"]


def test_what_is_not_there(objects: S3Folder) -> None:
    with pytest.raises(FileNotFoundError, match=r"s3://.*/batch/job-1"):
        objects.read("job-1")
    with pytest.raises(FileNotFoundError, match=r"s3://.*/batch/job-1"):
        objects.open("job-1")


def test_keys_are_those_that_begin_so(objects: S3Folder) -> None:
    for key in ("b/2", "a/1", "b/1"):
        objects.write_lines(key, [b"x"])
    assert list(objects.keys("b/")) == ["b/1", "b/2"]
    assert list(objects.keys("")) == ["a/1", "b/1", "b/2"]


def test_no_change_gets_lost(objects: S3Folder) -> None:
    def add(number: int) -> None:
        objects.change("numbers", lambda content: b"%s%d " % (content or b"", number))

    for number in range(3):
        add(number)
    assert objects.read("numbers") == b"0 1 2 "

    def late(content: bytes | None) -> bytes:
        if b"3" not in (content or b""):
            add(3)  # another machine was faster
        return b"%s4 " % (content or b"")

    objects.change("numbers", late)
    assert objects.read("numbers") == b"0 1 2 3 4 "
